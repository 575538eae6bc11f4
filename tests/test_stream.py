"""Blocks that are rolled back give what masking every token gives, however tokens are chosen."""

import numpy as np
import pytest
from decoding import ALL_PROMPTS, CONSTRAINTS, PROMPTS, every_token_masked, new_generator

from tat.data.tokenizer import Special
from tat.decode.choice import Sampling, greedy
from tat.decode.generator import Generator, Request

CHOICES = {
    "greedy": Sampling(0.0),
    "cold": Sampling(0.7, seed=5),
    "hot": Sampling(3.0, seed=6),
    "top-k": Sampling(1.5, top_k=5, seed=1),
    "top-p": Sampling(1.5, top_p=0.3, seed=2),
    "min-p": Sampling(2.0, min_p=0.5, seed=3),
    "no repetition": Sampling(0.0, repetition_penalty=1.5),
    "all": Sampling(1.2, 40, 0.8, 0.05, 1.2, 9),
}


@pytest.fixture(scope="module")
def generator() -> Generator:
    return new_generator()


@pytest.mark.parametrize("prompt", ALL_PROMPTS.values(), ids=ALL_PROMPTS)
@pytest.mark.parametrize("sampling", CHOICES.values(), ids=CHOICES)
def test_blocks_give_what_masking_every_token_gives(generator, prompt, sampling):
    preference = sampling.preference(generator.source(prompt), 1)
    expected, score = every_token_masked(generator, prompt, CONSTRAINTS.of(prompt), preference)
    for _ in range(2):
        stream = generator.stream(Request(prompt, CONSTRAINTS.of(prompt), preference))
        [*_] = generator.tokens_of(stream)
        assert stream.tokens == expected
        assert stream.score == pytest.approx(score, rel=1e-4)


@pytest.mark.parametrize("sampling", CHOICES.values(), ids=CHOICES)
def test_without_a_constraint_it_is_step_by_step(generator, sampling):
    prompt = PROMPTS["body"]
    preference = sampling.preference(generator.source(prompt), 2)
    expected, _ = every_token_masked(generator, prompt, None, preference)
    assert list(generator.tokens(generator.source(prompt), None, preference)) == expected


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
def test_written_text_keeps_to_the_constraint(generator, prompt):
    """Every token is one that the constraint takes, and it never runs out of them."""
    source = generator.source(prompt)
    for number in range(6):
        preference = Sampling(2.0).preference(source, 1 + number)
        tokens = list(generator.tokens(source, CONSTRAINTS.of(prompt), preference))
        assert CONSTRAINTS.of(prompt).accept(tokens) == len(tokens)
        assert len(tokens) == generator.max_tokens or tokens[-1] == Special.EOS


def test_a_constraint_that_takes_everything_changes_nothing(generator):
    class Anything:
        def accept(self, tokens):
            return len(tokens)

    source = generator.source(PROMPTS["body"])
    assert list(generator.tokens(source, Anything())) == list(generator.tokens(source))


def test_nothing_allowed_ends_the_text(generator):
    class Nothing:
        def accept(self, tokens):
            return 0

        def mask(self, logits):
            logits[:] = -np.inf

        def rule_out(self, token, logits):
            logits[token] = -np.inf

    assert list(generator.tokens(generator.source(PROMPTS["body"]), Nothing())) == []


def test_text_is_emitted_as_it_is_settled(generator):
    prompt, pieces = PROMPTS["body"], []
    generation = generator.generate(prompt, pieces.append, CONSTRAINTS.of(prompt), greedy)
    assert pieces[0] == "fn area(radius: f32) -> f32 " and len(pieces) > 5
    assert "".join(pieces) == generation.text
