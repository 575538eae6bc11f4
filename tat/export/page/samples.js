// From pasted shaders to samples, as tat/data/samples.py makes them, without gaps to fill:
// completion (comment, signature, declarations -> body), description (comment -> function).

const LICENCE = /copyright|licen[cs]e|spdx|all rights reserved|permission is hereby granted/i;

// The functions of a module: comment, signature, body, context, and signatures of those they call.
function functionsOf(text) {
  const tokens = tokensOf(text), all = declarationsOf(text, tokens);
  const byName = new Map(all.filter(({ name }) => name).map((one) => [one.name, one]));
  return all.filter(({ kind }) => kind === 'fn').map((item) => {
    const brace = bodyStart(item), named = mentionsOf(item, byName);
    const calls = named.filter((other) => other.kind === 'fn' && other !== item);
    return {
      name: item.name, comment: commentAbove(text, tokens, item.start),
      signature: text.slice(item.start, item.tokens[brace - 1].end),
      body: text.slice(item.tokens[brace].start, item.end),
      context: neededBy(item, all, byName).map(({ start, end }) => text.slice(start, end)).join('\n'),
      calls: calls.map((other) => onOneLine(other.tokens.slice(0, bodyStart(other)))),
    };
  });
}

const bodyStart = ({ tokens }) => tokens.findIndex(({ text }) => text === '{');

// The declarations that an item names, each once; a function only where it is called.
function mentionsOf({ tokens }, byName) {
  const found = new Set();
  tokens.forEach(({ kind, text }, i) => {
    const other = byName.get(text), before = tokens[i - 1]?.text;
    if (kind !== 'identifier' || !other || before === '.' || before === '@') return;
    if (other.kind !== 'fn' || tokens[i + 1]?.text === '(') found.add(other);
  });
  return [...found];
}

// What is no function and needed, directly or through others, and the enable directives.
function neededBy(item, all, byName) {
  const needed = new Set(all.filter(({ kind }) => kind === 'enable')), pending = [item];
  while (pending.length) {
    for (const other of mentionsOf(pending.pop(), byName)) {
      if (other.kind === 'fn' || needed.has(other)) continue;
      needed.add(other);
      pending.push(other);
    }
  }
  return [...needed].sort((a, b) => a.start - b.start);
}

function onOneLine(tokens) {
  return tokens.map(({ text, start }, i) =>
    (i && start > tokens[i - 1].end ? ' ' : '') + text).join('');
}

// The comment whose lines stand directly above a place, without their marks.
function commentAbove(text, tokens, start) {
  const above = tokens.slice(0, tokens.findIndex((token) => token.start === start)), lines = [];
  for (let one; (one = above.pop())?.kind === 'comment'; start = one.start) {
    const lead = text.slice(text.lastIndexOf('\n', one.start - 1) + 1, one.start);
    if (text.slice(one.end, start).split('\n').length > 2 || lead.trim()) break;
    lines.unshift(...(one.text.startsWith('//') ? [one.text.replace(/^\/+!?/, '')]
      : one.text.slice(2, -2).split('\n').map((line) => line.replace(/^[ \t]*\*+/, ''))));
  }
  const said = lines.map((line) => line.trim()).filter((line) => /[\p{L}\p{N}(){}]/u.test(line));
  const code = said.filter((line) => /[;{}]$/.test(line)).length;
  return 2 * code > said.length || said.some((line) => LICENCE.test(line)) ? '' : said.join(' ');
}

// { source: ids, target: ids } of all functions; `about` is the plan's word on samples.
function samplesOf(text, tokenizer, about) {
  const special = tokenizer.special, found = new Map();
  const add = (request, target) => {
    const source = tokenizer.source(request), ids = [...tokenizer.encode(target), special.EOS];
    found.set(JSON.stringify([source, ids]), { source, target: ids });
  };
  for (const one of functionsOf(asRead(text))) {
    const { comment: description, signature, context } = one;
    const body = about.body_comments ? one.body : bodyWithoutComments(one.body);
    if (!tokensOf(body).slice(1, -1).some(({ kind }) => kind !== 'comment')) continue;
    const given = [context, ...one.calls].filter(Boolean).join('\n');
    add({ description, signature, context: given }, body);
    const words = description.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
    if (!about.description_words || words < about.description_words) continue;
    const written = `${signature.trim()} ${body}`;
    add({ description }, (context ? `${context}\n\n` : '') + written);
    if (given) add({ description, context: given }, written);
  }
  return [...found.values()];
}

// Text without its comments, and without lines that held only comments.
function bodyWithoutComments(text) {
  let kept = '', end = 0;
  for (const comment of tokensOf(text)) {
    if (comment.kind !== 'comment') continue;
    let before = text.slice(end, comment.start);
    end = comment.end;
    const lineEnds = end === text.length || text[end] === '\n';
    if (lineEnds && !text.slice(text.lastIndexOf('\n', comment.start - 1) + 1, comment.start).trim()) {
      before = before.replace(/[ \t]+$/, '').replace(/\n$/, '');
    } else if (lineEnds) before = before.replace(/[ \t]+$/, '');
    else if (!/\s$/.test(before)) before += ' ';
    kept += before;
  }
  return kept + text.slice(end);
}
