"""Attention for training: the reference's names and arguments, float32, faster.

The forward pass is what inference replays. The backward pass goes head by head: its queries and its
keys that count lie side by side then, in whole vectors, and all products are tiles of vectors.py.
"""

import threading

import numpy as np
from numba import njit
from numpy import ndarray as Array

from tat.backends.cpu.addresses import floats, integers
from tat.backends.cpu.attention import attention as _replayed
from tat.backends.cpu.columns import COLUMNS, fill
from tat.backends.cpu.loops import summing
from tat.backends.cpu.packing import BLOCK, LANES, LINE, ROWS, attention_scratch
from tat.backends.cpu.powers import exponentials
from tat.backends.cpu.vectors import FLOAT, tile, transpose_tile

_own = threading.local()  # scratch memory of each thread
_score = tile(ROWS, FLOAT, BLOCK // LANES)
_mix_64 = tile(ROWS, FLOAT, BLOCK // LANES, resume=True)
_mix_16 = tile(ROWS, FLOAT, 1, resume=True)

_compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})


def attention(
    y: Array, lse: Array, q: Array, kv: Array, lengths: Array, *,
    batch: int, queries: int, sources: int, keys: int, width: int, heads: int, causal: int,
) -> None:  # fmt: skip
    row = np.zeros(COLUMNS, np.int64)
    addresses = [array.ctypes.data for array in (y, lse, q, kv, lengths)]
    extents = {
        "batch": batch, "queries": queries, "sources": sources, "keys": keys, "width": width,
        "heads": heads, "causal": causal,
    }  # fmt: skip
    fill(row, "attention", addresses, extents)
    _replayed(row, 0, 1, _scratch(attention_scratch(sources * keys, heads, width)))


def attention_backward(
    dq: Array, dkv: Array, dy: Array, y: Array, q: Array, kv: Array, lse: Array, lengths: Array, *,
    batch: int, queries: int, sources: int, keys: int, width: int, heads: int, causal: int,
) -> None:  # fmt: skip
    head = width // heads
    t, n, e = _whole(queries, LANES), _whole(sources * keys, BLOCK), _whole(head, LANES)
    scratch = _scratch(4 * (4 * n * e + 2 * t * e + 4 * n * t + ROWS * BLOCK + 2 * n))
    _backward(dq, dkv, dy, y, q, kv, lse, lengths.reshape(batch, sources), keys, causal, scratch)


def _scratch(size: int) -> int:
    """The address of so many bytes of this thread's scratch memory, where a cache line begins."""
    memory = getattr(_own, "memory", None)
    if memory is None or memory.nbytes < size + LINE:
        memory = _own.memory = np.zeros(size + LINE, np.uint8)
    return _whole(memory.ctypes.data, LINE)


@_compiled
def _whole(count: int, step: int) -> int:
    """The next multiple of a step."""
    return (count + step - 1) // step * step


@_compiled
def _backward(
    dq: Array, dkv: Array, dy: Array, y: Array, q: Array, kv: Array, lse: Array, lengths: Array,
    keys: int, causal: int, scratch: int,
) -> None:  # fmt: skip
    """dq [B*T, D] and dkv [B*K*S, 2D]; lengths are [B, K]."""
    queries = q.shape[0] // lengths.shape[0]
    for b in range(lengths.shape[0]):
        for h in range(lse.shape[1]):
            _backward_head(
                dq, dkv, dy, y, q, kv, lse, lengths[b], queries, keys, causal, b, h, scratch
            )


@_compiled
def _backward_head(
    dq: Array, dkv: Array, dy: Array, y: Array, q: Array, kv: Array, lse: Array, lengths: Array,
    queries: int, keys: int, causal: int, b: int, h: int, scratch: int,
) -> None:  # fmt: skip
    """The part of head h of sequence b in dq and dkv; lengths are those of its sources."""
    heads, width, sources = lse.shape[1], q.shape[1], lengths.size
    head = width // heads
    first, begin, start = b * queries, b * sources * keys, h * head
    count = 0
    for source in range(sources):
        count += lengths[source]
    t, n, e = _whole(queries, LANES), _whole(count, BLOCK), _whole(head, LANES)
    k = scratch
    v, k_turned, v_turned = k + 4 * n * e, k + 8 * n * e, k + 12 * n * e
    queried, above = k + 16 * n * e, k + 16 * n * e + 4 * t * e
    p = above + 4 * t * e
    ds, p_turned, ds_turned = p + 4 * n * t, p + 8 * n * t, p + 12 * n * t
    out, places = p + 16 * n * t, p + 16 * n * t + 4 * ROWS * BLOCK
    floats(k, 2 * n * e)[:] = 0
    floats(queried, 2 * t * e)[:] = 0
    _gather(k, v, places, kv, lengths, keys, begin, start, head, e)
    for r in range(queries):
        _copy(floats(queried + 4 * r * e, head), q[first + r, start : start + head])
        _copy(floats(above + 4 * r * e, head), dy[first + r, start : start + head])
    _turn(k_turned, k, n, e, 4 * n)
    _turn(v_turned, v, n, e, 4 * n)
    alone = causal and sources == 1  # query r then sees keys up to r
    floats(p, 2 * n * t)[:] = 0
    for block in range(n // BLOCK):
        for r in range(block * BLOCK if alone else 0, t, ROWS):
            at = 4 * BLOCK * (block * t + r)
            _score(queried + 4 * r * e, k_turned + 4 * BLOCK * block, p + at, e, e, 4 * n, 0)
            _score(above + 4 * r * e, v_turned + 4 * BLOCK * block, ds + at, e, e, 4 * n, 0)
    for r in range(t):
        top = along = np.float32(0)
        if r < queries:
            top, part = lse[first + r, h], slice(start, start + head)
            along = _dot(dy[first + r, part], y[first + r, part])
        _slopes(p, ds, top, along, integers(places + 4 * n, count), causal, head, r, n, t, queries)
    for block in range(n // BLOCK):
        at, turned = 4 * BLOCK * block * t, 4 * t * BLOCK * block
        _turn(p_turned + turned, p + at, t, BLOCK, 4 * t)
        _turn(ds_turned + turned, ds + at, t, BLOCK, 4 * t)
    for r in range(0, queries, ROWS):
        for column in range(0, e, _step(e)):
            wide = min(_step(e), e - column)
            floats(out, ROWS * wide)[:] = 0
            for block in range(min(n // BLOCK, r // BLOCK + 1) if alone else n // BLOCK):
                at = ds + 4 * BLOCK * (block * t + r)
                _mix(at, k + 4 * (BLOCK * block * e + column), out, BLOCK, BLOCK, e, wide)
            for i in range(min(ROWS, queries - r)):
                left = dq[first + r + i, start + column : start + min(column + wide, head)]
                _copy(left, floats(out + 4 * i * wide, wide))
    _spread(dkv, ds_turned, queried, places, out, count, start, head, t, e, alone)
    _spread(dkv, p_turned, above, places, out, count, width + start, head, t, e, alone)
    for source in range(sources):
        for i in range(begin + source * keys + lengths[source], begin + (source + 1) * keys):
            dkv[i, start : start + head] = 0
            dkv[i, width + start : width + start + head] = 0


@_compiled
def _gather(
    k: int, v: int, places: int, kv: Array, lengths: Array, keys: int, begin: int, start: int,
    head: int, e: int,
) -> None:  # fmt: skip
    """Puts the keys and values that count side by side, and writes down which they are.

    `places` has their rows in kv, and behind a block's multiple of these their places in sources.
    """
    width, found = kv.shape[1] // 2, 0
    count = 0
    for source in range(lengths.size):
        count += lengths[source]
    rows = integers(places, count)
    inside = integers(places + 4 * _whole(count, BLOCK), count)
    for source in range(lengths.size):
        for i in range(lengths[source]):
            row = begin + source * keys + i
            rows[found], inside[found] = row, i
            _copy(floats(k + 4 * found * e, head), kv[row, start : start + head])
            _copy(floats(v + 4 * found * e, head), kv[row, width + start : width + start + head])
            found += 1


@_compiled
def _slopes(
    p: int, ds: int, lse: float, along: float, inside: Array, causal: int, head: int, r: int,
    n: int, t: int, queries: int,
) -> None:  # fmt: skip
    """Row r of blocks [n/64][t][64]: scores to probabilities, and their gradients to those of
    scores; `along` is the product of the row's result and its gradient."""
    scale = np.float32(1) / np.sqrt(np.float32(head))
    for block in range(n // BLOCK):
        at, first = 4 * BLOCK * (block * t + r), block * BLOCK
        shares, slopes = floats(p + at, BLOCK), floats(ds + at, BLOCK)
        there = max(0, min(BLOCK, inside.size - first))
        if r >= queries:
            there = 0
        exponentials(p + at, p + at, BLOCK, lse / scale, scale)
        shares[there:] = 0
        if causal:
            for i in range(there):
                shares[i] = shares[i] if inside[first + i] <= r else np.float32(0)
        for i in range(BLOCK):
            slopes[i] = shares[i] * (slopes[i] - along) * scale


@summing
def _dot(a: Array, b: Array) -> float:
    total = np.float32(0)
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@_compiled
def _spread(
    dkv: Array, x: int, w: int, places: int, out: int, count: int, start: int, head: int, t: int,
    e: int, alone: bool,
) -> None:  # fmt: skip
    """Rows of dkv, from column `start` on, = x [keys][t] times w [t][e].

    `alone`: what stands before the diagonal of x is 0.
    """
    rows = integers(places, count)
    for r in range(0, count, ROWS):
        begin = min(r, t) if alone else 0
        for column in range(0, head, _step(e)):
            wide = min(_step(e), e - column)
            floats(out, ROWS * wide)[:] = 0
            at = w + 4 * (begin * e + column)
            _mix(x + 4 * (r * t + begin), at, out, t, t - begin, e, wide)
            for i in range(min(ROWS, count - r)):
                left = dkv[rows[r + i], start + column : start + min(column + wide, head)]
                _copy(left, floats(out + 4 * i * wide, wide))


@_compiled
def _step(e: int) -> int:
    """Columns of a tile."""
    return BLOCK if e % BLOCK == 0 else LANES


@_compiled
def _mix(x: int, w: int, out: int, stride: int, depth: int, e: int, wide: int) -> None:
    """Adds x [4][depth] times w [depth][wide], of rows of e, to out [4][wide]."""
    if wide == BLOCK:
        _mix_64(x, w, out, stride, depth, 4 * e, 0)
    else:
        _mix_16(x, w, out, stride, depth, 4 * e, 0)


@_compiled
def _turn(out: int, source: int, rows: int, columns: int, pitch: int) -> None:
    """Transposes rows [rows][columns] of whole vectors to rows `pitch` bytes apart."""
    for r in range(0, rows, LANES):
        for c in range(0, columns, LANES):
            at = source + 4 * (r * columns + c)
            transpose_tile(out + c * pitch + 4 * r, at, pitch, 4 * columns)


@_compiled
def _copy(out: Array, values: Array) -> None:
    for i in range(out.size):
        out[i] = values[i]
