// Tokens a second of an exported page, by its own player on Dawn, Chromium's WebGPU, in Node.
//
//     npm install webgpu                      # in any folder; run there
//     tat export runs/mine --web page.html
//     node .../bench/web_tokens.mjs page.html [tokens=256] [turns=5] [backend=vulkan] [adapter=NAME]
//
// Beside it stands `tat bench`'s or `tat generate --validate 0`'s time of a token on the same GPU.
// Without a GPU: VK_DRIVER_FILES=/usr/lib/chromium/vk_swiftshader_icd.json (Dawn refuses llvmpipe).
// SwiftShader compiles a minute and more before the first token, and takes seconds for each one:
// there preset tiny with tokens=8 turns=3 is enough. stderr says how far the run is.
// Prints one JSON object: the adapter, the seconds until the first tokens stood (all pipelines are
// compiled for them), and the median, least and most tokens a second of the turns.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [file, ...given] = process.argv.slice(2), options = Object.fromEntries(
  given.map((one) => one.split('=')));
const { tokens = 256, turns = 5, ...dawn } = options;
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
const source = player.tokenizer.source({ description: 'signed distance to a box with rounded corners' });
player.plan.special.EOS = -1; // a text goes on to its last token
const limit = Math.min(Number(tokens), player.plan.capacity);
await player.tokens(source, { limit: 4 }); // which compiles
const first = (performance.now() - since) / 1000;
tell('wrote the first tokens');
const seconds = [];
for (let turn = 0; turn < Number(turns); turn++) {
  const started = performance.now(), made = await player.tokens(source, { limit });
  if (made.tokens.length !== limit) throw new Error(`${made.tokens.length} of ${limit} tokens`);
  seconds.push((performance.now() - started) / 1000);
  tell(`wrote turn ${turn + 1} of ${turns}`);
}
const speeds = seconds.map((one) => limit / one).sort((a, b) => a - b);
const { vendor, architecture, description } = player.adapter.info;
console.log(JSON.stringify({
  benchmark: 'web_tokens', adapter: [vendor, architecture, description].join(' ').trim(),
  weights: player.plan.card.weights, shape: player.plan.card.shape, tokens: limit,
  first_s: first, tokens_per_s: speeds[speeds.length >> 1], least: speeds[0], most: speeds.at(-1),
}));
process.exit(0);
