"""NumPy kernels of the copy head: source tokens get a share of each target's probability.

See et al., "Get To The Point: Summarization with Pointer-Generator Networks", 2017. Row n points
at the K*S source positions of its sequence with `shares` [N, K*S]; what they leave, exp(log_rest),
belongs to the vocabulary. Letters and conventions as in kernels.py, which has these names too.
"""

import numpy as np
from numpy import ndarray as Array


def pointer(
    shares: Array, log_rest: Array, q: Array, k: Array, gate: Array, ids: Array, lengths: Array, *,
    batch: int, queries: int, sources: int, keys: int, width: int, first: int,
) -> None:  # fmt: skip
    """Softmax over the sources, times sigmoid(gate); ids below `first` are never pointed at.

    Where there is nothing to point at, the vocabulary has it all.
    """
    scores = _sequences(q, batch) @ _sequences(k, batch).swapaxes(1, 2)
    scores *= width**-0.5
    within = np.arange(keys) < lengths.reshape(batch, sources, 1)
    offered = within & (ids.reshape(batch, sources, keys) >= first)
    np.copyto(scores, -np.inf, where=~offered.reshape(batch, 1, -1))
    top = scores.max(axis=2, keepdims=True)
    top[np.isneginf(top)] = 0  # nothing to point at: the sum below is 0
    np.exp(scores - top, out=scores)
    sums = scores.sum(axis=2)
    alone, logit = sums == 0, gate.reshape(batch, queries)
    log_rest[:] = np.where(alone, 0, -np.logaddexp(0, logit)).reshape(-1)
    sums[alone] = 1
    scores *= (np.exp(-np.logaddexp(0, -logit)) / sums)[..., None]
    shares[:] = scores.reshape(shares.shape)


def shared_pointer(
    shares: Array, log_rest: Array, q: Array, k: Array, gate: Array, ids: Array, lengths: Array,
    memory: Array, *, batch: int, sources: int, keys: int, width: int, first: int, memories: int,
) -> None:  # fmt: skip
    """One query a sequence, over keys that several sequences may have in common."""
    own = k.reshape(memories, sources * keys, width)[memory.reshape(batch)]
    pointer(
        shares, log_rest, q, own.reshape(-1, width), gate, ids, lengths,
        batch=batch, queries=1, sources=sources, keys=keys, width=width, first=first,
    )  # fmt: skip


def pointer_backward(
    dq: Array, dk: Array, dgate: Array,
    q: Array, k: Array, shares: Array, kept: Array, ids: Array, targets: Array, *,
    batch: int, queries: int, sources: int, keys: int, width: int, smoothing: float,
) -> None:  # fmt: skip
    """Gradients of copy_cross_entropy's losses; it leaves the vocabulary's part in `kept`."""
    counts = targets.reshape(-1) != 0
    copied = np.where(counts, 1 - kept, 0)  # the sources' part
    gate = shares.sum(axis=1)
    dgate[:] = (1 - smoothing) * np.where(counts, gate - copied, 0).reshape(dgate.shape)
    on_target = shares_of_targets(shares, ids, targets, 0, batch, queries)
    slopes = shares * _over(copied, gate) - on_target * _over(copied, on_target.sum(axis=1))
    slopes *= (1 - smoothing) * width**-0.5
    slopes = _sequences(slopes, batch)
    dq[:] = (slopes @ _sequences(k, batch)).reshape(dq.shape)
    dk[:] = (slopes.swapaxes(1, 2) @ _sequences(q, batch)).reshape(dk.shape)


def _over(a: Array, b: Array) -> Array:
    """a / b as a column [N, 1], 0 where b is."""
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)[:, None]


def _sequences(x: Array, batch: int) -> Array:
    """[B*T, D] -> [B, T, D]."""
    return x.reshape(batch, -1, x.shape[1])


def shares_of_targets(
    shares: Array, ids: Array, targets: Array, start: int, batch: int, queries: int
) -> Array:
    """The shares of the positions that hold a row's target, 0 elsewhere; rows from `start` on."""
    sequence = (start + np.arange(len(shares))) // queries
    return shares * (ids.reshape(batch, -1)[sequence] == targets.reshape(-1, 1))


def copy_cross_entropy(
    loss: Array, lse: Array, kept: Array,
    logits: Array, shares: Array, log_rest: Array, ids: Array, targets: Array, *,
    rows: int, vocabulary: int, start: int, batch: int, queries: int, sources: int, keys: int,
    smoothing: float,
) -> None:  # fmt: skip
    """Losses of the mixture, for rows from `start` on; kept: the vocabulary's part of the
    target's probability. Smoothing spreads over the vocabulary's own distribution.
    """
    top = logits.max(axis=1, keepdims=True)
    lse[:] = top[:, 0] + np.log(np.exp(logits - top).sum(axis=1))
    copied = shares_of_targets(shares, ids, targets, start, batch, queries).sum(axis=1)
    own = logits[np.arange(rows), targets] - lse + log_rest
    mixed = np.logaddexp(own, _log(copied))
    kept[:] = np.where(targets == 0, 1, np.exp(own - mixed))
    loss[:] = (smoothing - 1) * mixed
    if smoothing:
        loss += smoothing * (lse - logits.mean(axis=1))
    loss[targets == 0] = 0


def _log(x: Array) -> Array:
    """log x, -inf of 0 without a warning."""
    return np.log(x, out=np.full_like(x, -np.inf), where=x != 0)


def copy_cross_entropy_backward(
    dlogits: Array, logits: Array, lse: Array, kept: Array, targets: Array, *,
    rows: int, vocabulary: int, smoothing: float,
) -> None:  # fmt: skip
    np.subtract(logits, lse[:, None], out=dlogits)
    np.exp(dlogits, out=dlogits)
    weight = (1 - smoothing) * kept
    dlogits *= (weight + smoothing)[:, None]
    dlogits -= smoothing / vocabulary
    dlogits[np.arange(rows), targets] -= weight
    dlogits[targets == 0] = 0


def copy_mixture(
    logits: Array, shares: Array, log_rest: Array, ids: Array, *,
    batch: int, queries: int, sources: int, keys: int, vocabulary: int,
) -> None:  # fmt: skip
    """Logits become the log-probabilities of the mixture."""
    logits -= logits.max(axis=1, keepdims=True)
    logits += (log_rest - np.log(np.exp(logits).sum(axis=1)))[:, None]
    for b, sequence in enumerate(ids.reshape(batch, -1)):
        tokens, place = np.unique(sequence, return_inverse=True)
        for row in range(b * queries, (b + 1) * queries):
            copied = np.bincount(place, shares[row]).astype(shares.dtype)
            logits[row, tokens] = np.logaddexp(logits[row, tokens], _log(copied))
