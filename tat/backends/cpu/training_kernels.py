"""Numba kernels of dropout and the optimizer: the reference's names and arguments, float32, faster.

See loops.py for how they are compiled.
"""

import numpy as np
from numpy import ndarray as Array

from tat.backends.cpu.loops import summing
from tat.hashing_numba import element_hash, mix

_f, _u = np.float32, np.uint32
_ONE = _f(1)


@summing
def _dropout(y: Array, x: Array, base: int, limit: int, scale: float) -> None:
    for i in range(y.size):
        kept = element_hash(base, i) >= limit
        y[i] = x[i] * scale if kept else _f(0)


def dropout(y: Array, x: Array, counter: Array, *, size: int, rate: float, key: int) -> None:
    _dropout(y.reshape(-1), x.reshape(-1), *_dropout_settings(counter, rate, key))


@summing
def _dropout_add(
    y: Array, residual: Array, x: Array, base: int, limit: int, scale: float
) -> None:  # fmt: skip
    for i in range(y.size):
        kept = element_hash(base, i) >= limit
        y[i] = residual[i] + (x[i] * scale if kept else _f(0))


def dropout_add(
    y: Array, residual: Array, x: Array, counter: Array, *, size: int, rate: float, key: int
) -> None:
    settings = _dropout_settings(counter, rate, key)
    _dropout_add(y.reshape(-1), residual.reshape(-1), x.reshape(-1), *settings)


def _dropout_settings(counter: Array, rate: float, key: int) -> tuple[np.uint32, np.uint32, float]:
    """Start of the hash, its threshold and the scale of what stays."""
    base = _u(key)
    for word in counter.tolist():  # seed, step and micro-batch as signed 32-bit integers
        base = mix(_u(base ^ _u(word & 0xFFFFFFFF)))
    return _u(base), _u(int(rate * 2**32)), _f(1 / (1 - rate))


@summing
def _square_sum(partials: Array, x: Array, chunk: int) -> None:
    for part in range(partials.size):
        values = x[part * chunk : (part + 1) * chunk]
        total = _f(0)
        for i in range(values.size):
            total += values[i] * values[i]
        partials[part] = total


def square_sum(partials: Array, x: Array, *, size: int, chunk: int) -> None:
    _square_sum(partials, x, chunk)


@summing
def _adamw(
    weights: Array, m: Array, v: Array, gradients: Array, scale: float, rate: float,
    correction: float, decay: float, beta1: float, beta2: float, epsilon: float,
) -> None:  # fmt: skip
    """rate: learning rate over 1 - beta1^t; correction: 1 over 1 - beta2^t; decay: factor of w."""
    for i in range(weights.size):
        g = gradients[i] * scale
        first = beta1 * m[i] + (_ONE - beta1) * g
        second = beta2 * v[i] + (_ONE - beta2) * g * g
        m[i], v[i] = first, second
        weights[i] = weights[i] * decay - rate * first / (np.sqrt(second * correction) + epsilon)


def adamw(
    weights: Array, m: Array, v: Array, gradients: Array, scale: Array, rate: Array, *,
    size: int, decayed: int, beta1: float, beta2: float, epsilon: float, weight_decay: float,
) -> None:  # fmt: skip
    if not np.isfinite(scale[0]):
        return
    lr, correction1, correction2 = (float(x) for x in rate)
    for part, decay in ((slice(0, decayed), 1 - lr * weight_decay), (slice(decayed, size), 1.0)):
        arrays = (weights[part], m[part], v[part], gradients[part])
        settings = (lr / correction1, 1 / correction2, decay, beta1, beta2, epsilon)
        _adamw(*arrays, scale[0], *(_f(value) for value in settings))
