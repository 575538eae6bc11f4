"""Attention in compiled code: tiles of four queries, or one, over all keys that count.

Scores of a tile are kept whole, so the softmax is the plain one. A query has the same bits alone,
as decoding has it, and among others.
"""

import numpy as np
from numba import njit
from numpy import ndarray as Array

from tat.backends.cpu.addresses import floats, integers
from tat.backends.cpu.columns import COLUMNS_OF
from tat.backends.cpu.columns import layout as layout_of
from tat.backends.cpu.packing import LANES, ROWS, WIDE
from tat.backends.cpu.powers import exponentials, largest
from tat.backends.cpu.vectors import FLOAT, dots, tile

_IN = COLUMNS_OF["attention"]
LAYOUT = layout_of("attention")
_STEP = LANES // ROWS  # keys whose scores a tile of queries makes at once

_dots_4, _dots_1 = dots(ROWS, _STEP), dots(1, LANES)
_mix_4x64, _mix_1x64 = tile(ROWS, FLOAT, 4, resume=True), tile(1, FLOAT, 4, resume=True)
_mix_4x16, _mix_1x16 = tile(ROWS, FLOAT, 1, resume=True), tile(1, FLOAT, 1, resume=True)

# Without fast math of its own a function would be compiled with that of its first caller.
_compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})


@_compiled
def attention(row: Array, thread: int, threads: int, scratch: int) -> None:
    """This thread's tiles of queries, of all heads and sequences."""
    if row[_IN.queries] == 1:
        _attend_once(row, thread, threads, scratch)
        return
    batch, queries, heads = row[_IN.batch], row[_IN.queries], row[_IN.heads]
    tiles = (queries + ROWS - 1) // ROWS
    apart = (
        row[_IN.causal] and row[_IN.sources] > 1
    )  # each query then has keys of its own in every source
    units = batch * heads * tiles
    for unit in range(units * thread // threads, units * (thread + 1) // threads):
        b, h, first = unit // (heads * tiles), unit // tiles % heads, unit % tiles * ROWS
        if first + ROWS <= queries and not apart:
            attend(row, b, h, first, ROWS, scratch)
        else:
            for t in range(first, min(first + ROWS, queries)):
                attend(row, b, h, t, 1, scratch)


@_compiled
def attend(row: Array, b: int, h: int, first: int, count: int, scratch: int) -> None:
    """`count` queries, four or one, of one head: y and the logs of the denominators."""
    queries, sources, keys = row[_IN.queries], row[_IN.sources], row[_IN.keys]
    width, heads = row[_IN.width], row[_IN.heads]
    head, at = width // heads, b * queries + first
    lengths = integers(row[_IN.lengths] + 4 * b * sources, sources)
    limit = first + count if row[_IN.causal] else keys  # the keys of the last query
    kv = row[_IN.kv] + 4 * (b * sources * keys * 2 * width + h * head)
    q, stride = row[_IN.q] + 4 * (at * width + h * head), sources * keys + LANES
    out = scratch + 4 * ROWS * stride
    seen = 0
    for source in range(sources):
        size = max(0, min(lengths[source], limit))
        start = kv + 8 * source * keys * width
        _score(q, start, scratch + 4 * seen, count, size, head, width, stride)
        seen += size
    shares = floats(out + 4 * ROWS * WIDE, ROWS)
    scale = np.float32(1) / np.sqrt(np.float32(head))
    for r in range(count):
        own = min(seen, first + r + 1) if row[_IN.causal] and sources == 1 else seen
        scores = scratch + 4 * r * stride
        lse = floats(row[_IN.lse] + 4 * ((at + r) * heads + h), 1)
        lse[0] = shares[r] = 0
        if own:
            top, summed = _raise(scores, own, scale)
            lse[0], shares[r] = top + np.log(summed), np.float32(1) / summed
        floats(scores, seen)[own:] = 0
    y = row[_IN.y] + 4 * (at * width + h * head)
    column = 0
    while column < head:
        wide = WIDE if column + WIDE <= head else min(LANES, head - column)
        block = floats(out, count * wide)
        block[:] = 0
        passed = 0
        for source in range(sources):
            size = max(0, min(lengths[source], limit))
            values = kv + 4 * ((2 * source * keys + 1) * width + column)
            _mix(scratch + 4 * passed, values, out, count, size, wide, width, stride)
            passed += size
        for r in range(count):
            result = floats(y + 4 * (r * width + column), wide)
            for i in range(wide):
                result[i] = block[r * wide + i] * shares[r]
        column += wide


@_compiled
def _attend_once(row: Array, thread: int, threads: int, scratch: int) -> None:
    """This thread's heads of one query in each sequence, as decoding has it."""
    heads = row[_IN.heads]
    units = row[_IN.batch] * heads
    unit, end = units * thread // threads, units * (thread + 1) // threads
    while unit < end:
        count = min(heads - unit % heads, end - unit)
        attend_heads(row, unit // heads, unit % heads, count, scratch)
        unit += count


@_compiled
def attend_heads(row: Array, b: int, first: int, count: int, scratch: int) -> None:
    """One query of `count` heads; bits are those of `attend`.

    Rows of keys and values, of all heads side by side, come from memory in their order: a head
    alone would read pieces that lie pages apart.
    """
    sources, keys, width = row[_IN.sources], row[_IN.keys], row[_IN.width]
    head = width // row[_IN.heads]
    lengths = integers(row[_IN.lengths] + 4 * b * sources, sources)
    limit, stride = 1 if row[_IN.causal] else keys, sources * keys + LANES
    at = 4 * (b * width + first * head)
    kv = row[_IN.kv] + 4 * (b * sources * keys * 2 * width + first * head)
    out = scratch + 4 * count * stride
    seen = 0
    for source in range(sources):
        size = max(0, min(lengths[source], limit))
        start = kv + 8 * source * keys * width
        for s in range(0, size, LANES):
            for i in range(count):
                scores = scratch + 4 * (i * stride + seen + s)
                k = start + 8 * s * width + 4 * i * head
                _score(row[_IN.q] + at + 4 * i * head, k, scores, 1,
                       min(LANES, size - s), head, width, stride)  # fmt: skip
        seen += size
    shares = floats(out + 4 * count * head, count)
    _share(row, b, first, seen, scratch, shares)
    floats(out, count * head)[:] = 0
    passed = 0
    for source in range(sources):
        size = max(0, min(lengths[source], limit))
        start = kv + 4 * (2 * source * keys + 1) * width
        for s in range(0, size, LANES):
            for i in range(count):
                powers = scratch + 4 * (i * stride + passed + s)
                values = start + 8 * s * width + 4 * i * head
                _mix_head(powers, values, out + 4 * i * head, min(LANES, size - s), head, width)
        passed += size
    y = floats(row[_IN.y] + at, count * head)
    results = floats(out, count * head)
    for i in range(count):
        for j in range(i * head, (i + 1) * head):
            y[j] = results[j] * shares[i]


@_compiled
def _share(row: Array, b: int, first: int, seen: int, scratch: int, shares: Array) -> None:
    """The scores of a query's heads to powers, the logs of the denominators, and their inverses."""
    heads, stride = row[_IN.heads], row[_IN.sources] * row[_IN.keys] + LANES
    scale = np.float32(1) / np.sqrt(np.float32(row[_IN.width] // heads))
    lse = floats(row[_IN.lse] + 4 * (b * heads + first), shares.size)
    for i in range(shares.size):
        lse[i] = shares[i] = 0
        if seen:
            top, summed = _raise(scratch + 4 * i * stride, seen, scale)
            lse[i], shares[i] = top + np.log(summed), np.float32(1) / summed


@_compiled
def _mix_head(powers: int, values: int, out: int, size: int, head: int, width: int) -> None:
    """Adds `size` values [head] times their powers to out [head]."""
    column = 0
    while column < head:
        wide = WIDE if column + WIDE <= head else min(LANES, head - column)
        _mix(powers, values + 4 * column, out + 4 * column, 1, size, wide, width, size)
        column += wide


@_compiled
def _score(
    q: int, k: int, scores: int, count: int, size: int, head: int, width: int, stride: int
) -> None:
    """Writes dot products of `count` queries and `size` keys to rows of scores, up to 15 more."""
    pitches = 4 * width, 8 * width, 4 * stride
    if count == 1:
        for s in range(0, size, LANES):
            _dots_1(q, k + s * pitches[1], scores + 4 * s, *pitches, head, size - s)
    else:
        for s in range(0, size, _STEP):
            _dots_4(q, k + s * pitches[1], scores + 4 * s, *pitches, head, size - s)


@_compiled
def softmax(out: Array, scores: Array) -> None:
    """Rows of scores to rows of shares that sum to 1, both contiguous, as attention has them."""
    for row in range(scores.shape[0]):
        shares, given = out[row], scores[row]
        top = largest(given.ctypes.data, given.size)
        summed = exponentials(shares.ctypes.data, given.ctypes.data, given.size, top, np.float32(1))
        share = np.float32(1) / summed
        for i in range(shares.size):
            shares[i] *= share


@_compiled
def _raise(scores: int, size: int, scale: float) -> tuple[float, float]:
    """Replaces scores by exp(scale * (score - largest)), so that the largest becomes 1.

    Returns the largest score, scaled, and the sum of the powers.
    """
    top = largest(scores, size)
    return top * scale, exponentials(scores, scores, size, top, scale)


@_compiled
def _mix(
    powers: int, values: int, out: int, count: int, size: int, wide: int, width: int, stride: int
) -> None:
    """Adds `size` values [wide] times the powers of `count` queries to out [count, wide]."""
    if wide == WIDE and count == ROWS:
        _mix_4x64(powers, values, out, stride, size, 8 * width, 0)
    elif wide == WIDE:
        _mix_1x64(powers, values, out, stride, size, 8 * width, 0)
    elif wide == LANES and count == ROWS:
        _mix_4x16(powers, values, out, stride, size, 8 * width, 0)
    elif wide == LANES:
        _mix_1x16(powers, values, out, stride, size, 8 * width, 0)
    else:
        for r in range(count):
            own, sums = floats(powers + 4 * r * stride, size), floats(out + 4 * r * wide, wide)
            for s in range(size):
                value = floats(values + 8 * s * width, wide)
                for i in range(wide):
                    sums[i] += own[s] * value[i]


@_compiled
def layout() -> int:
    """The table's layout that this module's code was compiled for."""
    return LAYOUT
