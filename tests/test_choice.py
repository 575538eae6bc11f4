"""Choice of tokens: filters, penalties and noise; a choice depends on nothing else."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tat import hashing
from tat.config import resolve
from tat.decode.choice import Sampler, Sampling, draw_of, greedy, log_softmax
from tat.draws import Draw, drawn, gumbel, penalised, scores, threshold
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
    lowest = threshold(np.asarray(logits, np.float64), Draw(1.0, **filters))
    return np.flatnonzero(np.asarray(logits) >= lowest).tolist()


def test_filters_keep_the_likeliest_tokens():
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


@settings(max_examples=300)
@given(LOGITS, SAMPLINGS, st.integers(0, 2**32 - 1), st.integers(0, 4000), st.booleans())
def test_the_draw_is_the_highest_score_of_all(logits, sampling, key, position, special):
    if special:
        logits[: logits.size // 2] = -np.inf  # as tokens that are never written
    draw = sampling.draw(key, 0)
    expected = np.argmax(scores(logits.astype(np.float64), position, draw))
    assert drawn(logits, position, draw) == expected


@pytest.mark.parametrize("temperature", [0.05, 0.7, 1.0, 8.0, 1e6])
def test_draws_from_a_vocabulary_are_the_highest_scores(temperature):
    """Flat and peaked distributions over 4,096 tokens; nearly all tokens are skipped."""
    rng = np.random.default_rng(3)
    for position in range(200):
        logits = rng.normal(0, [0, 0.1, 3, 30][position % 4], 4096).astype(np.float32)
        draw = Draw(temperature, key=position * 7919)
        expected = np.argmax(scores(logits.astype(np.float64), position, draw))
        assert drawn(logits, position, draw) == expected


@given(LOGITS, st.floats(0.01, 0.99), st.floats(0.001, 10))
def test_top_p_is_decided_as_by_sorting_all(logits, share, scale):
    logits = logits.astype(np.float64) * scale
    ordered = np.sort(logits)[::-1]
    shares = np.cumsum(np.exp(ordered - ordered[0]))
    place = min(int(np.searchsorted(shares, share * shares[-1])), ordered.size - 1)
    assert threshold(logits, Draw(1.0, top_p=share)) == ordered[place]


@settings(max_examples=60)
@given(LOGITS, SAMPLINGS, st.lists(st.integers(0, 39), max_size=5), st.data())
def test_masking_hands_over_to_the_next_and_moves_no_score(logits, sampling, written, data):
    """The choice among any allowed tokens is the best scored one: one order decides all."""
    tokens = [token % logits.size for token in written]
    sampler = Sampler(sampling, key=7)
    scores = sampler(logits.copy(), tokens)
    np.testing.assert_array_equal(scores, sampler(logits.copy(), tokens))
    plain = penalised(logits, tokens, sampling.repetition_penalty).astype(np.float64)
    keeps = plain >= threshold(plain, sampling.draw(0, 0))
    assert keeps.any()
    if not keeps.all():
        assert scores[keeps].min() > scores[~keeps].max()
    dropped = data.draw(st.integers(0, logits.size - 1))
    assume(dropped != np.argmax(scores))
    masked = scores.copy()
    masked[dropped] = -np.inf
    assert np.argmax(masked) == np.argmax(scores)


def test_tokens_of_probability_0_are_never_drawn():
    logits = np.full(6, -np.inf)
    logits[2] = 0
    for position in range(50):
        sampler = Sampler(Sampling(2.0, top_k=3, top_p=0.5, min_p=0.1))
        scores = sampler(logits, [0] * position)
        assert np.argmax(scores) == 2 and np.isneginf(np.delete(scores, 2)).all()


def draws(sampling: Sampling, logits: np.ndarray, key: int = 0, number: int = 0) -> list[int]:
    sampler = Sampler(sampling, key, number)
    return [int(np.argmax(sampler(logits, [0] * position))) for position in range(3000)]


def test_draws_follow_the_softmax_of_the_kept_tokens():
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


def noise(positions: int, size: int, seed: int = 0) -> np.ndarray:
    """The noise that a sampler adds to equal logits, [positions, size]."""
    sampler = Sampler(Sampling(1.0, seed=seed), key=5)
    return np.array([sampler(np.zeros(size), [0] * i) for i in range(positions)])


def test_noise_is_gumbel_at_every_position_and_token():
    """Kolmogorov and Smirnov's distance between the noise and exp(-exp(-x))."""
    found = noise(500, 400)
    for values in (found.reshape(-1), found[7], found[:, 7], found[::64, ::64].reshape(-1)):
        ordered, count = np.exp(-np.exp(-np.sort(values))), values.size
        distance = np.abs(ordered - (np.arange(count) + 0.5) / count).max()
        assert distance < 1.95 / np.sqrt(count), "chance exceeds it once in a thousand"
    assert found.max() < 23 and found.min() > -3.2  # 32 bits


@pytest.mark.parametrize("other", [1, 2**32, 2**63])
def test_noise_of_neighbours_is_unrelated(other: int):
    found, count = noise(300, 400), 300 * 400
    pairs = [
        (found[1:], found[:-1]), (found[:, 1:], found[:, :-1]), (found[1:, 1:], found[:-1, :-1]),
        (found[64:], found[:-64]), (found, noise(300, 400, seed=other)),
    ]  # fmt: skip
    for one, two in pairs:
        assert abs(np.corrcoef(one.reshape(-1), two.reshape(-1))[0, 1]) < 4 / np.sqrt(count)


def test_tokens_of_one_position_never_share_their_bits():
    for position in range(20):
        bits = hashing.element_hashes(hashing.fold(9, [position]), 100_000)
        assert np.unique(bits).size == bits.size


def test_the_largest_and_the_smallest_noise_are_finite():
    least, most = gumbel(np.array([0, 2**32 - 1], np.uint32))
    assert least == pytest.approx(-np.log(33 * np.log(2)))
    assert most == pytest.approx(33 * np.log(2))


def test_the_hottest_draws_are_from_all_tokens_alike():
    shares = np.bincount(draws(Sampling(1e308), np.array([0.0, 30.0, -30.0]))) / 3000
    np.testing.assert_allclose(shares, 1 / 3, atol=0.03)


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
    wary = Sampling(0.7, repetition_penalty=2.0).preference([1])
    assert np.argmax(wary(np.array([3.0, 2.0]), [0])) == 1
    np.testing.assert_array_equal(wary(np.array([3.0, 2.0]), []), [3, 2])


def test_a_preference_becomes_settings_of_a_device():
    assert draw_of(greedy) == Draw() == (0, 0, 1, 0, 1, 0)
    assert draw_of(lambda logits, tokens: logits) is None
    wary = Sampling(0.7, top_k=3, repetition_penalty=2.0, seed=5).preference([1])
    assert draw_of(wary)[:5] == (0, 0, 1, 0, 2)  # no draw, and so no filters
    drawn = Sampling(0.7, 3, 0.9, 0.1, 1.5, seed=5)
    one, two = (draw_of(drawn.preference([1], number)) for number in (1, 2))
    assert one[:5] == two[:5] == (0.7, 3, 0.9, 0.1, 1.5)
    assert one.key != two.key and 0 <= one.key < 2**32


@given(LOGITS, st.lists(st.integers(0, 39), max_size=9), st.floats(1.01, 4))
def test_a_penalty_above_1_makes_written_tokens_less_likely(logits, written, penalty):
    tokens, before = [token % logits.size for token in written], logits.copy()
    changed = penalised(logits, tokens, penalty)
    np.testing.assert_array_equal(logits, before)
    others = np.setdiff1d(np.arange(logits.size), tokens)
    np.testing.assert_array_equal(changed[others], logits[others])
    assert (changed[tokens] <= logits[tokens]).all()
    np.testing.assert_array_equal(penalised(logits, tokens, 1.0), logits)


def test_settings_and_their_limits():
    sampling = Sampling.configured(resolve(environment={}).config.generate)
    assert sampling.temperature > 0 and threshold(np.arange(5.0), sampling.draw(0, 0)) == -np.inf
    for wrong in (
        dict(temperature=-1.0), dict(temperature=float("nan")), dict(temperature=np.inf),
        dict(temperature=1.0, top_p=0.0), dict(temperature=1.0, top_p=1.1),
        dict(temperature=1.0, min_p=-0.1), dict(temperature=1.0, repetition_penalty=0.0),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=list(wrong)[-1].split("_")[0]):
            Sampling(**wrong)
