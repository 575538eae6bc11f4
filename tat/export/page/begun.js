// Gaps whose lines begin elsewhere than the model learnt, as tat/decode/begun.py has them: a line
// that was begun is written again from its start, held to what stands there.

const LONGEST_LINE = 160; // characters; a longer line is gone on with where it stands
const INDENT = '    '; // where no line of the prefix shows another
const BLANK = '\\t-\\r\\u001c- \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const LEFT = new RegExp(`^[${BLANK}]+`), RIGHT = new RegExp(`[${BLANK}]+$`);
const BODY = /(?<![\p{L}\p{N}_])(?:fn|struct)(?![\p{L}\p{N}_])[^{}]*\{/gu;

const withoutLeft = (text) => text.replace(LEFT, '');
const withoutRight = (text) => text.replace(RIGHT, '');
const indentationOf = (line) => line.slice(0, line.length - withoutLeft(line).length);
const filled = (text) => (text.match(LINES) ?? []).filter((line) => withoutLeft(line));

// A prefix as the model reads it: of several blanks behind a word one is left.
const withOneBlank = (prefix) => prefix.replace(/(?<=\S)[ \t]{2,}$/, ' ');

// What of a gap's line stands before it and is written again, and blank space that comes first and
// last, so that the text has lines of its own.
function cursorOf(prefix, suffix) {
  const start = prefix.lastIndexOf('\n') + 1, line = prefix.slice(start);
  const above = prefix.slice(0, Math.max(0, start - 1)), last = withoutRight(line).endsWith('{');
  const following = withoutRight(withoutLeft(suffix.split('\n', 1)[0]));
  if (!line) {
    return { begun: '', lead: expected(above, suffix), tail: above && following ? '\n' : '' };
  }
  if (!withoutLeft(line)) return { begun: '', lead: missing(line, above, suffix), tail: '' };
  const closed = line.endsWith('{') && suffix.startsWith('}'); // as editors pair brackets
  if (closed || (last && !following)) {
    const own = indentationOf(line);
    return { begun: '', lead: `\n${own}${unitOf(prefix + suffix)}`, tail: closed ? `\n${own}` : '' };
  }
  return { begun: begunOf(above, line), lead: '', tail: '' };
}

// The last line of a body, without its indentation, as far as it goes; '' elsewhere.
function begunOf(above, line) {
  const text = withoutLeft(line), code = above.replace(/\/\/[^\n]*/g, '');
  if ([...text].length > LONGEST_LINE || /\/[/*]|[\ud800-\udfff]/u.test(text)) return '';
  const start = [...code.matchAll(BODY)].at(-1)?.index ?? code.length, body = code.slice(start);
  return body.split('{').length > body.split('}').length ? text : '';
}

// The indentation of a line between these.
function expected(above, suffix) {
  const last = filled(above).at(-1) ?? '', opened = /[{(]$/.test(withoutRight(last));
  return indentationOf(last) + (opened ? unitOf(`${above}\n${suffix}`) : '');
}

// What a blank line lacks of the indentation that is expected, if other lines have that.
function missing(line, above, suffix) {
  const wanted = expected(above, suffix);
  const found = filled(`${above}\n${suffix}`).map(indentationOf);
  const known = !found.includes(line) && found.includes(wanted);
  return known && wanted.startsWith(line) ? wanted.slice(line.length) : '';
}

// The indentation of a block's lines in it, as the first block that has some shows it.
function unitOf(text) {
  let head = '';
  for (const line of filled(text)) {
    const outer = indentationOf(head), inner = indentationOf(line);
    if (withoutRight(head).endsWith('{') && !withoutLeft(line).startsWith('}')) {
      if (inner.length <= outer.length) return '';
      return inner.startsWith(outer) ? inner.slice(outer.length) : inner;
    }
    head = line;
  }
  return INDENT;
}

// Which tokens may follow while a text that has to start with `text` is written.
class Begun {
  constructor(text, tokenizer) {
    Object.assign(this, { tokenizer, data: tokenizer.bytes(text), sure: tokenizer.encode(text) });
    // The last one may be longer, as a word goes on; and half a character may go on otherwise.
    do this.sure.pop(); while (this.sure.length && tokenizer.splits(this.sure));
  }

  // The tokens that may follow these, all of which it allowed; null for all.
  allowed(tokens) {
    const { texts } = this.tokenizer;
    if (tokens.length < this.sure.length) return [this.sure[tokens.length]];
    const rest = this.data.slice(tokens.reduce((sum, token) => sum + texts[token].length, 0));
    if (!rest) return null;
    return texts.flatMap((text, token) =>
      text && (text.startsWith(rest) || rest.startsWith(text)) ? [token] : []);
  }
}
