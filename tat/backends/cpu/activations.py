"""Activations in compiled code: for training with the reference's arguments, and in the table.

See loops.py for how loops are compiled. An activation that the table replays is in `OPERATIONS`
and `replay_rows`.
"""

import numpy as np
from numpy import ndarray as Array

from tat.backends.cpu.columns import COLUMNS_OF, numbers
from tat.backends.cpu.loops import exp, plain, share, summing
from tat.backends.cpu.vectors import floats

OPERATIONS = ("gelu",)
_NUMBERS = numbers(*OPERATIONS)
_GELU = COLUMNS_OF["gelu"]

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


@plain
def replay_rows(kernel: int, row: Array, thread: int, threads: int) -> None:
    """This thread's part of an activation in the table; nothing where the kernel is none."""
    if kernel == _NUMBERS.gelu:
        start, stop = share(row[_GELU.size], thread, threads)
        at, size = 4 * start, stop - start
        _gelu(floats(row[_GELU.y] + at, size), floats(row[_GELU.x] + at, size))
