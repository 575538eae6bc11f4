// Bodies for functions of which only the signature is known, as tat/wgsl/stubs.py makes them.

function withStubs(text) {
  const tokens = tokensOf(text).filter(({ kind }) => kind !== 'comment');
  let made = '', from = 0;
  tokens.forEach((token, i) => {
    if (token.kind !== 'keyword' || token.text !== 'fn') return;
    const { result, end } = signatureAt(tokens, i);
    if (end === i || tokens[afterAttributes(tokens, end)]?.text === '{') return;
    const stop = tokens[end - 1].end, closed = tokens[end]?.text === ';';
    const kind = result ? text.slice(tokens[result].start, stop) : '';
    made += text.slice(from, stop) + (kind ? ` { return ${kind}(); }` : ' { }');
    from = closed ? tokens[end].end : stop;
  });
  return made + text.slice(from);
}

// The index of the result type, 0 for none, and the index after the signature; `at` for no signature.
function signatureAt(tokens, at) {
  if (tokens[at + 2]?.text !== '(') return { result: 0, end: at };
  let end = afterBracket(tokens, at + 2, '(', ')');
  if (!end || tokens[end]?.text !== '->') return { result: 0, end: end || at };
  const result = afterAttributes(tokens, end + 1);
  if (tokens[result]?.kind !== 'identifier') return { result: 0, end: at };
  end = result + 1;
  if (tokens[end]?.text === '<') end = afterBracket(tokens, end, '<', '>');
  return { result, end: end || at };
}

// The index after the bracket that closes the one at `at`, or 0; `>>` closes two lists.
function afterBracket(tokens, at, opening, closing) {
  for (let depth = 0; at < tokens.length; at++) {
    const { kind, text } = tokens[at];
    if (kind === 'operator' && text !== '->') {
      for (const mark of text) depth += mark === opening ? 1 : mark === closing ? -1 : 0;
    }
    if (depth <= 0) return at + 1;
  }
  return 0;
}
