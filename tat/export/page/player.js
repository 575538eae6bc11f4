// Replays recorded plans of a model on WebGPU. It knows nothing of the model: pipelines, buffers,
// parameters and dispatches are the plan's.

const NO_WEBGPU = 'This browser has no WebGPU here. Chrome, Edge and Safari have it, and Firefox on'
  + ' Windows and macOS; a page that came over the network needs https.';
const NO_GPU = 'WebGPU finds no GPU on this machine. Update the graphics driver, or allow hardware'
  + ' acceleration in the settings of the browser.';
const FULL = 'The memory of the GPU is full. Close other pages and programs, or export the model'
  + ' with fewer --tokens or of a smaller preset.';
const LOST = 'The GPU was lost: its driver was reset, or another program took it. Load the page'
  + ' again.';

// A device with WebGPU's guaranteed limits and no features.
async function openDevice() {
  if (!navigator.gpu) throw new Error(NO_WEBGPU);
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error(NO_GPU);
  return { adapter, device: await adapter.requestDevice() };
}

class Player {
  // parts: base64 texts of the weights; tell(share) while they are read.
  static async open(plan, parts, tell = () => {}) {
    const { adapter, device } = await openDevice();
    const player = new Player(plan, device, adapter);
    await player.checked('loading', async () => {
      player.allocate();
      const target = player.buffers[plan.weights.buffer];
      unpacked(plan.weights, await joined(plan.weights, parts, tell), (offset, values) =>
        device.queue.writeBuffer(target, 4 * offset, values));
    });
    return player;
  }

  constructor(plan, device, adapter) {
    Object.assign(this, { plan, device, adapter, buffers: [], pipelines: [], programs: {} });
    this.tokenizer = new Tokenizer(plan.merges, plan.special);
    this.reason = ''; // why nothing works any more
    this.lost = device.lost.then(() => { this.reason = LOST; });
  }

  // What `work` gives, or in a sentence the error that the GPU tells.
  async checked(doing, work) {
    const kinds = ['validation', 'out-of-memory', 'internal'];
    for (const kind of kinds) this.device.pushErrorScope(kind);
    let result, thrown;
    try { result = await work(); } catch (error) { thrown = error; }
    const errors = await Promise.all(kinds.map(() => this.device.popErrorScope()));
    if (this.reason) throw new Error(this.reason);
    const error = errors.find(Boolean);
    if (error instanceof GPUOutOfMemoryError) throw new Error(FULL);
    if (error) throw new Error(`The GPU refuses ${doing}: ${error.message}`);
    if (thrown) throw thrown;
    return result;
  }

  allocate() {
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
    this.buffers = this.plan.buffers.map(({ name, bytes, uniform }) => this.device.createBuffer({
      label: name, size: bytes, usage: COPY_DST | (uniform ? UNIFORM : STORAGE | COPY_SRC),
    }));
    for (const [buffer, text] of this.plan.constants) {
      this.device.queue.writeBuffer(this.buffers[buffer], 0, bytesOf(text));
    }
  }

  pipeline(index) {
    return this.pipelines[index] ??= this.compiled(this.plan.pipelines[index]);
  }

  async compiled({ name, code, layout }) {
    const group = this.device.createBindGroupLayout({
      label: name,
      entries: layout.map(([binding, type]) =>
        ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } })),
    });
    const pipeline = await this.device.createComputePipelineAsync({
      label: name,
      layout: this.device.createPipelineLayout({ bindGroupLayouts: [group] }),
      compute: { module: this.device.createShaderModule({ label: name, code }), entryPoint: 'main' },
    });
    return { pipeline, group, layout };
  }

  // A program that is ready to run, made when it is first asked for.
  program(name) {
    return this.programs[name] ??= this.bound(this.plan.programs[name]);
  }

  async bound(recorded) {
    const { uniform, params, calls } = recorded;
    this.device.queue.writeBuffer(this.buffers[uniform], 0, bytesOf(params));
    const made = await Promise.all(calls.map(([index]) => this.pipeline(index)));
    return {
      ...recorded,
      calls: calls.map(([, grid, regions], i) => ({
        pipeline: made[i].pipeline, grid,
        group: this.device.createBindGroup({
          layout: made[i].group,
          entries: regions.map(([buffer, offset, size], j) => ({
            binding: made[i].layout[j][0],
            resource: { buffer: this.buffers[buffer], offset, size },
          })),
        }),
      })),
    };
  }

  // Writes feeds that the program has; what is missing in a list is zero.
  write(program, feeds) {
    for (const [name, values] of Object.entries(feeds)) {
      const feed = program.feeds[name];
      if (!feed) continue;
      const size = feed.shape.reduce((a, b) => a * b, 1);
      const data = feed.type === 'f32' ? new Float32Array(size) : new Int32Array(size);
      data.set(values);
      this.device.queue.writeBuffer(this.buffers[feed.buffer], 0, data);
    }
  }

  // Records a program `times` times: a command buffer of WebGPU is submitted only once.
  record(encoder, program, times) {
    const pass = encoder.beginComputePass();
    for (let time = 0; time < times; time++) {
      for (const { pipeline, group, grid } of program.calls) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...grid);
      }
    }
    pass.end();
  }

  // Bytes of a buffer, when all that was submitted is done.
  async read(buffer, bytes, from = 0) {
    const target = this.device.createBuffer({
      size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.buffers[buffer], from, target, 0, bytes);
    this.device.queue.submit([encoder.finish()]);
    await Promise.race([target.mapAsync(GPUMapMode.READ), this.lost]);
    if (this.reason) throw new Error(this.reason);
    const data = target.getMappedRange().slice(0);
    target.destroy();
    return data;
  }

  run(program) {
    const encoder = this.device.createCommandEncoder();
    this.record(encoder, program, 1);
    this.device.queue.submit([encoder.finish()]);
  }

  // Begins `count` steps from position `start`; what it gives waits for their tokens.
  begin(program, start, count) {
    const { buffer, shape: [block, , width] } = program.metrics.history;
    const target = this.device.createBuffer({
      size: 4 * count, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = this.device.createCommandEncoder();
    this.record(encoder, program, count);
    for (let i = 0; i < count; i++) {
      const last = ((start + i) % block + 1) * width - 1; // a step's token stands behind its logits
      encoder.copyBufferToBuffer(this.buffers[buffer], 4 * last, target, 4 * i, 4);
    }
    this.device.queue.submit([encoder.finish()]);
    const mapped = target.mapAsync(GPUMapMode.READ);
    return async () => {
      await Promise.race([mapped, this.lost]);
      if (this.reason) throw new Error(this.reason);
      const tokens = [...new Float32Array(target.getMappedRange())];
      target.destroy();
      return tokens;
    };
  }

  // Encodes a source of ids into the caches of the step.
  async encode(source) {
    const { buckets, source: longest } = this.plan;
    const bucket = buckets.find((length) => length >= source.length);
    if (!bucket) {
      throw new Error(`The request has ${source.length} tokens, and the model reads`
        + ` ${buckets.at(-1)}. Shorten the description.`);
    }
    const encode = await this.program(`encode${bucket}`);
    this.write(encode, {
      sources: source, source_lengths: [source.length], source_start: [0], counter: [0, 0, 0],
    });
    this.run(encode);
    if (bucket !== longest) {
      const place = await this.program(`place${bucket}`);
      this.write(place, { memory_index: [0], memory_counts: [source.length] });
      this.run(place);
    }
  }

  // Errors of a module by the browser's compiler.
  problemsOf(code) { return problemsOf(this.device, code); }

  // Tokens behind a source of ids, without the end token, and whether it came.
  // draw: temperature, topK, topP, minP, penalty, key; begun: what the text has to start with;
  // emit(tokens) while they come; stopped(); review may take tokens back, and redraw(attempts) gives
  // the draw after that.
  tokens(source, { draw = {}, begun = '', limit = this.plan.capacity, ...more } = {}) {
    return this.checked('generating', async () => {
      await this.encode(source);
      const sample = await this.program('sample'), most = Math.min(limit, this.plan.capacity);
      const again = begun ? await this.held(sample, source, begun, draw, most) : [];
      this.place(sample, source, again, draw);
      return this.steps(sample, source, again, most, more);
    });
  }

  // The first tokens of a text, as far as they write what was begun. The device masks no token, so
  // these are chosen here: most are sure, and for the others logits are read.
  async held(sample, source, text, draw, most) {
    const begun = new Begun(text, this.tokenizer), tokens = [];
    for (let allowed; tokens.length < most && (allowed = begun.allowed(tokens)); ) {
      this.place(sample, source, tokens, draw);
      this.run(sample);
      tokens.push(allowed.length > 1
        ? chosen(await this.logits(sample, tokens.length), tokens, allowed, draw) : allowed[0]);
    }
    return tokens;
  }

  // The logits of the step at a position; tokens that are never written have none.
  async logits(sample, position) {
    const { buffer, shape: [block, , width] } = sample.metrics.history;
    const data = await this.read(buffer, 4 * (width - 1), 4 * width * (position % block));
    return new Float32Array(data).fill(-Infinity, 0, this.plan.special.EOS);
  }

  // What the next step goes on from: tokens so far, and how it draws.
  place(sample, source, tokens, draw) {
    const { temperature = 0, topK = 0, topP = 1, minP = 0, penalty = 1, key = 0 } = draw;
    const { BOS } = this.plan.special;
    this.write(sample, {
      sources: source, source_lengths: [source.length], counter: [0, 0, 0],
      token: [tokens.at(-1) ?? BOS], position: [tokens.length], lengths: [tokens.length + 1],
      written: [0, ...tokens].slice(0, this.plan.capacity),
      settings: [temperature, topK, topP, minP, penalty], key: [key],
    });
  }

  // Blocks of steps: one is on its way while the one before it is read, and each is as long as a
  // person does not notice.
  async steps(sample, source, given, most, more) {
    const { emit = () => {}, stopped = () => false, review, redraw } = more;
    const tokens = [...given], begun = [];
    let started = tokens.length, size = Math.min(2, this.plan.block), before = performance.now();
    let finished = false;
    const start = () => {
      const count = Math.min(size, most - started);
      if (count > 0) begun.push(this.begin(sample, started, count));
      started += count;
    };
    start();
    while (begun.length && !finished && !stopped() && !review?.gaveUp) {
      start();
      for (const token of await begun.shift()()) {
        finished = token === this.plan.special.EOS;
        if (finished) break;
        tokens.push(token);
        const kept = await review?.take(tokens) ?? null;
        if (kept === null) continue;
        await Promise.all(begun.splice(0).map((read) => read()));
        tokens.length = started = kept;
        size = Math.min(2, this.plan.block);
        this.place(sample, source, tokens, await redraw(review.attempts));
        start();
        break;
      }
      const now = performance.now(), elapsed = now - before;
      before = now;
      if (elapsed < 40) size = Math.min(2 * size, this.plan.block);
      else if (elapsed > 160) size = Math.max(1, size >> 1);
      emit(tokens);
    }
    await Promise.all(begun.map((read) => read())); // what was begun for nothing
    return { tokens, finished };
  }
}
