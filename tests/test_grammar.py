"""The grammar: texts that it accepts and refuses, its masks, and hostile texts."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.cli import run
from tat.data.tokenizer import Special, Tokenizer
from tat.resources import resource
from tat.wgsl.declarations import functions
from tat.wgsl.grammar import Grammar, Start

BYTES = Grammar.of_bytes()
ENTRIES = [path.read_text("utf-8") for path in sorted(resource("cookbook").rglob("*.wgsl"))]
# Without prefix_sum: it names a variable `partial`, which the specification reserves.
CODES = [text for text in ENTRIES if "tags: starter" in text and " partial:" not in text]
TOKENIZER = Tokenizer.train(CODES, 700)
TOKENS = [TOKENIZER.decode([token]) for token in range(TOKENIZER.size)]
GRAMMAR = Grammar(TOKENS, Special.EOS)


def accepts(text: str, start: Start = "module") -> bool:
    matcher = BYTES.matcher(start)
    data = text.encode()
    return matcher.accept(data) == len(data) and matcher.whole


def in_body(statement: str) -> str:
    return f"fn f() {{ {statement} }}"


@pytest.mark.parametrize("code", CODES)
def test_the_cookbook(code: str):
    assert accepts(code)
    for function in functions(code):
        assert accepts(function.body, "body")
        assert accepts(f"{function.context}\n{function.signature} {function.body}", "program")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "// at the start\nfn f() {}",
        "/* a /* b /* c */ */ **/ // at the end",
        "enable f16, subgroups; requires a; diagnostic(off, chromium.x); ;",
        "@group(0) @binding(1) var<storage, read_write> a: array<vec2<f32>, 4>;",
        "@id(3) override scale: f32; override other = 2 * scale;",
        "struct S { @align(16) a: array<array<f32, 2>,3>, @size(8) b: u32, }",
        "alias A = array<vec4<f32>,2>; const_assert 1 < 2;",
        "@compute @workgroup_size(8, 8) fn main(@builtin(global_invocation_id) id: vec3u,) {}",
        "fn größe(é: f32) -> @location(0) vec4<f32> { return vec4<f32>(é); }",
        "const a: array<f32,1>=array<f32,1>(1e+5f); const b = 0x1.8p3 + .5 + 5. + 1li;",
        in_body("let a = b >> 2u >= c; a >>= 1u; *p <<= (a << 1u);"),
        in_body("if a { } else if b { return; } else { discard; }"),
        in_body("switch x { case 1, 2: { } case default, 3 { } default: { break; } }"),
        in_body("for (var i = 0; i < 9; i++) { } for (; ; ) { } while true { continue; }"),
        in_body("loop { continuing { i += 1; break if i > 9; } }"),
        in_body("_ = a[1].b[f(2,)].xyz; (*p).x = -!~*&q; &a; b--;".replace(" &a;", "")),
        in_body("let a = i32(a<b); let c = a & b & c; let d = (a && b) || c; x = a<b>(c);"),
        in_body("@diagnostic(off, x) if a { } const_assert true; { ; }"),
    ],
)
def test_modules_of_the_specification_are_accepted(text: str):
    assert accepts(text)


@pytest.mark.parametrize(
    "text",
    [
        "fn f() {} }", "fn f( { }", "fn f() -> { }", "fn fn() { }", "/* open", "/* /* */",
        "struct S { a: f32; }", "var a", "let a = 1;", "@align(16) struct S { a: f32 }",
        *map(in_body, [
            "x = 1", "let if = 1;", "let __a = 1;", "let sizeof = 1;", "let _ = 1;", "1 = x;",
            "return 1 +;", "f(1,,2);", "for (;;)", "x = a || b && c;", "x = a & b == c;",
            "x = a < b < c;", "let d = 01;", "a + b;", "else { }", "loop { continuing { } a(); }",
            "if a return;", "x = y = z;", "let x: f32;", "x = a << b << c;", "(a) b;", "x = $;",
        ]),
    ],
)  # fmt: skip
def test_invalid_modules_are_refused(text: str):
    assert not accepts(text)


def test_start_symbols():
    assert accepts("{ return 1; }", "body") and not accepts("{ } fn f() { }", "body")
    assert not accepts("fn f() { }", "body") and not accepts("{", "body")
    assert accepts("const a = 1; fn g() { } fn f() { }", "program")
    assert not accepts("fn f() { } const a = 1;", "program") and not accepts("", "program")


@given(st.sampled_from(CODES), st.randoms(use_true_random=False))
def test_a_mask_holds_exactly_what_may_come(code: str, chance: random.Random):
    """After any whole tokens of a module: a token is in the mask if it alone is accepted."""
    ids = TOKENIZER.encode(code)
    matcher = GRAMMAR.matcher("module")
    cut = chance.randrange(len(ids) + 1)
    assert matcher.accept(ids[:cut]) == cut
    mask = matcher.allowed()
    assert len(mask) == TOKENIZER.size
    assert all(mask[token] for token in ids[cut : cut + 1])
    assert bool(mask[Special.EOS]) == matcher.whole
    for token in chance.sample(range(TOKENIZER.size), 100):
        if TOKENS[token]:
            assert bool(mask[token]) == (matcher.copy().accept([token]) == 1), TOKENS[token]
        elif token != Special.EOS:
            assert not mask[token]


def test_a_forced_text_may_be_spelled_in_any_tokens():
    """All tokens that start `override` go on from "o", which at the module's start is forced."""
    matcher = GRAMMAR.matcher("module")
    matcher.accept(TOKENIZER.encode("overr"))
    mask = matcher.allowed()
    found = {TOKENS[token] for token in range(TOKENIZER.size) if TOKENS[token] and mask[token]}
    assert found == {text for text in TOKENS if text and b"ide".startswith(text)}
    assert len(found) > 1


@given(st.sampled_from(CODES), st.integers(0, 50), st.integers(1, 20))
def test_rolling_back_restores_the_state(code: str, keep: int, more: int):
    ids = TOKENIZER.encode(code)[: keep + more]
    keep = min(keep, len(ids))
    matcher, other = GRAMMAR.matcher("module"), GRAMMAR.matcher("module")
    assert matcher.accept(ids) == len(ids)
    matcher.rollback(len(ids) - keep)
    other.accept(ids[:keep])
    assert matcher.allowed() == other.allowed()


def test_a_refused_token_leaves_the_state_as_it_was():
    matcher = BYTES.matcher("module")
    assert matcher.accept(b"fn f() ]") == 7
    assert matcher.accept(b"{}") == 2 and matcher.whole


def test_a_text_beyond_the_parser_s_limits_leaves_the_state_as_it_was():
    matcher, other = BYTES.matcher("module"), BYTES.matcher("module")
    for each in (matcher, other):
        assert each.accept(b"fn f() { a(") == 11
        each.rollback(2)
    assert matcher.accept(b"var x: " + b"a<" * 3_000 + b"b" + b">" * 3_000) == 0
    assert matcher.allowed() == other.allowed()
    assert matcher.copy().accept(b"}") == 1 and matcher.accept(b" }") == 2 and matcher.whole


def test_the_end_is_never_taken():
    matcher = BYTES.matcher("module")
    assert matcher.accept([*b"fn f() {}", 256]) == 9


@pytest.mark.parametrize(
    "text",
    [
        in_body("x = " + "(" * 10_000 + "1" + ")" * 10_000 + ";"),
        in_body("if a { }" + " else if a { }" * 4_000),
        "var x: " + "a<" * 3_000 + "b" + ">" * 3_000 + ";",
        "/*" + "*" * 100_000 + "/",
        "//" + "é" * 100_000,
        in_body("x = " + "a <" * 3_000 + "b;"),
        "\0" * 1000,
        "fn f() {" * 5_000,
    ],
)
def test_hostile_texts_get_an_answer(text: str):
    matcher = BYTES.matcher("module")
    data = text.encode()
    taken = matcher.accept(data)
    assert 0 <= taken <= len(data)
    matcher.allowed()  # and the matcher still works


def test_the_command_prints_the_grammar(capsys: pytest.CaptureFixture[str]):
    assert run(["grammar"]) == 0
    assert capsys.readouterr().out.startswith("start: module\n")


def test_the_command_names_what_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    good, bad = tmp_path / "good.wgsl", tmp_path / "bad.wgsl"
    good.write_text("fn f() { }")
    bad.write_text("fn f() {\n  let é = 1 1;\n}")
    assert run(["grammar", "--check", str(good)]) == 0
    assert run(["grammar", "--check", str(good), str(bad)]) == 8
    assert capsys.readouterr().out == f"{bad}:2:13: unexpected '1'\n"
