"""Norms in compiled code: for training with the reference's arguments, and in the table.

See loops.py for how loops are compiled. A norm that the table replays is in `NORMS` of columns.py
and in `replay_rows`.
"""

import numpy as np
from numpy import ndarray as Array

from tat.backends.cpu.addresses import floats, matrix
from tat.backends.cpu.columns import COLUMNS_OF, NORMS, numbers
from tat.backends.cpu.loops import plain, share, single, summing

_NUMBERS = numbers(*NORMS)
_NORM, _RMS = COLUMNS_OF["layer_norm"], COLUMNS_OF["rms_norm"]

_f = np.float32
_ONE = _f(1)


@summing
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


@summing
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


@summing
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


@summing
def _rms_norm(y: Array, rstd: Array, x: Array, gain: Array, epsilon: float) -> None:
    width = _f(x.shape[1])
    for row in range(x.shape[0]):
        source, out = x[row], y[row]
        squares = _f(0)
        for i in range(source.size):
            squares += source[i] * source[i]
        scale = _ONE / np.sqrt(squares / width + epsilon)
        rstd[row] = scale
        for i in range(source.size):
            out[i] = source[i] * scale * gain[i]


def rms_norm(
    y: Array, rstd: Array, x: Array, gain: Array, *, rows: int, width: int, epsilon: float
) -> None:
    _rms_norm(y, rstd, x, gain, _f(epsilon))


@summing
def _rms_norm_backward(dx: Array, dy: Array, x: Array, gain: Array, rstd: Array) -> None:
    width = _f(x.shape[1])
    for row in range(x.shape[0]):
        above, source, out, scale = dy[row], x[row], dx[row], rstd[row]
        along = _f(0)
        for i in range(source.size):
            along += above[i] * gain[i] * (source[i] * scale)
        along /= width
        for i in range(source.size):
            out[i] = (above[i] * gain[i] - source[i] * scale * along) * scale


def rms_norm_backward(
    dx: Array, dy: Array, x: Array, gain: Array, rstd: Array, *, rows: int, width: int
) -> None:
    _rms_norm_backward(dx, dy, x, gain, rstd)


@summing
def _rms_norm_backward_gain(dgain: Array, dy: Array, x: Array, rstd: Array) -> None:
    for row in range(x.shape[0]):
        above, source, scale = dy[row], x[row], rstd[row]
        for i in range(source.size):
            dgain[i] += above[i] * (source[i] * scale)


def rms_norm_backward_gain(
    dgain: Array, dy: Array, x: Array, rstd: Array, *, rows: int, width: int, accumulate: int
) -> None:
    if not accumulate:
        dgain[:] = 0
    _rms_norm_backward_gain(dgain, dy, x, rstd)


@plain
def replay_rows(kernel: int, row: Array, thread: int, threads: int) -> None:
    """This thread's rows of a norm in the table; nothing where the kernel is no norm."""
    if kernel == _NUMBERS.layer_norm:
        _replay_layer_norm(row, *share(row[_NORM.rows], thread, threads))
    elif kernel == _NUMBERS.rms_norm:
        _replay_rms_norm(row, *share(row[_RMS.rows], thread, threads))


@plain
def _replay_layer_norm(row: Array, start: int, stop: int) -> None:
    c, width = _NORM, row[_NORM.width]
    at, size = 4 * start, stop - start
    _layer_norm(
        matrix(row[c.y] + at * width, size, width),
        floats(row[c.mean] + at, size), floats(row[c.rstd] + at, size),
        matrix(row[c.x] + at * width, size, width),
        floats(row[c.gain], width), floats(row[c.bias], width), single(row[c.epsilon]),
    )  # fmt: skip


@plain
def _replay_rms_norm(row: Array, start: int, stop: int) -> None:
    c, width = _RMS, row[_RMS.width]
    at, size = 4 * start, stop - start
    _rms_norm(
        matrix(row[c.y] + at * width, size, width),
        floats(row[c.rstd] + at, size),
        matrix(row[c.x] + at * width, size, width),
        floats(row[c.gain], width), single(row[c.epsilon]),
    )  # fmt: skip
