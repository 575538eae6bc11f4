"""NumPy kernels of the primitives; letters and conventions are those of kernels.py."""

import numpy as np
from numpy import ndarray as Array


def multiply(y: Array, a: Array, b: Array, *, size: int) -> None:
    np.multiply(a, b, out=y)


def times(y: Array, x: Array, *, size: int, factor: float) -> None:
    np.multiply(x, x.dtype.type(factor), out=y)


def sigmoid(y: Array, x: Array, *, size: int) -> None:
    y[...] = 0.5 + 0.5 * np.tanh(0.5 * x)  # which does not overflow, as exp(-x) would


def sigmoid_backward(dx: Array, dy: Array, y: Array, *, size: int) -> None:
    dx[...] = dy * y * (1 - y)


def rsqrt(y: Array, x: Array, *, size: int, epsilon: float) -> None:
    y[...] = 1 / np.sqrt(x + x.dtype.type(epsilon))


def rsqrt_backward(dx: Array, dy: Array, y: Array, *, size: int) -> None:
    dx[...] = -0.5 * dy * y * y * y


def row_mean(y: Array, x: Array, *, rows: int, width: int) -> None:
    np.mean(x, axis=1, out=y)


def row_mean_backward(dx: Array, dy: Array, *, rows: int, width: int) -> None:
    dx[...] = (dy / width)[:, None]


def multiply_rows(y: Array, x: Array, factors: Array, *, rows: int, width: int) -> None:
    np.multiply(x, factors[:, None], out=y)


def multiply_rows_backward_factors(
    dfactors: Array, dy: Array, x: Array, *, rows: int, width: int
) -> None:
    np.einsum("nd,nd->n", dy, x, out=dfactors)


def multiply_columns(y: Array, x: Array, gain: Array, *, rows: int, width: int) -> None:
    np.multiply(x, gain, out=y)


def multiply_columns_backward_gain(
    dgain: Array, dy: Array, x: Array, *, rows: int, width: int, accumulate: int
) -> None:
    sums = np.einsum("nd,nd->d", dy, x)
    dgain[...] = dgain + sums if accumulate else sums


def take_columns(y: Array, x: Array, *, rows: int, width: int, first: int, count: int) -> None:
    y[...] = x[:, first : first + count]


def take_columns_backward(
    dx: Array, dy: Array, *, rows: int, width: int, first: int, count: int
) -> None:
    dx[...] = 0
    dx[:, first : first + count] = dy


def join_columns(y: Array, a: Array, b: Array, *, rows: int, left: int, right: int) -> None:
    y[:, :left] = a
    y[:, left:] = b
