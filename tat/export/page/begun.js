// Gaps whose lines begin or end elsewhere than the model learnt, as tat/decode/begun.py has them: a
// line that was begun is written again from its start, held to what stands there, and with its rest.

const LONGEST_LINE = 160; // characters; a longer line is gone on with where it stands
const INDENT = '    '; // where no line of the prefix shows another
const BLANK = '\\t-\\r\\u001c- \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const LEFT = new RegExp(`^[${BLANK}]+`), RIGHT = new RegExp(`[${BLANK}]+$`);
const BODY = /(?<![\p{L}\p{N}_])(?:fn|struct)(?![\p{L}\p{N}_])[^{}]*\{/gu;

// What no statement begins with, and where a line ends.
const GOES_ON = /^(?:[-+*%&|^=<>.,;:)([\]]|\/(?![/*]))/, LINE_END = /[\n\v\f\r\u0085\u2028\u2029]/;

const withoutLeft = (text) => text.replace(LEFT, '');
const withoutRight = (text) => text.replace(RIGHT, '');
const indentationOf = (line) => line.slice(0, line.length - withoutLeft(line).length);
const filled = (text) => (text.match(LINES) ?? []).filter((line) => withoutLeft(line));

// A prefix as the model reads it: of several blanks behind a word one is left.
const withOneBlank = (prefix) => prefix.replace(/(?<=\S)[ \t]{2,}$/, ' ');

// What of a gap's line stands before it and is written again, blank space that comes first and last,
// so that the text has lines of its own, and the rest of the line, which is behind the gap.
function cursorOf(prefix, suffix) {
  const start = prefix.lastIndexOf('\n') + 1, line = prefix.slice(start);
  const above = prefix.slice(0, Math.max(0, start - 1)), last = withoutRight(line).endsWith('{');
  const following = withoutRight(withoutLeft(suffix.split('\n', 1)[0])), rest = restOf(suffix);
  if (!line) {
    return { begun: '', lead: expected(above, suffix), tail: above && following ? '\n' : '', rest: '' };
  }
  if (!withoutLeft(line)) {
    const goesOn = GOES_ON.test(withoutLeft(rest));
    return { begun: '', lead: missing(line, above, suffix), tail: '', rest: goesOn ? rest : '' };
  }
  const closed = line.endsWith('{') && suffix.startsWith('}'); // as editors pair brackets
  if (closed || (last && !following)) {
    const own = indentationOf(line);
    const lead = `\n${own}${unitOf(prefix + suffix)}`;
    return { begun: '', lead, tail: closed ? `\n${own}` : '', rest: '' };
  }
  return { begun: begunOf(above, line), lead: '', tail: '', rest };
}

// The part of a suffix in the line before it, up to a comment that may have several lines.
const restOf = (suffix) => withoutRight(suffix.split(LINE_END, 1)[0].split('/*', 1)[0]);

// How many round and square brackets a gap's text has to leave open; below 0: to close.
function missingBrackets(prefix, suffix) {
  const start = [...prefix.matchAll(/(?<![\p{L}\p{N}_])fn(?![\p{L}\p{N}_])/gu)].at(-1)?.index ?? 0;
  let opened = 0, depth = 0, least = 0;
  for (const { text } of codeOf(prefix.slice(start))) opened = Math.max(0, opened + levelOf(text));
  for (const { text } of codeOf(suffix)) {
    if (text === 'fn') break;
    depth += levelOf(text);
    least = Math.min(least, depth);
  }
  return -least - opened;
}

const levelOf = (text) => ('(['.includes(text) ? 1 : ')]'.includes(text) ? -1 : 0);

// The beginnings of a written line that leave so many brackets open, as tat/decode/lines/within.py
// cuts it, the shortest first.
function cutsOf(line, needed) {
  const found = [];
  let depth = 0;
  for (const { text, end } of codeOf(line)) {
    depth += levelOf(text);
    if (depth < Math.min(0, needed)) break;
    if (depth === needed) found.push(line.slice(0, end));
  }
  return found;
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
