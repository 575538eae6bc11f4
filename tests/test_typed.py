"""Names and types in signatures and modules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.wgsl.typed import Typed, module_of, signature_of


def test_a_signature_has_names_types_and_attributes():
    found = signature_of(
        "@fragment fn shade(@builtin(position) at: vec4<f32>, // where\n"
        "    @location(0) @interpolate(flat, either) ids: array<vec4<f32>, 4>,\n"
        "    seen: ptr<function, array<vec2<u32>, 2>>,) -> @location(0) vec4 <f32> { return at; }"
    )
    assert found.name == "shade"
    assert found.parameters == [
        Typed("at", "vec4<f32>", "@builtin(position)"),
        Typed("ids", "array<vec4<f32>, 4>", "@location(0)@interpolate(flat,either)"),
        Typed("seen", "ptr<function, array<vec2<u32>, 2>>"),
    ]
    assert found.result == Typed("", "vec4 <f32>", "@location(0)")


@pytest.mark.parametrize("text", ["", "fn", "fn f", "fn f {", "let x: f32", "-> f32"])
def test_no_signature_is_an_empty_one(text):
    found = signature_of(text)
    assert not found.parameters and not found.result.type


def test_a_module_has_structs_variables_and_functions():
    found = module_of("""
@group(0) @binding(1) var<storage, read_write> all: array<array<vec4f, 2>>;
struct Seen { @size(16) n: u32, /* a: b */ m: array<mat2x2<f32>, 2> }
const N = 4; const A: array<vec2<f32>, N * 2>= array<vec2<f32>, N * 2>();
@id(3) override scale: f32;
fn given(x: f32) -> f32
fn whole(@builtin(vertex_index) i: u32, a: array<f32, 4>) { var own: f32 = 1.0; let b = own; }
var image: texture_storage_2d<rgba8unorm, write>;
""")
    assert found.structs == {
        "Seen": [Typed("n", "u32", "@size(16)"), Typed("m", "array<mat2x2<f32>, 2>")]
    }
    assert found.variables == [
        Typed("all", "array<array<vec4f, 2>>", "<storage,read_write>", "var"),
        Typed("N", "", "", "const"),
        Typed("A", "array<vec2<f32>, N * 2>", "", "const"),
        Typed("scale", "f32", "", "override"),
        Typed("image", "texture_storage_2d<rgba8unorm, write>", "", "var"),
    ]
    given, whole = found.functions
    assert given.name == "given" and given.result.type == "f32"
    assert whole.name == "whole" and not whole.result.type
    assert whole.parameters == [
        Typed("i", "u32", "@builtin(vertex_index)"), Typed("a", "array<f32, 4>"),
    ]  # fmt: skip


PIECES = ["fn ", "struct ", "var", "const ", "a", "b", ": ", "f32", "->", "@x", "array<",
          *"<>(){}[],;=", ">=", ">>", "//", "/*", "\n"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_any_text_is_taken(text):
    found = [signature_of(text), *module_of(text).functions]
    assert all(item.type == item.type.strip() for one in found for item in one.parameters)
