// The page: asks, shows text as it comes, marks it, draws it.

const $ = (id) => document.getElementById(id);

function say(text, bad = false) {
  $('status').textContent = text;
  $('status').className = bad ? 'bad' : '';
}

function cardOf({ version, step, weights, kind, shape, hash, licence }) {
  const many = weights < 1e6 ? weights.toLocaleString('en') : `${(weights / 1e6).toPrecision(3)} million`;
  return `A tat model of ${many} weights (${shape}, ${kind}) after`
    + ` ${step} steps, model ${hash.slice(0, 12)}, written by tat ${version}. Licence of the`
    + ` weights: ${licence || 'not stated; ask who gave you this page'}.`;
}

// Lets the browser show what was said.
const shown = () => new Promise((done) => { setTimeout(done); });

class Page {
  constructor(player, functions) {
    Object.assign(this, { player, picture: new Picture(), search: new Search(functions) });
    this.writing = false;
    this.made = null;
    $('form').onsubmit = (event) => { event.preventDefault(); this.write(); };
    $('stop').onclick = () => this.stop();
    $('draw').onclick = () => this.draw();
    $('copy').onclick = () => this.copy();
    $('description').oninput = () => this.find();
    document.addEventListener('keydown', ({ key }) => { if (key === 'Escape') this.stop(); });
    player.lost.then(() => { say(player.reason, true); $('write').disabled = true; });
    if (player.plan.training) this.training = new Training(this);
    this.find();
  }

  stop() {
    this.stopped = true;
    this.training?.stop();
  }

  settings() {
    const { generate } = this.player.plan, number = (id) => Number($(id).value);
    return {
      ...generate, seed: $('seed').value.trim() || '0',
      candidates: Math.min(64, Math.max(1, Math.round(number('candidates')) || 1)),
      temperature: Math.max(0, number('temperature')),
    };
  }

  async write() {
    if (this.writing || this.training?.busy || this.player.reason) return;
    const request = Object.fromEntries(
      ['description', 'signature', 'context', 'prefix', 'suffix'].map((id) => [id, $(id).value]));
    if (!request.description.trim() && !request.signature.trim() && !isGap(request)) {
      say('Describe the function, or give its signature.', true);
      return;
    }
    this.training?.hold(true);
    this.begin();
    try {
      const started = performance.now();
      let count = 0;
      const made = await write(this.player, request, this.settings(), {
        stopped: () => this.stopped,
        emit: (text, number) => {
          $('text').textContent = text;
          say(number > 1 ? `Writing candidate ${number} …` : 'Writing …');
          count++;
        },
      });
      this.show({ ...made, request }, (performance.now() - started) / 1000);
    } catch (error) {
      say(error.message, true);
      $('answer').hidden = !$('text').textContent;
    }
    this.end();
  }

  begin() {
    this.writing = true;
    this.stopped = false;
    this.made = null;
    $('answer').hidden = false;
    $('picture').hidden = $('draw').hidden = true;
    $('mark').textContent = $('note').textContent = $('text').textContent = '';
    $('write').disabled = true;
    $('stop').disabled = false;
    say('Writing …');
  }

  end() {
    this.writing = false;
    $('write').disabled = Boolean(this.player.reason);
    $('stop').disabled = true;
    this.training?.hold(false);
  }

  show(made, seconds) {
    this.made = made;
    $('text').textContent = made.text;
    const good = !made.errors.length;
    $('mark').className = good ? 'good' : 'bad';
    $('mark').textContent = good ? '✓ valid: this browser compiles it'
      : `✗ not valid: ${made.errors[0]}`;
    $('draw').hidden = !good || !expressionOf(made.module);
    say([
      `${made.tokens.length} tokens in ${seconds.toFixed(1)} s`,
      made.number > 1 && `candidate ${made.number}`,
      isGap(made.request) && 'for the gap: the description was not read',
      made.redrawn && `${made.redrawn} refused and drawn again`,
      made.leftOut && `too long for the model, which read it without ${made.leftOut}`,
      this.stopped && 'stopped',
    ].filter(Boolean).join(', '));
  }

  async draw() {
    $('draw').disabled = true;
    $('note').textContent = 'Drawing …';
    try {
      const problem = await this.picture.draw(this.made.module, $('picture'));
      $('picture').hidden = Boolean(problem);
      $('note').textContent = problem;
    } catch (error) {
      $('note').textContent = error.message;
    }
    $('draw').disabled = false;
  }

  async copy() {
    try {
      await navigator.clipboard.writeText($('text').textContent);
      $('note').textContent = 'Copied.';
    } catch {
      getSelection().selectAllChildren($('text'));
      $('note').textContent = 'Selected: copy it with Ctrl+C.';
    }
  }

  find() {
    const found = this.search.find($('description').value);
    $('library').hidden = !found.length;
    $('found').replaceChildren(...found.map((one) => {
      const item = document.createElement('li'), details = document.createElement('details');
      const summary = document.createElement('summary'), text = document.createElement('pre');
      summary.textContent = `${one.name}: ${one.file}:${one.line}, ${one.licence || 'licence unknown'}`;
      text.textContent = (one.comment ? one.comment.replace(/^/gm, '/// ') + '\n' : '') + one.text;
      text.className = 'code';
      text.tabIndex = 0;
      details.append(summary, text);
      item.append(details);
      return item;
    }));
  }
}

async function start() {
  try {
    const parts = [...document.querySelectorAll('.weights')];
    const plan = JSON.parse($('plan').textContent);
    $('card').textContent = cardOf(plan.card);
    for (const name of ['candidates', 'temperature', 'seed']) $(name).value = plan.generate[name];
    const player = await Player.open(plan, parts.map((part) => part.textContent), async (share) => {
      say(`Reading weights: ${Math.round(100 * share)} %`);
      await shown();
    });
    const functions = JSON.parse($('functions').textContent);
    for (const element of [$('plan'), ...parts]) element.remove(); // they are not needed again
    globalThis.page = new Page(player, functions);
    const { vendor, architecture, description } = player.adapter.info;
    say(`Ready on ${description || `${vendor} ${architecture}`.trim() || 'this GPU'}.`);
    $('write').disabled = false;
  } catch (error) {
    say(error.message, true);
  }
}

globalThis.ready = start();
