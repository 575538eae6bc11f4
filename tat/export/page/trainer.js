// Trains the model of a player by recorded programs, as tat/train/trainer.py does.

// The learning rate of a step, counted from 1: linear warm-up, then the schedule over `steps`.
function learningRate({ lr, warmup_steps: most, final_lr_share: low, schedule }, steps, step) {
  const warmup = Math.min(most, Math.ceil(steps / 4)), warm = Math.min(1, step / Math.max(1, warmup));
  if (schedule === 'inverse_square_root') {
    const anchor = Math.max(1, warmup);
    return lr * warm * Math.sqrt(anchor / Math.max(step, anchor));
  }
  if (schedule !== 'cosine' || step <= warmup) return lr * warm;
  const done = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  return lr * (low + (1 - low) * 0.5 * (1 + Math.cos(Math.PI * done)));
}

// Samples in batches of equal bucket, in an order of seed and epoch alone.
class Batches {
  constructor(samples, buckets, seed) {
    Object.assign(this, { buckets, seed, members: buckets.map(() => []), epoch: -1, left: 0 });
    for (const sample of samples) {
      const place = buckets.findIndex(([source, target]) =>
        sample.source.length <= source && sample.target.length <= target);
      if (place < 0) this.left++; // too long for the model
      else this.members[place].push(sample);
    }
    this.perEpoch = this.members.reduce(
      (sum, { length }, i) => sum + Math.ceil(length / buckets[i][2]), 0);
  }

  // The bucket of micro-batch `number` and its samples; a bucket is [source, target, rows].
  at(number) {
    const epoch = Math.floor(number / this.perEpoch);
    if (epoch !== this.epoch) {
      this.epoch = epoch;
      this.order = this.shuffled(this.members.flatMap((members, i) => {
        const rows = this.buckets[i][2], drawn = this.shuffled(members, i), batches = [];
        for (let at = 0; at < drawn.length; at += rows) batches.push([this.buckets[i], drawn.slice(at, at + rows)]);
        return batches;
      }), this.buckets.length);
    }
    return this.order[number % this.perEpoch];
  }

  shuffled(items, stream) {
    const keys = items.map((_, i) => fold([this.seed, this.epoch, stream, i]) >>> 0);
    return items.map((_, i) => i).sort((a, b) => keys[a] - keys[b] || a - b).map((i) => items[i]);
  }
}

class Trainer {
  // settings: lr and steps.
  constructor(player, samples, settings) {
    const about = player.plan.training;
    Object.assign(this, { player, about, step: 0, steps: settings.steps });
    this.schedule = { ...about.schedule, lr: settings.lr };
    this.batches = new Batches(samples, about.buckets, about.seed);
    const encoder = player.device.createCommandEncoder();
    for (const buffer of about.state) encoder.clearBuffer(player.buffers[buffer]);
    player.device.queue.submit([encoder.finish()]);
  }

  // One step: nats a token, the norm of its gradient, and the tokens that were learnt from.
  next() {
    const { player, about } = this, count = about.after.length;
    return player.checked('training', async () => {
      const target = player.device.createBuffer({
        size: 4 * count + 8, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      });
      let tokens = 0;
      for (let i = 0; i < count; i++) {
        const [bucket, rows] = this.batches.at(this.step * count + i);
        tokens += await this.gradient(bucket, rows, i, target);
      }
      await this.update(tokens, target, 4 * count);
      await Promise.race([target.mapAsync(GPUMapMode.READ), player.lost]);
      if (player.reason) throw new Error(player.reason);
      const values = [...new Float32Array(target.getMappedRange())], norm = values[count + 1];
      target.destroy();
      const loss = values.slice(0, count).reduce((a, b) => a + b, 0) / tokens;
      if (!Number.isFinite(loss + norm)) {
        throw new Error('Training met a number that is not finite; nothing was learnt from it.'
          + ' Lower the learning rate.');
      }
      this.step++;
      return { loss, norm, tokens };
    });
  }

  // The gradient of one micro-batch, folded into the sum; its loss is copied to `target`.
  async gradient([source, length, most], rows, index, target) {
    const { player, about } = this, name = `gradient${source}x${length}`;
    const program = await player.program(name), feeds = feedsOf(rows, source, length, most, player.plan.special);
    player.write(program, { ...feeds, counter: [about.seed, this.step + 1, index] });
    const encoder = player.device.createCommandEncoder();
    player.record(encoder, program, 1);
    const { buffer } = program.metrics.loss;
    encoder.copyBufferToBuffer(player.buffers[buffer], 0, target, 4 * index, 4);
    for (const after of about.after[index]) player.record(encoder, await player.program(after), 1);
    player.device.queue.submit([encoder.finish()]);
    return feeds.target_lengths.reduce((a, b) => a + b, 0);
  }

  async update(tokens, target, place) {
    const { player, about, schedule } = this, program = await player.program('update');
    const step = this.step + 1, { beta1, beta2 } = schedule;
    player.write(program, {
      tokens: [tokens],
      rate: [learningRate(schedule, this.steps, step), 1 - beta1 ** step, 1 - beta2 ** step],
    });
    const encoder = player.device.createCommandEncoder();
    for (const name of about.finish) player.record(encoder, await player.program(name), 1);
    player.record(encoder, program, 1);
    encoder.copyBufferToBuffer(player.buffers[program.metrics.scale.buffer], 0, target, place, 8);
    player.device.queue.submit([encoder.finish()]);
  }

  // The file of the weights as they are, in parts.
  async checkpoint() {
    const { player, about } = this, { buffer, size } = player.plan.weights;
    const flat = await player.read(buffer, 4 * size);
    return checkpointOf(about.checkpoint, new Float32Array(flat), this.step,
      this.step * about.after.length);
  }
}

// Feeds of a batch: rows of ids, zeros behind their ends; rows without a sample have length 0.
function feedsOf(samples, source, target, rows, { BOS }) {
  const feeds = { sources: [], inputs: [], targets: [], source_lengths: [], target_lengths: [] };
  const put = (name, ids, row, width) => ids.forEach((id, i) => { feeds[name][row * width + i] = id; });
  for (const name of ['sources', 'inputs', 'targets']) {
    feeds[name] = new Int32Array(rows * (name === 'sources' ? source : target));
  }
  for (let row = 0; row < rows; row++) {
    const { source: read = [], target: written = [] } = samples[row] ?? {};
    put('sources', read, row, source);
    put('inputs', written.length ? [BOS, ...written.slice(0, -1)] : [], row, target);
    put('targets', written, row, target);
    feeds.source_lengths.push(read.length);
    feeds.target_lengths.push(written.length);
  }
  return feeds;
}
