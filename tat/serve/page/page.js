"use strict";
// The page of `tat serve`: it asks its own server and no other address.
const $ = (id) => document.getElementById(id);
const token = new URLSearchParams(location.hash.slice(1)).get("token");
const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

async function asked(path, body, signal) {
  const headers = { ...(token ? { Authorization: `Bearer ${token}` } : {}), ...(body ? { "Content-Type": "application/json" } : {}) };
  const reply = await fetch(path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal });
  if (reply.ok) return reply;
  const received = await reply.json().catch(() => null);
  throw new Error(received?.error?.message || `the server says ${reply.status}`);
}
const ask = async (path, body, signal) => (await asked(path, body, signal)).json();

// Pictures: by WebGPU in this browser; by the server where there is none.
const STAGES = `
@vertex fn tat_corner(@builtin(vertex_index) i: u32) -> @builtin(position) vec4f {
  return vec4f(f32(i & 1u) * 4.0 - 1.0, f32(i >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}`;
let gpu;
function device() {
  gpu ??= (async () => {
    const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
    return adapter ? adapter.requestDevice().catch(() => null) : null;
  })();
  return gpu;
}
async function draw(code, expression) {
  const drawn = await drawnHere(code, expression).catch(() => null);
  return drawn || drawnThere(code);
}
const SIDE = 384;
async function drawnHere(code, expression) {
  const gpu = await device();
  if (!gpu) return null;
  gpu.pushErrorScope("validation");
  const module = gpu.createShaderModule({ code: `${code}\n${STAGES}
@fragment fn tat_colour(@builtin(position) at: vec4f) -> @location(0) vec4f {
  let uv = at.xy / ${SIDE}.0;
  return vec4f(saturate(${expression}), 1.0);
}` });
  const target = gpu.createTexture({ size: [SIDE, SIDE], format: "rgba8unorm", usage: GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC });
  const pixels = gpu.createBuffer({ size: 4 * SIDE * SIDE, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  const pipeline = await gpu.createRenderPipelineAsync({ layout: "auto", vertex: { module, entryPoint: "tat_corner" },
    fragment: { module, entryPoint: "tat_colour", targets: [{ format: "rgba8unorm" }] } });
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginRenderPass({ colorAttachments: [{ view: target.createView(), loadOp: "clear", storeOp: "store" }] });
  pass.setPipeline(pipeline);
  pass.draw(3);
  pass.end();
  encoder.copyTextureToBuffer({ texture: target }, { buffer: pixels, bytesPerRow: 4 * SIDE }, [SIDE, SIDE]);
  gpu.queue.submit([encoder.finish()]);
  if (await gpu.popErrorScope()) return null;
  await pixels.mapAsync(GPUMapMode.READ);
  const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
  canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(pixels.getMappedRange()).slice(), SIDE, SIDE), 0, 0);
  pixels.destroy();
  target.destroy();
  return { element: canvas, by: "drawn by WebGPU in this browser" };
}
async function drawnThere(code) {
  const image = new Image();
  image.src = URL.createObjectURL(await (await asked("/picture", { code })).blob());
  await image.decode();
  return { element: image, by: "drawn by the server" };
}
async function show(figure, code, expression, name) {
  const drawn = expression ? await draw(code, expression).catch(() => null) : null;
  figure.hidden = !drawn;
  if (!drawn) return;
  drawn.element.setAttribute("role", "img");
  drawn.element.setAttribute("aria-label", `what ${name} draws`);
  figure.replaceChildren(drawn.element, Object.assign(document.createElement("figcaption"), { textContent: drawn.by }));
}

// Answers and the library.
const nameOf = (code) => [...code.matchAll(/\bfn\s+(\w+)/g)].pop()?.[1] || "it";
function card(answer, model) {
  const article = document.createElement("article");
  article.tabIndex = 0;
  const { origin, problem } = answer;
  const from = origin ? `${origin.file}:${origin.line} · ${origin.name} · ${origin.license || "licence unknown"}` : `written by the model ${model}`;
  const verdict = answer.valid ? '<span class="valid">✓ valid</span>' : '<span class="invalid">✗ not valid</span>';
  article.innerHTML = `<header>${verdict}<span class="origin">${escaped(from)}</span>
    <button data-do="copy">Copy <kbd>c</kbd></button><button data-do="edit">To the editor <kbd>e</kbd></button></header>
    <div class="body"><pre><code>${tatEditor.highlighted(answer.text)}</code></pre><figure hidden></figure></div>
    ${problem ? `<p class="problem">naga: ${problem.line ? `${problem.line}:${problem.column}: ` : ""}${escaped(problem.message)}</p>` : ""}`;
  article.answer = answer;
  show(article.querySelector("figure"), answer.module, answer.picture, nameOf(answer.text));
  return article;
}
let running = null;
async function write() {
  const description = $("description").value, signature = $("signature").value;
  if (!description.trim() && !signature.trim()) return $("description").focus();
  running?.abort();
  running = new AbortController();
  $("write").disabled = true;
  $("answers").innerHTML = '<p class="empty">Asking the library, then the model …</p>';
  try {
    const received = await ask("/generate", { description, signature, context: context.text, n: Number($("count").value) }, running.signal);
    $("answers").replaceChildren(...received.candidates.map((answer) => card(answer, received.model)));
    $("answers").firstElementChild?.focus({ preventScroll: true });
  } catch (error) {
    if (error.name !== "AbortError") $("answers").innerHTML = `<p class="empty">${escaped(error.message)}</p>`;
  } finally { $("write").disabled = false; }
}
let searching = null, timer = 0;
function searchSoon() { clearTimeout(timer); timer = setTimeout(search, 120); }
async function search() {
  const words = `${$("description").value} ${$("signature").value}`.trim();
  searching?.abort();
  searching = new AbortController();
  if (!words) { $("library").replaceChildren(); $("found").textContent = ""; return; }
  try {
    const { hits } = await ask(`/search?top=8&kind=function&q=${encodeURIComponent(words)}`, null, searching.signal);
    $("found").textContent = hits.length ? "" : "nothing yet";
    $("library").replaceChildren(...hits.map((hit) => {
      const item = document.createElement("li");
      item.tabIndex = 0;
      item.innerHTML = `<b>${escaped(hit.name)}</b><p>${escaped(hit.comment.split("\n")[0] || hit.kind)}</p>
        <p>${escaped(hit.file)}:${hit.line} · ${escaped(hit.license || "licence unknown")}</p>`;
      item.answer = { ...hit, valid: null };
      item.onclick = () => open(item);
      return item;
    }));
  } catch (error) { if (error.name !== "AbortError") $("found").textContent = error.message; }
}
async function open(item) {
  const hit = item.answer;
  const verdict = await ask("/validate", { code: hit.module }).catch(() => ({ valid: false, problem: null }));
  const shown = card({ ...hit, ...verdict, text: hit.module, origin: hit, picture: hit.picture }, "");
  $("answers").replaceChildren(shown);
  shown.focus();
}

// The editor.
const server = {
  complete: (code, offset) => ask("/complete", { code, offset }),
  inline: async (code, offset, signal) => (await ask("/inline", { code, offset }, signal)).text,
  validate: async (code) => {
    const verdict = await ask("/validate", { code });
    const words = $("verdict");
    words.className = verdict.valid ? "valid" : "invalid";
    words.textContent = verdict.valid ? "✓ valid" : "✗ " + verdict.problem.message;
    if (verdict.valid) show($("view"), code, verdict.picture, nameOf(code));
    return verdict.problem;
  },
};
const START = `/// a soft ring of light
fn ring(uv: vec2f) -> vec3f {
    let d = abs(length(uv - vec2f(0.5)) - 0.3);
    return vec3f(1.0, 0.55, 0.3) * exp(-18.0 * d);
}
`;
const editor = tatEditor.create($("editor"), { label: "WGSL editor", text: START, server });
const context = tatEditor.create($("context"), { label: "Context: declarations the function may use", server, full: false, hint: "struct Ball { r: f32 }" });

// Keys, theme, status.
function take(holder, what) {
  const answer = holder?.answer;
  if (!answer) return;
  if (what === "copy") navigator.clipboard?.writeText(answer.text).then(() => said(holder, "Copied"), () => said(holder, "Not allowed to copy"));
  if (what === "edit") { editor.text = answer.module + "\n"; editor.focus(); $("editor").scrollIntoView({ block: "center" }); }
}
function said(holder, text) {
  const button = holder.querySelector('[data-do="copy"]');
  if (!button) return;
  const before = button.innerHTML;
  button.textContent = text;
  setTimeout(() => { button.innerHTML = before; }, 1200);
}
function step(by) {
  const all = [...document.querySelectorAll("#library li, #answers article")];
  const at = all.indexOf(document.activeElement?.closest("li, article"));
  all[Math.max(0, Math.min(all.length - 1, at + by))]?.focus();
}
function turn() {
  const now = document.documentElement.dataset.theme === "light" ? "dark" : "light";
  document.documentElement.dataset.theme = now;
  try { localStorage.setItem("tat-theme", now); } catch { /* a private window keeps nothing */ }
}
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, .cm-editor, dialog");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); return write(); }
  if (event.altKey && event.key.toLowerCase() === "e") { event.preventDefault(); return editor.focus(); }
  if (event.altKey && event.key.toLowerCase() === "t") { event.preventDefault(); return turn(); }
  if (event.key === "Escape" && event.target.closest("input, textarea")) return event.target.blur();
  if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
  const holder = document.activeElement?.closest("li, article");
  const keys = { "/": () => $("description").focus(), j: () => step(1), k: () => step(-1), c: () => take(holder, "copy"),
    e: () => take(holder, "edit"), "?": () => $("keys").showModal(), Enter: () => holder?.matches("li") && open(holder) };
  if (keys[event.key]) { if (event.key !== "Enter" || holder?.matches("li")) event.preventDefault(); keys[event.key](); }
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button) take(button.closest("article"), button.dataset.do);
});
$("ask").addEventListener("submit", (event) => { event.preventDefault(); write(); });
$("description").addEventListener("input", searchSoon);
$("signature").addEventListener("input", searchSoon);
$("theme").onclick = turn;
$("help").onclick = () => $("keys").showModal();
let kept = null;
try { kept = localStorage.getItem("tat-theme"); } catch { /* none */ }
document.documentElement.dataset.theme = kept || (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark");
async function status() {
  let wait = 15000;
  try {
    const received = await ask("/health");
    $("status").textContent = `model ${received.model} is ready`;
    $("status").className = "ready";
  } catch (error) {
    $("status").className = "none";
    $("status").textContent = error.message === "Loading model" ? "the model is being loaded" : error.message;
    wait = error.message === "Loading model" ? 1000 : wait;
  }
  setTimeout(status, wait);
}
status();
