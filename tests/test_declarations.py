"""Declarations of whole modules, broken modules and garbage; the needs of a function."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.errors import FileError
from tat.wgsl.declarations import Function, functions, split_module

MODULE = """\
// Copyright 1999 Nobody
enable f16;
diagnostic(off, derivative_uniformity);

alias Colour = vec3f;
struct Light { // not doc
  colour: Colour,
  @size(16) far: f32,
}
const unused = 1;
const half_pi = pi / 2.0; const pi = 3.14159;
override samples: u32 = 4;
@group(0) @binding(1) var<storage, read_write> lights: array<Light, count>;
const count = 8u;
const_assert count > 1;

/// Lambert's law.
///
///   radiance = albedo
fn lambert(c: Colour) -> Colour { return c / f32(half_pi * 2); }

/* ---- Helpers ---- */
@must_use
fn light_at(
    index: u32, // of the light
) -> Light { return lights[index]; }

@compute @workgroup_size(64, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
    let unused = light_at(id.x);
    lights[id.x].colour = lambert(light_at(id.x).colour);
}
"""
NAMES = [
    ("enable", ""),
    ("diagnostic", ""),
    ("alias", "Colour"),
    ("struct", "Light"),
    ("const", "unused"),
    ("const", "half_pi"),
    ("const", "pi"),
    ("override", "samples"),
    ("var", "lights"),
    ("const", "count"),
    ("const_assert", ""),
    ("fn", "lambert"),
    ("fn", "light_at"),
    ("fn", "main"),
]


def by_name(text: str) -> dict[str, Function]:
    return {function.name: function for function in functions(text)}


def names(text: str) -> list[str]:
    return [declaration.name for declaration in split_module(text)]


def comment_of(text: str) -> str:
    return split_module(text)[-1].comment


def test_every_declaration_in_order_with_its_exact_text():
    found = split_module(MODULE)
    assert [(item.kind, item.name) for item in found] == NAMES
    texts = {item.name: MODULE[item.start : item.end] for item in found}
    assert texts["pi"] == "const pi = 3.14159;"
    assert texts["lights"].startswith("@group(0) @binding(1) var<storage")
    assert texts["Light"].startswith("struct Light {") and texts["Light"].endswith("}")
    assert texts["main"].startswith("@compute @workgroup_size(64, 1)\nfn main(")


def test_signature_and_body_are_substrings_that_meet():
    for function in functions(MODULE):
        assert function.body.startswith("{") and function.body.endswith("}")
        assert function.signature + " " + function.body in MODULE
    assert by_name(MODULE)["light_at"].signature.endswith("// of the light\n) -> Light")


def test_context_is_what_the_function_needs_in_the_order_of_the_module():
    assert by_name(MODULE)["lambert"].context.split("\n") == [
        "enable f16;",
        "alias Colour = vec3f;",
        "const half_pi = pi / 2.0;",
        "const pi = 3.14159;",
    ]
    needed = split_module(by_name(MODULE)["light_at"].context)
    assert [item.name for item in needed] == ["", "Colour", "Light", "lights", "count"]


def test_members_and_attributes_are_no_use_of_a_name():
    struct = "struct S { @location(0) a: f32 }"
    text = f"const x = 1; const location = 2; {struct} fn f(s: S) {{ _ = s.x; }}"
    assert by_name(text)["f"].context == struct


def test_calls_are_signatures_of_the_module_in_the_order_of_the_body():
    assert by_name(MODULE)["main"].calls == (
        "@must_use fn light_at( index: u32, ) -> Light",
        "fn lambert(c: Colour) -> Colour",
    )
    text = "fn g() { f(1); } fn f(n: i32) { let g = n; _ = g; f(n); }"
    assert by_name(text)["g"].calls == ("fn f(n: i32)",)
    assert by_name(text)["f"].calls == (), "a variable named like a function, and itself"


@pytest.mark.parametrize(
    ("text", "comment"),
    [
        ("// One.\n// Two.\nfn f() {}", "One.\nTwo."),
        ("/// One.\n@fragment fn f() {}", "One."),
        ("/**\n * One.\n *   Two.\n */\nfn f() {}", "One.\n  Two."),
        ("/* One.\n   Two. */\nfn f() {}", "One.\nTwo."),
        ("// Far.\n\n// Near.\nfn f() {}", "Near."),
        ("// One.\r\n// Two.\r\nfn f() {}", "One.\nTwo."),
        ("// --- Noise ---\nfn f() {}", "Noise"),
        ("// Scale by **two**, or -1 - 2\nfn f() {}", "Scale by **two**, or -1 - 2"),
        ("// Far.\n\nfn f() {}", ""),
        ("const a = 1; // of a\nfn f() {}", ""),
        ("// ---------\nfn f() {}", ""),
        ("// Copyright somebody\n// All of it.\nfn f() {}", ""),
        ("// SPDX-License-Identifier: MIT\nfn f() {}", ""),
        ("// fn g() {\n//   let a = 1;\n// }\nfn f() {}", ""),
        ("fn f() {}", ""),
    ],
)
def test_doc_comments(text: str, comment: str):
    assert comment_of(text) == comment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fn a() { if (x) { }\nfn b() {}", ["b"]),
        ("fn a() { } } fn b() {}", ["a", "b"]),
        ("fn a() { (] } fn b() {}", ["b"]),
        ("fn a( { fn b() {} @vertex fn c() {}", ["b", "c"]),
        ("const a = (1; const b = 2; fn c() {}", ["b", "c"]),
        ("const a = 1 @group(0) @binding(0) var b: sampler;", ["b"]),
        ("struct A { x: f32, fn b() {}", ["b"]),
        ("fn a() { var x = 1; const y = 2;", []),
        ("text { const y = 2; } ::: const z = 3;", ["z"]),
        ("fn; var; struct {} alias = f32; const a = 1;", ["a"]),
        ("@ @( @x(1 fn a() {}", ["a"]),
        ("fn a() /* { */ { /* } */ }", ["a"]),
        ("", []),
    ],
)
def test_broken_pieces_are_passed_over(text: str, expected: list[str]):
    assert names(text) == expected


def test_a_declaration_after_a_broken_one_keeps_its_attributes():
    text = "fn a() {\n@compute @workgroup_size(1) fn b() {}"
    (b,) = split_module(text)
    assert text[b.start :].startswith("@compute")


@given(st.text() | st.lists(st.sampled_from(MODULE.split(" "))).map(" ".join))
def test_any_text_gives_disjoint_whole_declarations(text: str):
    end = 0
    for declaration in split_module(text):
        assert end <= declaration.start < declaration.end <= len(text)
        end = declaration.end
        assert split_module(text[declaration.start : declaration.end])[0][:2] == declaration[:2]
    functions(text)


@pytest.mark.parametrize(
    "piece",
    ["(", "{", "@a", "@a(", "@a((", "fn a(){", "fn ", "struct a{", "const a=(", "var<", "//x\n"],
)
def test_a_hundred_kilobytes_of_anything(piece: str):
    text = piece * (100_000 // len(piece)) + "\n}))\nfn last() {}"
    assert functions(text)[-1].name == "last"


def test_needs_that_multiply_are_refused():
    text = "".join(f"const c{i + 1} = c{i}; fn f{i}() {{ _ = c{i}; }}" for i in range(5000))
    with pytest.raises(FileError, match="split the module"):
        functions(text)
