"""Figures with their 95 % confidence intervals, and the estimator of pass@k."""

import math
from collections.abc import Sequence

import msgspec
import numpy as np

_Z = 1.959963984540054  # quantile 0.975 of the normal distribution
_RESAMPLES = 10_000
_BLOCK = 1_000_000  # indices drawn at a time


class Estimate(msgspec.Struct, frozen=True):
    """A mean over `count` cases and the limits of its 95 % confidence interval."""

    value: float
    low: float
    high: float
    count: int


def estimate(values: Sequence[float]) -> Estimate:
    """The rate of yes and no if the values are ones and zeros, else the mean."""
    return rate(values) if set(values) <= {0.0, 1.0} else mean(values)


def rate(outcomes: Sequence[float]) -> Estimate:
    """The share of ones among zeros and ones, with Wilson's score interval (1927)."""
    n, p = len(outcomes), sum(outcomes) / len(outcomes)
    middle = p + _Z**2 / (2 * n)
    half = _Z * math.sqrt(p * (1 - p) / n + (_Z / (2 * n)) ** 2)
    low, high = ((middle + sign * half) / (1 + _Z**2 / n) for sign in (-1, 1))
    return Estimate(p, min(max(low, 0.0), p), max(min(high, 1.0), p), n)


def mean(values: Sequence[float]) -> Estimate:
    """The mean, with the percentile interval of 10,000 bootstrap samples drawn with seed 0."""
    array, rng = np.asarray(values, np.float64), np.random.default_rng(0)
    rows = max(1, _BLOCK // array.size)
    means = [
        array[rng.integers(array.size, size=(min(rows, _RESAMPLES - done), array.size))].mean(1)
        for done in range(0, _RESAMPLES, rows)
    ]
    low, high = np.percentile(np.concatenate(means), (2.5, 97.5))
    return Estimate(float(array.mean()), float(low), float(high), array.size)


def difference(values: Sequence[float], others: Sequence[float]) -> Estimate:
    """The mean of `values - others`, pair by pair, bootstrapped over the pairs."""
    return mean(np.subtract(values, others))


def pass_at_k(samples: int, passed: int, k: int) -> float:
    """Probability that one of k of these samples, drawn without replacement, is among `passed`.

    The unbiased estimator of M. Chen et al., "Evaluating Large Language Models Trained on Code",
    2021; it takes k <= samples.
    """
    return 1 - math.comb(samples - passed, k) / math.comb(samples, k)
