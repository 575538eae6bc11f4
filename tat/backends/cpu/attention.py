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
from tat.backends.cpu.packing import LANES, LINE, ROWS, WIDE
from tat.backends.cpu.powers import exponentials, largest
from tat.backends.cpu.tiles import mix, score, width_of_mix

_IN = COLUMNS_OF["attention"]
LAYOUT = layout_of("attention")
_FEW = 8  # tiles of queries under which gathering keys and values takes as long as it saves

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
    units, width = batch * heads * tiles, row[_IN.width]
    head, count = width // heads, row[_IN.sources] * row[_IN.keys]
    gathered = _gathered(scratch, count)
    k, v, pitch = gathered, gathered + 4 * count * head, 4 * head
    held = -1  # whose keys and values are gathered
    for unit in range(units * thread // threads, units * (thread + 1) // threads):
        b, h, first = unit // (heads * tiles), unit // tiles % heads, unit % tiles * ROWS
        if tiles < _FEW:
            k = row[_IN.kv] + 4 * (2 * b * count * width + h * head)
            v, pitch = k + 4 * width, 8 * width
        elif held != unit // tiles:
            held = unit // tiles
            _gather(row, b, h, k, v)
        if first + ROWS <= queries and not apart:
            attend(row, b, h, first, ROWS, k, v, pitch, scratch)
        else:
            for t in range(first, min(first + ROWS, queries)):
                attend(row, b, h, t, 1, k, v, pitch, scratch)


@_compiled
def _gathered(scratch: int, keys: int) -> int:
    """Where a thread keeps the keys and values of a head: behind all that a tile needs."""
    behind = scratch + 4 * ROWS * (keys + LANES + WIDE + 1)
    return (behind + LINE - 1) // LINE * LINE


@_compiled
def _gather(row: Array, b: int, h: int, k: int, v: int) -> None:
    """Puts the keys and values [keys][width of a head] of a head side by side.

    In rows of all heads they lie pages apart, and what is a multiple of a page apart shares few
    lines of a cache: 512 keys would not stay in the second level.
    """
    sources, keys, width = row[_IN.sources], row[_IN.keys], row[_IN.width]
    head = width // row[_IN.heads]
    lengths = integers(row[_IN.lengths] + 4 * b * sources, sources)
    for source in range(sources):
        for i in range(lengths[source]):
            place = source * keys + i
            at = row[_IN.kv] + 4 * (2 * (b * sources * keys + place) * width + h * head)
            copy(k + 4 * place * head, at, head)
            copy(v + 4 * place * head, at + 4 * width, head)


@_compiled
def copy(out: int, source: int, size: int) -> None:
    target, values = floats(out, size), floats(source, size)
    for i in range(size):
        target[i] = values[i]


@_compiled
def attend(
    row: Array, b: int, h: int, first: int, count: int, k: int, v: int, pitch: int, scratch: int
) -> None:
    """`count` queries, four or one, of one head: y and the logs of the denominators.

    Keys and values of the sequence are at k and v, `pitch` bytes from one to the next.
    """
    queries, sources, keys = row[_IN.queries], row[_IN.sources], row[_IN.keys]
    width, heads = row[_IN.width], row[_IN.heads]
    head, at = width // heads, b * queries + first
    lengths = integers(row[_IN.lengths] + 4 * b * sources, sources)
    limit = first + count if row[_IN.causal] else keys  # the keys of the last query
    q, stride = row[_IN.q] + 4 * (at * width + h * head), sources * keys + LANES
    out = scratch + 4 * ROWS * stride
    seen = 0
    for source in range(sources):
        size, start = max(0, min(lengths[source], limit)), k + pitch * source * keys
        score(q, start, scratch + 4 * seen, count, size, head, 4 * width, pitch, stride)
        seen += size
    shares = floats(out + 4 * ROWS * WIDE, count)
    reach = first if row[_IN.causal] and sources == 1 else seen
    _share(row, scratch, seen, reach, row[_IN.lse] + 4 * (at * heads + h), 4 * heads, shares)
    y = row[_IN.y] + 4 * (at * width + h * head)
    column = 0
    while column < head:
        wide = width_of_mix(head - column)
        block = floats(out, count * wide)
        block[:] = 0
        passed = 0
        for source in range(sources):
            size = max(0, min(lengths[source], limit))
            values = v + pitch * source * keys + 4 * column
            mix(scratch + 4 * passed, values, out, count, size, wide, pitch, stride)
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
    heads = row[_IN.heads]
    head = width // heads
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
                score(row[_IN.q] + at + 4 * i * head, k, scores, 1,
                       min(LANES, size - s), head, 4 * width, 8 * width, stride)  # fmt: skip
        seen += size
    shares = floats(out + 4 * count * head, count)
    _share(row, scratch, seen, seen, row[_IN.lse] + 4 * (b * heads + first), 4, shares)
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
def _share(
    row: Array, scores: int, seen: int, reach: int, lse: int, apart: int, shares: Array
) -> None:
    """Rows of `seen` scores to powers, the logs of the denominators, and their inverses.

    The first row has no more than `reach` + 1 keys, the next one key more and so on. The logs are
    `apart` bytes from one to the next.
    """
    stride = row[_IN.sources] * row[_IN.keys] + LANES
    scale = np.float32(1) / np.sqrt(np.float32(row[_IN.width] // row[_IN.heads]))
    for i in range(shares.size):
        own, powers, log = min(seen, reach + i + 1), scores + 4 * i * stride, lse + apart * i
        floats(log, 1)[0] = shares[i] = 0
        if own:
            top, summed = _raise(powers, own, scale)
            floats(log, 1)[0], shares[i] = top + np.log(summed), np.float32(1) / summed
        floats(powers, seen)[own:] = 0


@_compiled
def _mix_head(powers: int, values: int, out: int, size: int, head: int, width: int) -> None:
    """Adds `size` values [head] times their powers to out [head]."""
    column = 0
    while column < head:
        wide = width_of_mix(head - column)
        mix(powers, values + 4 * column, out + 4 * column, 1, size, wide, 8 * width, size)
        column += wide


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
def layout() -> int:
    """The table's layout that this module's code was compiled for."""
    return LAYOUT
