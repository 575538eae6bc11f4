"""Attention of a tile of queries, four or one: scores of keys, and values mixed by their powers."""

from tat.backends.cpu.addresses import floats
from tat.backends.cpu.loops import exact
from tat.backends.cpu.packing import LANES, ROWS, WIDE
from tat.backends.cpu.vectors import FLOAT, dots, tile

_STEP = LANES // ROWS  # keys whose scores a tile of queries makes at once

_dots_4, _dots_1 = dots(ROWS, _STEP), dots(1, LANES)
_whole_4, _whole_1 = dots(ROWS, _STEP, whole=True), dots(1, LANES, whole=True)
_mix_4x64, _mix_1x64 = tile(ROWS, FLOAT, 4, resume=True), tile(1, FLOAT, 4, resume=True)
_mix_4x32, _mix_1x32 = tile(ROWS, FLOAT, 2, resume=True), tile(1, FLOAT, 2, resume=True)
_mix_4x16, _mix_1x16 = tile(ROWS, FLOAT, 1, resume=True), tile(1, FLOAT, 1, resume=True)


@exact
def score(
    q: int, k: int, scores: int, count: int, size: int, head: int, apart: int, pitch: int,
    stride: int,
) -> None:  # fmt: skip
    """Writes dot products of `count` queries and `size` keys to rows of scores, up to 15 more.

    Queries are `apart` bytes from one to the next, keys `pitch`; rows of scores `stride` floats.
    """
    pitches, s = (apart, pitch, 4 * stride), 0
    if count == 1:
        while s + LANES <= size:
            _whole_1(q, k + s * pitch, scores + 4 * s, *pitches, head, LANES)
            s += LANES
        if s < size:
            _dots_1(q, k + s * pitch, scores + 4 * s, *pitches, head, size - s)
    else:
        while s + _STEP <= size:
            _whole_4(q, k + s * pitch, scores + 4 * s, *pitches, head, _STEP)
            s += _STEP
        if s < size:
            _dots_4(q, k + s * pitch, scores + 4 * s, *pitches, head, size - s)


@exact
def width_of_mix(columns: int) -> int:
    """How many of the columns that are left `mix` takes at once."""
    if columns >= 2 * LANES:
        return WIDE if columns >= WIDE else 2 * LANES
    return min(LANES, columns)


@exact
def mix(
    powers: int, values: int, out: int, count: int, size: int, wide: int, pitch: int, stride: int
) -> None:
    """Adds `size` values [wide] times the powers of `count` queries to out [count, wide].

    Values are `pitch` bytes from one to the next, rows of powers `stride` floats.
    """
    if wide == WIDE and count == ROWS:
        _mix_4x64(powers, values, out, stride, size, pitch, 0)
    elif wide == WIDE:
        _mix_1x64(powers, values, out, stride, size, pitch, 0)
    elif wide == 2 * LANES and count == ROWS:
        _mix_4x32(powers, values, out, stride, size, pitch, 0)
    elif wide == 2 * LANES:
        _mix_1x32(powers, values, out, stride, size, pitch, 0)
    elif wide == LANES and count == ROWS:
        _mix_4x16(powers, values, out, stride, size, pitch, 0)
    elif wide == LANES:
        _mix_1x16(powers, values, out, stride, size, pitch, 0)
    else:
        for r in range(count):
            own, sums = floats(powers + 4 * r * stride, size), floats(out + 4 * r * wide, wide)
            for s in range(size):
                value = floats(values + s * pitch, wide)
                for i in range(wide):
                    sums[i] += own[s] * value[i]
