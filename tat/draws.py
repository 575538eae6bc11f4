"""Drawing a token: the definition that the host and all devices share.

The draw is the maximum of logits plus Gumbel noise (Maddison et al., "A* Sampling", 2014). Masking
another token does not change it, and the next best token is the draw from the rest. The noise is
counter-based (Salmon et al., "Parallel random numbers", 2011), so a device that draws ahead and the
host that checks it have the same noise.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy import ndarray as Array

from tat import hashing


class Draw(NamedTuple):
    """How the tokens of one text are drawn. By default the most likely one is taken, unfiltered."""

    temperature: float = 0.0  # divides the logits; 0 takes the most likely token
    top_k: int = 0  # keep the k most likely tokens, and ties with the last of them
    top_p: float = 1.0  # keep the fewest tokens that reach this probability together
    min_p: float = 0.0  # keep tokens with this share of the highest probability
    repetition_penalty: float = 1.0  # above 1 makes tokens that were written less likely
    key: int = 0  # 32 bits that select the noise, with positions and tokens


def scores(logits: Array, position: int, draw: Draw) -> Array:
    """Scores [V] of the tokens at a position, from penalised logits; the best one is drawn.

    Each filter sees the whole distribution at temperature 1. A token that one drops scores below
    all tokens that are kept.
    """
    if draw.temperature == 0:
        return logits
    noise = gumbel(hashing.element_hashes(hashing.fold(draw.key, [position]), logits.size))
    found = logits + (draw.temperature * noise).astype(logits.dtype)
    dropped = logits < threshold(logits, draw)
    if dropped.any():
        finite = found[np.isfinite(found)]
        found[dropped] -= finite.max() - finite.min() + 1
    return found


def gumbel(bits: Array) -> Array:
    """Standard Gumbel noise of 32 random bits each, in float64."""
    return -np.log(-np.log((bits + 0.5) * 2.0**-32))


def threshold(logits: Array, draw: Draw) -> float:
    """The lowest logit that all filters keep: top-k (Fan et al. 2018), top-p (Holtzman et al. 2020)
    and min-p (Nguyen et al. 2024)."""
    lowest = -np.inf
    if 0 < draw.top_k < logits.size:
        lowest = np.partition(logits, -draw.top_k)[-draw.top_k]
    if draw.min_p > 0:
        lowest = max(lowest, logits.max() + np.log(draw.min_p))
    if draw.top_p < 1:
        ordered = np.sort(logits)[::-1]
        shares = np.cumsum(np.exp(ordered - ordered[0]))
        count = int(np.searchsorted(shares, draw.top_p * shares[-1]))
        lowest = max(lowest, ordered[min(count, ordered.size - 1)])
    return float(lowest)


def penalised(logits: Array, tokens: Sequence[int] | Array, penalty: float) -> Array:
    """Logits of tokens written before, divided by `penalty`, or multiplied where negative.

    After Keskar et al., "CTRL", 2019; the tokens of the prompt do not count.
    """
    if penalty == 1 or not len(tokens):
        return logits
    logits, written = logits.copy(), np.unique(tokens)
    values = logits[written]
    logits[written] = np.where(values > 0, values / penalty, values * penalty)
    return logits
