"""Stand-ins for functions of which only the signature is known."""

import numpy as np
import pytest

from tat.errors import UsageError
from tat.wgsl.behaviour import run
from tat.wgsl.signature import parse_signature
from tat.wgsl.unknown_calls import unknown_functions, with_stand_ins

CONTEXT = """const A = 1.0;
fn a(x: f32, v: vec3f) -> vec2<f32>
fn b(m: mat3x3f, k: u32) -> mat2x2f;
fn c(q: vec4<bool>) -> vec3<u32>
fn d() -> f32
fn e(x: i32) -> bool
fn known(x: f32) -> f32 { return x; }"""


def test_stand_ins_of_all_types_are_valid_and_the_rest_stays(sandbox):
    module = with_stand_ins(CONTEXT)
    assert not sandbox.validate(module)
    assert unknown_functions(CONTEXT) == ["a", "b", "c", "d", "e"]
    assert "fn known(x: f32) -> f32 { return x; }" in module and "const A = 1.0;" in module
    assert with_stand_ins(module) == module and not unknown_functions(module)


def test_each_argument_and_the_name_change_a_result(sandbox):
    signature = "fn f(x: f32, y: f32, z: f32) -> f32"
    context = with_stand_ins("fn g(a: f32, b: f32) -> f32\nfn h(a: f32, b: f32) -> f32")
    results = [
        run(sandbox, f"{context}\n{signature} {{ return {call}; }}", parse_signature(signature))
        for call in ("g(x, y)", "g(y, x)", "g(x, z)", "h(x, y)", "g(x, y)")
    ]
    values = [result.results for result in results]
    assert np.array_equal(values[0], values[4])
    for one, other in ((0, 1), (0, 2), (0, 3), (1, 2)):
        assert not np.allclose(values[one], values[other])


@pytest.mark.parametrize(
    "signature", ["fn f(p: ptr<function, f32>) -> f32", "fn f(s: S) -> f32", "fn f(x: f32)"]
)
def test_other_than_plain_values_are_refused(signature):
    with pytest.raises(UsageError):
        with_stand_ins(signature)
