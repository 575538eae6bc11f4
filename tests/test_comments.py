"""Texts without their comments: the same code, and no line left empty by a comment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.wgsl.comments import without_comments
from tat.wgsl.lexer import tokenize

pieces = st.sampled_from((
    "a", "b1", " ", "\n", "    ", "\r\n", "// c\n", "/* d */", "/* e\n f */", "+", "1.0", "/", "*",
    "/* g /* h */ */", "é", "//",
))  # fmt: skip


def code(text):
    return [(t.kind, t.text) for t in tokenize(text) if t.kind != "comment"]


@given(st.lists(pieces).map("".join))
def test_the_code_stays_and_no_comment_does(text):
    bare = without_comments(text)
    assert code(bare) == code(text)
    assert all(token.kind != "comment" for token in tokenize(bare))
    assert without_comments(bare) == bare


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("{\n    // one\n    let a = 1; // two\n}", "{\n    let a = 1;\n}"),
        ("{\r\n  // one\r\n  a();\r\n}", "{\r\n  a();\r\n}"),
        ("{\n    /* over\n       lines */\n    a();\n}", "{\n    a();\n}"),
        ("let/* between */a = 1;", "let a = 1;"),
        ("a();\n\n// last", "a();\n"),
        ("// first\na();", "\na();"),
        ("no comment at all\n", "no comment at all\n"),
    ],
)
def test_lines_that_held_nothing_else_go_too(text, bare):
    assert without_comments(text) == bare
