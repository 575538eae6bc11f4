"""The exponential that attention, a softmax and the copy head share."""

import numpy as np
import pytest
from numpy import ndarray as Array

numba = pytest.importorskip("numba")
from tat.backends.cpu.packing import LANES  # noqa: E402
from tat.backends.cpu.powers import exponentials, largest, sum_of_exponentials  # noqa: E402

SIZES = (1, 2, 15, 16, 17, 31, 64, 77)
F = np.float32


@numba.njit(error_model="numpy")
def powers_of(out: Array, scores: Array, size: int, scale: float) -> tuple[float, float]:
    """The largest of `size` scores and the sum of their powers, which go to `out`."""
    top = largest(scores.ctypes.data, size)
    return top, exponentials(out.ctypes.data, scores.ctypes.data, size, top, scale)


@numba.njit(error_model="numpy")
def sum_of(scores: Array, top: float) -> float:
    return sum_of_exponentials(scores.ctypes.data, scores.size, top)


def scores_of(size: int, spread: float = 20) -> Array:
    """All under 0: a 0 behind the last one would be the largest."""
    return (-1 - spread * np.random.default_rng(size).random(size)).astype(F)


def halves(powers: Array) -> np.float32:
    """The sum in the order that is promised."""
    lanes = np.zeros(LANES, F)
    for start in range(0, powers.size, LANES):
        part = powers[start : start + LANES]
        lanes[: part.size] += part
    while lanes.size > 1:
        lanes = lanes[: lanes.size // 2] + lanes[lanes.size // 2 :]
    return lanes[0]


@pytest.mark.parametrize("size", SIZES)
def test_powers_are_those_of_float64_and_nothing_else_is_written(size: int):
    scores, out = scores_of(size), np.full(size + LANES, 7, F)
    top, total = powers_of(out, scores, size, F(0.5))
    assert top == scores.max()
    exact = np.exp(0.5 * (scores.astype(np.float64) - scores.max()))
    np.testing.assert_allclose(out[:size], exact, rtol=1e-6)  # the argument is rounded, too
    assert out[:size].max() == 1 and (out[size:] == 7).all()
    assert total == halves(out[:size])


@pytest.mark.parametrize("size", SIZES)
def test_an_element_has_the_same_bits_in_a_vector_and_in_the_rest(size: int):
    scores = scores_of(2 * LANES * len(SIZES))
    whole, rest = np.empty_like(scores), np.empty_like(scores)
    scores[0] = 0  # the largest of both
    powers_of(whole, scores, scores.size, F(1))
    powers_of(rest, scores, size, F(1))
    assert rest[:size].tobytes() == whole[:size].tobytes()


@pytest.mark.parametrize("size", SIZES)
def test_the_sum_alone_is_that_of_the_powers(size: int):
    scores, out = scores_of(size), np.empty(size, F)
    top, total = powers_of(out, scores, size, F(1))
    assert sum_of(scores, top) == total


def test_powers_of_far_and_of_masked_scores_are_next_to_nothing():
    scores, out = np.array([0, -87, -1e30, -np.inf], F), np.empty(4, F)
    assert powers_of(out, scores, 4, F(1)) == (0, 1)
    assert (out[1:] <= 1e-37).all() and (out >= 0).all()


@pytest.mark.parametrize("place", [0, 15, 16, 19])
def test_nan_reaches_the_sum(place: int):
    scores = scores_of(20)
    scores[place] = np.nan
    assert np.isnan(powers_of(np.empty(20, F), scores, 20, F(1))[1])
