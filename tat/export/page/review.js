// Reviews a text as it is written, as tat/decode/review.py does: a statement that the browser's
// compiler refuses, or that shows a lost model, is drawn again, and so is a name that nothing
// declares, from where it begins.

const MARK = /[(;{}]/, PATIENCE = 8, LONGEST_NAME = 40, DEEPEST = 8, LONGEST_STATEMENT = 120;
const LOOK = 16, LONGEST_COMMENT = 200, LONGEST_TEXT = 600, IN_VAIN = [1024, 512];
const MOST_EQUAL = 4, LEAST_COUNTED = 5, MOST_UNUSED = 10, MOST_REPEATED_PART = 2;
const BLANKS = /[^ \t\r\n][ \t]{17,}[^ \t\r\n/]/, IDLE = ['{', '}', ';', 'return'];

class Review {
  // head: text above; lead: the given signature; decode(tokens); problemsOf(code); most: refusals;
  // number: of the text among its prompt's; names: the language's own, null to leave names to the compiler.
  constructor({ head, lead, decode, problemsOf, most, number = 0, names }) {
    Object.assign(this, { head, lead, decode, problemsOf, most, number, attempts: 0, takenBack: 0 });
    this.refusals = new Map();
    this.ends = [{ tokens: 0, characters: lead.length }];
    const above = declarationsOf(head, tokensOf(head)).map(({ name }) => name);
    this.known = names && [...names, ...above];
  }

  get gaveUp() { return this.attempts >= this.most || this.takenBack >= IN_VAIN[+(this.number > 0)]; }

  // After one more token: how many tokens stay, or null where all may.
  async take(tokens) {
    const kept = await this.kept(tokens);
    this.takenBack += kept === null ? 0 : tokens.length - kept;
    return kept;
  }

  async kept(tokens) {
    const text = this.lead + this.decode(tokens), all = codeOf(text);
    const unknown = this.known && firstUnknown(all, new Set(this.known), text.length);
    if (unknown && unknown.start >= this.lead.length) return this.refuse(this.placeOf(tokens, unknown));
    const { tokens: kept, characters: begin } = this.ends.at(-1);
    const marked = MARK.test(this.decode(tokens.slice(-1)));
    if (!marked && (tokens.length - kept) % LOOK) return null;
    const written = text.slice(begin), statement = codeOf(written);
    if (isLost(statement) || rambles(written)) return this.back();
    if (!isWhole(statement) || begin + statement.at(-1).end !== text.trimEnd().length) return null;
    if (wanders(all) || doesNothing(all) || await this.refused(text, all)) return this.back();
    this.ends.push({ tokens: tokens.length, characters: text.length });
    return null;
  }

  // The number of tokens before the one in which a word begins.
  placeOf(tokens, { start }) {
    let kept = tokens.length - 1;
    while (kept > 0 && this.lead.length + this.decode(tokens.slice(0, kept)).length > start) kept--;
    return kept;
  }

  back() { return this.refuse(this.ends.at(-1).tokens); }

  // In words what is wrong with the declarations or the signature, so that no text can be valid;
  // '' where nothing is.
  async given() {
    const lines = this.head.split('\n').length - 1, opened = this.lead && `${this.lead}{`;
    const [alone] = this.head ? await this.problemsOf(this.head) : [];
    const problem = alone ?? await this.refused(opened, codeOf(opened));
    if (!problem) return '';
    const { line, column, message } = problem;
    return alone || line <= lines ? `the declarations are not, at ${line}:${column}: ${message}`
      : `the signature is not, at ${line - lines}:${column}: ${message}`;
  }

  refuse(place) {
    const count = (this.refusals.get(place) ?? 0) + 1, last = this.ends.at(-1).tokens;
    this.refusals.set(place, count);
    this.attempts++;
    if (count % PATIENCE) return place;
    if (place === last && this.ends.length > 1) this.ends.pop();
    return this.ends.at(-1).tokens;
  }

  // The problem of the text so far, if the compiler refuses it however it is closed; null otherwise.
  async refused(text, tokens) {
    const module = this.head + text, lines = module.split('\n');
    let refused = null;
    for (const closing of closingsOf(tokens, text)) {
      const [first] = await this.problemsOf(module + closing);
      if (!first || first.line > lines.length
        || (first.line === lines.length && first.column > lines.at(-1).length)) return null;
      refused ??= first;
    }
    return refused;
  }
}

// Whether a text is a function's signature and nothing else, so that a body may follow.
function isSignature(text) {
  const tokens = codeOf(text), at = afterAttributes(tokens, 0), { end } = signatureAt(tokens, at);
  return tokens[at]?.text === 'fn' && end > at && end === tokens.length;
}

const codeOf = (text) => tokensOf(text).filter(({ kind }) => kind !== 'comment');
const countOf = (tokens, text) => tokens.filter((token) => token.text === text).length;

// Whether a statement, the head of a block, or a block is whole with its last token.
function isWhole(tokens) {
  return '{};'.includes(tokens.at(-1)?.text ?? ' ') && countOf(tokens, '(') <= countOf(tokens, ')');
}

// Whether a statement goes on or nests without end, or has a name that grew.
function isLost(tokens) {
  let depth = 0, deepest = 0;
  for (const { text } of tokens) {
    depth += { '(': 1, ')': -1 }[text] ?? 0;
    deepest = Math.max(deepest, depth);
  }
  return deepest > DEEPEST || tokens.length > LONGEST_STATEMENT || declaredIn(tokens).some(grew);
}

// Whether a statement, a comment or blank space in it is very long; it may have no end yet.
function rambles(statement) {
  return BLANKS.test(statement) || statement.length > LONGEST_TEXT || tokensOf(statement).some(({ kind, text }) =>
    (kind === 'comment' || text.startsWith('/*')) && text.length > LONGEST_COMMENT);
}

// Whether a text goes on behind a return, repeats a statement over and over, or declares many names
// that nothing uses.
function wanders(tokens) {
  const statements = new Map(), seen = new Map();
  let statement = [], last = '';
  for (const { kind, text } of tokens) {
    if (kind === 'identifier') seen.set(text, (seen.get(text) ?? 0) + 1);
    statement.push(text);
    if (!';{}'.includes(text)) continue;
    if (last === 'return' && (statement.length > 1 || text !== '}')) return true;
    const key = statement.join(' '), count = (statements.get(key) ?? 0) + 1;
    statements.set(key, count);
    if (count > MOST_EQUAL && statement.length >= LEAST_COUNTED) return true;
    last = statement[0];
    statement = [];
  }
  return declaredIn(tokens).filter((name) => seen.get(name) === 1).length > MOST_UNUSED;
}

// Whether a whole function has an empty body, or one without anything to do.
function doesNothing(tokens) {
  let body = null, depth = 0;
  for (const { text } of tokens) {
    if (text === 'fn') [body, depth] = [[], 0];
    else if (body && (depth || text === '{')) {
      depth += { '{': 1, '}': -1 }[text] ?? 0;
      body.push(text);
      if (!depth && body.every((one) => IDLE.includes(one))) return true;
      if (!depth) body = null;
    }
  }
  return false;
}

// The names behind `let` and `var`, each once.
function declaredIn(tokens) {
  const found = tokens.filter(({ kind }, i) =>
    kind === 'identifier' && ['let', 'var'].includes(tokens[i - 1]?.text));
  return [...new Set(found.map(({ text }) => text))];
}

function grew(name) {
  const parts = new Map();
  for (const part of name.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g) ?? []) {
    parts.set(part.toLowerCase(), (parts.get(part.toLowerCase()) ?? 0) + 1);
  }
  return name.length > LONGEST_NAME || Math.max(0, ...parts.values()) > MOST_REPEATED_PART;
}

// Texts that make a module of a text that stops between two statements; none where no text does.
function closingsOf(tokens, text) {
  let heads = [], head = '', start = 0;
  for (const token of tokens) {
    if (token.text === '{') heads.push(head);
    else if (token.text === '}') heads.pop();
    if ('{};'.includes(token.text)) head = '';
    else if (['fn', 'struct', 'switch', 'case'].includes(token.text)) {
      head = token.text;
      if (head === 'fn') ({ start } = token);
    }
  }
  if (!heads.length) return [''];
  if (heads[0] !== 'fn' || heads.includes('switch') || heads.includes('case')) return [];
  const whole = withStubs(text.slice(start, text.indexOf('{', start)).trimEnd());
  const zero = whole.slice(whole.lastIndexOf('{') + 1, -1), inner = `\n${'}'.repeat(heads.length - 1)}`;
  return zero.trim() ? [`${inner}${zero}}`, `${inner}}`] : [`${inner}}`];
}
