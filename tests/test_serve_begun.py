"""Lines that were begun: what stands there is kept, wherever in a word the cursor is."""

import numpy as np
import pytest
from serving import FUNCTIONS, tiny_engine, tiny_run  # noqa: F401  fixtures

from tat.decode.begun import Begun, Behind, Cursor, sure_tokens, tokens_within
from tat.decode.choice import Sampling, greedy
from tat.decode.prompt import Prompt
from tat.serve.gaps import fits, gap_at
from tat.serve.proposing import proposal


@pytest.mark.parametrize(("prefix", "begun"), [
    ("fn f() {\n    let x = ", "let x = "),
    ("fn f() {\n    if true {\n        ret", "ret"),
    ("// a brace }\n@compute fn f(\n  a: i32,\n) {\n    let x = ", "let x = "),
    ("}\nfn f() {\n    let x = ", "let x = "),  # what is broken above does not count
    ("struct A {\n    a: f", "a: f"),
    ("fn g() {}\nfn f() {\n    ", ""),
    ("fn g() {\n    return;\n}\nfn f", ""),
    ("fn f() { let x = ", ""),
    ("fn f() {\n    // a word", ""),
    ("fn f() {\n    /* a", ""),
    ("fn f() {\n    let \ud800 = ", ""),
    ("struct A {\n}\nconst x = ", ""),
    ("", ""),
    ("fn f() {\n    " + "x + " * 99, ""),
])  # fmt: skip
def test_a_line_is_begun_in_a_body_alone(prefix, begun):
    assert Prompt(prefix=prefix).begun == begun


@pytest.mark.parametrize(("prefix", "suffix", "lead", "tail"), [
    ("fn f() {\n    x();\n", "\n}", "    ", ""),
    ("fn f() {\n", "\n}", "    ", ""),
    ("fn f() {\n", "  y();\n}", "  ", "\n"),
    ("fn f() {\n", "\n\ty();\n}", "\t", ""),
    ("fn f() {\nx();\nif y {\n", "\n}\n}", "", ""),
    ("fn f() {\n    x();\n", "    y();\n}", "    ", "\n"),
    ("fn f() {\n    if x {", "}\n}", "\n        ", "\n    "),
    ("fn f() {", "", "\n    ", ""),
    ("fn f() {", "\n}", "\n    ", ""),
    ("fn f() {\n  ", "\n}", "", ""),
    ("fn f() {\n  ", "\n    y();\n}", "  ", ""),
    ("fn f() {\n    x();\n  ", "\n}", "  ", ""),
    ("fn f() {\n  if x {\n    x();\n  ", "}\n}", "", ""),
    ("fn f() {\n}\n", "fn g() {\n}\n", "", "\n"),
    ("", "fn f() {}", "", ""),
])  # fmt: skip
def test_a_text_has_lines_of_its_own(prefix, suffix, lead, tail):
    assert Cursor.between(prefix, suffix) == Cursor("", lead, tail)
    prompt = Prompt(prefix=prefix, suffix=suffix)
    assert (prompt.before, prompt.behind) == (prefix + lead, tail + suffix)
    assert prompt.source == (("prefix", prefix + lead), ("suffix", tail + suffix))


@pytest.mark.parametrize(("prefix", "suffix", "rest"), [
    ("fn f() {", " return; }", " return; }"),
    ("fn f() { ", " }", " }"),
    ("fn f() {\n    let x = ", ";\n}", ";"),
    ("fn f() {\n    let x = g(", ", 2.0); // why  \n    y();\n}", ", 2.0); // why"),
    ("fn f() {\n    ", " = 2.0;\n}", " = 2.0;"),
    ("fn f() {\n    ", "/ 2.0;\n}", "/ 2.0;"),
    ("fn f() {\n    ", "y();\n}", ""),
    ("fn f() {\n    ", "// why\n}", ""),
    ("fn f() {\n    ", "}\n", ""),
    ("fn f() {\n    let x = ", "  \n}", ""),
    ("fn f() {\n    let x = ", ";\u2028}", ";"),
    ("fn f() {\n    let x = ", "; /* why\n */ }", ";"),
    ("const x = ", ";\nconst y = x;\n", ";"),
])  # fmt: skip
def test_the_rest_of_a_line_is_read_with_the_line(prefix, suffix, rest):
    prompt = Prompt(prefix=prefix, suffix=suffix)
    assert (prompt.rest, prompt.within) == (rest, bool(rest))
    assert prompt.behind == suffix.removeprefix(rest)
    assert prompt.module("") == prefix + suffix


@pytest.mark.parametrize("blanks", [" ", "  ", " \t", "    "])
def test_blanks_behind_a_word_are_read_as_one(blanks):
    prompt = Prompt(prefix=f"fn f() {{\n    let x ={blanks}", suffix="\n}")
    assert (prompt.begun, prompt.before) == ("let x = ", "fn f() {\n    ")
    assert prompt.module("1;") == f"fn f() {{\n    let x ={blanks}1;\n}}"


def test_the_begun_text_is_cut_off(tiny_engine):  # noqa: F811
    tokenizer = tiny_engine.decoder.require().generator.loaded.tokenizer
    for text in ("let é🙂 = ", "return 3.14159", "x"):
        sure, tokens = sure_tokens(text, tokenizer), tokenizer.encode(text)
        assert text.startswith(tokenizer.decode(sure).decode()) and len(sure) < len(tokens)
        assert tokens_within(tokens, text, tokenizer.pieces) == len(tokens)
        assert tokens_within(tokens, text[:-1], tokenizer.pieces) == len(tokens) - 1
    behind = Behind("let x")
    assert [behind(piece) for piece in ("le", "t xy", "", "z")] == ["", "y", "", "z"]


@pytest.mark.parametrize("text", ["return 3.14", "retu", "let é🙂 = ", " ", "x"])
@pytest.mark.parametrize("sampling", [None, Sampling(9.0, top_k=1, draws_first=True)])
def test_a_text_starts_with_the_begun_word_whatever_the_model_prefers(
    tiny_engine,  # noqa: F811
    text, sampling,
):  # fmt: skip
    tokenizer = tiny_engine.decoder.require().generator.loaded.tokenizer
    begun = Begun(sampling.preference([1]) if sampling else greedy, text, tokenizer)
    logits, tokens = np.random.default_rng(5), []
    for _ in range(40):
        scores = begun(logits.normal(size=tokenizer.size).astype(np.float32), tokens)
        tokens.append(int(np.argmax(scores)))
        assert np.isfinite(scores[tokens[-1]])
    assert tokenizer.decode(tokens).decode("utf-8", "replace").startswith(text)


def test_a_line_is_continued_from_any_place(tiny_engine):  # noqa: F811
    code = FUNCTIONS["area.wgsl"]
    line = "return 3.14159 * square;"
    at, end = code.index(line), code.index(line) + len(line)
    right = 0
    for cut in range(1, len(line) - 1):
        gap = gap_at(code[: at + cut], code[end:])
        text = proposal(tiny_engine, gap, lambda: False)
        assert text == "" or fits(tiny_engine.judge, gap, text)
        right += line[:cut] + text == line
    assert right > len(line) / 2


@pytest.mark.parametrize(("suffix", "text", "right"), [
    ("\n    return a;\n}\n", "let b = max(a, 1.0);", True),
    ("\n    return a;\n}\n", "let b = max(a,", False),  # naga's place is behind it
    ("\n    return zz;\n}\n", "let b = max(a, 1.0);", True),  # that was wrong before
    ("\n    return zz;\n}\n", "let b = max(a,", False),
    ("\n    return b;\n}\n", "let b = max(a, 1.0);", True),
    ("\n    return b;\n}\n", "let c = max(a, 1.0);", True),
])  # fmt: skip
def test_a_text_fits_where_it_makes_nothing_worse(tiny_engine, suffix, text, right):  # noqa: F811
    gap = gap_at("fn f(a: f32) -> f32 {\n    ", suffix)
    assert fits(tiny_engine.judge, gap, text) == right


@pytest.mark.parametrize(("prefix", "text", "kept"), [
    ("    ", "return a; // why", ""), ("    ", "// why", "// why"), ("    x", " /* a */ + 1;", ""),
    ("    x = ", "a / 2;  ", "a / 2;"), ("", "\n    a();\n    // b", "\n    a();\n    // b"),
])  # fmt: skip
def test_no_rest_of_a_line_hides_in_a_comment(prefix, text, kept):
    assert gap_at(f"fn f() {{\n{prefix}", "\n}").fitting(text) == kept
