// Tokens a second of an exported page, by its own player on Dawn, Chromium's WebGPU, in Node.
//
//     npm install webgpu                      # in any folder; run there
//     tat export runs/mine --web page.html
//     node .../bench/web_tokens.mjs page.html [tokens=256] [turns=5] [backend=vulkan] [adapter=NAME]
//         [requests=FILE]                     # sources of ids, as JSON: their texts, to their ends
//
// bench/web_beside.py writes page and requests, and measures tat on the same GPU beside it.
// Without a GPU: VK_DRIVER_FILES=/usr/lib/chromium/vk_swiftshader_icd.json (Dawn refuses llvmpipe).
// SwiftShader compiles a minute and more before the first token, and takes seconds for each one:
// there preset tiny with tokens=8 turns=3 is enough. stderr says how far the run is.
// Prints one JSON object: the adapter, the seconds until the first tokens stood (all pipelines are
// compiled for them), and the median, least and most tokens a second of the turns. With requests a
// turn writes all texts one after another, the end token counted; the first turn does not count.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [file, ...given] = process.argv.slice(2), options = Object.fromEntries(
  given.map((one) => one.split('=')));
const { tokens = 256, turns = 5, requests, ...dawn } = options;
const found = createRequire(`${process.cwd()}/`).resolve('webgpu');
const { create, globals } = await import(pathToFileURL(found));
Object.assign(globalThis, globals);
Object.defineProperty(globalThis, 'navigator', {
  value: { gpu: create(Object.entries(dawn).map((pair) => pair.join('='))) },
});

const page = readFileSync(file, 'utf8');
const [, text] = page.match(/id="plan">(.*?)<\/script>/);
const parts = [...page.matchAll(/class="weights">(.*?)<\/script>/g)].map((part) => part[1]);
const [, script] = page.match(/<script>\n([^]*)<\/script>\n<\/body>/);
const { Player } = new Function(
  `${script.replace('globalThis.ready = start();', '')}; return { Player };`)();

const since = performance.now(), tell = (what) =>
  console.error(`web_tokens: ${((performance.now() - since) / 1000).toFixed(1)} s: ${what}`);
const { compiled } = Player.prototype;
Player.prototype.compiled = async function (pipeline) {
  const made = await compiled.call(this, pipeline);
  tell(`compiled ${pipeline.name}`);
  return made;
};
const player = await Player.open(JSON.parse(text), parts);
tell('loaded the weights');
const limit = Math.min(Number(tokens), player.plan.capacity), { EOS } = player.plan.special;
const sources = requests && JSON.parse(readFileSync(requests, 'utf8'));

// One text without an end.
async function endless() {
  const source = player.tokenizer.source({ description: 'signed distance to a box with rounded corners' });
  const made = await player.tokens(source, { limit });
  if (made.tokens.length !== limit) throw new Error(`${made.tokens.length} of ${limit} tokens`);
  return [made.tokens];
}

// The text behind each source.
async function asked() {
  const texts = [];
  for (const source of sources) {
    const made = await player.tokens(source, { limit });
    texts.push(made.finished ? [...made.tokens, EOS] : made.tokens);
  }
  return texts;
}

let first, texts;
if (!requests) {
  player.plan.special.EOS = -1; // a text goes on to its last token
  await player.tokens([player.plan.special.COMMENT], { limit: 4 }); // which compiles
  first = (performance.now() - since) / 1000;
  tell('wrote the first tokens');
}
const speeds = [];
for (let turn = 0; turn < Number(turns); turn++) {
  const started = performance.now();
  texts = await (requests ? asked() : endless());
  const count = texts.reduce((sum, text) => sum + text.length, 0);
  const seconds = (performance.now() - started) / 1000;
  if (requests && !turn) first = seconds;
  else speeds.push(count / seconds);
  tell(`wrote turn ${turn + 1} of ${turns}: ${count} tokens in ${seconds.toFixed(2)} s`);
}
speeds.sort((a, b) => a - b);
const { vendor, architecture, description } = player.adapter.info;
console.log(JSON.stringify({
  benchmark: 'web_tokens', adapter: [vendor, architecture, description].join(' ').trim(),
  weights: player.plan.card.weights, shape: player.plan.card.shape, tokens: limit,
  first_s: first, tokens_per_s: speeds[speeds.length >> 1], least: speeds[0], most: speeds.at(-1),
  ...(requests && { texts }),
}));
process.exit(0);
