"""Functions that the sandbox evaluates on rows of arguments."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tat.errors import InvalidShaderError, UsageError
from tat.wgsl.harness import evaluate
from tat.wgsl.sandbox import Sandbox

pytestmark = pytest.mark.gpu


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
