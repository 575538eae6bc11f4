"""What a draw of a token is: the definition that the host and all devices share.

The draw is the maximum of logits with Gumbel noise (Maddison et al., "A* Sampling", 2014): masking
another token than the one that is drawn does not change it, and the next best is the draw from the
rest. The noise is counted (Salmon et al., "Parallel random numbers", 2011), so that a device that
draws ahead and the host that checks it have the same.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy import ndarray as Array

from tat import hashing


class Draw(NamedTuple):
    """How the tokens of one text are drawn. By default the most likely one is taken, unfiltered."""

    temperature: float = 0.0  # that logits are divided by; 0 takes the most likely token
    top_k: int = 0  # only the k most likely tokens, and those as likely as the last of them
    top_p: float = 1.0  # only the fewest tokens that have this probability together
    min_p: float = 0.0  # only tokens with this share of the most likely one's probability
    repetition_penalty: float = 1.0  # above 1 makes what was written less likely
    key: int = 0  # 32 bits that the noise is counted by, with positions and tokens


def scores(logits: Array, position: int, draw: Draw) -> Array:
    """Scores [V] of the token at a position, by its penalised logits: the best is drawn.

    The filters see the distribution at temperature 1, each the whole of it; a token that they drop
    is scored below all that they keep.
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
    """Logits of tokens written before, divided by `penalty`, or times it where they are negative.

    After Keskar et al., "CTRL", 2019; the tokens of the prompt do not count.
    """
    if penalty == 1 or not len(tokens):
        return logits
    logits, written = logits.copy(), np.unique(tokens)
    values = logits[written]
    logits[written] = np.where(values > 0, values / penalty, values * penalty)
    return logits
