"""Every shader compiles with Tint, Chromium's compiler, which demands more than naga does."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import PROGRAM, Browser

from tat.backends.gpu.shader_text import bindings, shader_names, specialised

pytestmark = pytest.mark.skipif(not PROGRAM, reason="make test-tools installs what this needs")

_COMPILE = """(async (texts) => {
  const device = await (await navigator.gpu.requestAdapter()).requestDevice();
  const found = {};
  for (const [name, code] of Object.entries(texts)) {
    device.pushErrorScope('validation');
    const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
    await device.popErrorScope();
    const errors = messages.filter((m) => m.type === 'error');
    if (errors.length) found[name] = errors[0].message;
  }
  return found;
})"""


def texts() -> Iterator[tuple[str, str]]:
    """Each shader in float32, and with f16 for all arguments that may have it."""
    for name in shader_names():
        halves = frozenset(b.name for b in bindings(name) if b.adapts)
        yield name, specialised(name)
        if halves:
            yield f"{name} in f16", specialised(name, halves)


def in_f32(code: str) -> str:
    """The text for an adapter without f16: checks everything except the type itself."""
    return re.sub(r"\bf16\b", "f32", code.replace("enable f16;\n", ""))


def refused(folder: Path, codes: dict[str, str]) -> dict[str, str]:
    """The first error of each text that the browser's compiler refuses."""
    page = folder / "empty.html"  # a file's page may use WebGPU, about:blank may not
    page.write_text("<!doctype html><title>empty</title>", "utf-8")
    with Browser() as browser:
        browser.open(page.as_uri())
        return browser.evaluate(f"{_COMPILE}({json.dumps(codes)})")


def test_tint_takes_every_shader(tmp_path):
    assert refused(tmp_path, {name: in_f32(code) for name, code in texts()}) == {}


def test_tint_refuses_a_barrier_whose_loop_a_private_variable_bounds(tmp_path):
    loop = """
        var<private> end: u32;
        @compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u) {
            end = group.z;
            for (var i = 0u; i < END; i++) { workgroupBarrier(); }
        }"""
    codes = {end: loop.replace("END", end) for end in ("end", "group.z")}
    assert [*refused(tmp_path, codes)] == ["end"]
