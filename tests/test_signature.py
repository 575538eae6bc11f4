"""Signatures of functions of plain values: parameters, results, and refusals."""

import pytest

from tat.errors import UsageError
from tat.wgsl.signature import parse_signature


def test_names_types_and_shapes_in_order():
    signature = parse_signature("@must_use fn turn(m: mat3x2<f32>, by: vec2i, on: bool,) -> f32")
    assert signature.name == "turn" and signature.result.shape == ()
    assert {n: (t.scalar, t.shape) for n, t in signature.parameters.items()} == {
        "m": ("f32", (3, 2)), "by": ("i32", (2,)), "on": ("bool", ()),
    }  # fmt: skip


def test_comments_between_parameters_are_no_part_of_their_types():
    plain = parse_signature("fn f(a: f32, b: vec2<f32>) -> f32")
    long = "// of a box\nfn f(\n    // metres\n    a: f32,\n    b: vec2<f32>, /* of it */\n) -> f32"
    assert parse_signature(long) == plain


@pytest.mark.parametrize(
    "text",
    ["fn f(x: f32)", "fn f(x: array<f32, 2>) -> f32", "fn f(p: ptr<function, f32>) -> f32",
     "fn f(@builtin(position) x: vec4f) -> f32", "fn f(x: f32) -> Pair", "", "fn f(x) -> f32",
     "fn f(x: f32) -> @location(0) f32", "fn f(x: f32) -> f32 { return x; }"],
)  # fmt: skip
def test_a_signature_of_other_than_plain_values_is_refused(text: str):
    with pytest.raises(UsageError, match=r"^'"):
        parse_signature(text)
