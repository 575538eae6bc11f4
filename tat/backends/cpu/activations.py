"""Activations in compiled code: for training with the reference's arguments, and in the table.

See loops.py for how loops are compiled. An activation that the table replays is in `ACTIVATIONS` of
columns.py and in `replay_rows`.
"""

import numpy as np
from numpy import ndarray as Array

from tat.backends.cpu.addresses import floats, matrix
from tat.backends.cpu.columns import ACTIVATIONS, COLUMNS_OF, numbers
from tat.backends.cpu.loops import exp, plain, share, summing

_NUMBERS = numbers(*ACTIVATIONS)
_GELU, _SWIGLU = COLUMNS_OF["gelu"], COLUMNS_OF["swiglu"]

_f = np.float32
_ONE, _TWO = _f(1), _f(2)
_ROOT = _f(0.7978845608028654)  # sqrt(2/pi)
_CUBE = _f(0.044715)


@summing
def _gelu(y: Array, x: Array) -> None:
    for i in range(x.size):
        v = x[i]
        y[i] = v / (_ONE + exp(-_TWO * _ROOT * (v + _CUBE * v * v * v)))


def gelu(y: Array, x: Array, *, size: int) -> None:
    _gelu(y.reshape(-1), x.reshape(-1))


@summing
def _gelu_backward(dx: Array, dy: Array, x: Array) -> None:
    for i in range(x.size):
        v = x[i]
        part = _ONE / (_ONE + exp(-_TWO * _ROOT * (v + _CUBE * v * v * v)))
        slope = _TWO * _ROOT * (_ONE + _f(3) * _CUBE * v * v)
        dx[i] = dy[i] * (part + v * part * (_ONE - part) * slope)


def gelu_backward(dx: Array, dy: Array, x: Array, *, size: int) -> None:
    _gelu_backward(dx.reshape(-1), dy.reshape(-1), x.reshape(-1))


@summing
def _swiglu(y: Array, x: Array) -> None:
    width = y.shape[1]
    for row in range(y.shape[0]):
        gate, up, out = x[row, :width], x[row, width:], y[row]
        for i in range(width):
            out[i] = gate[i] / (_ONE + exp(-gate[i])) * up[i]


def swiglu(y: Array, x: Array, *, rows: int, width: int) -> None:
    _swiglu(y, x)


@summing
def _swiglu_backward(dx: Array, dy: Array, x: Array) -> None:
    width = dy.shape[1]
    for row in range(dy.shape[0]):
        gate, up, above = x[row, :width], x[row, width:], dy[row]
        dgate, dup = dx[row, :width], dx[row, width:]
        for i in range(width):
            part = _ONE / (_ONE + exp(-gate[i]))
            dgate[i] = above[i] * up[i] * part * (_ONE + gate[i] * (_ONE - part))
            dup[i] = above[i] * gate[i] * part


def swiglu_backward(dx: Array, dy: Array, x: Array, *, rows: int, width: int) -> None:
    _swiglu_backward(dx, dy, x)


@plain
def replay_rows(kernel: int, row: Array, thread: int, threads: int) -> None:
    """This thread's part of an activation in the table; nothing where the kernel is none."""
    if kernel == _NUMBERS.gelu:
        start, stop = share(row[_GELU.size], thread, threads)
        at, size = 4 * start, stop - start
        _gelu(floats(row[_GELU.y] + at, size), floats(row[_GELU.x] + at, size))
    elif kernel == _NUMBERS.swiglu:
        c, width = _SWIGLU, row[_SWIGLU.width]
        start, stop = share(row[c.rows], thread, threads)
        at, size = 4 * start * width, stop - start
        _swiglu(matrix(row[c.y] + at, size, width), matrix(row[c.x] + 2 * at, size, 2 * width))
