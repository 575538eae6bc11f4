"""The reader of unfinished texts: right on whole ones, and it answers on any text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import long_enough

from tat.cookbook.library import load
from tat.serve.asking import asked_at
from tat.serve.gaps import gap_at
from tat.serve.language.completion import candidates
from tat.serve.language.lookup import facts_at, symbol_at, uses
from tat.serve.language.overloads import OVERLOADS
from tat.serve.language.symbols import Analysis
from tat.serve.language.types import Types
from tat.wgsl.builtins import FUNCTIONS
from tat.wgsl.declarations import split_module

WORDS = (
    "fn", "struct", "let", "var", "const", "override", "alias", "for", "if", "else", "return", "{",
    "}", "(", ")", "[", "]", "<", ">", ",", ";", ":", "=", ".", "@", "->", "+", "*", "f", "g", "x",
    "y", "v", "vec2f", "vec3f", "f32", "array<f32,4>", "ptr<function,f32>", "var<uniform>", "1",
    "2.0", "1e", "/*", "*/", "//", "\n", "@compute", "@workgroup_size(1)", "switch", "case", "loop",
    "é", "🙂", "\x00", "\x0c",
)  # fmt: skip
texts = st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join)


@given(texts, st.integers(0, 200))
def test_any_text_at_any_place_is_read(text, offset):
    offset = min(offset, len(text))
    analysis = Analysis(text)
    for symbol in analysis.symbols:
        assert text[symbol.start : symbol.end] == symbol.name
        assert symbol.span[0] <= symbol.start and symbol.end <= symbol.span[1]
    for candidate in candidates(analysis, offset):
        assert candidate.name
    facts_at(analysis, offset)
    asked_at(text, offset)
    gap_at(text[:offset], text[offset:])
    if symbol := symbol_at(analysis, offset):
        found = list(uses(analysis, symbol))
        assert {token.text for token in found} == {symbol.name}
        assert symbol.start in {token.start for token in found}


@given(texts)
def test_a_text_that_breaks_off_knows_the_declarations_above(text):
    """Names that a function above declares stay visible, however the text goes on."""
    above = "struct S { one: f32 }\nfn first(a: S) -> f32 { let b = a.one; return b; }\n"
    analysis = Analysis(above + text)
    assert {"S", "first"} <= analysis.module.keys()
    assert [member.name for member in analysis.members["S"]][:1] == ["one"]


def test_every_entry_of_the_cookbook_is_read_as_the_other_reader_does():
    for entry in load():
        analysis = Analysis(entry.code)
        expected = [(item.kind, item.name) for item in split_module(entry.code) if item.name]
        kept = [(s.kind, s.name) for s in analysis.symbols if s.of_module]
        assert kept == expected, entry.name
        comments = {item.name: item.comment for item in split_module(entry.code) if item.name}
        assert {name: analysis.module[name].comment for name in comments} == comments, entry.name


@pytest.mark.parametrize(("expression", "type_"), [
    ("v.xy", "vec2f"), ("v.x * 2.0", "f32"), ("v * 2.0", "vec3f"), ("2.0 * v", "vec3f"),
    ("b.centre", "vec3f"), ("balls[1].centre.yx", "vec2f"), ("length(v)", "f32"),
    ("normalize(v).xy", "vec2f"), ("f(v)", "vec2<u32>"), ("vec4<f32>(1.0)", "vec4f"), ("1u", "u32"),
    ("m[0]", "vec3f"), ("v.x < 1.0", "bool"), ("dot(v, v)", "f32"), ("mix(v, v, 0.5)", "vec3f"),
    ("textureSample(t, s, v.xy)", "vec4f"), ("(v + v).zy", "vec2f"), ("nosuch.x", ""),
    ("bitcast<vec2<u32>>(v.xy)", "vec2<u32>"), ("true", "bool"), ("-v", "vec3f"), ("3", "i32"),
])  # fmt: skip
def test_types_of_expressions(expression, type_):
    text = (
        "struct Ball { centre: vec3<f32> }\nalias Balls = array<Ball, 4>;\n"
        "fn f(v: vec3f) -> vec2<u32> { return vec2u(1u); }\n"
        "fn g(v: vec3f, b: Ball, balls: Balls, m: mat4x3<f32>, p: ptr<function, Ball>) {\n"
        f"    let it = {expression};\n}}\n"
    )
    analysis = Analysis(text)
    [it] = [symbol for symbol in analysis.symbols if symbol.name == "it"]
    found = Types(analysis).of_symbol(it)
    assert found.replace("vec2u", "vec2<u32>") == type_


def test_initialisers_that_depend_on_one_another_take_no_time():
    lines = [f"let a{n} = a{n - 1} + a{n - 1} * a{n - 1};" for n in range(1, 300)]
    text = f"fn f(a0: vec3f) {{ {' '.join(lines)} a20. }}"
    began = time.monotonic()
    names = [c.name for c in candidates(Analysis(text), text.index(" a20.") + 5)]
    assert "xyz" in names and time.monotonic() - began < long_enough()


def test_every_built_in_function_has_its_overloads():
    assert OVERLOADS.keys() == FUNCTIONS.keys()
    for name, overloads in OVERLOADS.items():
        for overload in overloads:
            assert len(overload.parameters) in FUNCTIONS[name], overload
