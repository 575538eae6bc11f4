// The browser's own compiler as judge, and candidates until it takes one.

// Errors of a module, "line:column message" each; none where it is valid.
async function errorsOf(device, code) {
  device.pushErrorScope('validation');
  const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
  const refused = await device.popErrorScope();
  const errors = messages.filter(({ type }) => type === 'error');
  const places = errors.map((error) => `${error.lineNum}:${error.linePos} ${error.message}`);
  return refused && !places.length ? [refused.message] : places;
}

// The most likely text first, then draws, until the compiler takes one; the first if it takes none.
// request: description, signature and context; settings: those of `tat generate`, with a seed.
async function write(player, request, settings, { emit = () => {}, stopped = () => false } = {}) {
  const source = player.tokenizer.source(request), lead = asRead(request.signature ?? '').trim();
  const head = request.context ? `${request.context}\n` : '';
  const textOf = (tokens) => (lead ? `${lead} ` : '') + player.tokenizer.decode(tokens);
  let first = null;
  for (let number = 0; number < settings.candidates && !stopped(); number++) {
    const { temperature, top_k: topK, top_p: topP, min_p: minP, penalty, seed } = settings;
    const draw = number && temperature > 0
      ? { temperature, topK, topP, minP, penalty, key: await drawKey(seed, source, number) }
      : { penalty };
    const made = await player.tokens(source, {
      draw, stopped, emit: (tokens) => emit(textOf(tokens), number + 1),
    });
    const text = textOf(made.tokens), module = head + text;
    const errors = made.finished ? await errorsOf(player.device, module)
      : [`it does not end within ${made.tokens.length} tokens`];
    const candidate = { ...made, text, module, errors, number: number + 1 };
    if (!errors.length) return candidate;
    first ??= candidate;
    if (number && !temperature) break;
  }
  return first;
}
