// From the page's parts to float32 values of the flat layout.

function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const binary = atob(base64), bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// All bytes of the weights, each part checked; parts: base64 texts.
async function joined({ bytes, sha256: digests }, parts, tell) {
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const [i, digest] of digests.entries()) {
    const part = i < parts.length ? bytesOf(parts[i]) : new Uint8Array();
    if (await sha256(part) !== digest) {
      throw new Error(`This page is damaged: part ${i + 1} of the weights is not what was`
        + ' exported. Load the page again.');
    }
    all.set(part, at);
    at += part.length;
    await tell(at / bytes);
  }
  return all;
}

// Calls write(offset, values) until all values of the layout are written.
function unpacked({ type, size, entries }, all, write) {
  const STEP = 1 << 20; // values at once, so that memory for a second copy is not needed
  if (type === 'int8') return unpackedInt8(entries, all, write);
  for (let i = 0; i < size; i += STEP) {
    const count = Math.min(STEP, size - i);
    write(i, type === 'f32' ? new Float32Array(all.buffer, 4 * i, count)
      : widened(new Uint16Array(all.buffer, 2 * i, count)));
  }
}

// Matrices in int8 with a scale for each output channel, other tensors in f32.
function unpackedInt8(entries, all, write) {
  let at = 0;
  for (const [offset, rows, columns, axis] of entries) {
    if (!columns) {
      write(offset, new Float32Array(all.buffer, at, rows));
      at += 4 * rows;
      continue;
    }
    const scales = new Float32Array(all.buffer, at, axis ? columns : rows);
    at += scales.byteLength;
    const steps = new Int8Array(all.buffer, at, rows * columns);
    const values = new Float32Array(steps.length);
    for (let row = 0, i = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, i++) {
        values[i] = steps[i] * scales[axis ? column : row];
      }
    }
    write(offset, values);
    at += steps.length + (-steps.length & 3);
  }
}

// float32 values of the bits of float16, also where the browser has no such numbers.
function widened(halves) {
  if (globalThis.Float16Array) {
    return Float32Array.from(new Float16Array(halves.buffer, halves.byteOffset, halves.length));
  }
  return Float32Array.from(halves, (half) => {
    const sign = half >> 15 ? -1 : 1, exponent = half >> 10 & 31, rest = half & 1023;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + rest / 1024) : 2 ** -24 * rest);
  });
}
