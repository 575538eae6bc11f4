"""Signatures and declarations as people give them: no right one is refused, faults are found."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.resources import resource
from tat.wgsl.declarations import functions
from tat.wgsl.given import bare_generators, context_problem, signature_problem, undeclared_names
from tat.wgsl.grammar import Grammar

GRAMMAR = Grammar.of_bytes()
ENTRIES = sorted(resource("cookbook").rglob("*.wgsl"))
FRAGMENTS = ["fn", "f", "é", "(", ")", "->", "f32", "<", ">", "@", ";", "{", "}", "/*", "//", "\n"]


@pytest.mark.parametrize("path", ENTRIES, ids=lambda path: path.stem)
def test_signatures_and_contexts_of_the_cookbook_are_right(path: Path):
    for function in functions(path.read_text("utf-8")):
        assert signature_problem(GRAMMAR, function.signature) is None
        assert not undeclared_names(function.signature, function.context)
        given_too = "\n".join(f"{call};" for call in function.calls)
        assert context_problem(GRAMMAR, f"{function.context}\n{given_too}") is None


@pytest.mark.parametrize("signature", [
    "fn f()", " fn f() -> f32\n", "fn größe(é: f32,) -> vec2<f32>", "fn f(partial: Elsewhere) -> S",
    "@must_use\nfn f(p: ptr<function, array<f32, 2>>)", "// what it does\nfn f(/* in */ x: f32)",
    "@fragment fn f(@builtin(position) p: vec4f) -> @location(0) vec4f",
])  # fmt: skip
def test_right_signatures(signature: str):
    assert signature_problem(GRAMMAR, signature) is None


@pytest.mark.parametrize(("signature", "missing"), [
    ("fn f(x: Foo, y: Foo) -> Bar", ["Foo", "Bar"]), ("fn f(S: f32) -> S", []),
    ("fn f(p: ptr<function, array<Item, N>>)", ["Item", "N"]), ("fn T(x: T) -> vec3<T>", ["T"]),
    ("@compute @workgroup_size(N) fn f(@builtin(global_invocation_id) id: vec3u)", []),
    ("fn f(/* Gone */ t: texture_storage_2d<rgba8unorm, write>) -> A", []),
])  # fmt: skip
def test_names_that_nothing_declares(signature: str, missing: list[str]):
    assert undeclared_names(signature, "struct S { a: f32 }\nalias A = f32;") == missing


@pytest.mark.parametrize(("signature", "said"), [
    ("garbage (", "1:1: unexpected 'garbage'"), ("fn f(x f32) -> f32", "1:8: unexpected 'f32'"),
    ("fn area(r: f32", "1:15: unexpected end"), ("fn f() -> ", "1:10: unexpected end"),
    ("fn f() -> f32;", "1:14: unexpected ';'"), ("fn f() -> f32 { }", "1:15: unexpected '{'"),
    ("fn f()\nfn g()", "2:1: unexpected 'fn'"), ("f", "1:1: unexpected 'f'"),
    ("fn f() // above the body", "1:25: unexpected end"),
    ("fn \ud800()", r"1:4: unexpected '\ud800'"),
])  # fmt: skip
def test_wrong_signatures(signature: str, said: str):
    assert str(signature_problem(GRAMMAR, signature)) == said


@pytest.mark.parametrize("context", [
    "", "// nothing", "fn f(x: f32) -> f32", "fn f(); fn g() { }\nconst k = 2.0;",
    "enable f16;\nstruct Ray { from: vec3f, target: vec3f }",
    "var<workgroup> partial: array<f32, 64>;",
])  # fmt: skip
def test_right_contexts(context: str):
    assert context_problem(GRAMMAR, context) is None


@pytest.mark.parametrize(("context", "said"), [
    ("struct { x: f32 }", "1:8: unexpected '{'"), ("const k = 1.0", "1:14: unexpected end"),
    ("fn f() -> f32;\nfn g(x: ;", "2:9: unexpected ';'"), ("#import a\n", "1:1: unexpected '#'"),
    ("struct S { x: f32,\n", "2:1: unexpected end"), ("return 1.0;", "1:1: unexpected 'return'"),
])  # fmt: skip
def test_wrong_contexts(context: str, said: str):
    assert str(context_problem(GRAMMAR, context)) == said


@given(st.lists(st.sampled_from(FRAGMENTS)).map(" ".join))
def test_a_fault_of_any_text_has_a_place_in_it(text: str):
    problem = signature_problem(GRAMMAR, text)
    if problem:
        assert 1 <= problem.line <= text.count("\n") + 1
        assert 1 <= problem.column <= len(text.split("\n")[problem.line - 1]) + 1
    context_problem(GRAMMAR, text)


def test_types_without_their_own_types_are_found():
    assert bare_generators("fn luma(c: vec3) -> mat2x2") == ["vec3", "mat2x2"]
    assert bare_generators("fn f(vec3: f32, a: array<vec3<f32>, 2>, p: ptr<function, f32>)") == []
    assert bare_generators("fn vec3(p: vec3f) -> vec4<f32>") == []
