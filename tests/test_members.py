"""Structs of a context, as a model reads them: a line for each member."""

import pytest
from decoding import TOKENIZER

from tat.data.samples import completion_source
from tat.decode.prompt import Prompt
from tat.decode.reading import read
from tat.wgsl.lexer import tokenize
from tat.wgsl.members import members_apart

ONE_LINE = "struct A { a: f32, b: array<vec2<f32>, 4>, }\nstruct B { c: A }\nconst N = 4;"
APART = """struct A {
    a: f32,
    b: array<vec2<f32>, 4>,
}
struct B {
    c: A
}
const N = 4;"""


def test_each_member_has_a_line():
    assert members_apart(ONE_LINE) == APART == members_apart(APART)


def test_structs_behind_each_other_on_a_line_are_all_laid_out():
    text = "struct A { a: f32 }; struct B { b: f32 } struct C { c: f32 }"
    assert members_apart(text).count("\n") == 6


@pytest.mark.parametrize("text", [
    "", "struct A {}", "struct A {\n  a: f32, b: f32\n}", "// struct A { a: f32, b: f32 }",
    "struct A { // two { a: f32 }\n    a: f32 }", "fn f() { let a = 1; }", "struct A { a: f32",
])  # fmt: skip
def test_other_texts_stay_as_they_are(text):
    assert members_apart(text) == text


def test_the_code_stays_the_same():
    texts = [[token.text for token in tokenize(text)] for text in (ONE_LINE, APART)]
    assert texts[0] == texts[1]


def test_a_model_reads_members_apart_and_the_person_s_text_stays():
    prompt, other = (Prompt("x", "fn f(a: A) -> f32", context) for context in (ONE_LINE, APART))
    assert read(prompt, TOKENIZER, 500).tokens == read(other, TOKENIZER, 500).tokens
    assert prompt.head == f"{ONE_LINE}\n"
    assert prompt.source == completion_source("x", "fn f(a: A) -> f32", ONE_LINE)
