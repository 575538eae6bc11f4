// Pictures of functions of a place, on a device of their own: one that hangs there takes only that.

const SIDE = 256; // pixels
const BUDGET = 10000; // turns of loops for a pixel: an endless loop ends there
const BUDGET_NAME = 'tat_turns';
const ROUND = '(2.2 * uv - vec2f(1.1)) * vec2f(1.0, -1.0)'; // around the origin, y upwards
const DISTANCE = /dist|sdf|^sd[A-Z_]|signed|box|circle|sphere|ring|capsule|segment/;
const OTHERS = {
  f32: '0.25', vec2f: 'vec2f(0.45, 0.3)', vec3f: 'vec3f(0.5, 0.35, 0.4)',
  vec4f: 'vec4f(0.3, 0.5, 0.8, 1.0)', i32: '4', u32: '4u', bool: 'true',
};

// Code with blanks in place of comments, so that places stay.
function withoutComments(code) {
  let kept = '', depth = 0;
  for (let i = 0; i < code.length; i++) {
    const two = code.slice(i, i + 2);
    if (!depth && two === '//') {
      while (i < code.length && code[i] !== '\n') { kept += ' '; i++; }
      kept += i < code.length ? '\n' : '';
    } else if (two === '/*' || (depth && two === '*/')) {
      depth += two === '/*' ? 1 : -1;
      kept += '  ';
      i++;
    } else kept += depth && code[i] !== '\n' ? ' ' : code[i];
  }
  return kept;
}

// Code in which every loop ends after the budget, however it is written.
function withBudget(code) {
  const plain = withoutComments(code), head = /\b(?:for|while|loop)\b/g;
  let made = '', from = 0;
  for (let found; (found = head.exec(plain));) {
    const brace = bodyOf(plain, found.index + found[0].length);
    if (brace < 0) break;
    made += `${code.slice(from, brace + 1)} ${BUDGET_NAME}++; if (${BUDGET_NAME} > ${BUDGET}) { break; }`;
    from = brace + 1;
  }
  return `var<private> ${BUDGET_NAME}: i32;\n${made}${code.slice(from)}`;
}

// The place of the brace that opens the body behind a loop's word, -1 if there is none.
function bodyOf(plain, at) {
  for (let depth = 0; at < plain.length; at++) {
    if ('(['.includes(plain[at])) depth++;
    else if (')]'.includes(plain[at])) depth--;
    else if (plain[at] === '{' && !depth) return at;
  }
  return -1;
}

// The expression of `uv` that shows the last function of a module as a colour; '' if none does.
function expressionOf(code) {
  const plain = withoutComments(code).replace(/vec([234])\s*<\s*f32\s*>/g, 'vec$1f');
  const found = [...plain.matchAll(/\bfn\s+(\w+)\s*\(([^)@]*)\)\s*->\s*(\w+)\s*\{/g)].at(-1);
  if (!found || plain.lastIndexOf('fn ') > found.index) return '';
  const [, name, list, result] = found;
  const parameters = list.split(',').filter((part) => part.trim())
    .map((part) => part.split(':').map((word) => word.trim()));
  const kind = parameters[0]?.[1];
  if (!['vec2f', 'vec3f'].includes(kind) || !parameters.every(([, type]) => OTHERS[type])) return '';
  const distance = result === 'f32' && DISTANCE.test(name);
  const place = parameters[0][0] === 'uv' ? 'uv' : distance ? ROUND : '(4.0 * uv)';
  const first = kind === 'vec3f' ? `vec3f(${place}, 0.0)` : place;
  const call = `${name}(${[first, ...parameters.slice(1).map(([, type]) => OTHERS[type])].join(', ')})`;
  return {
    vec3f: call, vec4f: `${call}.rgb`, vec2f: `vec3f(${call}, 0.0)`,
    f32: distance ? `tat_lines(${call})` : `vec3f(${call})`,
  }[result] ?? '';
}

// A module that draws the last function of `code`; '' where there is nothing to see.
function pictureOf(code) {
  const shown = expressionOf(code);
  return shown && `diagnostic(off, derivative_uniformity);
${withBudget(code)}
fn tat_lines(d: f32) -> vec3f {
  let side = select(vec3f(0.95, 0.62, 0.35), vec3f(0.35, 0.6, 0.9), d < 0.0);
  let lines = side * (1.0 - exp(-7.0 * abs(d))) * (0.85 + 0.15 * cos(70.0 * d));
  return mix(vec3f(1.0), lines, smoothstep(0.0, 0.03, abs(d)));
}
@vertex fn tat_corner(@builtin(vertex_index) i: u32) -> @builtin(position) vec4f {
  return vec4f(f32(i & 1u) * 4.0 - 1.0, f32(i >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}
@fragment fn tat_pixel(@builtin(position) at: vec4f) -> @location(0) vec4f {
  let uv = at.xy / ${SIDE}.0;
  return vec4f(${shown}, 1.0);
}
`;
}

class Picture {
  // Draws the last function of a module into a canvas; what it gives is why there is no picture.
  async draw(code, canvas) {
    const text = pictureOf(code);
    if (!text) return 'There is nothing to draw: this is no function of a place.';
    const device = this.device ??= (await openDevice()).device;
    device.lost.then(() => { if (this.device === device) this.device = null; });
    const errors = await errorsOf(device, text);
    if (errors.length) return `It cannot be drawn: ${errors[0]}`;
    device.pushErrorScope('validation');
    const pixels = await Promise.race([
      this.pixels(device, text), device.lost.then(() => null),
    ]);
    if (!pixels) return 'Drawing took the GPU too long, and it was stopped. The model is well.';
    const refused = await device.popErrorScope();
    canvas.width = canvas.height = SIDE;
    canvas.getContext('2d').putImageData(new ImageData(pixels, SIDE, SIDE), 0, 0);
    return refused ? `It cannot be drawn: ${refused.message}` : '';
  }

  // Drawn into a texture and read back: a still picture needs no context of the compositor.
  async pixels(device, code) {
    const format = 'rgba8unorm', module = device.createShaderModule({ code });
    const pipeline = await device.createRenderPipelineAsync({
      layout: 'auto', vertex: { module, entryPoint: 'tat_corner' },
      fragment: { module, entryPoint: 'tat_pixel', targets: [{ format }] },
    });
    const texture = device.createTexture({
      size: [SIDE, SIDE], format,
      usage: GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC,
    });
    const target = device.createBuffer({
      size: 4 * SIDE * SIDE, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: texture.createView(), loadOp: 'clear', storeOp: 'store' }],
    });
    pass.setPipeline(pipeline);
    pass.draw(3);
    pass.end();
    encoder.copyTextureToBuffer(
      { texture }, { buffer: target, bytesPerRow: 4 * SIDE }, [SIDE, SIDE]);
    device.queue.submit([encoder.finish()]);
    await target.mapAsync(GPUMapMode.READ);
    const pixels = new Uint8ClampedArray(target.getMappedRange().slice(0));
    texture.destroy();
    target.destroy();
    return pixels;
  }
}
