// The browser's own compiler as judge, and candidates until it takes one.

// Errors of a module, each with line, column and message; none where it is valid.
async function problemsOf(device, code) {
  device.pushErrorScope('validation');
  const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
  const refused = await device.popErrorScope();
  const errors = messages.filter(({ type }) => type === 'error');
  const places = errors.map(({ lineNum, linePos, message }) =>
    ({ line: lineNum, column: linePos, message }));
  return refused && !places.length ? [{ line: 0, column: 0, message: refused.message }] : places;
}

// The same as texts, "line:column message".
async function errorsOf(device, code) {
  const problems = await problemsOf(device, code);
  return problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

const ATTEMPT = 65536; // step of a draw's number after each refusal, as tat/decode/validated.py has it

// The most likely text first, then draws, until the compiler takes one; the first if it takes none.
// request: description, signature and context, or the prefix and suffix of a gap; settings: those of
// `tat generate`, with a seed.
async function write(player, request, settings, { emit = () => {}, stopped = () => false } = {}) {
  const { head, lead, begun = '', end = '', rest = '', tail } = placeOf(request), gap = isGap(request);
  if (!gap && lead && !isSignature(lead)) {
    throw new Error('The signature is none: begin it with fn NAME( and end it before the body.');
  }
  const { tokens: source, leftOut } = readingOf(request, player.tokenizer, player.plan.source);
  const decode = (tokens) => player.tokenizer.decode(tokens);
  const shown = (tokens) => lead + decode(tokens).slice(begun.length);
  const { candidates, temperature, top_k: topK, top_p: topP, min_p: minP, penalty, seed } = settings;
  const reviewed = (number = 0) => new Review({
    head, lead, decode, most: settings.redraws, number, names: settings.names === undefined ? player.plan.names : settings.names,
    problemsOf: (code) => player.problemsOf(code),
  });
  const given = gap ? '' : await reviewed().given();
  const needed = rest ? missingBrackets(head, tail) : 0;
  let first = null, line = '';
  for (let number = 0; number < candidates && !stopped(); number++) {
    const draw = async (attempts) => number + attempts && temperature > 0
      ? { temperature, topK, topP, minP, penalty, key: await drawKey(seed, source, number + ATTEMPT * attempts) }
      : { penalty };
    const reviews = settings.redraws && temperature > 0 && !gap && !given;
    const review = reviews ? reviewed(number) : null;
    const made = await player.tokens(source, {
      draw: await draw(0), begun, review, redraw: draw,
      stopped: () => stopped() || (rest && line.includes('\n')),
      emit: (tokens) => { line = shown(tokens); if (!rest) emit(line, number + 1); },
    });
    if (rest) {
      const written = shown(made.tokens).slice(lead.length).split('\n', 1)[0];
      const filled = await within(player, cutsOf(written, needed).map((cut) => lead + cut), head, tail);
      const candidate = { ...made, ...filled, finished: true, leftOut, number: number + 1, redrawn: 0 };
      if (!candidate.errors.length) return candidate;
      first ??= candidate;
      line = '';
      if (number && !temperature) break;
      continue;
    }
    const text = shown(made.tokens) + (made.finished ? end : ''), module = head + text + tail;
    const errors = given ? [given] : !made.finished ? [endless(made, review, player.plan.capacity)]
      : !gap && doesNothing(codeOf(text)) ? ['a function\'s body does nothing']
      : (await player.problemsOf(module)).map(({ line, column, message }) => `${line}:${column} ${message}`);
    const candidate = {
      ...made, text, module, errors, leftOut, number: number + 1, redrawn: review?.attempts ?? 0,
    };
    if (!errors.length) return candidate;
    first ??= candidate;
    if (given || (number && !temperature)) break;
  }
  return first;
}

// The first of these texts that the compiler takes before the rest of a line, or the first one.
async function within(player, texts, head, tail) {
  let first = null;
  for (const text of texts.length ? texts : ['']) {
    const module = head + text + tail, problems = await player.problemsOf(module);
    const errors = problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
    first ??= { text, module, errors };
    if (!errors.length) return { text, module, errors };
  }
  return first;
}

// Why a text has no end: it may have at most `capacity` tokens.
function endless({ tokens }, review, capacity) {
  if (review?.gaveUp) return `it found no way on after ${review.attempts} refused statements`;
  return tokens.length < capacity ? `it was stopped after ${tokens.length} tokens`
    : `it does not end within ${tokens.length} tokens`;
}

// Where a text stands: the module's text above it, the given signature or the blank space that begins
// it, what of its line it writes again, the blank space that ends it, and what is behind.
function placeOf({ signature = '', context = '', prefix = '', suffix = '' }) {
  if (prefix || suffix) {
    const { begun, lead, tail, rest } = gapOf({ prefix, suffix });
    return { head: asRead(prefix), lead, begun, end: tail, rest, tail: asRead(suffix) };
  }
  const lead = asRead(signature).trim(), above = asRead(context);
  return { head: above.trim() ? `${withStubs(above)}\n` : '', lead: lead ? `${lead} ` : '', tail: '' };
}
