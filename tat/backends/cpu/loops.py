"""Compiled loops that several modules share, and how all of them are compiled.

Loops over contiguous rows that LLVM turns into vector code. Sums may be reassociated for that, in
a way that shapes alone decide: a kernel gives the same bits on every call and thread. NaN and
infinity go through as in NumPy's kernels.
"""

import numpy as np
from numba import njit
from numpy import ndarray as Array

_SUMS = {"reassoc", "contract", "arcp", "nsz"}  # fast math without assuming that numbers are finite
# Without fast math of its own a function would be compiled with that of its first caller.
exact = njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
summing = njit(nogil=True, cache=True, error_model="numpy", fastmath=_SUMS)

_f, _u = np.float32, np.uint32
_ONE, _HALF, _TWO = _f(1), _f(0.5), _f(2)
GELU = _f(0.7978845608028654)  # sqrt(2/pi)
GELU_CUBE = _f(0.044715)


@exact
def exp(x: float) -> float:
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


@exact
def mix(x: int) -> int:
    """The hash of hashing.mix, for one number."""
    x = _u(_u(x ^ (x >> _u(16))) * _u(0x7FEB352D))
    x = _u(_u(x ^ (x >> _u(15))) * _u(0x846CA68B))
    return _u(x ^ (x >> _u(16)))


@summing
def layer_norm(
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


@summing
def gelu(y: Array, x: Array) -> None:
    for i in range(x.size):
        v = x[i]
        y[i] = v / (_ONE + exp(-_TWO * GELU * (v + GELU_CUBE * v * v * v)))
