"""The runner of the cookbook's tests: right entries pass, planted faults are caught and named."""

import math
from dataclasses import replace

import numpy as np
import pytest
from cookbook_entries import (
    entry,
    outcome,
)

from tat.cookbook import library, runner
from tat.cookbook.references import (
    Bits,
    Choice,
    Integers,
    Interval,
    Rotation,
    Run,
    Storage,
    Unit,
    kernel,
    pure,
)
from tat.wgsl.sandbox import Sandbox

pytestmark = pytest.mark.gpu


HYPOTENUSE = "fn f(a: f32, b: f32) -> f32 { return sqrt(a * a + b * b); }"


@pure(a=Interval(-2, 2), b=Interval(0.5, 1), edges=[(0, 0), (3, 4)])
def hypotenuse(a, b):
    return math.hypot(a, b)


# Functions of plain values.


def test_a_right_function_passes_on_all_its_rows(sandbox: Sandbox):
    result = runner.test_entry(entry(HYPOTENUSE), sandbox, hypotenuse)
    assert result.failure is None and result.checks == 64 + 2


def test_a_wrong_shader_is_caught_with_its_input(sandbox: Sandbox):
    wrong = HYPOTENUSE.replace("b * b", "b")  # equal at the first edge, where b is 0
    result = runner.test_entry(entry(wrong), sandbox, hypotenuse)
    assert result.failure is not None
    assert result.failure.input == "a = 3, b = 4"
    assert float(result.failure.got) == pytest.approx(math.sqrt(13))
    assert result.failure.expected == "5"
    assert "for a = 3, b = 4: got 3.6" in str(result.failure)


def test_a_wrong_reference_is_caught(sandbox: Sandbox):
    wrong = replace(hypotenuse, function=lambda a, b: math.hypot(a, b) + 1e-4)
    assert "got 0, expected 0.0001" in outcome(HYPOTENUSE, wrong, sandbox)


TYPES = [
    ("f32", "-x", "f32", Interval(-9, 9), lambda x: -x),
    ("vec3f", "x.zxy", "vec3f", Interval([0, 1, 2], [1, 2, 3]), lambda x: x[[2, 0, 1]]),
    ("vec4<f32>", "x.w * x.xy", "vec2<f32>", Unit(4), lambda x: x[3] * x[:2]),
    ("mat2x3f", "transpose(x)", "mat3x2f", Interval(-1, 1), lambda x: x.T),
    ("mat3x3f", "x * vec3f(1.0, 2.0, 3.0)", "vec3f", Rotation(3), lambda x: x.T @ [1, 2, 3]),
    ("i32", "x / 3", "i32", Integers(-9, 9), lambda x: int(x / 3)),
    ("vec2i", "x - 7", "vec2i", Integers(-9, 9), lambda x: x - 7),
    ("u32", "x * 3u", "u32", Bits(), lambda x: x * 3 % 2**32),
    ("vec4u", "~x", "vec4<u32>", Bits(), lambda x: 2**32 - 1 - x),
    ("bool", "!x", "bool", Choice([False, True]), lambda x: not x),
    ("vec3f", "x > vec3f(0.5)", "vec3<bool>", Interval(0, 1), lambda x: x > 0.5),
    ("vec2f", "f32(x.x)", "f32", Choice([(1, 2), (3, 4)]), lambda x: x[0]),
]


def other_than(value: np.ndarray) -> np.ndarray:
    return ~value if value.dtype == bool else value + 1


@pytest.mark.parametrize(("taken", "body", "given_", "domain", "function"), TYPES)
def test_every_kind_of_value_arrives_as_it_is(
    taken, body, given_, domain, function, sandbox: Sandbox
):
    reference = pure(x=domain, absolute=1e-6)(lambda x: function(x))
    code = f"fn f(x: {taken}) -> {given_} {{ return {body}; }}"
    assert outcome(code, reference, sandbox) == ""
    wrong = replace(reference, function=lambda x: other_than(np.asarray(function(x))))
    assert "wrong result" in outcome(code, wrong, sandbox)


def test_integers_must_be_met_exactly(sandbox: Sandbox):
    code = "fn f(x: u32) -> u32 { return x; }"
    off_by_one = pure(x=Integers(2**31, 2**32 - 2), absolute=10, relative=1)(lambda x: x + 1)
    assert "wrong result" in outcome(code, off_by_one, sandbox)


@pytest.mark.parametrize(
    ("absolute", "relative", "passes"),
    [(2e-3, 0, True), (5e-4, 0, False), (0, 2e-4, True), (0, 5e-5, False), (5e-4, 6e-5, True)],
)
def test_the_tolerance_is_honoured(absolute, relative, passes, sandbox: Sandbox):
    code = "fn f(x: f32) -> f32 { return x + 0.001; }"  # 1e-3, and 1e-4 of 10
    exact = pure(x=Interval(10, 10), absolute=absolute, relative=relative)(lambda x: x)
    assert (outcome(code, exact, sandbox) == "") == passes


def test_floats_are_rounded_before_the_reference_sees_them(sandbox: Sandbox):
    code = "fn f(x: f32) -> f32 { return select(0.0, 1.0, x > 0.05); }"
    seen = pure(x=Interval(0, 0), edges=[(0.1,)])(lambda x: float(x == float(np.float32(0.1))))
    assert outcome(code, seen, sandbox) == ""


@pytest.mark.parametrize("value", ["0.0 / (x - x)", "1.0 / (x - x)", "sqrt(-1.0 - x * x)"])
def test_nan_and_infinity_are_never_right(value, sandbox: Sandbox):
    code = f"fn f(x: f32) -> f32 {{ return {value}; }}"
    lenient = pure(x=Interval(1, 2), absolute=1e30)(lambda x: 0.0)
    assert "got " in outcome(code, lenient, sandbox)


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        (pure(x=Interval(0, 1))(lambda x: x / 0), "ZeroDivisionError"),
        (pure(x=Interval(0, 1))(lambda x: math.nan), "gives array(nan)"),
        (pure(x=Interval(0, 1))(lambda x: np.array([x])), "no f32"),
        (pure(x=Interval(0, 1))(lambda x: x > 0), "no f32"),
        (pure(y=Interval(0, 1))(lambda y: y), "the reference takes (y), the function (x)"),
        (pure(x=Interval(0, 1), keep=lambda x: x > 2)(lambda x: x), "`keep` refuses"),
        (pure(x=Interval(0, 1), keep=lambda x: 1 / 0)(lambda x: x), "ZeroDivisionError"),
        (pure(x=Unit(3))(lambda x: x), "Unit(3) is for a vector"),
        (pure(x=Rotation(2))(lambda x: x), "Rotation(2) is for a 2 x 2 matrix"),
        (pure(x=Interval(0, 1), edges=[((1, 2),)])(lambda x: x), "the edge ((1, 2),)"),
    ],
)
def test_a_faulty_reference_is_a_failure(reference, reason, sandbox: Sandbox):
    code = "fn f(x: f32) -> f32 { return x; }"
    failure = outcome(code, reference, sandbox)
    assert reason in failure and "\n" not in failure


def test_floats_for_an_integer_are_a_failure(sandbox: Sandbox):
    code = "fn f(x: i32) -> i32 { return x; }"
    reference = pure(x=Interval(0, 9))(lambda x: x)
    assert "floats for i32" in outcome(code, reference, sandbox)


def test_a_missing_reference_is_a_failure(sandbox: Sandbox):
    bundled = library.load()[0]
    for lost in (entry(HYPOTENUSE), replace(bundled, name="no_such_entry")):
        failure = runner.test_entry(lost, sandbox).failure
        assert failure is not None and "references" in failure.reason


def test_invalid_wgsl_is_a_failure(sandbox: Sandbox):
    assert "expected" in outcome(HYPOTENUSE.replace("sqrt", "sqrt("), hypotenuse, sandbox)
    assert "wgsl" in outcome(HYPOTENUSE.replace("sqrt", "root"), hypotenuse, sandbox)


def test_an_endless_loop_is_reported_and_the_next_entry_runs(sandbox: Sandbox, monkeypatch):
    monkeypatch.setattr(runner, "_SECONDS", 1.0)
    endless = """@group(0) @binding(0) var<storage, read_write> words: array<u32>;
    @compute @workgroup_size(1) fn f() {
        loop { words[1] += 1u; if words[0] == 1u { break; } }
    }"""
    # llvmpipe leaves a loop after 65,535 turns: only many workgroups make it as good as endless.
    run = Run([Storage(0, np.zeros(2, np.uint32))], (65535, 65535, 1), {(0, 0): np.zeros(2)})
    assert "did not end within 1 s" in outcome(endless, kernel()(lambda rng: iter([run])), sandbox)
    monkeypatch.undo()
    assert outcome(HYPOTENUSE, hypotenuse, sandbox) == ""


def test_a_harness_unpacks_a_struct(sandbox: Sandbox):
    code = """struct Pair { sum: f32, product: f32 }
    fn f(a: f32, b: f32) -> Pair { return Pair(a + b, a * b); }"""
    harness = """fn both(a: f32, b: f32) -> vec2f {
        let pair = f(a, b);
        return vec2f(pair.sum, pair.product);
    }"""
    both = pure(a=Interval(0, 1), b=Interval(0, 1), harness=harness)(lambda a, b: [a + b, a * b])
    assert outcome(code, both, sandbox) == ""
    assert "give its reference a harness" in outcome(code, replace(both, harness=""), sandbox)


# The cookbook itself.


def test_the_whole_cookbook_passes(sandbox: Sandbox):
    results = [runner.test_entry(bundled, sandbox) for bundled in library.load()]
    assert [f"{r.name}: {r.failure}" for r in results if r.failure] == []
    assert all(result.checks >= 1 for result in results)
