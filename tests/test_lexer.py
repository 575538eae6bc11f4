"""The lexer: exact spans for any text, and the tokens that the specification names."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.wgsl.lexer import tokenize

BLANK = " \t\n\v\f\r\u0085\u200e\u200f\u2028\u2029"
KINDS = {"identifier", "keyword", "number", "operator", "comment", "error"}
WORDS = ("fn", "f32", "1.5e-3f", "0x1.8p2", ">>=", "->", "/**/", "//", "0", "9u", "a1", "_")
FRAGMENTS = st.sampled_from(WORDS) | st.sampled_from('/*.@é\u0301←"\0\n ')
NUMBERS = """0 7 12 1i 2u 3f 4h 0x1F 0XAu 1.0 1. .5 1.5f 1e3 1e-3h .5e+10
    0x1.8p3 0x.8 0x1p-4h 0xA.p1f 5li 0x7lu 4.0e2lf"""


def kinds(text: str) -> list[tuple[str, str]]:
    return [(token.kind, token.text) for token in tokenize(text)]


@given(st.text() | st.lists(FRAGMENTS).map("".join))
def test_tokens_and_blank_space_make_up_the_text(text: str):
    position = 0
    for token in tokenize(text):
        assert token.kind in KINDS and token.text
        assert text[token.start : token.end] == token.text
        assert not text[position : token.start].strip(BLANK)
        position = token.end
    assert not text[position:].strip(BLANK)


@given(st.lists(st.sampled_from(["fn", "x", "é1", "12u", "1.5", "+", ">>=", "/*a/*b*/*/", "_"])))
def test_tokens_apart_come_back_as_they_were(texts: list[str]):
    assert [token.text for token in tokenize(" ".join(texts))] == texts


@pytest.mark.parametrize("number", NUMBERS.split())
def test_a_number_is_one_token(number: str):
    assert kinds(number) == [("number", number)]


def test_a_number_ends_where_its_form_does():
    assert kinds("1.xy") == [("number", "1."), ("identifier", "xy")]
    assert kinds("1e") == [("number", "1"), ("identifier", "e")]
    assert kinds("a.0-1") == [
        ("identifier", "a"),
        ("number", ".0"),
        ("operator", "-"),
        ("number", "1"),
    ]


def test_the_longest_operator_wins():
    source = "a>>=b>>c>=d->e&&f--g"
    operators = [token.text for token in tokenize(source) if token.kind == "operator"]
    assert operators == [">>=", ">>", ">=", "->", "&&", "--"]


def test_words():
    assert kinds("fn fnx _ _a enable") == [
        ("keyword", "fn"),
        ("identifier", "fnx"),
        ("operator", "_"),
        ("identifier", "_a"),
        ("keyword", "enable"),
    ]


@given(st.characters())
def test_identifiers_are_those_of_unicode(character: str):
    continues = ("a" + character).isidentifier()
    assert (kinds("a" + character)[0][1] == "a" + character) == continues
    if character.isidentifier() and character != "_":
        assert kinds(character) == [("identifier", character)]


def test_block_comments_nest_and_line_comments_end_with_the_line():
    assert kinds("/* a /* b */ c */x") == [("comment", "/* a /* b */ c */"), ("identifier", "x")]
    assert kinds("// a /* b\nx") == [("comment", "// a /* b"), ("identifier", "x")]
    assert kinds("// a\u2028x") == [("comment", "// a"), ("identifier", "x")]


def test_text_outside_of_wgsl_is_an_error_token():
    assert kinds('a"$') == [("identifier", "a"), ("error", '"'), ("error", "$")]
    assert kinds("x /* a /* b */") == [("identifier", "x"), ("error", "/* a /* b */")]


@pytest.mark.parametrize("piece", ["(", "/*", "/**/", "0x", "←", "é"])
def test_half_a_megabyte_of_anything(piece: str):
    text = piece * (500_000 // len(piece))
    tokens = tokenize(text)
    assert tokens[0].start == 0 and tokens[-1].end == len(text)
    assert len(tokens) <= len(text) and len(text) > sys.getrecursionlimit()
