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

// The best of the `allowed` tokens behind `tokens` by the scores of a draw, as tat/draws.py has them;
// of equal ones the lowest id. logits: of all tokens, -Infinity where one is never written.
function chosen(logits, tokens, allowed, { temperature = 0, penalty = 1, key = 0, ...filters }) {
  const found = Float64Array.from(penalised(logits, tokens, penalty)), base = mix(key ^ tokens.length);
  if (temperature) {
    const lowest = threshold(found, filters), kept = found.map((logit) => logit >= lowest);
    found.forEach((logit, token) => {
      const bits = mix(Math.imul(token, 0x9e3779b1) ^ base) >>> 0;
      found[token] = logit - temperature * Math.log(-Math.log((bits + 0.5) * 2 ** -32));
    });
    const finite = found.filter(Number.isFinite), range = finite.reduce(larger) - finite.reduce(smaller);
    kept.forEach((stays, token) => { if (!stays) found[token] -= range + 1; });
  }
  return allowed.reduce((best, token) => (found[token] > found[best] ? token : best));
}

const larger = (a, b) => Math.max(a, b), smaller = (a, b) => Math.min(a, b);

// Logits of tokens written before, made less likely.
function penalised(logits, tokens, penalty) {
  const made = logits.slice(), by = Math.fround(penalty);
  for (const token of new Set(tokens)) {
    made[token] = logits[token] > 0 ? logits[token] / by : logits[token] * by;
  }
  return made;
}

// The lowest logit that all filters keep.
function threshold(logits, { topK = 0, topP = 1, minP = 0 }) {
  const ordered = logits.slice().sort().reverse(), [highest] = ordered;
  let lowest = topK > 0 && topK < ordered.length ? ordered[topK - 1] : -Infinity;
  if (minP > 0) lowest = Math.max(lowest, highest + Math.log(minP));
  if (topP === 1) return lowest;
  let sum = 0;
  const shares = ordered.map((logit) => (sum += Math.exp(logit - highest)));
  const place = shares.findIndex((share) => share >= topP * sum);
  return Math.max(lowest, ordered[place < 0 ? ordered.length - 1 : place]);
}
