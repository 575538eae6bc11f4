"""Tests whether timings are slower than others by more than chance."""

from collections.abc import Sequence
from functools import cache
from itertools import product
from math import comb, erfc, sqrt

_EXACT = 400  # product of the sizes up to which probabilities are exact


def slower(base: Sequence[float], now: Sequence[float]) -> float:
    """The probability that chance makes `now` so much larger than `base`; small means slower.

    One-sided Mann-Whitney U test (Mann and Whitney 1947). It needs no normal distribution, and
    timings have a long tail. Exact for small samples, else the normal approximation.
    """
    wins = sum((n > b) + 0.5 * (n == b) for n, b in product(now, base))
    sizes = len(base), len(now)
    if sizes[0] * sizes[1] <= _EXACT:
        least = int(wins)  # half a win, from a tie, does not count
        tail = sum(_arrangements(*sizes, u) for u in range(least, sizes[0] * sizes[1] + 1))
        return tail / comb(sum(sizes), sizes[0])
    mean = sizes[0] * sizes[1] / 2
    deviation = sqrt(sizes[0] * sizes[1] * (sum(sizes) + 1) / 12)
    return erfc((wins - 0.5 - mean) / deviation / sqrt(2)) / 2


def adjusted(probabilities: Sequence[float]) -> list[float]:
    """Probabilities corrected for their number (Holm 1979).

    If all below p count as found, at most a share p of families contains a mistake.
    """
    order = sorted(range(len(probabilities)), key=probabilities.__getitem__)
    result, least = [0.0] * len(order), 0.0
    for rank, index in enumerate(order):
        least = max(least, min(1.0, (len(order) - rank) * probabilities[index]))
        result[index] = least
    return result


@cache
def _arrangements(a: int, b: int, wins: int) -> int:
    """Orders of a and b values in which the second come behind the first in `wins` pairs."""
    if wins < 0:
        return 0
    if a == 0 or b == 0:
        return int(wins == 0)
    return _arrangements(a - 1, b, wins) + _arrangements(a, b - 1, wins - a)
