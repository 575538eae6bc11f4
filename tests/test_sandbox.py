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

from tat.errors import DeviceError, InvalidShaderError, UsageError
from tat.wgsl.harness import evaluate
from tat.wgsl.protocol import Binding
from tat.wgsl.sandbox import MAX_NESTING, MAX_SOURCE, Sandbox, SandboxError
from tat.wgsl.sandbox_pool import SandboxPool

pytestmark = pytest.mark.gpu

KERNEL = """\
@group(0) @binding(0) var<storage, read_write> words: array<u32>;
@compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3u) {{ {body} }}
"""
# llvmpipe leaves a loop after 65,535 turns: only so many workgroups make it as good as endless.
ENDLESS = KERNEL.format(body="loop { words[1] += 1u; if words[0] == 1u { break; } }")
ENDLESS_GROUPS = (65535, 65535, 1)
WORDS = Binding(0, 0, "storage", bytes(16))
PIECES = st.sampled_from(["fn f()", "{", "}", "(", "array<", "return", "!", "1", "\0", "é"])
SUM_OF_EVERYTHING = "fn f(x: f32) -> f32 { return " + "x + " * 30_000 + "x; }"  # slow, and valid


def nested(levels: int) -> str:
    return "fn f() -> f32 { return " + "(" * levels + "1.0" + ")" * levels + "; }"


def texels(rows: list, kind: type) -> bytes:
    return np.array(rows, kind).tobytes()


def add(sandbox: Sandbox, number: int) -> int:
    source = KERNEL.format(body=f"words[1] += {number}u;")
    return int.from_bytes(sandbox.run(source, "main", [WORDS])[0, 0][4:8], "little")


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


# Functions


@st.composite
def typed_rows(draw: st.DrawFn) -> tuple[str, list[list[float]]]:
    """A type, and rows of values that it holds exactly."""
    scalar = draw(st.sampled_from(["f32", "i32", "u32", "bool"]))
    values = {
        "f32": st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False),
        "i32": st.integers(-(2**31), 2**31 - 1),
        "u32": st.integers(0, 2**32 - 1),
        "bool": st.integers(0, 1),
    }[scalar]
    size = draw(st.integers(1, 4))
    name = scalar if size == 1 else f"vec{size}<{scalar}>"
    if scalar == "f32" and size > 1 and draw(st.booleans()):
        columns = draw(st.integers(2, 4))
        name, size = f"mat{columns}x{size}<f32>", columns * size
    row = st.lists(values, min_size=size, max_size=size)
    return name, draw(st.lists(row, min_size=1, max_size=3))


@settings(max_examples=60)
@given(typed_rows())
def test_values_of_every_type_pass_unchanged(sandbox: Sandbox, typed: tuple):
    name, rows = typed
    module = f"fn same(x: {name}) -> {name} {{ return x; }}"
    assert np.array_equal(evaluate(sandbox, module, "same", [name], name, rows), rows)


def test_a_function_of_several_arguments_on_many_rows(sandbox: Sandbox):
    module = """
    @group(0) @binding(0) var<storage, read_write> unused: array<vec3f>;
    const one = 1u;
    fn f(m: mat2x3f, v: vec2f, n: u32, negate: bool) -> vec3f {
        return select(1.0, -1.0, negate) * (m * v) * f32(n + one);
    } // no line end"""
    rows = np.random.default_rng(0).integers(-9, 9, (200, 10)).astype(float)
    rows[:, 8:] = abs(rows[:, 8:]) % 2
    m, v, sign = rows[:, :6].reshape(-1, 2, 3), rows[:, 6:8], 1 - 2 * rows[:, 9:]
    expected = sign * np.einsum("ncr,nc->nr", m, v) * (rows[:, 8:9] + 1)
    types = ["mat2x3f", "vec2<f32>", "u32", "bool"]
    assert np.array_equal(evaluate(sandbox, module, "f", types, "vec3f", rows), expected)


def test_infinity_and_nan_are_results_too(sandbox: Sandbox):
    module = "fn f(word: u32, x: f32) -> vec2f { return vec2f(bitcast<f32>(word), x); }"
    rows = [[0x7F800001, 1e300], [0x7F800000, np.inf], [0xFF800000, -1e300]]
    results = evaluate(sandbox, module, "f", ["u32", "f32"], "vec2f", rows)
    expected = [[np.nan, np.inf], [np.inf, np.inf], [-np.inf, -np.inf]]
    assert np.array_equal(results, expected, equal_nan=True)


def test_no_arguments_and_no_rows(sandbox: Sandbox):
    module = "fn f() -> vec2i { return vec2i(-1, 2); }"
    assert evaluate(sandbox, module, "f", [], "vec2i", [[], []]).tolist() == [[-1, 2], [-1, 2]]
    assert evaluate(sandbox, module, "f", [], "vec2i", np.empty((0, 0))).shape == (0, 2)


def test_functions_that_cannot_be_evaluated(sandbox: Sandbox):
    module = "fn f(x: f32) -> f32 { return x; }"
    with pytest.raises(UsageError, match="texture_2d"):
        evaluate(sandbox, module, "f", ["texture_2d<f32>"], "f32", [[1]])
    with pytest.raises(UsageError, match="shape"):
        evaluate(sandbox, module, "f", ["f32"], "f32", [[1, 2]])
    with pytest.raises(InvalidShaderError, match="g"):
        evaluate(sandbox, module, "g", ["f32"], "f32", [[1]])


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


# Several sandboxes


def test_a_pool_answers_many_threads_in_order():
    sources = [f"const a: i32 = {'1' if i % 3 else 'b'};" for i in range(24)]
    with SandboxPool(threads=3) as pool:
        for results in (pool.each(pool.validate, sources), pool.results(pool.validate, sources)):
            assert [found is None for found in results] == [bool(i % 3) for i in range(24)]
        assert [add(pool, 0), *pool.each(lambda n: add(pool, n), [1, 2])] == [0, 1, 2]


def test_a_pool_works_ahead_of_its_reader():
    begun: list[int] = []
    with SandboxPool(threads=2) as pool:
        results = pool.results(lambda n: begun.append(n) or n, iter(range(40)))
        assert next(results) == 0
        assert list(results) == list(range(1, 40)) == sorted(begun)[1:]


def test_an_error_in_a_pool_comes_at_its_place_and_ends_nothing_else():
    def work(number: int) -> int:
        if number == 2:
            raise ValueError("two")
        return number

    with SandboxPool(threads=2) as pool:
        results = pool.results(work, range(5))
        assert [next(results), next(results)] == [0, 1]
        with pytest.raises(ValueError, match="two"):
            next(results)
        assert pool.validate("") is None
