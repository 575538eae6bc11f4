"""Numba kernels of the losses, with and without the copy head, as training_kernels.py has them."""

import numpy as np
from numpy import ndarray as Array

from tat.backends.cpu.loops import exp, summing
from tat.backends.reference.copying import shares_of_targets

_f = np.float32
_ONE = _f(1)


@summing
def _cross_entropy(
    loss: Array, lse: Array, logits: Array, targets: Array, smoothing: float
) -> None:
    for row in range(logits.shape[0]):
        z = logits[row]
        top, total = z[0], _f(0)
        for i in range(z.size):
            top = max(top, z[i])
            total += z[i]
        sums = _f(0)
        for i in range(z.size):
            sums += exp(z[i] - top)
        lse[row] = top + np.log(sums)
        target = targets[row]
        smooth = smoothing * (total / _f(z.size))
        loss[row] = lse[row] - (_ONE - smoothing) * z[target] - smooth if target else _f(0)


def cross_entropy(
    loss: Array, lse: Array, logits: Array, targets: Array, *,
    rows: int, vocabulary: int, smoothing: float,
) -> None:  # fmt: skip
    _cross_entropy(loss, lse, logits, targets, _f(smoothing))


@summing
def _cross_entropy_backward(
    dlogits: Array, logits: Array, lse: Array, targets: Array, smoothing: float
) -> None:
    spread = smoothing / _f(logits.shape[1])
    for row in range(logits.shape[0]):
        z, out, shift, target = logits[row], dlogits[row], lse[row], targets[row]
        if target == 0:
            out[:] = 0
            continue
        for i in range(z.size):
            out[i] = exp(z[i] - shift) - spread
        out[target] -= _ONE - smoothing


def cross_entropy_backward(
    dlogits: Array, logits: Array, lse: Array, targets: Array, *,
    rows: int, vocabulary: int, smoothing: float,
) -> None:  # fmt: skip
    _cross_entropy_backward(dlogits, logits, lse, targets, _f(smoothing))


@summing
def _copy_cross_entropy(
    loss: Array, lse: Array, kept: Array, logits: Array, copied: Array, log_rest: Array,
    targets: Array, smoothing: float,
) -> None:  # fmt: skip
    """loss and lse are those of cross_entropy without smoothing."""
    for row in range(logits.shape[0]):
        z = logits[row]
        own = log_rest[row] - loss[row]
        mixed = own
        if copied[row] != 0:
            other = np.log(copied[row])
            top = max(own, other)
            mixed = top + np.log(exp(own - top) + exp(other - top))
        kept[row] = exp(own - mixed) if targets[row] else _ONE
        total = _f(0)
        for i in range(z.size):
            total += z[i]
        smooth = smoothing * (lse[row] - total / _f(z.size))
        loss[row] = smooth - (_ONE - smoothing) * mixed if targets[row] else _f(0)


def copy_cross_entropy(
    loss: Array, lse: Array, kept: Array,
    logits: Array, shares: Array, log_rest: Array, ids: Array, targets: Array, *,
    rows: int, vocabulary: int, start: int, batch: int, queries: int, sources: int, keys: int,
    smoothing: float,
) -> None:  # fmt: skip
    copied = shares_of_targets(shares, ids, targets, start, batch, queries).sum(axis=1)
    _cross_entropy(loss, lse, logits, targets, _f(0))
    _copy_cross_entropy(loss, lse, kept, logits, copied, log_rest, targets, _f(smoothing))


@summing
def _copy_cross_entropy_backward(
    dlogits: Array, logits: Array, lse: Array, kept: Array, targets: Array, smoothing: float
) -> None:
    spread = smoothing / _f(logits.shape[1])
    for row in range(logits.shape[0]):
        z, out, shift, target = logits[row], dlogits[row], lse[row], targets[row]
        if target == 0:
            out[:] = 0
            continue
        weight = (_ONE - smoothing) * kept[row]
        for i in range(z.size):
            out[i] = (weight + smoothing) * exp(z[i] - shift) - spread
        out[target] -= weight


def copy_cross_entropy_backward(
    dlogits: Array, logits: Array, lse: Array, kept: Array, targets: Array, *,
    rows: int, vocabulary: int, smoothing: float,
) -> None:  # fmt: skip
    _copy_cross_entropy_backward(dlogits, logits, lse, kept, targets, _f(smoothing))
