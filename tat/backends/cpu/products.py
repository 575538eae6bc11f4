"""Products with packed weights, in float32 and in int8, for the table of an inference plan.

Weights lie in blocks of 64 columns, the last one filled up with zeros. A float32 element is one
chain of fused multiply-adds over k upwards and an int8 element an exact sum of whole numbers: its
bits depend neither on the tile that it is part of nor on the thread.
"""

import numpy as np
from numba import njit
from numpy import ndarray as Array

from tat.backends.cpu.vectors import (
    BLOCK,
    FLOAT,
    INT8,
    ROUNDER,
    floats,
    integers,
    shorts,
    tile,
)
from tat.backends.reference.int8 import SMALLEST, most_steps

_ROWS = 4  # of a tile
_TILE = 4 * _ROWS * BLOCK  # bytes of its results
_SMALLEST = np.float32(SMALLEST)
_MAGNITUDE, _INFINITY = np.int32(0x7FFFFFFF), np.int32(0x7F800000)  # bits of a float32

_float_4, _float_1 = tile(_ROWS, FLOAT), tile(1, FLOAT)
_int8_4, _int8_1 = tile(_ROWS, INT8), tile(1, INT8)

_compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath=False)
_most_steps = njit(nogil=True, inline="always")(most_steps)


def pack(weight: Array) -> Array:
    """float32 [K, N] -> blocks [N/64][K][64]; int8 [K, N] -> [N/64][K/2][64][2]."""
    depth, columns = weight.shape
    step = 2 if weight.dtype == np.int8 else 1
    blocks, steps = -(-columns // BLOCK), -(-depth // step)
    filled = np.zeros((steps * step, blocks * BLOCK), weight.dtype)
    filled[:depth, :columns] = weight
    split = filled.reshape(steps, step, blocks, BLOCK)
    return np.ascontiguousarray(split.transpose(2, 0, 3, 1))


def scratch_bytes(rows: int, depth: int, int8: bool) -> int:
    """Scratch memory of a thread for a product: a tile and, for int8, rounded rows and steps.

    Rows of whole steps come in pairs, so an odd depth takes one more.
    """
    return _TILE + (rows * (4 + 2 * (depth + depth % 2)) if int8 else 0)


@_compiled
def product(
    y: int, x: int, weight: int, bias: Array, rows: int, depth: int, columns: int,
    thread: int, threads: int, scratch: int,
) -> None:  # fmt: skip
    """y [rows, columns] = x [rows, depth] times packed weights plus bias: this thread's blocks."""
    blocks = (columns + BLOCK - 1) // BLOCK
    for block in range(blocks * thread // threads, blocks * (thread + 1) // threads):
        w, r = weight + 4 * block * depth * BLOCK, 0
        while r + _ROWS <= rows:
            _float_4(x + 4 * r * depth, w, scratch, depth, depth, 4 * BLOCK)
            _store(y, scratch, bias, r, _ROWS, block, columns)
            r += _ROWS
        while r < rows:
            _float_1(x + 4 * r * depth, w, scratch, depth, depth, 4 * BLOCK)
            _store(y, scratch, bias, r, 1, block, columns)
            r += 1


@_compiled
def _store(
    y: int, scratch: int, bias: Array, first: int, rows: int, block: int, columns: int
) -> None:
    """A tile's results, with the bias, to the columns that there are."""
    start = block * BLOCK
    count = min(BLOCK, columns - start)
    for r in range(rows):
        out = floats(y + 4 * ((first + r) * columns + start), count)
        values = floats(scratch + 4 * r * BLOCK, count)
        if bias.size:
            addend = bias[start : start + count]
            for i in range(count):
                out[i] = values[i] + addend[i]
        else:
            for i in range(count):
                out[i] = values[i]


@_compiled
def product_int8(
    y: int, x: int, weight: int, scales: Array, bias: Array, rows: int, depth: int, columns: int,
    thread: int, threads: int, scratch: int,
) -> None:  # fmt: skip
    """The same with int8 weights; threads share out rows if there are many, else blocks.

    Each rounds the rows that it needs for itself, which few rows make cheaper than a barrier.
    """
    first, last = 0, rows
    block, end = 0, (columns + BLOCK - 1) // BLOCK
    if rows >= 2 * _ROWS * threads:
        first, last = rows * thread // threads, rows * (thread + 1) // threads
    else:
        block, end = end * thread // threads, end * (thread + 1) // threads
    pairs = (depth + 1) // 2
    sizes, steps = scratch + _TILE, scratch + _TILE + 4 * (last - first)
    step = floats(sizes, last - first)
    for r in range(last - first):
        row = shorts(steps + 4 * r * pairs, 2 * pairs)
        step[r] = _round(row, x + 4 * (first + r) * depth, depth)
    while block < end:
        w, r = weight + 2 * block * pairs * BLOCK, first
        while r < last:
            count = _ROWS if r + _ROWS <= last else 1
            at = steps + 4 * (r - first) * pairs
            if count == _ROWS:
                _int8_4(at, w, scratch, pairs, pairs, 2 * BLOCK)
            else:
                _int8_1(at, w, scratch, pairs, pairs, 2 * BLOCK)
            taken = step[r - first : r - first + count]
            _store_int8(y, scratch, taken, scales, bias, r, block, columns)
            r += count
        block += 1


@_compiled
def _round(steps: Array, x: int, depth: int) -> float:
    """x [depth] in whole steps, a zero behind an odd number; the size of a step, NaN if x has NaN.

    Magnitudes are compared as the integers of their bits, where infinity and NaN are largest.
    """
    bits = integers(x, depth)
    largest = np.int32(0)
    for i in range(depth):
        largest = max(largest, np.int32(bits[i] & _MAGNITUDE))
    if largest >= _INFINITY:
        steps[:] = 0
        return np.float32(np.nan)
    most, magnitude = np.float32(_most_steps(depth)), np.int32(largest).view(np.float32)
    inverse = most / magnitude if magnitude > _SMALLEST else np.float32(0)
    values = floats(x, depth)
    for i in range(depth):
        steps[i] = np.int16(np.int32((values[i] * inverse + ROUNDER) - ROUNDER))
    steps[depth:] = 0
    return magnitude / most


@_compiled
def _store_int8(
    y: int, scratch: int, steps: Array, scales: Array, bias: Array, first: int, block: int,
    columns: int,
) -> None:  # fmt: skip
    """A tile's sums times step and scale, with the bias, to the columns that there are."""
    start = block * BLOCK
    count = min(BLOCK, columns - start)
    scale = scales[start : start + count]
    for r in range(steps.size):
        out = floats(y + 4 * ((first + r) * columns + start), count)
        sums = integers(scratch + 4 * r * BLOCK, count)
        if bias.size:
            addend = bias[start : start + count]
            for i in range(count):
                out[i] = np.float32(sums[i]) * (steps[r] * scale[i]) + addend[i]
        else:
            for i in range(count):
                out[i] = np.float32(sums[i]) * (steps[r] * scale[i])
