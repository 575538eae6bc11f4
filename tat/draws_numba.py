"""The tokens that may win a draw, in compiled code: the bits of their noise rule out all but a few.

A token with logit l beats a score s at temperature T only with noise above x = (s - l) / T. Noise
grows with its bits, so a bound on the bits spares two logarithms a token: -log(-log u) > x means
u > exp(-exp(-x)).
"""

import math

import numpy as np
from numba import njit
from numpy import ndarray as Array

from tat.hashing_numba import element_hash, mix

_MARGIN = 1e-9  # of a score: far above the last bits, in which logarithms may differ
_MOST = 23  # above noise of 23, all bits of 32 have to be set
_BOUNDS = np.array([2.0**32 * math.exp(-math.exp(-k)) - 0.5 for k in range(_MOST + 1)], np.uint32)


def contenders(logits: Array, key: int, position: int, temperature: float, lowest: float) -> Array:
    """Ids, rising, of the tokens that may have the highest score; nearly always one.

    Of logits [V] in float32 at a position of a text with this key; `lowest` is the lowest logit
    that may be drawn.
    """
    found = np.empty(logits.size, np.int64)
    first = int(np.argmax(logits))
    base = np.uint32(key), np.uint32(position)
    return found[: _contenders(found, logits, first, *base, temperature, lowest, _BOUNDS)]


@njit(nogil=True, cache=True, error_model="numpy")
def _contenders(
    found: Array, logits: Array, first: int, key: np.uint32, position: np.uint32,
    temperature: float, lowest: float, bounds: Array,
) -> int:  # fmt: skip
    size, base = logits.size, mix(np.uint32(key ^ position))
    bits, scores = np.empty(size, np.uint32), np.empty(size, np.float64)
    for i in range(size):  # a loop of its own, which the compiler vectorizes
        bits[i] = element_hash(base, i)
    best, count = logits[first] + temperature * _gumbel(bits[first]), 0
    inverse = 1 / temperature
    for i in range(size):
        logit = np.float64(logits[i])
        needed = (best - logit) * inverse
        if needed > 1 and bits[i] < bounds[int(min(needed - 1e-6, _MOST))]:
            continue
        score = logit + temperature * _gumbel(bits[i])
        if logit >= lowest and score > best - _margin(best, logit):
            found[count], scores[count] = i, score
            count += 1
            best = max(best, score)
    kept = 0
    for k in range(count):
        if scores[k] > best - _margin(best, logits[found[k]]):
            found[kept] = found[k]
            kept += 1
    return kept


@njit(inline="always")
def _gumbel(bits: np.uint32) -> float:
    return -math.log(-math.log((bits + 0.5) * 2.0**-32))


@njit(inline="always")
def _margin(best: float, logit: float) -> float:
    return _MARGIN * (1 + abs(best) + abs(logit))
