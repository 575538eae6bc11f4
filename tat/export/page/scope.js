// Names in scope: the first name of a text that is neither declared before its use nor the
// language's own. What follows a dot, and attributes, are not looked at; the compiler knows types.

// tokens: of the text without comments; known: Set of names; length: of the text, at whose end a
// name may still grow. The token of the first name that nothing declares, or null.
function firstUnknown(tokens, known, length) {
  const scopes = [{ names: known }], scope = () => scopes.at(-1);
  let pending = [], depth = 0; // names that count when their statement ends; brackets of a header
  const declare = (token) => { if (token.kind === 'identifier') scope().names.add(token.text); };
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i].text === '@') i = afterAttributes(tokens, i);
    if (i >= tokens.length) break;
    const { kind, text, end } = tokens[i], before = tokens[i - 1]?.text;
    if (text === 'fn' || text === 'for') {
      if (text === 'fn' && tokens[i + 1]) declare(tokens[++i]);
      scopes.push({ names: new Set(), header: text });
      depth = 0;
    } else if (text === '{') scopes.push({ names: new Set(), struct: tokens[i - 2]?.text === 'struct' });
    else if (text === '}') {
      scopes.pop();
      if (scopes.length > 1 && scope().header) scopes.pop();
    } else if (text === ';') {
      pending.forEach(declare);
      pending = [];
    } else if (kind === 'keyword' && DECLARING.has(text) || text === 'let') {
      if (tokens[i + 1]?.text === '<') while (i < tokens.length && tokens[i].text !== '>') i++;
      if (['struct', 'alias'].includes(text) && tokens[i + 1]) declare(tokens[++i]);
      else if (tokens[i + 1]) pending.push(tokens[++i]);
    } else if (scope().header === 'fn' && '()'.includes(text)) depth += text === '(' ? 1 : -1;
    if (kind !== 'identifier' || tokens[i].text !== text || before === '.') continue;
    const next = tokens[i + 1]?.text;
    const named = scope().struct || (scope().header === 'fn' && depth === 1 && '(,)'.includes(before));
    if (named && (!next || next === ':')) {
      if (next && !scope().struct) declare(tokens[i]);
    } else if (end < length && !scopes.some(({ names }) => names.has(text))) return tokens[i];
  }
  return null;
}
