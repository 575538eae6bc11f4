// Requests as the model reads them, shortened where they are too long, as tat/decode/reading.py
// does. The compiler still judges by the whole request.

const HOLE = ' tat_gap_7f3a '; // no shader has this name
const DISTANCES = [128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1]; // lines on each side of a gap
const LENGTHS = [1000, 500, 250, 120, 60, 30]; // characters, where one line is too long
const LINE_ENDS = '\\n\\r\\v\\f\\u001c-\\u001e\\u0085\\u2028\\u2029';
const LINES = new RegExp(`[^${LINE_ENDS}]*(?:\\r\\n|[${LINE_ENDS}])|[^${LINE_ENDS}]+`, 'g');

const isGap = ({ prefix, suffix }) => Boolean(prefix || suffix);

// A gap's cursor, and the texts that the model writes behind and before.
function gapOf(request) {
  const prefix = asRead(request.prefix ?? ''), suffix = asRead(request.suffix ?? '');
  const shown = withOneBlank(prefix), cursor = cursorOf(shown, suffix);
  const end = shown.length - cursor.begun.length;
  return { ...cursor, before: shown.slice(0, end) + cursor.lead, behind: cursor.tail + suffix.slice(cursor.rest.length) };
}

// The longest reading of at most `longest` tokens, and in words what it leaves out.
function readingOf(request, tokenizer, longest) {
  let first = 0;
  for (const [part, leftOut] of readings(request)) {
    const tokens = tokenizer.source(part);
    if (tokens.length <= longest) return { tokens, leftOut };
    first ||= tokens.length;
  }
  throw new Error(`The request has ${first} tokens, and the model reads ${longest}. Shorten the`
    + ' description or the declarations.');
}

// The whole request, a gap with its function alone, then ever less of its context.
function* readings(request) {
  if (isGap(request)) {
    const { before, behind } = gapOf(request);
    yield* aroundGap(before, behind);
    return;
  }
  yield [request, ''];
  if (request.context?.trim()) {
    for (const [context, leftOut] of shorterContexts(request)) yield [{ ...request, context }, leftOut];
  }
}

function* aroundGap(prefix, suffix) {
  [prefix, suffix] = functionAround(prefix, suffix) ?? [prefix, suffix];
  yield [{ prefix, suffix }, ''];
  const before = prefix.match(LINES) ?? [], after = suffix.match(LINES) ?? [];
  for (const lines of DISTANCES) {
    if (lines >= Math.max(before.length, after.length)) continue;
    yield [{ prefix: before.slice(-lines).join(''), suffix: after.slice(0, lines).join('') },
      `what is more than ${lines} lines from the gap`];
  }
  for (const length of LENGTHS) {
    yield [{ prefix: [...prefix].slice(-length).join(''), suffix: [...suffix].slice(0, length).join('') },
      `what is more than ${length} characters from the gap`];
  }
}

// Prefix and suffix with only the function around the gap and what it needs; null outside of one.
function functionAround(prefix, suffix) {
  for (const { body, context, calls, signature } of functionsOf(prefix + HOLE + suffix)) {
    const at = body.indexOf(HOLE);
    if (at < 0) continue;
    const given = withStubs([context, ...calls].filter(Boolean).join('\n'));
    return [`${given ? `${given}\n\n` : ''}${signature} ${body.slice(0, at)}`, body.slice(at + HOLE.length)];
  }
  return null;
}

// Ever shorter contexts, as in training: declarations, then signatures of functions.
function* shorterContexts({ context, signature = '' }) {
  const module = withStubs(bodyWithoutComments(asRead(context)));
  const items = declarationsOf(module, tokensOf(module));
  const textOf = ({ start, end }) => module.slice(start, end);
  const declarations = items.filter(({ kind }) => kind !== 'fn').map(textOf);
  const signatures = items.filter(({ kind }) => kind === 'fn')
    .map((item) => functionsOf(textOf(item))[0].signature);
  if (items.length) {
    yield [[...declarations, ...signatures].join('\n'), 'comments and functions\' bodies'];
  }
  const asked = functionsOf([...declarations, `${asRead(signature)} {}`].join('\n')).at(-1);
  if (!asked) return;
  const rest = 'declarations that the signature does not need';
  yield [[asked.context, ...signatures].join('\n'), `comments, functions\' bodies and ${rest}`];
  yield [asked.context, `comments, functions and ${rest}`];
}
