// A checkpoint of tat from new weights: safetensors with every byte under BLAKE2b (RFC 7693), as
// tat/tensor_file.py has it. The exporter made its header; weights, checksums and counts are new.

const SIGMA = ('0123456789abcdef ea489fd61c02b753 b8c052fdae367194 7931dcbe265a40f8 905724afe1bc683d'
  + ' 2c6a0b834d75fe19 c51fed4a0763928b db7ec13950f4862a 6fe9b308c2d714a5 a2847615fb9e3cd0'
  + ' 0123456789abcdef ea489fd61c02b753').split(' ').map((row) => [...row].map((c) => parseInt(c, 16)));
const LANES = [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
  [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]];
// The fractional parts of the roots of 2, 3, 5, 7, 11, 13, 17 and 19: low word, high word.
const BASE = Uint32Array.of(0xf3bcc908, 0x6a09e667, 0x84caa73b, 0xbb67ae85, 0xfe94f82b, 0x3c6ef372,
  0x5f1d36f1, 0xa54ff53a, 0xade682d1, 0x510e527f, 0x2b3e6c1f, 0x9b05688c, 0xfb41bd6b, 0x1f83d9ab,
  0x137e2179, 0x5be0cd19);
// The places of the words of each mixing, in words of 32 bits: a, b, c, d, x and y.
const MIXINGS = Uint8Array.from(SIGMA.flatMap((row) => LANES.flatMap((lanes, i) =>
  [...lanes, row[2 * i], row[2 * i + 1]].map((place) => 2 * place))));
const mixed = new Uint32Array(32); // the words while a block is mixed

// The digest of bytes, `size` bytes of hexadecimal.
function blake2b(bytes, size = 16) {
  const state = BASE.slice(), block = new Uint8Array(128), words = new Uint32Array(block.buffer);
  state[0] ^= 0x01010000 ^ size;
  let at = 0;
  do {
    const part = bytes.subarray(at, at + 128);
    block.fill(0).set(part);
    at += part.length;
    mixBlock(state, words, at, at >= bytes.length);
  } while (at < bytes.length);
  const digest = new Uint8Array(state.buffer, 0, size);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function mixBlock(state, words, count, last) {
  const v = mixed;
  v.set(state);
  v.set(BASE, 16);
  v[24] ^= count;
  v[25] ^= Math.floor(count / 2 ** 32);
  if (last) { v[28] = ~v[28]; v[29] = ~v[29]; }
  for (let i = 0; i < MIXINGS.length; i += 6) {
    const a = MIXINGS[i], b = MIXINGS[i + 1], c = MIXINGS[i + 2], d = MIXINGS[i + 3];
    const x = MIXINGS[i + 4], y = MIXINGS[i + 5];
    addWords(v, a, v[b], v[b + 1]); addWords(v, a, words[x], words[x + 1]);
    turnWords(v, d, a, 32);
    addWords(v, c, v[d], v[d + 1]);
    turnWords(v, b, c, 24);
    addWords(v, a, v[b], v[b + 1]); addWords(v, a, words[y], words[y + 1]);
    turnWords(v, d, a, 16);
    addWords(v, c, v[d], v[d + 1]);
    turnWords(v, b, c, 63);
  }
  for (let i = 0; i < 16; i++) state[i] ^= v[i] ^ v[i + 16];
}

function addWords(v, at, low, high) {
  const sum = v[at] + low;
  v[at] = sum;
  v[at + 1] += high + (sum > 0xffffffff ? 1 : 0);
}

// v[at] ^ v[by], turned right by some of 64 bits.
function turnWords(v, at, by, bits) {
  let low = v[at] ^ v[by], high = v[at + 1] ^ v[by + 1];
  if (bits >= 32) {
    const swapped = low;
    low = high;
    high = swapped;
    bits -= 32;
  }
  v[at] = bits ? low >>> bits | high << (32 - bits) : low;
  v[at + 1] = bits ? high >>> bits | low << (32 - bits) : high;
}

// JSON as Python writes it with sorted keys and without spaces; for text of ASCII and whole numbers.
function canonical(value) {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join()}}`;
}

// The parts of the file. flat: all weights, Float32Array; step and microBatches: done in the page.
function checkpointOf(about, flat, step, microBatches) {
  const header = JSON.parse(about.header), { __metadata__: metadata, ...entries } = header;
  const names = Object.keys(entries).filter((name) => name !== 'header.blake2b');
  names.sort((a, b) => entries[a].data_offsets[0] - entries[b].data_offsets[0]);
  const parts = names.map((name) => {
    if (name === 'tokenizer') return bytesOf(about.tokenizer);
    const [start, end] = entries[name].data_offsets;
    return new Uint8Array(flat.buffer, flat.byteOffset + 4 * about.offsets[name], end - start);
  });
  metadata.checksums = canonical(Object.fromEntries(names.map((name, i) => [name, blake2b(parts[i])])));
  metadata.content = metadata.content.replace(about.step, step).replace(about.micro_batches, microBatches);
  let text = canonical(header);
  text += ' '.repeat(-text.length & 7);
  const frame = new Uint8Array(8 + text.length);
  new DataView(frame.buffer).setUint32(0, text.length, true);
  frame.set(new TextEncoder().encode(text), 8);
  const digest = Uint8Array.from(blake2b(frame).match(/../g), (byte) => parseInt(byte, 16));
  return [frame, digest, ...parts];
}
