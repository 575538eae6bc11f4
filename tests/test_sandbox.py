"""The sandbox: naga's verdicts, kernels and functions that run, and shaders that kill or hang."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandboxed import KERNEL, WORDS, add

from tat.errors import DeviceError, InvalidShaderError, UsageError
from tat.wgsl.protocol import Binding, Failure
from tat.wgsl.sandbox import MAX_NESTING, MAX_SOURCE, Sandbox, SandboxError

pytestmark = pytest.mark.gpu

# llvmpipe leaves a loop after 65,535 turns: only so many workgroups make it as good as endless.
ENDLESS = KERNEL.format(body="loop { words[1] += 1u; if words[0] == 1u { break; } }")
ENDLESS_GROUPS = (65535, 65535, 1)
PIECES = st.sampled_from(["fn f()", "{", "}", "(", "array<", "return", "!", "1", "\0", "é"])
SUM_OF_EVERYTHING = "fn f(x: f32) -> f32 { return " + "x + " * 30_000 + "x; }"  # slow, and valid


def nested(levels: int) -> str:
    return "fn f() -> f32 { return " + "(" * levels + "1.0" + ")" * levels + "; }"


def texels(rows: list, kind: type) -> bytes:
    return np.array(rows, kind).tobytes()


# Verdicts


@pytest.mark.parametrize(
    "source",
    [
        "",
        "fn f() -> f32 { return 1.0; }",
        "@fragment fn f() -> @location(0) vec4f { return vec4f(); }",
        "fn größe() {} // " + "(" * 5000,
        nested(MAX_NESTING - 10),
    ],
)
def test_valid_modules(sandbox: Sandbox, source: str):
    assert sandbox.validate(source) is None


def test_optional_features_are_switched_on(sandbox: Sandbox):
    """llvmpipe has them; a driver without 16-bit floats has to fail here."""
    assert sandbox.validate("enable f16; fn f(x: f16) -> f16 { return x; }") is None
    assert sandbox.validate("fn f(x: f64) -> f64 { return x; }") is None


@pytest.mark.parametrize(
    ("source", "line", "column", "words"),
    [
        ("fn f() {\n    return x;\n}", 2, 12, "no definition in scope for identifier: `x`"),
        ("fn f() -> f32 { return 1u; }", 1, 1, "does not match the declared return type"),
        ("fn f( {}", 1, 7, "expected identifier"),
        ("fn f() {\n}\0 fn g() {}", 2, 2, "NUL"),
        ("fn f() { \ud800 }", 1, 10, "surrogate"),
        (nested(5000), 1, 23 + MAX_NESTING, "nest deeper"),
        ("a" * (MAX_SOURCE + 1), 0, 0, "longer than"),
        ("x" * 100_000, 1, 1, "x"),
    ],
)
def test_invalid_modules(sandbox: Sandbox, source: str, line: int, column: int, words: str):
    problem = sandbox.validate(source)
    assert problem is not None and words in problem.message
    assert (problem.line, problem.column) == (line, column)
    assert len(problem.message) <= 2000 and problem.message.isprintable()


@settings(max_examples=50)
@given(st.text() | st.lists(PIECES).map("".join))
def test_any_text_gets_an_answer(sandbox: Sandbox, text: str):
    problem = sandbox.validate(text)
    assert problem is None or problem.message


def test_a_module_that_kills_naga_is_invalid(sandbox: Sandbox):
    deep = "array<" * 50_000 + "f32" + ",2>" * 50_000
    problem = sandbox.validate(f"var<private> x: {deep};")
    assert problem is not None and "crashed" in problem.message
    assert sandbox.validate("fn f() {}") is None


def test_a_module_that_stalls_naga_is_invalid():
    with Sandbox(validation_seconds=0.0) as hurried:
        problem = hurried.validate(SUM_OF_EVERYTHING)
    assert problem is not None and "no answer" in problem.message


# Kernels


def test_buffers_of_every_kind(sandbox: Sandbox):
    source = """
    struct Factors { a: f32, b: f32 }
    @group(0) @binding(0) var<storage, read> x: array<f32>;
    @group(0) @binding(3) var<uniform> factors: Factors;
    @group(1) @binding(0) var<storage, read_write> y: array<f32>;
    @group(1) @binding(1) var<storage, read_write> count: atomic<u32>;
    @compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3u) {
        y[id.x] = factors.a * x[id.x] + factors.b;
        atomicAdd(&count, 1u);
    }
    """
    x = np.arange(8, dtype=np.float32)
    bindings = [
        Binding(0, 0, "read", x.tobytes()),
        Binding(1, 0, "storage", bytes(32)),
        Binding(0, 3, "uniform", texels([2, 0.5], np.float32)),
        Binding(1, 1, "storage", bytes(4)),
    ]
    written = sandbox.run(source, "main", bindings, (2, 1, 1))
    assert set(written) == {(1, 0), (1, 1)}
    assert np.array_equal(np.frombuffer(written[1, 0], np.float32), 2 * x + 0.5)
    assert written[1, 1] == (8).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("texel_format", "kind", "channels", "scale"),
    [
        ("rgba8unorm", np.uint8, 4, 255),
        ("rgba16float", np.float16, 4, 1),
        ("rgba32float", np.float32, 4, 1),
        ("r32float", np.float32, 1, 1),
    ],
)
def test_images_are_sampled_and_written(
    sandbox: Sandbox, texel_format: str, kind: type, channels: int, scale: int
):
    source = f"""
    @group(0) @binding(0) var image: texture_2d<f32>;
    @group(0) @binding(1) var linear: sampler;
    @group(0) @binding(2) var mirrored: texture_storage_2d<{texel_format}, write>;
    @compute @workgroup_size(1) fn main(@builtin(global_invocation_id) id: vec3u) {{
        let size = vec2f(textureDimensions(image));
        let place = (vec2f(id.xy) + 0.5) / size;
        let colour = textureSampleLevel(image, linear, vec2f(1.0 - place.x, place.y), 0.0);
        textureStore(mirrored, id.xy, colour);
    }}
    """
    image = (np.arange(3 * 5 * channels).reshape(3, 5, channels) * scale // 60).astype(kind)
    bindings = [
        Binding(0, 0, "texture", image.tobytes(), 5, 3, texel_format),
        Binding(0, 1, "sampler"),
        Binding(0, 2, "storage_texture", b"", 5, 3, texel_format),
    ]
    written = sandbox.run(source, "main", bindings, (5, 3, 1))[0, 2]
    assert np.array_equal(np.frombuffer(written, kind).reshape(image.shape), image[:, ::-1])


@pytest.mark.parametrize(
    ("source", "entry_point", "bindings", "words"),
    [
        ("fn f() { x; }", "main", [], "1:11"),
        (KERNEL.format(body="words[0] = 1u;"), "other", [WORDS], "other"),
        (KERNEL.format(body="words[0] = 1u;"), "main", [], "binding: 0"),
        (nested(5000), "main", [], "nest deeper"),
    ],
)
def test_a_kernel_that_is_refused(
    sandbox: Sandbox, source: str, entry_point: str, bindings: list[Binding], words: str
):
    with pytest.raises(InvalidShaderError, match=words):
        sandbox.run(source, entry_point, bindings)


@pytest.mark.parametrize(
    ("kind", "data", "size", "texel_format"),
    [
        ("sampled", b"", (0, 0), "rgba8unorm"),
        ("storage", b"", (0, 0), "rgba8unorm"),
        ("read", b"123", (0, 0), "rgba8unorm"),
        ("texture", bytes(16), (2, 2), "rg8unorm"),
        ("texture", b"", (2, 2), "rgba8unorm"),
        ("texture", bytes(12), (2, 2), "rgba8unorm"),
        ("storage_texture", b"", (0, 2), "rgba8unorm"),
    ],
)
def test_bindings_that_make_no_sense(kind: str, data: bytes, size: tuple, texel_format: str):
    with pytest.raises(UsageError, match="binding 1 of group 2"):
        Binding(2, 1, kind, data, *size, texel_format)


# Trouble


def test_an_endless_kernel_times_out_and_the_next_one_runs(sandbox: Sandbox):
    with pytest.raises(SandboxError, match="did not end within 1 s"):
        sandbox.run(ENDLESS, "main", [WORDS], ENDLESS_GROUPS, seconds=1.0)
    assert add(sandbox, 7) == 7


def test_a_kernel_that_wants_too_much_memory(sandbox: Sandbox):
    array = "var x: array<f32, 200000000>; x[words[0]] = 1; words[1] = u32(x[words[2]]);"
    with pytest.raises((SandboxError, InvalidShaderError)):
        sandbox.run(KERNEL.format(body=array), "main", [WORDS])
    assert add(sandbox, 8) == 8


def test_a_child_that_is_killed_in_a_run(sandbox: Sandbox):
    add(sandbox, 1)
    killer = threading.Timer(0.5, os.kill, (sandbox._child.pid, signal.SIGKILL))
    killer.start()
    with pytest.raises(SandboxError, match="crashed"):
        sandbox.run(ENDLESS, "main", [WORDS], ENDLESS_GROUPS, seconds=60.0)
    killer.join()
    assert add(sandbox, 9) == 9


@pytest.mark.parametrize(
    "ask", [lambda s: add(s, 9) == 9, lambda s: s.validate("fn f() {}") is None]
)
def test_a_device_that_an_earlier_kernel_lost_is_opened_again(sandbox: Sandbox, monkeypatch, ask):
    sandbox.validate("")
    lost = Failure("the GPU was lost", lost=True)
    monkeypatch.setattr(sandbox._child, "ask", lambda *_: lost)
    assert ask(sandbox)


def test_a_lost_device_is_no_verdict_on_a_shader():
    import wgpu

    from tat.wgsl import sandbox_device

    lost = wgpu.GPUValidationError("Validation Error\n\n  Parent device is lost\n")
    assert sandbox_device._refusal(lost) == Failure("the GPU was lost", lost=True)
    bad = wgpu.GPUValidationError("Validation Error\n\nCaused by:\n  Shader parsing error: bad\n")
    assert sandbox_device._refusal(bad).message == "bad"


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.1])
def test_a_child_that_is_killed_while_it_validates(sandbox: Sandbox, seconds: float):
    sandbox.validate("")
    killer = threading.Timer(seconds, os.kill, (sandbox._child.pid, signal.SIGKILL))
    killer.start()
    assert sandbox.validate(SUM_OF_EVERYTHING) is None
    killer.join()
    assert sandbox.validate("fn f() {}") is None


def test_without_an_adapter_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    for variable in ("VK_DRIVER_FILES", "VK_ICD_FILENAMES"):
        monkeypatch.setenv(variable, "/nonexistent.json")
    with Sandbox() as blind, pytest.raises(DeviceError, match="mesa-vulkan-drivers"):
        blind.validate("fn f() {}")


def test_a_child_that_was_begun_answers_and_ends_with_its_sandbox():
    with Sandbox() as begun:
        begun.begin()
        child = begun._child
        begun.begin()
        assert begun._child is child
        assert begun.validate("fn f() {}") is None
        assert begun._child is child
    assert not _runs(Path("/proc") / str(child.pid))
    with Sandbox() as unasked:
        unasked.begin()
        child = unasked._child
    assert not _runs(Path("/proc") / str(child.pid))


def test_a_child_that_cannot_begin_is_an_error_of_who_asks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TAT_LAUNCHER", "/nonexistent/tat")
    with Sandbox() as broken:
        broken.begin()
        with pytest.raises(DeviceError, match="child process"):
            broken.validate("fn f() {}")


def test_a_child_ends_with_its_parent_even_in_an_endless_kernel(sandbox: Sandbox):
    program = f"""
import threading
from tat.wgsl.sandbox import *
sandbox = Sandbox()
sandbox.validate("")
print(sandbox._child.pid, flush=True)
sandbox.run({ENDLESS!r}, "main", [Binding(0, 0, "storage", bytes(16))], {ENDLESS_GROUPS}, 600.0)
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        child = Path("/proc") / parent.stdout.readline().strip()
        time.sleep(0.5)
        assert child.name and child.exists()
        parent.kill()
    deadline = time.monotonic() + 30
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(process: Path) -> bool:
    """Whether the process exists; one that nobody has waited for is dead all the same."""
    try:
        return "State:\tZ" not in (process / "status").read_text()
    except OSError:
        return False


def test_importing_the_sandbox_loads_neither_wgpu_nor_numpy():
    program = "import sys, tat.wgsl.sandbox; print({'wgpu', 'numpy'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "set()\n"


def test_a_driver_that_does_not_open_in_time_says_so(monkeypatch):
    """A GPU with dozens of processes may take minutes: another driver would not help."""
    monkeypatch.setattr("tat.wgsl.sandbox._START_SECONDS", 0.05)
    monkeypatch.setattr(
        "tat.wgsl.sandbox.resources.program",
        lambda: (sys.executable, "-c", "import sys; sys.stdin.buffer.read()"),
    )
    with Sandbox() as sandbox, pytest.raises(DeviceError, match="less busy"):
        sandbox.validate("")
