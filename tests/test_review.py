"""Statements reviewed as they are written: refused ones are drawn again, nothing else moves."""

from collections import deque
from hashlib import sha256
from itertools import pairwise

import numpy as np
import pytest
from decoding import CONSTRAINTS, PROMPTS, ByDefinition, new_generator
from hypothesis import given, settings
from hypothesis import strategies as st

from tat.cookbook.library import load
from tat.data.corpus import last_function
from tat.data.tokenizer import Special
from tat.decode.choice import Sampling
from tat.decode.generator import Request
from tat.decode.prompt import Prompt
from tat.decode.review import Review, closings, ends, is_lost, wanders
from tat.wgsl.lexer import code_of
from tat.wgsl.sandbox import Diagnostic

BYTES = [bytes([byte]) for byte in range(256)]


def reviewed(prompt: Prompt, text: str, sandbox, most: int = 5) -> list[int]:
    """The places to which a text of bytes is sent back, although it is written to its end."""
    review, tokens, back = Review(prompt, sandbox, BYTES, most), [], []
    for byte in text.encode():
        tokens.append(byte)
        kept = review.take(tokens)
        if kept is not None:
            back.append(kept)
    return back


def test_nothing_is_refused_of_functions_that_people_wrote(sandbox):
    for entry in load():
        function = last_function(entry.name, entry.request, entry.code)
        given_ = "\n".join((function.context, *function.calls))
        prompt = Prompt(entry.request, function.signature, given_)
        if sandbox.validate(prompt.module(f"{prompt.lead}{function.body}")) is None:
            assert reviewed(prompt, function.body, sandbox) == [], entry.name


PLAIN = Prompt("", "fn f(x: f32) -> f32")


@pytest.mark.parametrize(("text", "back"), [
    ("{ let a = x.y; return a; }", "{"),
    ("{ let a = 2.0; return a.z; }", "{ let a = 2.0;"),
    ("{ let a = 2.0; if a { return a; } return 1.0; }", "{ let a = 2.0;"),
    ("{ for (var i = 0; i < 3.0; i++) { } return x; }", "{"),
    ("{ if x > 1.0 { return 2.0; } }", "{ if x > 1.0 { return 2.0; }"),
    ("{ let a = " + "abs(" * 13 + "x" + ")" * 13 + "; return a; }", "{"),
    ("{ let coverFactorFactorFactor = x; return x; }", "{"),
    ("{ var y = x;" + " y = sin(y) + x;" * 5 + " return y; }",
     "{ var y = x;" + " y = sin(y) + x;" * 4),
    ("{ let a = x; let b = " + "a + " * 80 + "x; return b; }", "{ let a = x;"),
    ("{ let a = x; let b = a +" + " " * 600 + "1.0; return b; }", "{ let a = x;"),
    ("{ return x; let a = 1.0; }", "{ return x;"), ("{ return x; ; }", "{ return x;"),
    ("{ let a = x +" + " " * 18 + "1.0; return a; }", "{"),
    ("{ let a = x +\n\n1.0; return a; }", "{"), ("{ return x\u200e + 1.0; }", "{"),
    ("{ let a = x; /* " + "words and words " * 14, "{ let a = x;"),
    ("{ let a = x; // " + "x " * 110, "{ let a = x;"),
])  # fmt: skip
def test_a_wrong_statement_goes_back_to_where_it_began(text, back, sandbox):
    assert reviewed(PLAIN, text, sandbox)[0] == len(back)


@pytest.mark.parametrize(("text", "back"), [
    ("{ }", "{"), ("{ return; }", "{ return;"), ("{ { } }", "{ { }"), ("{ // a\n}", "{"),
])  # fmt: skip
def test_a_body_that_does_nothing_goes_back_to_before_it_ended(text, back, sandbox):
    assert reviewed(Prompt("", "fn f()"), text, sandbox)[0] == len(back)


def test_columns_and_empty_blocks_inside_of_a_body_stay(sandbox):
    text = "{ var a = 1;" + " " * 30 + "// one\n\n" + " " * 40 + "loop { break; } if a > 1 { } }"
    assert reviewed(Prompt("", "fn f()"), text, sandbox) == []


@pytest.mark.parametrize("text", [
    "{ let a = x.y; return a; }", "{ for (var i = 0; i < 3; i++) { } return x; }", "{ return x; }",
])  # fmt: skip
def test_naga_is_asked_where_a_review_says_that_it_may_wait(text):
    class Counting:
        asked = 0

        def validate(self, source):
            self.asked += 1

    counting, waited = Counting(), 0
    review = Review(PLAIN, counting, BYTES, most=5)
    for end in range(1, len(text) + 1):
        before, tokens = counting.asked, list(text[:end].encode())
        review.take(tokens)
        waited += review.may_wait(tokens[-1:])
        assert counting.asked == before or review.may_wait(tokens[-1:])
    assert 0 < waited < len(text) and not review.may_wait([])


def test_nothing_is_refused_before_a_look(sandbox):
    text = b"{ let a = max(x, 1.0); var bee_and_bee_and_bee = a; return a.z; }"
    one, several = (Review(PLAIN, sandbox, BYTES, 5) for _ in range(2))
    found, end = {}, 0
    while end < len(text):
        end += several.until_look(end, text[end:])
        found[end] = several.take([*text[:end]])
    each = {end: one.take([*text[:end]]) for end in range(1, len(text) + 1)}
    assert len(found) < len(text) / 2 and found.items() <= each.items()
    assert set(each.values()) == set(found.values()) != {None}


@pytest.mark.parametrize("text", [
    "{ switch i32(x) { case 1: { return 2.0; } default: { return x; } } }",
    "{ loop { if x > 1.0 { break; } continuing { } } return x; }",
    "{ return x; }", "{ var y = x; while y > 1.0 { y *= 0.5; } return y; }",
    "{ if x > 1.0 { return 2.0; } else { return x; } }",
    "{ // a comment; with { marks }\n    return x;\n}", "{ { let y = x; } return x; }",
])  # fmt: skip
def test_control_flow_is_closed_so_that_naga_takes_it(text, sandbox):
    assert sandbox.validate(f"fn f(x: f32) -> f32 {text}") is None
    assert reviewed(PLAIN, text, sandbox) == []


def test_a_description_alone_is_reviewed_from_its_first_declaration(sandbox):
    text = "struct S { x: f32 }\n\nfn f(s: S) -> f32 { let a = s.y; return a; }"
    back = reviewed(Prompt("something"), text, sandbox)
    assert back[0] == text.index(" let a")


def test_a_context_that_naga_refuses_ends_the_review(sandbox):
    prompt = Prompt("", "fn f(x: f32) -> f32", "const wrong: f32 = 1u;")
    assert reviewed(prompt, "{ return x; }", sandbox) == []


def test_after_so_many_refusals_the_text_ends_unfinished():
    generator, prompt = new_generator(), PROMPTS["body"]
    sampling, source = Sampling(1.0, draws_first=True), generator.source(prompt)
    review = Review(prompt, Never(), generator.pieces, 3)
    [generation] = generator.generate_all([Request(
        prompt, CONSTRAINTS.of(prompt), sampling.preference(source), review,
        lambda attempts: sampling.preference(source, attempts),
    )])  # fmt: skip
    assert review.attempts() <= 3 and not generation.finished
    assert review.gave_up() == (review.attempts() == 3)


@pytest.mark.parametrize(("number", "most"), [(0, 1024), (1, 512), (7, 512)])
def test_a_text_ends_after_as_many_tokens_in_vain(number, most):
    review = Review(PLAIN, Never(), BYTES, 1000, number)
    tokens = [*b"{ let a = x + x + x + x;"]
    while not review.gave_up():
        assert review.attempts() * len(tokens) < most
        assert review.take(tokens) == 0
    assert review.attempts() == -(-most // len(tokens))


class Never:
    """Takes a function's head and no statement."""

    def validate(self, source: str) -> Diagnostic | None:
        return Diagnostic("no", 1, 1) if ";" in source else None


def test_a_place_that_only_leads_to_refusals_is_left(sandbox):
    review, lead = Review(PLAIN, sandbox, BYTES, 40), b"{ let a = 2.0;"
    for end in range(1, len(lead) + 1):
        assert review.take(list(lead[:end])) is None
    wrong = [*lead, *b" let b = a.z;"]
    assert [review.take(wrong) for _ in range(8)] == [len(lead)] * 7 + [len(b"{")]


@given(st.text("(){};letvar x=.0,", max_size=80))
def test_any_text_can_be_closed_and_judged(text):
    tokens = code_of(text)
    assert isinstance(closings(tokens, text), list)
    assert isinstance(ends(tokens) or is_lost(tokens) or wanders(tokens), bool)


class Moody:
    """Refuses a third of all texts, by what they say."""

    def validate(self, source: str) -> Diagnostic | None:
        return None if sha256(source.encode()).digest()[0] % 3 else Diagnostic("no")


@settings(max_examples=12, deadline=None)
@given(
    name=st.sampled_from(["body", "context", "program"]), seed=st.integers(0, 99),
    block=st.sampled_from([1, 4, 8]), drafts=st.sampled_from([0, 4]), rows=st.integers(1, 5),
    constrained=st.booleans(),
)  # fmt: skip
def test_blocks_drafts_and_company_move_no_token(name, seed, block, drafts, rows, constrained):
    sampling, prompt = Sampling(1.0, seed=seed, draws_first=True), PROMPTS[name]

    def request(generator, number: int) -> Request:
        source = generator.source(prompt)
        constraint = CONSTRAINTS.of(prompt) if constrained else None
        return Request(
            prompt, constraint, sampling.preference(source, number),
            Review(prompt, Moody(), generator.pieces, 6),
            lambda attempts: sampling.preference(source, number + 100 * attempts),
        )  # fmt: skip

    plain = {"generate__block": 1, "generate__drafts": 0, "generate__batch": 1}
    alone = new_generator(**plain)
    [expected] = alone.generate_all([request(alone, 0)])
    other = new_generator(generate__block=block, generate__drafts=drafts, generate__batch=rows)
    found = other.generate_all([request(other, number) for number in range(rows)])
    assert found[0] == expected
    assert expected.tokens <= 40


@pytest.mark.parametrize("seed", range(4))
def test_the_score_is_that_of_the_tokens_that_stayed(seed):
    generator, prompt = new_generator(), PROMPTS["body"]
    sampling, source = Sampling(1.0, seed=seed, draws_first=True), generator.source(prompt)
    moods = iter([3, None, 0, None, 2, 1])  # tokens that stay, after each token

    class Script:
        count = 0

        def take(self, tokens):
            kept = next(moods, None)
            self.count += kept is not None
            return kept if kept is None or kept < len(tokens) else None

        def attempts(self):
            return self.count

        def gave_up(self):
            return False

        def may_wait(self, tokens):
            return bool(tokens)

        def until_look(self, settled, coming):
            return 1

    stream = generator.stream(
        Request(
            prompt, CONSTRAINTS.of(prompt), sampling.preference(source), Script(),
            lambda attempts: sampling.preference(source, attempts),
        )
    )  # fmt: skip
    [*generator.run(deque([stream]), 1)]
    model, total = ByDefinition(generator, [source]), 0.0
    for position, (last, token) in enumerate(pairwise([Special.BOS, *stream.tokens])):
        logits = model.logits(last, position).astype(np.float64)
        total += logits[token] - np.logaddexp.reduce(logits)
    assert stream.score == pytest.approx(total, rel=1e-4)
