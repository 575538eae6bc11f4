"""Stubs: a signature becomes a function that validates, and nothing else is touched."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tat.wgsl.declarations import functions
from tat.wgsl.sandbox import Sandbox
from tat.wgsl.stubs import stub, with_stubs

TYPES = [
    "f32", "i32", "u32", "bool", "vec2f", "vec3<f32>", "mat3x4<f32>", "array<vec2<f32>,3>",
    "array<array<f32,2>,3>", "Particle", "Alias",
]  # fmt: skip
DECLARATIONS = "struct Particle { a: vec4f, b: array<i32, 2>, }\nalias Alias = mat2x2f;\n"
FRAGMENTS = ["fn", "f", "(", ")", "->", "vec2", "<", ">", "@", ";", "{", "}", "/*", "//", "\n"]


@pytest.mark.gpu
@pytest.mark.parametrize("result", TYPES)
def test_a_stub_of_any_result_type_validates(sandbox: Sandbox, result: str):
    assert sandbox.validate(f"{DECLARATIONS}{stub(f'fn f(x: {result}) -> {result}')}") is None


@pytest.mark.gpu
@pytest.mark.parametrize(
    "signature",
    [
        "fn f()",
        "fn f() ;",
        "@must_use fn f(a: ptr<function, f32>, b: f32,) -> vec2<f32>;",
        "@fragment fn f(@builtin(position) p: vec4f) -> @location(0) @interpolate(flat) vec4u",
        "fn f( // of x\n x: f32 /* ) -> */) -> /* a */ array<vec2<f32>, 2> // end",
    ],
)
def test_signatures_in_any_form(sandbox: Sandbox, signature: str):
    assert sandbox.validate(stub(signature)) is None


def test_a_stub_returns_a_value_of_its_type():
    assert stub("fn f(x: f32) -> vec3<f32>;") == "fn f(x: f32) -> vec3<f32> { return vec3<f32>(); }"
    assert stub("fn f()") == "fn f() { }"


@pytest.mark.gpu
def test_signatures_among_declarations(sandbox: Sandbox):
    text = (
        "fn a(x: f32) -> f32;\nconst b = 1.0;\nfn c(p: Particle) -> Particle\n"
        "@must_use fn d() -> f32\nfn e() -> f32 { return a(b) + d(); }\n"
    )
    whole = with_stubs(DECLARATIONS + text)
    assert sandbox.validate(whole) is None
    assert [function.name for function in functions(whole)] == ["a", "c", "d", "e"]


@given(st.lists(st.sampled_from(FRAGMENTS)).map(" ".join))
@example("fn a ( /* )")  # a comment that never ends
def test_whole_functions_and_garbage_are_left_alone(text: str):
    completed = with_stubs(text)
    assert with_stubs(completed) == completed
    if "fn" not in text:
        assert completed == text


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map(" ".join), st.sampled_from(FRAGMENTS))
def test_declarations_before_the_first_function_change_nothing(text: str, last: str):
    head = f"struct S {{ a: f32 }} // {last if last != '/*' else ''}\nconst a = 1;"
    assert with_stubs(f"{head}\n{text}") == f"{head}\n{with_stubs(text)}"
    assert with_stubs(f"/**/{text}") == f"/**/{with_stubs(text)}"
