"""Numba kernels: float32 kernels of the same names and arguments as NumPy's, faster.

Loops over contiguous rows that LLVM turns into vector code. Sums may be reassociated for that, in
a way that shapes alone decide: a kernel gives the same bits on every call and thread. NaN and
infinity go through as in NumPy's kernels.
"""

import numpy as np
from numba import njit
from numpy import ndarray as Array

from tat.backends.reference.copying import _aimed

_SUMS = {"reassoc", "contract", "arcp", "nsz"}  # fast math without assuming that numbers are finite
# Without fast math of its own a function would be compiled with that of its first caller.
_exact = njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
_compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath=_SUMS)

_f, _u = np.float32, np.uint32
_ONE, _HALF, _TWO = _f(1), _f(0.5), _f(2)
_GELU = _f(0.7978845608028654)  # sqrt(2/pi)
_GELU_CUBE = _f(0.044715)


@_exact
def _exp(x: float) -> float:
    """e^x by range reduction and a polynomial of degree 7, within 2 units in the last place."""
    clamped = min(max(x, _f(-87.0)), _f(88.0))
    whole = np.floor(clamped * _f(1.442695041) + _HALF)
    part = clamped - whole * _f(0.693359375) + whole * _f(2.12194440e-4)  # ln 2 in two pieces
    p = _f(1.9875691500e-4)
    p = p * part + _f(1.3981999507e-3)
    p = p * part + _f(8.3334519073e-3)
    p = p * part + _f(4.1665795894e-2)
    p = p * part + _f(1.6666665459e-1)
    p = p * part + _f(5.0000001201e-1)
    p = p * part * part + part + _ONE
    power = np.int32((np.int32(whole) + np.int32(127)) << np.int32(23)).view(np.float32)
    y = p * power
    y = _f(0) if x < _f(-87.0) else y
    y = _f(np.inf) if x > _f(88.0) else y
    return x if x != x else y


@_exact
def _mix(x: int) -> int:
    """The hash of hashing.mix, for one number."""
    x = _u(_u(x ^ (x >> _u(16))) * _u(0x7FEB352D))
    x = _u(_u(x ^ (x >> _u(15))) * _u(0x846CA68B))
    return _u(x ^ (x >> _u(16)))


@_compiled
def _dropout(y: Array, x: Array, base: int, limit: int, scale: float) -> None:
    for i in range(y.size):
        kept = _mix(_u(_u(i) * _u(0x9E3779B1)) ^ base) >= limit
        y[i] = x[i] * scale if kept else _f(0)


def dropout(y: Array, x: Array, counter: Array, *, size: int, rate: float, key: int) -> None:
    _dropout(y.reshape(-1), x.reshape(-1), *_dropout_settings(counter, rate, key))


@_compiled
def _dropout_add(
    y: Array, residual: Array, x: Array, base: int, limit: int, scale: float
) -> None:  # fmt: skip
    for i in range(y.size):
        kept = _mix(_u(_u(i) * _u(0x9E3779B1)) ^ base) >= limit
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
        base = _mix(_u(base ^ _u(word & 0xFFFFFFFF)))
    return _u(base), _u(int(rate * 2**32)), _f(1 / (1 - rate))


@_compiled
def _layer_norm(
    y: Array, mean: Array, rstd: Array, x: Array, gain: Array, bias: Array, epsilon: float
) -> None:
    width = _f(x.shape[1])
    for row in range(x.shape[0]):
        source, out = x[row], y[row]
        total = _f(0)
        for i in range(source.size):
            total += source[i]
        middle = total / width
        squares = _f(0)
        for i in range(source.size):
            squares += (source[i] - middle) * (source[i] - middle)
        scale = _ONE / np.sqrt(squares / width + epsilon)
        mean[row], rstd[row] = middle, scale
        for i in range(source.size):
            out[i] = (source[i] - middle) * scale * gain[i] + bias[i]


def layer_norm(
    y: Array, mean: Array, rstd: Array, x: Array, gain: Array, bias: Array, *,
    rows: int, width: int, epsilon: float,
) -> None:  # fmt: skip
    _layer_norm(y, mean, rstd, x, gain, bias, _f(epsilon))


@_compiled
def _layer_norm_backward(
    dx: Array, dy: Array, x: Array, gain: Array, mean: Array, rstd: Array
) -> None:
    width = _f(x.shape[1])
    for row in range(x.shape[0]):
        above, source, out, middle, scale = dy[row], x[row], dx[row], mean[row], rstd[row]
        total, along = _f(0), _f(0)
        for i in range(source.size):
            g = above[i] * gain[i]
            total += g
            along += g * ((source[i] - middle) * scale)
        total /= width
        along /= width
        for i in range(source.size):
            normal = (source[i] - middle) * scale
            out[i] = (above[i] * gain[i] - total - normal * along) * scale


def layer_norm_backward(
    dx: Array, dy: Array, x: Array, gain: Array, mean: Array, rstd: Array, *, rows: int, width: int
) -> None:
    _layer_norm_backward(dx, dy, x, gain, mean, rstd)


@_compiled
def _layer_norm_backward_parameters(
    dgain: Array, dbias: Array, dy: Array, x: Array, mean: Array, rstd: Array
) -> None:
    for row in range(x.shape[0]):
        above, source, middle, scale = dy[row], x[row], mean[row], rstd[row]
        for i in range(source.size):
            dgain[i] += above[i] * ((source[i] - middle) * scale)
            dbias[i] += above[i]


def layer_norm_backward_parameters(
    dgain: Array, dbias: Array, dy: Array, x: Array, mean: Array, rstd: Array, *,
    rows: int, width: int, accumulate: int,
) -> None:  # fmt: skip
    if not accumulate:
        dgain[:] = 0
        dbias[:] = 0
    _layer_norm_backward_parameters(dgain, dbias, dy, x, mean, rstd)


@_compiled
def _gelu(y: Array, x: Array) -> None:
    for i in range(x.size):
        v = x[i]
        y[i] = v / (_ONE + _exp(-_TWO * _GELU * (v + _GELU_CUBE * v * v * v)))


def gelu(y: Array, x: Array, *, size: int) -> None:
    _gelu(y.reshape(-1), x.reshape(-1))


@_compiled
def _gelu_backward(dx: Array, dy: Array, x: Array) -> None:
    for i in range(x.size):
        v = x[i]
        share = _ONE / (_ONE + _exp(-_TWO * _GELU * (v + _GELU_CUBE * v * v * v)))
        slope = _TWO * _GELU * (_ONE + _f(3) * _GELU_CUBE * v * v)
        dx[i] = dy[i] * (share + v * share * (_ONE - share) * slope)


def gelu_backward(dx: Array, dy: Array, x: Array, *, size: int) -> None:
    _gelu_backward(dx.reshape(-1), dy.reshape(-1), x.reshape(-1))


@_compiled
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
            sums += _exp(z[i] - top)
        lse[row] = top + np.log(sums)
        target = targets[row]
        smooth = smoothing * (total / _f(z.size))
        loss[row] = lse[row] - (_ONE - smoothing) * z[target] - smooth if target else _f(0)


def cross_entropy(
    loss: Array, lse: Array, logits: Array, targets: Array, *,
    rows: int, vocabulary: int, smoothing: float,
) -> None:  # fmt: skip
    _cross_entropy(loss, lse, logits, targets, _f(smoothing))


@_compiled
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
            out[i] = _exp(z[i] - shift) - spread
        out[target] -= _ONE - smoothing


def cross_entropy_backward(
    dlogits: Array, logits: Array, lse: Array, targets: Array, *,
    rows: int, vocabulary: int, smoothing: float,
) -> None:  # fmt: skip
    _cross_entropy_backward(dlogits, logits, lse, targets, _f(smoothing))


@_compiled
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
            mixed = top + np.log(_exp(own - top) + _exp(other - top))
        kept[row] = _exp(own - mixed) if targets[row] else _ONE
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
    copied = _aimed(shares, ids, targets, start, batch, queries).sum(axis=1)
    _cross_entropy(loss, lse, logits, targets, _f(0))
    _copy_cross_entropy(loss, lse, kept, logits, copied, log_rest, targets, _f(smoothing))


@_compiled
def _copy_cross_entropy_backward(
    dlogits: Array, logits: Array, lse: Array, kept: Array, targets: Array, smoothing: float
) -> None:
    spread = smoothing / _f(logits.shape[1])
    for row in range(logits.shape[0]):
        z, out, shift, target = logits[row], dlogits[row], lse[row], targets[row]
        if target == 0:
            out[:] = 0
            continue
        aimed = (_ONE - smoothing) * kept[row]
        for i in range(z.size):
            out[i] = (aimed + smoothing) * _exp(z[i] - shift) - spread
        out[target] -= aimed


def copy_cross_entropy_backward(
    dlogits: Array, logits: Array, lse: Array, kept: Array, targets: Array, *,
    rows: int, vocabulary: int, smoothing: float,
) -> None:  # fmt: skip
    _copy_cross_entropy_backward(dlogits, logits, lse, kept, targets, _f(smoothing))


@_compiled
def _square_sum(partials: Array, x: Array, chunk: int) -> None:
    for part in range(partials.size):
        values = x[part * chunk : (part + 1) * chunk]
        total = _f(0)
        for i in range(values.size):
            total += values[i] * values[i]
        partials[part] = total


def square_sum(partials: Array, x: Array, *, size: int, chunk: int) -> None:
    _square_sum(partials, x, chunk)


@_compiled
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
