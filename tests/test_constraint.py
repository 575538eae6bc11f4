"""Constraints on the text for a prompt: forms, names, keywords, and hostile prompts."""

import numpy as np
import pytest
from decoding import CONSTRAINTS, PROMPTS, TOKENIZER

from tat.data.tokenizer import FIRST_BYTE, Special
from tat.decode.constraint import Constraints
from tat.decode.prompt import Prompt


def taken(prompt: Prompt, text: str) -> bool:
    ids = TOKENIZER.encode_target(text)
    return CONSTRAINTS.of(prompt).accept(ids) == len(ids)


def test_each_form_takes_its_own_texts():
    body, context, program, gap = PROMPTS.values()
    assert taken(body, "{ return radius * radius; }") and not taken(body, "{ return x; }")
    assert taken(context, "{ return g(b.r); }") and not taken(context, "{ return g(b.r, 1); }")
    assert taken(program, "const a = 1;\nfn f() -> i32 { return a; }")
    assert not taken(program, "const a = 1;") and not taken(program, "fn f() { return b; }")
    assert taken(gap, "x + 1.0;") and not taken(gap, "x + 1.0") and not taken(gap, "z;")
    inside = Prompt(prefix=gap.prefix, suffix="; return y; }")  # its line is written with its rest
    assert taken(inside, f"x + 1.0{inside.rest}") and not taken(inside, "x + 1.0")
    assert not taken(inside, f"z{inside.rest}")
    assert not taken(gap, "x; }")


def test_special_tokens_are_no_text():
    for token in (Special.PAD, Special.BOS, Special.COMMENT, Special.SUFFIX):
        assert CONSTRAINTS.of(PROMPTS["body"]).accept([token]) == 0


def test_a_word_that_only_a_keyword_could_be_needs_the_keyword_s_place():
    prompt = PROMPTS["body"]
    start = TOKENIZER.encode("{ let a = ")
    for word, expected in [("retu", False), ("rad", True), ("tru", True), ("whil", False)]:
        constraint = CONSTRAINTS.of(prompt)
        assert constraint.accept(start) == len(start)
        ids = TOKENIZER.encode(word)
        assert (constraint.accept(ids) == len(ids)) == expected, word


def test_a_prefix_that_is_no_module_has_no_constraint():
    assert CONSTRAINTS.of(Prompt(prefix="]]", suffix="")) is None
    assert CONSTRAINTS.of(Prompt(prefix="", suffix="fn f() { }")) is not None


@pytest.mark.parametrize(
    "prompt",
    [
        Prompt("x", "fn f(" + "(" * 10_000),
        Prompt("x", "fn", "struct {" * 1000),
        Prompt("\x00\x1b", "\x00", "\ud800"),
        Prompt(prefix="fn f() { let x = " + "(" * 10_000, suffix=")"),
        Prompt(prefix="/*" * 5000, suffix="\ud800"),
    ],
)
def test_hostile_prompts(prompt: Prompt):
    constraint = CONSTRAINTS.of(prompt)
    if constraint is not None:
        logits = np.zeros(TOKENIZER.size)
        constraint.accept(TOKENIZER.encode("{ let a = 1; }"))
        constraint.mask(logits)
        assert np.isfinite(logits).any()


TEXTS = {
    "body": "{ let a = radius * 2.0; return max(a, 1",
    "calls": "{ let e = max /* so */ ( 1 , radius) / min(2, 3\n) - vec2(e",
    "context": "{ var _r2 = g(b.r); _ = 0x1; while (_r2 <= 2) { _r2 += select(1, vec2<f32>(",
    "program": "/* why */ struct A { a: f32 } const b = 2; // so\nfn h(c: A) { return c.a / b",
}


@pytest.mark.parametrize("form", TEXTS)
def test_mask_and_refusals_leave_all_that_may_follow(form: str):
    """After any byte of a text, and whichever token was refused."""
    constraint, size = CONSTRAINTS.of(PROMPTS.get(form, PROMPTS["body"])), TOKENIZER.size
    for byte in TEXTS[form].encode():
        logits = np.zeros(size)
        constraint.mask(logits)
        taken = np.array([constraint.copy().accept([token]) for token in range(size)])
        assert taken.any() and np.isfinite(logits[taken == 1]).all()
        for token in np.flatnonzero(taken == 0):
            left = logits.copy()
            constraint.rule_out(token, left)
            assert left[token] == -np.inf and np.isfinite(left[taken == 1]).all(), token
        assert constraint.accept([FIRST_BYTE + byte])


@pytest.mark.parametrize(
    ("text", "refused", "also", "never"),
    [
        ("{ let a =", "k", "jzA", "(-1r_"),  # `radius`, and nothing with the others
        ("{ let a = ", "z", "ZQ", "r1"),
        ("{ let a = rad", "a", "bcd0", "i"),
        ("{ let a = rad", ";", " )+/\n", "i"),  # a word that no declaration has
        ("{ let a = rad", "\xff", "\xf0\x80", "i"),
        ("{ let a", "(", "", "b1 ="),  # where any word may stand
    ],
)
def test_one_refusal_rules_out_all_tokens_that_are_alike(text, refused, also, never):
    constraint = CONSTRAINTS.of(PROMPTS["body"])
    assert constraint.accept(TOKENIZER.encode(text))
    logits = np.zeros(TOKENIZER.size)
    constraint.rule_out(FIRST_BYTE + ord(refused), logits)

    def out(letters: str) -> set[bool]:
        return {bool(np.isinf(logits[FIRST_BYTE + ord(letter)])) for letter in letters}

    assert out(refused) == {True} and out(also) <= {True} and out(never) == {False}


@pytest.mark.parametrize("form", TEXTS)
def test_a_block_is_taken_as_its_tokens_one_by_one(form: str):
    """Cut anywhere, with a wrong token anywhere; what is taken leaves the same state."""
    prompt, ids = PROMPTS.get(form, PROMPTS["body"]), TOKENIZER.encode(TEXTS[form])
    draw = np.random.default_rng(5)
    for _ in range(40):
        one, several, place = CONSTRAINTS.of(prompt), CONSTRAINTS.of(prompt), 0
        while place < len(ids):
            block = ids[place : place + draw.integers(1, 6)]
            if draw.random() < 0.5:
                block[draw.integers(len(block))] = draw.integers(TOKENIZER.size)
            taken = 0
            while taken < len(block) and one.accept(block[taken : taken + 1]):
                taken += 1
            assert several.accept(block) == taken
            masks = np.zeros((2, TOKENIZER.size))
            one.mask(masks[0]), several.mask(masks[1])
            np.testing.assert_array_equal(*masks)
            if block[:taken] != ids[place : place + taken]:
                break
            place += max(taken, 1)
            if taken < len(block):
                break


def test_a_copy_goes_its_own_way():
    constraint = CONSTRAINTS.of(PROMPTS["body"])
    constraint.accept(TOKENIZER.encode("{ let a = "))
    other, ids = constraint.copy(), TOKENIZER.encode("1; return a; }")
    assert other.accept(ids) == len(ids) and other.accept([Special.EOS]) == 1
    assert constraint.accept([Special.EOS]) == 0
    ids = TOKENIZER.encode("radius; }")
    assert constraint.accept(ids) == len(ids)


def test_a_constraint_goes_back_to_where_it_was():
    """Behind blocks, in the middle of one, and again; what follows is refused as it was then."""
    ids, draw = TOKENIZER.encode(TEXTS["body"]), np.random.default_rng(7)
    constraint, place = CONSTRAINTS.of(PROMPTS["body"]), 0
    for _ in range(60):
        while place < len(ids) and draw.random() < 0.7:
            place += constraint.accept(ids[place : place + draw.integers(1, 9)])
        constraint.accept([draw.integers(TOKENIZER.size)] if draw.random() < 0.3 else [])
        place = draw.integers(place + 1)
        constraint.rewind(ids[:place])
        fresh = CONSTRAINTS.of(PROMPTS["body"])
        assert fresh.accept(ids[:place]) == place
        masks = np.zeros((2, TOKENIZER.size))
        for one, mask in zip((constraint, fresh), masks, strict=True):
            one.mask(mask)
            for token in range(TOKENIZER.size):
                if mask[token] == 0 and not one.copy().accept([token]):
                    mask[token] = 1
        np.testing.assert_array_equal(*masks)
    other = constraint.copy()
    other.rewind([])
    assert other.accept(ids) == len(ids) and constraint.accept(ids[place:]) == len(ids) - place


PROMPT = Prompt("", "fn f(a: f32) -> f32", "")


@pytest.mark.parametrize("text", ["{ // why\n return a; }", "{ /* why */ return a; }"])
def test_models_that_learnt_none_write_no_comments_outside_of_gaps(text):
    bare = Constraints(TOKENIZER, comments=False)
    ids = TOKENIZER.encode(text)
    assert CONSTRAINTS.of(PROMPT).accept(ids) == len(ids)
    taken = TOKENIZER.decode_text(ids[: bare.of(PROMPT).accept(ids)])
    assert text.startswith(taken) and "//" not in taken and "/*" not in taken
    gap = bare.of(Prompt(prefix="fn f() { ", suffix=" }"))
    assert gap.accept(TOKENIZER.encode("// why\n")) == len(TOKENIZER.encode("// why\n"))


def test_a_slash_that_could_only_start_a_comment_is_refused_with_it():
    bare = Constraints(TOKENIZER, comments=False)
    for text, expected in (("{ return max /", "{ return max"), ("{ return a /", "{ return a /")):
        ids = TOKENIZER.encode(text)
        taken = TOKENIZER.decode_text(ids[: bare.of(PROMPT).accept(ids)])
        assert taken.rstrip() == expected


def test_no_text_drifts_off_in_blank_space():
    constraint = CONSTRAINTS.of(PROMPT)
    ids = TOKENIZER.encode("{" + 500 * " \n")
    blank = TOKENIZER.decode(ids[: constraint.accept(ids)])
    assert 50 < len(blank) <= 101
    assert constraint.accept(TOKENIZER.encode("return a;}")) == len(TOKENIZER.encode("return a;}"))
