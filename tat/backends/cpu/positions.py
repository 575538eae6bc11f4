"""Positions in compiled code: for training with the reference's arguments, and in the table.

See loops.py for how loops are compiled. An operation that the table replays is in `POSITIONS` of
columns.py and in `replay_rows`.
"""

import numpy as np
from numpy import ndarray as Array

from tat.backends.cpu.addresses import floats, integers, matrix
from tat.backends.cpu.columns import COLUMNS_OF, POSITIONS, numbers
from tat.backends.cpu.loops import exact, plain, share, single

_NUMBERS = numbers(*POSITIONS)
_ENCODING, _ROTARY = COLUMNS_OF["positional_encoding"], COLUMNS_OF["rotary"]


@exact
def _rotary(
    y: Array, x: Array, turns: Array, start: Array, length: int, heads: int, direction: float
) -> None:
    """Turns the rows of as many sequences as `start` has."""
    pairs = turns.shape[1] // 2
    turned = 2 * heads * pairs
    for row in range(x.shape[0]):
        source, out = x[row], y[row]
        angles = turns[start[row // length] + row % length]
        for head in range(heads):
            for pair in range(pairs):
                i = 2 * (head * pairs + pair)
                sine, cosine = angles[2 * pair] * direction, angles[2 * pair + 1]
                out[i] = source[i] * cosine - source[i + 1] * sine
                out[i + 1] = source[i + 1] * cosine + source[i] * sine
        for i in range(turned, source.size):
            out[i] = source[i]


def rotary(
    y: Array, x: Array, turns: Array, start: Array, *,
    batch: int, length: int, heads: int, pairs: int, others: int, direction: float,
) -> None:  # fmt: skip
    _rotary(y, x, turns, start.reshape(batch), length, heads, np.float32(direction))


@plain
def replay_rows(kernel: int, row: Array, thread: int, threads: int) -> None:
    """This thread's sequences; nothing where the kernel is not about positions."""
    if kernel == _NUMBERS.positional_encoding:
        _encode(row, *share(row[_ENCODING.batch], thread, threads))
    elif kernel == _NUMBERS.rotary:
        _replay_rotary(row, *share(row[_ROTARY.batch], thread, threads))


@plain
def _replay_rotary(row: Array, start: int, stop: int) -> None:
    c, length, head = _ROTARY, row[_ROTARY.length], 2 * row[_ROTARY.pairs]
    width, rows = row[c.heads] * head + row[c.others], (stop - start) * length
    at, first = 4 * start * length * width, integers(row[c.start] + 4 * start, stop - start)
    last = 0
    for b in range(first.size):
        last = max(last, first[b])
    _rotary(
        matrix(row[c.y] + at, rows, width),
        matrix(row[c.x] + at, rows, width),
        matrix(row[c.turns], last + length, head),
        first, length, row[c.heads], single(row[c.direction]),
    )  # fmt: skip


@plain
def _encode(row: Array, start: int, stop: int) -> None:
    c = _ENCODING
    batch, length, width = row[c.batch], row[c.length], row[c.width]
    first = integers(row[c.start], batch)
    for b in range(start, stop):
        for t in range(length):
            at = 4 * (b * length + t) * width
            y, x = floats(row[c.y] + at, width), floats(row[c.x] + at, width)
            table = floats(row[c.table] + 4 * (first[b] + t) * width, width)
            for i in range(width):
                y[i] = x[i] + table[i]
