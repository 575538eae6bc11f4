"""NumPy kernels of int8 weights, for inference: activations rounded to 16 bits, sums exact.

A weight is a whole number from -127 to 127 times the scale of its output channel. A row of x is
rounded to whole steps, as many for its largest magnitude as 32-bit sums of K products allow, so
that all orders of summing give the same bits. Everything is computed in float32, whatever the type
of y. Letters and conventions as in kernels.py, which has these names too.
"""

import numpy as np
from numpy import ndarray as Array

SMALLEST = 1e-30  # magnitude under which a row counts as zero: its inverse would overflow


def most_steps(depth: int) -> int:
    """Steps of the largest magnitude of a row: 127 times it, `depth` times, fits 31 bits."""
    return min(32767, (2**31 - 1) // (127 * depth))


def embedding_int8(
    y: Array, ids: Array, table: Array, scales: Array, *, rows: int, width: int, scale: float
) -> None:
    rows_of = ids.reshape(rows)
    factors = scales.astype(np.float32)[rows_of] * np.float32(scale)
    y[:] = table[rows_of].astype(np.float32) * factors[:, None]


def linear_int8(
    y: Array, x: Array, weight: Array, scales: Array, bias: Array, *,
    rows: int, inputs: int, outputs: int,
) -> None:  # fmt: skip
    y[:] = _product(x, weight, scales) + bias.astype(np.float32)


def output_projection_int8(
    logits: Array, x: Array, table: Array, scales: Array, *, rows: int, width: int, vocabulary: int
) -> None:
    logits[:] = _product(x, table.T, scales)


def _product(x: Array, weight: Array, scales: Array) -> Array:
    """x [N, K] @ weight [K, N] in float32; sums in float64, which holds all 31 bits exactly."""
    steps, size = _rounded(x.astype(np.float32))
    sums = (steps.astype(np.float64) @ weight.astype(np.float64)).astype(np.float32)
    return sums * (size * scales.astype(np.float32))


def _rounded(x: Array) -> tuple[Array, Array]:
    """Rows of x [N, K] in steps [N, K], and the size of a step [N, 1]: NaN for a row with NaN."""
    most = np.float32(most_steps(x.shape[1]))
    largest = np.abs(x).max(axis=1, keepdims=True, initial=0)
    sound = (largest > SMALLEST) & np.isfinite(largest)
    inverse = np.divide(most, largest, out=np.zeros_like(largest), where=sound)
    steps = np.rint(np.where(sound, x, 0) * inverse)
    return steps, largest / most + 0 * largest
