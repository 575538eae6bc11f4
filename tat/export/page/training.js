// The part of the page that trains: shaders in, a curve of the loss, weights out.

class Training {
  constructor(page) {
    Object.assign(this, { page, player: page.player, busy: false, stopped: false, losses: [] });
    $('training').hidden = false;
    $('rate').value = this.player.plan.training.schedule.lr;
    $('lesson').onsubmit = (event) => { event.preventDefault(); this.train(); };
    $('pause').onclick = () => this.stop();
    $('save').onclick = () => this.save();
    $('files').onchange = () => this.read([...$('files').files]);
    this.hold(false);
  }

  stop() { this.stopped = true; }

  // While text is written nothing is learnt, and the other way about.
  hold(writing) {
    const lost = Boolean(this.player.reason);
    $('train').disabled = writing || this.busy || lost;
    $('pause').disabled = !this.busy;
    $('save').disabled = writing || this.busy || lost || !this.losses.length;
    $('write').disabled = writing || this.busy || lost;
  }

  say(text, bad = false) {
    $('progress').textContent = text;
    $('progress').className = bad ? 'bad' : '';
  }

  async read(files) {
    const texts = await Promise.all(files.map((file) => file.text()));
    $('shaders').value = [$('shaders').value, ...texts].filter(Boolean).join('\n');
  }

  async train() {
    if (this.busy || this.page.writing || this.player.reason) return;
    const steps = Math.round(Number($('steps').value)), lr = Number($('rate').value);
    if (!(steps >= 1 && lr > 0)) {
      this.say('Steps are 1 or more, and the learning rate is above 0.', true);
      return;
    }
    this.busy = true;
    this.stopped = false;
    this.hold(false);
    try {
      await this.steps(steps, lr);
    } catch (error) {
      this.say(error.message, true);
    }
    this.busy = false;
    this.hold(false);
  }

  async steps(steps, lr) {
    const about = this.player.plan.training;
    const samples = samplesOf($('shaders').value, this.player.tokenizer, about);
    const trainer = new Trainer(this.player, samples, { steps, lr });
    const { left, perEpoch } = trainer.batches;
    if (!perEpoch) {
      throw new Error(samples.length ? 'All functions are too long for this model.'
        : 'There is no whole function in this text. Paste WGSL with bodies.');
    }
    this.trainer = trainer;
    this.losses = [];
    const kept = `${samples.length - left} samples${left ? `, ${left} too long` : ''}`;
    this.say(`${kept}: compiling shaders …`);
    while (trainer.step < steps && !this.stopped) {
      const started = performance.now(), { loss, tokens } = await trainer.next();
      this.losses.push(loss);
      const speed = tokens / (performance.now() - started) * 1000;
      this.say(`Step ${trainer.step} of ${steps}: loss ${loss.toFixed(4)} nats a token, ${kept},`
        + ` ${speed.toFixed(0)} tokens/s`);
      this.draw();
    }
    this.say(`${$('progress').textContent}${this.stopped ? '; stopped' : '; done'}.`
      + ' Write a function above, or save the weights.');
  }

  draw() {
    const { losses } = this, most = Math.max(...losses, 1e-9), svg = $('curve');
    const point = (loss, i) => `${(56 + 574 * i / Math.max(1, losses.length - 1)).toFixed(1)}`
      + ` ${(180 - 165 * loss / most).toFixed(1)}`;
    const make = (name, values, text = '') => {
      const made = document.createElementNS(svg.namespaceURI, name);
      for (const [key, value] of Object.entries(values)) made.setAttribute(key, value);
      made.textContent = text;
      return made;
    };
    svg.replaceChildren(
      make('path', { d: `M${losses.map(point).join('L')}` }),
      make('text', { x: 4, y: 20 }, most.toFixed(2)), make('text', { x: 4, y: 184 }, '0'),
      make('text', { x: 630, y: 192, 'text-anchor': 'end' }, `step ${losses.length}`),
    );
    svg.setAttribute('aria-label', `loss from ${losses[0].toFixed(2)} to ${losses.at(-1).toFixed(2)}`
      + ` nats a token over ${losses.length} steps`);
    svg.removeAttribute('hidden');
  }

  async save() {
    this.hold(true);
    try {
      const parts = await this.trainer.checkpoint(), link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob(parts, { type: 'application/octet-stream' }));
      link.download = 'tuned.safetensors';
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
      this.say('Saved as tuned.safetensors: `tat generate "…" --run tuned.safetensors` reads it, and'
        + ' so does `tat train --from`.');
    } catch (error) {
      this.say(error.message, true);
    }
    this.hold(false);
  }
}
