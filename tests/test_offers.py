"""A device's offers: the tokens and log-probabilities that all logits would give, with few read."""

from collections.abc import Callable

import numpy as np
import pytest
from decoding import CONSTRAINTS, PROMPTS, new_generator
from numpy import ndarray as Array
from test_chain import QueueingCpu, on, queues

from tat.backends.backend import Backend
from tat.backends.reference.decoding import rank_tokens
from tat.data.tokenizer import Special
from tat.decode.choice import Sampling, best, greedy, log_probability
from tat.decode.generator import Generator, Request
from tat.decode.offers import Offers, is_ranked
from tat.draws import Draw, scores

STEPS, ROWS, SIZE, RANKS = 3, 2, 50, 5
DRAWN = Sampling(0.9, draws_first=True).preference([1])


def recorded(logits: Array, draw: Draw, off: float = 0.0) -> tuple[Offers, list]:
    """Offers of logits [N, B, V] from position 7 on, and a list of the places that are read.

    The device's scores are off by so much.
    """
    steps, rows, size = logits.shape
    records, read = np.zeros((steps, rows, 3 * RANKS + 3), np.float32), []
    for step in range(steps):
        history = np.zeros((1, rows, size + 1), np.float32)
        history[0, :, :-1] = logits[step]
        position, lengths = np.full(rows, 8 + step), np.full(rows, 9 + step)
        rank_tokens(
            records[step][None], history, logits[step].copy(), logits[step].argmax(-1), position,
            lengths, np.tile([draw.temperature, 0, 1, 0, 1], (rows, 1)), np.full(rows, draw.key),
            batch=rows, vocabulary=size, length=99, block=1, first=Special.EOS, ranks=RANKS,
        )  # fmt: skip
    records[..., 1 + RANKS : 1 + 2 * RANKS] += off * np.arange(RANKS)

    def reads(places: list[tuple[int, int]]) -> Array:
        read.extend(places)
        return np.stack([logits[place] for place in places])

    return Offers(records, size, reads), read


@pytest.mark.parametrize("preference", [greedy, DRAWN], ids=["greedy", "drawn"])
def test_choices_are_those_of_all_logits(preference):
    logits = np.random.default_rng(1).normal(0, 3, (STEPS, ROWS, SIZE)).astype(np.float32)
    draw = getattr(preference, "draw", Draw())
    offers, read = recorded(logits, draw)
    offers.choose(dict.fromkeys(range(ROWS), (draw, 7)))
    for row in range(ROWS):
        for step, (offer, _) in enumerate(offers.of(row)):
            whole = logits[step, row].copy()
            whole[: Special.EOS] = -np.inf
            written = [9] * (7 + step)
            token = offer.best(preference, lambda: pytest.fail("nobody asks what was written"))
            assert token == best(preference, whole, written)
            assert offer.log_probability(token) == log_probability(whole, token)
            exact = scores(whole.astype(np.float64), len(written), draw)
            expected = np.argsort(-exact, kind="stable")
            few = offer.few(preference, len(written))
            assert len(few) >= 3 and few == expected[: len(few)].tolist()
            assert not offer.whole
    assert not read


def test_a_draw_that_is_too_close_to_tell_is_made_from_all_logits():
    """Where a token that is not told may win by the last places of a device's noise."""
    logits = np.random.default_rng(2).normal(0, 3, (STEPS, ROWS, SIZE)).astype(np.float32)
    offers, read = recorded(logits, DRAWN.draw, off=9.0)
    offers.choose({1: (DRAWN.draw, 7)})
    for step, (offer, _) in enumerate(offers.of(1)):
        whole = logits[step, 1].copy()
        whole[: Special.EOS] = -np.inf
        written = [9] * (7 + step)
        assert offer.best(DRAWN, written.copy) == best(DRAWN, whole, written)
        assert offer.few(DRAWN, 7 + step) == []
    assert read == [(step, 1) for step in range(STEPS)]


def test_filters_and_penalties_take_all_logits():
    assert is_ranked(Draw()) and is_ranked(Draw(0.7, key=3))
    for other in (None, Draw(1, top_k=4), Draw(1, top_p=0.9), Draw(1, min_p=0.1)):
        assert not is_ranked(other)
    assert not is_ranked(Draw(repetition_penalty=1.1))


def reading(generator: Generator) -> list[int]:
    """The numbers of rows of logits that the generator's chains read from now on."""
    counts, compiled = [], generator.programs.sampling

    def counted(shape):
        executable = compiled(shape)
        fetch = executable.fetch_rows
        executable.fetch_rows = lambda name, rows: (counts.append(len(rows)), fetch(name, rows))[1]
        return executable

    generator.programs.sampling = counted
    return counts


@queues
@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_logits_are_read_where_a_token_was_refused_alone(
    backend: Callable[[], Backend], temperature: float
):
    """Once for all rows of a block; not where the best few tokens have one that is accepted."""
    sampling = Sampling(temperature, draws_first=True)
    generator = on(backend(), new_generator(24, generate__batch=3))
    prompts = [PROMPTS[name] for name in ("body", "context", "program")]
    counts = reading(generator)
    free = [Request(p, None, sampling.preference([1], n)) for n, p in enumerate(prompts)]
    generator.generate_all(free)
    assert not counts
    held = [Request(r.prompt, CONSTRAINTS.of(r.prompt), r.preference) for r in free]
    made = generator.generate_all(held)
    assert 0 < sum(counts) < sum(text.tokens for text in made)
    assert max(counts) <= len(prompts)


@queues
def test_rows_of_a_metric_are_fetched(backend: Callable[[], Backend]):
    generator = on(backend(), new_generator())
    shape = generator.programs.shape(2, 1)
    generator.programs.place([([40, 41], [0]), ([42], [1])], shape)
    executable = generator.programs.sampling(shape)
    for name, values in {"lengths": [[1], [1]], "token": [[1], [1]], "settings": 1.0}.items():
        executable.write(name, np.array(values))
    executable.run(3)
    whole = executable.fetch("history")()
    rows = whole.reshape(-1, whole.shape[-1])
    fetched = [executable.fetch_rows("history", some) for some in ([5, 0, 2], [1])]
    np.testing.assert_array_equal(fetched[0](), rows[[5, 0, 2]])
    np.testing.assert_array_equal(fetched[1](), rows[[1]])
    assert np.isfinite(rows[[0, 2, 5]]).all() and rows[0].any()


def test_a_text_has_the_same_score_beside_one_that_only_the_host_can_choose():
    """Which takes its logits token by token, while the other is told by the device."""

    def odd(logits: Array, tokens: list[int]) -> Array:
        return -np.abs(np.arange(logits.size) - 50.0 - len(tokens))

    generator = on(QueueingCpu(), new_generator(20, generate__batch=2))
    prompts = PROMPTS["body"], PROMPTS["context"]
    alone = generator.generate_all([Request(prompts[0])])[0]
    beside, _ = generator.generate_all([Request(prompts[0]), Request(prompts[1], None, odd)])
    assert beside.text == alone.text and beside.score == pytest.approx(alone.score, rel=1e-5)
