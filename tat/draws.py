"""Drawing a token: the definition that the host and all devices share.

The draw is the maximum of logits plus Gumbel noise (Maddison et al., "A* Sampling", 2014). Masking
another token does not change it, and the next best token is the draw from the rest. The noise is
counter-based (Salmon et al., "Parallel random numbers", 2011), so a device that draws ahead and the
host that checks it have the same noise.
"""

import sys
from collections.abc import Callable, Sequence
from functools import cache
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy import ndarray as Array

from tat import hashing

_LIKELY = 12.0  # nats below the highest logit
_SURE = 1e-9  # of a sum of probabilities: far above what its order changes
_FEW = 4096  # draws that NumPy makes in less time than Numba takes to be imported
_begun = count()  # draws of this process


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


def drawn(logits: Array, position: int, draw: Draw) -> int:
    """The token with the highest of `scores`, the lowest id of equals, from penalised logits [V] in
    float32; most scores are never computed."""
    if draw.temperature == 0:
        return int(np.argmax(logits))
    few = next(_begun) < _FEW and "numba" not in sys.modules
    contenders = None if few else _compiled_contenders()
    if contenders is None:
        return int(np.argmax(scores(logits.astype(np.float64), position, draw)))
    filtered = draw.top_k > 0 or draw.top_p < 1 or draw.min_p > 0
    lowest = threshold(logits.astype(np.float64), draw) if filtered else -np.inf
    left = contenders(logits, draw.key, position, draw.temperature, lowest)
    if left.size > 1:
        base = hashing.fold(draw.key, [position])
        noise = gumbel(hashing.element_hashes(base, logits.size)[left])
        return int(left[np.argmax(logits[left].astype(np.float64) + draw.temperature * noise)])
    return int(left[0]) if left.size else int(np.argmax(logits))


@cache
def _compiled_contenders() -> Callable[[Array, int, int, float, float], Array] | None:
    """None where Numba is not installed."""
    try:
        from tat.draws_numba import contenders
    except ImportError:
        return None
    return contenders


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
        lowest = max(lowest, _nucleus(logits, draw.top_p))
    return float(lowest)


def _nucleus(logits: Array, share: float) -> float:
    """The lowest of the fewest logits that have this share of the probability together.

    The likely ones decide nearly always. The rest is sorted, too, where the sums of an order would
    decide between two tokens.
    """
    highest = logits.max()
    total = np.exp(logits - highest).sum()
    for least in (highest - _LIKELY, -np.inf):
        ordered = np.sort(logits[logits >= least])[::-1]
        shares = np.cumsum(np.exp(ordered - highest))
        total = total if np.isfinite(least) else shares[-1]
        count = int(np.searchsorted(shares, share * total))
        around = shares[max(0, count - 1) : count + 1] - share * total
        if count < ordered.size and (abs(around) > _SURE * total).all():
            break
    return ordered[min(count, ordered.size - 1)]


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
