"""All line ends and blanks of WGSL, comments however deep: lexer, grammar, scope and naga agree."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tat.data.tokenizer import Tokenizer
from tat.decode.constraint import Constraints
from tat.decode.prompt import Prompt
from tat.wgsl.comments import without_comments
from tat.wgsl.declarations import functions, split_module
from tat.wgsl.grammar import Grammar, refused_at
from tat.wgsl.lexer import LINE_ENDS, plain, tokenize
from tat.wgsl.scope import Scope

GRAMMAR = Grammar.of_bytes()
BLANKS = " \t" + LINE_ENDS + "\u200e\u200f"
ENDS = [*LINE_ENDS, "\r\n"]


def nested(depth: int, inner: str) -> str:
    return f"{'/* ' * depth}{inner}{' */' * depth}"


words = st.text("ab é’€/* 距", max_size=8)
comments = st.one_of(
    st.builds(
        lambda text, end: f"//{text}{end}", words.filter(lambda w: True), st.sampled_from(ENDS)
    ),
    st.builds(nested, st.integers(1, 9), st.sampled_from(["", "x", "// y", "é\u2028", "\r\n"])),
)
gaps = st.lists(st.one_of(st.sampled_from(BLANKS), comments), min_size=1, max_size=3).map("".join)
TOKENS = ("const", "CELL", ":", "f32", "=", "0.5", ";", "fn", "half", "(", "x", ":", "f32", ")",
          "->", "f32", "{", "return", "x", "*", "CELL", ";", "}")  # fmt: skip


@settings(max_examples=60)
@given(data=st.data())
def test_tokens_apart_are_a_module_to_all(sandbox, data):
    text = "".join(data.draw(gaps) + token for token in TOKENS) + data.draw(gaps)
    assert refused_at(GRAMMAR, text) is None
    assert [t.text for t in tokenize(text) if t.kind != "comment"] == list(TOKENS)
    assert Scope.given("", text).whole
    assert [item.name for item in split_module(text)] == ["CELL", "half"]
    assert sandbox.validate(text) is None
    assert sandbox.validate(without_comments(text)) is None


pieces = st.sampled_from(["const A = 1;", "// a", "/*", "*/", "/* b", "/", *BLANKS])


@settings(max_examples=60)
@given(parts=st.lists(st.one_of(pieces, comments), max_size=6))
def test_any_order_of_comments_and_blanks_is_judged_as_naga_does(sandbox, parts):
    text = "".join(parts)
    # naga lets a comment be open at the end, the specification does not.
    assume(not any(t.kind == "error" and t.text.startswith("/*") for t in tokenize(text)))
    names = text.count("const A")
    for number in range(names):
        text = text.replace("const A =", f"const B{number} =", 1)
    assert (refused_at(GRAMMAR, text) is None) == (sandbox.validate(text) is None)


@given(st.text(alphabet=st.sampled_from("/*ab;\n\u2028\x85é\u200e\"' ")))
def test_plain_text_has_the_same_tokens_at_the_same_places(text):
    assert len(plain(text)) == len(text)
    before, after = tokenize(text), tokenize(plain(text))
    kept = [token for token in after if token.kind != "comment"]
    assert kept == [token for token in before if token.kind != "comment"]


@pytest.mark.parametrize("end", ENDS)
def test_a_comment_above_is_found_whatever_ends_its_line(end):
    text = f"const a = 1;{end}// doubles{end}fn twice(x: f32) -> f32 {{ return 2.0 * x; }}{end}"
    (function,) = functions(text)
    assert function.comment == "doubles"
    assert "doubles" not in without_comments(text) and "fn twice" in without_comments(text)
    far = text.replace(f"doubles{end}", f"doubles{end}{end}")
    assert functions(far)[0].comment == ""


@pytest.mark.parametrize("end", ENDS)
def test_a_gap_behind_any_line_end_has_a_constraint(end):
    tokenizer = Tokenizer.train(["const A = 1;"], 300)
    prefix = f"// width{end}const A{end}: f32 = "
    suffix = f"; // more{end}const B{end} = 2; {nested(6, 'x')}"
    constraint = Constraints(tokenizer).of(Prompt(prefix=prefix, suffix=suffix))
    assert constraint is not None
    ids = tokenizer.encode("0.5;")  # the whole line is written
    assert constraint.accept(ids) == len(ids)
    assert constraint._may_end()
