"""Beam search: width 1 is greedy, and wider ones follow the definition."""

import numpy as np
import pytest
from decoding import ALL_PROMPTS, CONSTRAINTS, PROMPTS, ByDefinition, new_generator

from tat.data.tokenizer import Special
from tat.decode.beam import beam_search
from tat.decode.choice import Sampling, log_softmax
from tat.decode.generator import Generator, Request

prompts = pytest.mark.parametrize("prompt", ALL_PROMPTS.values(), ids=ALL_PROMPTS)


@pytest.fixture(scope="module")
def generator() -> Generator:
    return new_generator(16)


@pytest.fixture(scope="module")
def terse() -> Generator:
    """A generator that likes to end: its last states are pushed towards the end token's row."""
    made = new_generator(10, seed=4)
    model, backend = made.loaded.model, made.loaded.backend
    table = model.embedding.table
    values = backend.read(table.root).copy()
    rows = values[table.offset : table.offset + table.size].reshape(table.shape)
    norm = model.decoder_norm.bias
    values[norm.offset : norm.offset + norm.size] += 2 * rows[Special.EOS]
    backend.write(table.root, values)
    return made


def by_definition(generator, prompt, constraint, width) -> list[tuple[list[int], float]]:
    """All continuations of all texts, sorted; nothing cached, nothing lazy."""
    model = ByDefinition(generator, generator.sources(prompt))
    held, again = generator.held(Request(prompt))
    live, done = [([], 0.0)], []
    for _ in range(generator.limit(again)):
        following = []
        for tokens, score in live:
            for place, token in enumerate([Special.BOS, *tokens]):
                logits = model.logits(token, place)
            state = constraint.copy() if constraint else None
            assert state is None or state.accept(tokens) == len(tokens)
            for token, log in enumerate(log_softmax(logits)):
                allowed = state is None or state.copy().accept([token])
                allowed = allowed and np.isfinite(held(logits, tokens)[token])
                if allowed and np.isfinite(log):
                    following.append(([*tokens, token], score + float(log)))
        following.sort(key=lambda text: -text[1])
        live = [text for text in following if text[0][-1] != Special.EOS][:width]
        reach = following.index(live[-1]) if len(live) == width else len(following)
        ending = following[: min(width, reach)]
        done += [text for text in ending if text[0][-1] == Special.EOS]
        live = [] if len(done) >= width else live
    texts = [(t, s / len(t)) for t, s in done], [(t, s / len(t)) for t, s in live]
    ranked = [sorted(part, key=lambda text: -text[1]) for part in texts]
    return [*ranked[0], *ranked[1]][:width]


@prompts
@pytest.mark.parametrize("grammar", [False, True])
@pytest.mark.parametrize("penalty", [1.0, 1.4])
def test_one_beam_is_greedy(generator, prompt, grammar, penalty):
    preference = Sampling(0.0, repetition_penalty=penalty).preference([])
    requests = [Request(prompt, CONSTRAINTS.of(prompt) if grammar else None, preference)
                for _ in range(2)]  # fmt: skip
    [beam], [greedy] = beam_search(generator, requests[0], 1), generator.generate_all(requests[1:])
    assert beam.text == greedy.text and beam.finished == greedy.finished
    if penalty == 1.0:
        assert beam.score == pytest.approx(greedy.score, rel=1e-5)


@prompts
@pytest.mark.parametrize("grammar", [False, True])
@pytest.mark.parametrize("width", [2, 4])
def test_beams_are_those_of_the_definition(terse, prompt, grammar, width):
    constraint = CONSTRAINTS.of(prompt) if grammar else None
    expected = by_definition(terse, prompt, constraint, width)
    found = beam_search(terse, Request(prompt, constraint), width)
    decode = terse.loaded.tokenizer.decode
    for text, (tokens, score) in zip(found, expected, strict=True):
        written = [t for t in tokens if t != Special.EOS]
        whole = prompt.lead + decode(written).decode("utf-8", "replace")
        assert text.text == whole[len(prompt.begun) :]
        assert text.finished == (tokens[-1] == Special.EOS)
        assert text.score == pytest.approx(score, rel=1e-4)


def test_the_search_ends_in_both_ways(generator, terse):
    prompt = PROMPTS["program"]
    assert not any(text.finished for text in beam_search(generator, Request(prompt), 3))
    assert any(text.finished for text in beam_search(terse, Request(prompt), 3))


def test_more_beams_find_texts_at_least_as_likely(generator):
    """Beam search does not promise it; it holds here, where unfinished texts have equal lengths."""
    for prompt in ALL_PROMPTS.values():
        [greedy] = generator.generate_all([Request(prompt)])
        found = beam_search(generator, Request(prompt), 6)
        assert found[0].score >= greedy.score - 1e-6
        assert len({text.score for text in found}) == 6


def test_where_nothing_may_follow_the_texts_so_far_are_returned(generator):
    class Limited:
        """Takes two tokens, then none."""

        def __init__(self, taken=0):
            self.taken = taken

        def accept(self, tokens):
            if self.taken == 2 or tokens[0] == Special.EOS:
                return 0
            self.taken += 1
            return 1

        def mask(self, logits):
            if self.taken == 2:
                logits[:] = -np.inf

        def rule_out(self, token, logits):
            logits[token] = -np.inf

        def copy(self):
            return Limited(self.taken)

    found = beam_search(generator, Request(PROMPTS["body"], Limited()), 3)
    assert [(text.tokens, text.finished) for text in found] == [(2, False)] * 3
