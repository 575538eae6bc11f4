// Tokens of WGSL as tat/wgsl/lexer.py cuts them, and a module's declarations.

const KEYWORDS = new Set(('alias break case const const_assert continue continuing default'
  + ' diagnostic discard else enable false fn for if let loop override requires return struct'
  + ' switch true var while').split(' '));
const DECLARING = new Set(['fn', 'struct', 'override', 'alias', 'const', 'var']);
const STARTING = new Set([...DECLARING, 'enable', 'requires', 'const_assert', 'diagnostic']);
const CLOSING = { '(': ')', '[': ']', '{': '}' };
const TOKEN = new RegExp([
  '(?<blank>[ \\t\\n\\v\\f\\r\\u0085\\u200e\\u200f\\u2028\\u2029]+)',
  '(?<word>[\\p{XIDS}_]\\p{XIDC}*)',
  '(?<number>0[xX](?:[0-9a-fA-F]*\\.[0-9a-fA-F]+|[0-9a-fA-F]+\\.[0-9a-fA-F]*)(?:[pP][+-]?[0-9]+[fh]?)?'
  + '|0[xX][0-9a-fA-F]+(?:[pP][+-]?[0-9]+[fh]?|[iu]|l[iu])?'
  + '|(?:[0-9]*\\.[0-9]+|[0-9]+\\.[0-9]*)(?:[eE][+-]?[0-9]+)?(?:[fh]|lf)?'
  + '|[0-9]+(?:[eE][+-]?[0-9]+(?:[fh]|lf)?|[iufh]|l[iuf])?)',
  '(?<comment>\\/\\/[^\\n\\v\\f\\r\\u0085\\u2028\\u2029]*)',
  '(?<block>\\/\\*)',
  '(?<operator><<=|>>=|->|<<|>>|<=|>=|==|!=|&&|\\|\\||\\+\\+|--|[-+*\\/%&|^]='
  + '|[-+*\\/%&|^~!=<>(){}\\[\\],;:.@])',
  '(?<other>.)',
].join('|'), 'suy');

// All tokens in order, comments included: { kind, text, start, end }.
function tokensOf(text) {
  const tokens = [];
  for (let at = 0; at < text.length;) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    let kind = Object.entries(found.groups).find(([, value]) => value !== undefined)[0];
    let end = at + found[0].length;
    if (kind === 'word') {
      kind = KEYWORDS.has(found[0]) ? 'keyword' : found[0] === '_' ? 'operator' : 'identifier';
    } else if (kind === 'block') [kind, end] = blockComment(text, end);
    else if (kind === 'other') kind = 'error';
    if (kind !== 'blank') tokens.push({ kind, text: text.slice(at, end), start: at, end });
    at = end;
  }
  return tokens;
}

// Kind and end of the block comment whose opening ends at `from`; they nest.
function blockComment(text, from) {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = from;
  for (let depth = 1, found; (found = edge.exec(text));) {
    depth += found[0] === '/*' ? 1 : -1;
    if (!depth) return ['comment', edge.lastIndex];
  }
  return ['error', text.length];
}

// The whole declarations of a module in order; broken ones are passed over.
// Each: { kind, name, start, end, first, tokens }; `first` is the token that starts it.
function declarationsOf(text, tokens) {
  const code = tokens.filter(({ kind }) => kind !== 'comment'), found = [];
  for (let first = 0; first < code.length;) {
    const keyword = afterAttributes(code, first);
    const kind = code[keyword]?.kind === 'keyword' && STARTING.has(code[keyword].text)
      ? code[keyword].text : '';
    if (!kind) {
      first = code[keyword]?.text === '{' ? pieceEnd(code, keyword, '{').end : keyword + 1;
      continue;
    }
    const { end, whole } = pieceEnd(code, keyword, kind);
    const name = DECLARING.has(kind) ? nameBehind(code, keyword + 1, end) : '';
    if (whole && (name || !DECLARING.has(kind))) {
      const inner = code.slice(first, end);
      found.push({ kind, name, start: inner[0].start, end: inner.at(-1).end, tokens: inner });
    }
    first = end;
  }
  return found;
}

function afterAttributes(code, at) {
  while (code[at]?.text === '@') {
    at += 2;
    if (code[at]?.text !== '(') continue;
    for (let depth = 0; at < code.length; at++) {
      depth += { '(': 1, ')': -1 }[code[at].text] ?? 0;
      if (!depth) { at++; break; }
    }
  }
  return at;
}

// Where the piece that starts at a keyword or brace ends, and whether it is whole.
function pieceEnd(code, keyword, kind) {
  const last = ['fn', 'struct', '{'].includes(kind) ? '}' : ';', open = kind === '{' ? ['}'] : [];
  const stops = last === '}' && kind !== 'struct' ? ['fn', 'struct', 'override', 'alias', 'enable', 'requires']
    : [...STARTING];
  for (let at = keyword + 1; at < code.length; at++) {
    const { text, kind: what } = code[at];
    if (what === 'keyword' && stops.includes(text)) return { end: at, whole: false };
    if (text in CLOSING) open.push(CLOSING[text]);
    else if (')]}'.includes(text)) {
      if (open.pop() !== text) return { end: at + 1, whole: false };
      if (text === '}' && last === '}' && !open.length) return { end: at + 1, whole: true };
    } else if (text === ';' && !open.length) return { end: at + 1, whole: last === ';' };
  }
  return { end: code.length, whole: false };
}

// The name behind a keyword, or behind its template list (`var<storage> x`).
function nameBehind(code, at, end) {
  if (code[at]?.text === '<') {
    while (at < end && code[at].text !== '>') at++;
    at++;
  }
  return at < end && code[at].kind === 'identifier' ? code[at].text : '';
}
