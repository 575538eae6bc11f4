"""Products with packed weights, in float32 and in int8, for the table of an inference plan.

Weights lie in blocks of 64 columns, the last one filled up with zeros. A float32 element is one
chain of fused multiply-adds over k upwards and an int8 element an exact sum of whole numbers: its
bits depend neither on the tile that it is part of nor on the thread.
"""

import numpy as np
from numba import njit
from numpy import ndarray as Array

from tat.backends.cpu.addresses import floats, integers, shorts
from tat.backends.cpu.packing import BLOCK, GROUP, ROWS, SUMS
from tat.backends.cpu.vectors import FLOAT, INT8, ROUNDER, tile
from tat.backends.reference.int8 import SMALLEST, most_steps

_SMALLEST = np.float32(SMALLEST)
_MAGNITUDE, _INFINITY = np.int32(0x7FFFFFFF), np.int32(0x7F800000)  # bits of a float32
_CHUNK = 1 << 14  # bytes of a block's weights that stay in the first-level cache for all rows

# Tiles that ask for the next chunk, `_of_4` for a quarter of it and so on. All of its lines have
# to be asked for: waiting for the rest would undo the gain.
_float_1, _float_4 = tile(1, FLOAT, resume=True), tile(ROWS, FLOAT, resume=True)
_float_4_of_4 = tile(ROWS, FLOAT, resume=True, lines=1)
_float_4_of_2 = tile(ROWS, FLOAT, resume=True, lines=2)
_int8_1, _int8_1_of_1 = tile(1, INT8, resume=True), tile(1, INT8, resume=True, lines=2)
_int8_4_of_2 = tile(ROWS, INT8, resume=True, lines=1)
_int8_4_of_1 = tile(ROWS, INT8, resume=True, lines=2)

_compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath=False)
_most_steps = njit(nogil=True, inline="always")(most_steps)


@_compiled
def product(
    y: int, x: int, weight: int, bias: Array, rows: int, depth: int, columns: int,
    thread: int, threads: int, scratch: int,
) -> None:  # fmt: skip
    """y [rows, columns] = x [rows, depth] times packed weights plus bias: this thread's blocks."""
    blocks = (columns + BLOCK - 1) // BLOCK
    for block in range(blocks * thread // threads, blocks * (thread + 1) // threads):
        for first in range(0, rows, GROUP):
            count = min(GROUP, rows - first)
            w = weight + 4 * block * depth * BLOCK
            _float_sums(scratch, x + 4 * first * depth, w, count, depth)
            _store(y, scratch, bias, first, count, block, columns)


@_compiled
def _float_sums(sums: int, x: int, weight: int, rows: int, depth: int) -> None:
    """sums [rows, 64] = x [rows, depth] times a block's weights.

    From two tiles on, a chunk of weights passes all rows while the next one is on its way. A
    single tile is done with it before that would come, and reads on.
    """
    tiles, size = rows // ROWS, 4 * BLOCK  # bytes of the weights of a step
    chunk = _CHUNK // size if tiles > 1 else depth
    floats(sums, rows * BLOCK)[:] = 0
    for start in range(0, depth, chunk):
        steps = min(chunk, depth - start)
        w, r = weight + size * start, 0
        ahead = w + size * steps
        while r < rows:
            at, out = x + 4 * (r * depth + start), sums + size * r
            if r + ROWS > rows:
                _float_1(at, w, out, depth, steps, size, 0)
            elif tiles > 3:
                part = ahead + 64 * steps * (r // ROWS)
                _float_4_of_4(at, w, out, depth, steps, size, part)
            elif tiles > 1:
                part = ahead + 128 * steps * (r // ROWS)
                _float_4_of_2(at, w, out, depth, steps, size, part)
            else:
                _float_4(at, w, out, depth, steps, size, 0)
            r += ROWS if r + ROWS <= rows else 1


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
    if rows >= 2 * ROWS * threads:
        first, last = rows * thread // threads, rows * (thread + 1) // threads
    else:
        block, end = end * thread // threads, end * (thread + 1) // threads
    pairs = (depth + 1) // 2
    sizes = scratch + SUMS
    steps = sizes + 4 * (last - first)
    step = floats(sizes, last - first)
    for r in range(last - first):
        row = shorts(steps + 4 * r * pairs, 2 * pairs)
        step[r] = _round(row, x + 4 * (first + r) * depth, depth)
    while block < end:
        for r in range(0, last - first, GROUP):
            count, w = min(GROUP, last - first - r), weight + 2 * block * pairs * BLOCK
            _int8_sums(scratch, steps + 4 * r * pairs, w, count, pairs)
            _store_int8(y, scratch, step[r : r + count], scales, bias, first + r, block, columns)
        block += 1


@_compiled
def _int8_sums(sums: int, steps: int, weight: int, rows: int, pairs: int) -> None:
    """sums [rows, 64] = steps [rows, pairs, 2] times a block's weights; see `_float_sums`."""
    tiles, size = rows // ROWS, 2 * BLOCK
    integers(sums, rows * BLOCK)[:] = 0
    for start in range(0, pairs, _CHUNK // size):
        count = min(_CHUNK // size, pairs - start)
        w, r = weight + size * start, 0
        ahead = w + size * count
        while r < rows:
            at, out = steps + 4 * (r * pairs + start), sums + 4 * BLOCK * r
            if r + ROWS <= rows and tiles > 1:
                _int8_4_of_2(at, w, out, pairs, count, size, ahead + 64 * count * (r // ROWS))
            elif r + ROWS <= rows:
                _int8_4_of_1(at, w, out, pairs, count, size, ahead)
            elif r:
                _int8_1(at, w, out, pairs, count, size, 0)
            else:
                _int8_1_of_1(at, w, out, pairs, count, size, ahead)
            r += ROWS if r + ROWS <= rows else 1


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
