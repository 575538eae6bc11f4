"""Choice of tokens: filters, penalties and noise, and that a choice depends on nothing else."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tat.config import resolve
from tat.decode.choice import Sampler, Sampling, greedy, log_softmax, penalised, threshold
from tat.errors import UsageError

LOGITS = arrays.arrays(np.float32, st.integers(1, 40), elements=st.floats(-30, 30, width=32))
SAMPLINGS = st.builds(
    Sampling,
    temperature=st.floats(0.05, 5),
    top_k=st.integers(0, 50),
    top_p=st.floats(0.01, 1),
    min_p=st.floats(0, 1),
    repetition_penalty=st.sampled_from([1.0, 0.5, 1.3]),
    seed=st.integers(0, 2**64 - 1),
)


def kept(logits: np.ndarray, **filters: float) -> list[int]:
    lowest = threshold(np.asarray(logits, np.float64), Sampling(1.0, **filters))
    return np.flatnonzero(np.asarray(logits) >= lowest).tolist()


def test_what_filters_keep():
    logits = np.log([0.4, 0.05, 0.3, 0.05, 0.2])
    assert kept(logits) == [0, 1, 2, 3, 4]
    assert kept(logits, top_k=2) == [0, 2] and kept(logits, top_k=9) == [0, 1, 2, 3, 4]
    assert kept(logits, top_k=4) == [0, 1, 2, 3, 4]  # 1 and 3 are equal
    assert kept(logits, top_p=0.39) == [0] and kept(logits, top_p=0.41) == [0, 2]
    assert kept(logits, top_p=0.8) == [0, 2, 4]
    assert kept(logits, min_p=0.5) == [0, 2, 4] and kept(logits, min_p=0.51) == [0, 2]
    assert kept(logits, min_p=0.5, top_k=2) == [0, 2] and kept(logits, min_p=1.0) == [0]


@given(LOGITS, st.floats(0.01, 0.99))
def test_top_p_keeps_the_fewest_that_have_the_probability(logits, share):
    probabilities = np.exp(log_softmax(logits.astype(np.float64)))
    keeps = kept(logits, top_p=share)
    assert probabilities[keeps].sum() >= share - 1e-9
    without = [k for k in keeps if probabilities[k] > probabilities[keeps].min()]
    assert probabilities[without].sum() < share + 1e-9


@settings(max_examples=60)
@given(LOGITS, SAMPLINGS, st.lists(st.integers(0, 39), max_size=5), st.data())
def test_masking_hands_over_to_the_next_and_moves_no_score(logits, sampling, written, data):
    """The choice among any allowed tokens is the best scored of them: one order decides all."""
    tokens = [token % logits.size for token in written]
    sampler = Sampler(sampling, key=7)
    scores = sampler(logits.copy(), tokens)
    np.testing.assert_array_equal(scores, sampler(logits.copy(), tokens))
    plain = penalised(logits, tokens, sampling.repetition_penalty).astype(np.float64)
    keeps = plain >= threshold(plain, sampling)
    assert keeps.any()
    if not keeps.all():
        assert scores[keeps].min() > scores[~keeps].max()
    dropped = data.draw(st.integers(0, logits.size - 1))
    assume(dropped != np.argmax(scores))
    masked = scores.copy()
    masked[dropped] = -np.inf
    assert np.argmax(masked) == np.argmax(scores)


def test_what_is_never_written_is_never_drawn():
    logits = np.full(6, -np.inf)
    logits[2] = 0
    for position in range(50):
        sampler = Sampler(Sampling(2.0, top_k=3, top_p=0.5, min_p=0.1))
        scores = sampler(logits, [0] * position)
        assert np.argmax(scores) == 2 and np.isneginf(np.delete(scores, 2)).all()


def draws(sampling: Sampling, logits: np.ndarray, key: int = 0, number: int = 0) -> list[int]:
    sampler = Sampler(sampling, key, number)
    return [int(np.argmax(sampler(logits, [0] * position))) for position in range(3000)]


def test_draws_follow_the_softmax_of_what_is_kept():
    logits = np.log([0.1, 0.2, 0.7])
    shares = np.bincount(draws(Sampling(1.0), logits)) / 3000
    np.testing.assert_allclose(shares, [0.1, 0.2, 0.7], atol=0.03)
    shares = np.bincount(draws(Sampling(1.0, top_k=2), logits)) / 3000
    np.testing.assert_allclose(shares, [0, 2 / 9, 7 / 9], atol=0.03)
    shares = np.bincount(draws(Sampling(0.5), logits)) / 3000
    np.testing.assert_allclose(shares, np.array([1, 4, 49]) / 54, atol=0.03)


def test_noise_is_counted_by_seed_prompt_position_and_number():
    logits = np.zeros(8)
    first = draws(Sampling(1.0), logits)
    assert first == draws(Sampling(1.0), logits)
    others = draws(Sampling(1.0, seed=1), logits), draws(Sampling(1.0), logits, key=1)
    others += (draws(Sampling(1.0), logits, number=1),)
    for other in others:
        same = np.mean(np.array(other) == first)
        assert 0.08 < same < 0.17, "one in eight agrees by chance"


def test_the_preference_of_a_prompt():
    sampling = Sampling(0.7, seed=5)
    assert sampling.preference([1, 2]) is greedy
    logits = np.zeros(50)
    found = {
        int(np.argmax(sampling.preference(prompt, number)(logits, [])))
        for prompt in ([1, 2], [2, 1], [1]) for number in (1, 2, 3)
    }  # fmt: skip
    assert len(found) > 5
    assert Sampling(0.0, draws_first=True).preference([1], 3) is greedy
    first = Sampling(0.7, draws_first=True).preference([1], 0)
    assert isinstance(first, Sampler)
    wary = Sampling(0.0, repetition_penalty=2.0).preference([1])
    assert np.argmax(wary(np.array([3.0, 2.0]), [0])) == 1


@given(LOGITS, st.lists(st.integers(0, 39), max_size=9), st.floats(1.01, 4))
def test_a_penalty_above_1_makes_what_was_written_less_likely(logits, written, penalty):
    tokens, before = [token % logits.size for token in written], logits.copy()
    changed = penalised(logits, tokens, penalty)
    np.testing.assert_array_equal(logits, before)
    others = np.setdiff1d(np.arange(logits.size), tokens)
    np.testing.assert_array_equal(changed[others], logits[others])
    assert (changed[tokens] <= logits[tokens]).all()
    np.testing.assert_array_equal(penalised(logits, tokens, 1.0), logits)


def test_settings_and_their_limits():
    sampling = Sampling.configured(resolve(environment={}).config.generate)
    assert sampling.temperature > 0 and threshold(np.arange(5.0), sampling) == -np.inf
    for wrong in (
        dict(temperature=-1.0), dict(temperature=float("nan")), dict(temperature=np.inf),
        dict(temperature=1.0, top_p=0.0), dict(temperature=1.0, top_p=1.1),
        dict(temperature=1.0, min_p=-0.1), dict(temperature=1.0, repetition_penalty=0.0),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=list(wrong)[-1].split("_")[0]):
            Sampling(**wrong)
