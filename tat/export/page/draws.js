// The noise of a draw, as tat/decode/choice.py chooses it: seed, request and number decide.

function mix(x) {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

function fold(words) {
  return words.reduce((base, word) => mix(base ^ word), 0);
}

// The key of text `number` for a source of ids; seed: a whole number, of which 64 bits count.
async function drawKey(seed, source, number) {
  const digest = await crypto.subtle.digest('SHA-256', Int32Array.from(source));
  const words = new DataView(digest), high = Number((BigInt(seed) >> 32n) & 0xffffffffn) | 0;
  const low = Number(BigInt(seed) & 0xffffffffn) | 0;
  return fold([low, high, words.getInt32(0, true), words.getInt32(4, true), number]);
}
