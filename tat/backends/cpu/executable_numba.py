"""Inference plans as a table that compiled code replays, on threads that meet at barriers.

A row holds a kernel, the addresses of its tensors and its extents. Threads split a call by columns
of a product, heads of an attention or rows. No element's sums are split, and every product sums
upwards over k: bits depend neither on the number of threads nor on the number of rows.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy import ndarray as Array

from tat.backends.cpu.kernels_numba import _exp, _gelu, _layer_norm
from tat.backends.cpu.vectors_numba import LANES, floats, integers, tile, wait_for_all
from tat.ops.graph import Call
from tat.ops.plan import Plan

if TYPE_CHECKING:
    from tat.backends.cpu.executable import CpuBackend

OPERATIONS = (
    "embedding", "positional_encoding", "layer_norm", "linear", "gelu", "add", "attention",
    "output_projection", "cache_write",
)  # fmt: skip
_EMBEDDING, _POSITIONS, _NORM, _LINEAR, _GELU, _ADD, _ATTENTION, _OUTPUT, _CACHE = range(9)
_TENSORS, _EXTENTS, _SETTING = 1, 9, 16  # where a row's addresses, extents and float stand
_COLUMNS = 17
_ROWS = 8  # of a tile of products
_SCRATCH = _ROWS * 8 * LANES  # floats of the largest tile

_tile_8x2, _tile_8x1 = tile(_ROWS, 2), tile(_ROWS, 1)
_tile_1x8, _tile_1x2, _tile_1x1 = tile(1, 8), tile(1, 2), tile(1, 1)

_compiled = njit(nogil=True, cache=True, error_model="numpy")
_summing = njit(
    nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"}
)


class Tables:
    """Makes the tables of a backend's plans; its packed weights serve all of them."""

    def __init__(self, backend: "CpuBackend") -> None:
        self._backend = backend
        self._packed: dict[str, tuple[int, Array]] = {}  # with the weights' version then

    def of(self, plan: Plan) -> "TableReplay | None":
        """The table of a plan, or None if a call in it has no compiled form here."""
        if all(call.kernel in OPERATIONS for call in plan.calls):
            return TableReplay(self, plan, self._backend.lanes)
        return None

    def packed(self, call: Call) -> Array | None:
        """The weight that a call takes in panels, up to date and always at the same address."""
        if call.kernel not in ("linear", "output_projection"):
            return None
        weight, current = call.inputs[1], self._backend.weights_version
        version, panels = self._packed.get(weight.name, (-1, None))
        if version != current:
            flat = self._backend.persistent(weight.root, 0)
            values = flat[weight.offset : weight.offset + weight.size].reshape(weight.shape)
            fresh = pack(values if call.kernel == "linear" else values.T)
            if panels is None:
                panels = fresh
            panels[...] = fresh
            self._packed[weight.name] = current, panels
        return panels


def pack(weight: Array) -> Array:
    """[K, N] -> panels [N/16][K][16], the last one filled up with zeros."""
    depth, columns = weight.shape
    panels = -(-columns // LANES)
    filled = np.zeros((depth, panels * LANES), np.float32)
    filled[:, :columns] = weight
    return np.ascontiguousarray(filled.reshape(depth, panels, LANES).transpose(1, 0, 2))


class TableReplay:
    """The table of one plan, and the threads that replay it."""

    def __init__(self, tables: Tables, plan: Plan, threads: int) -> None:
        self._tables, self._plan, self._threads = tables, plan, threads
        self._pool = ThreadPoolExecutor(threads - 1, "replay") if threads > 1 else None
        self._counter = np.zeros(1, np.int64)  # of arrivals at barriers
        scores = [
            call.attributes["sources"] * call.attributes["keys"]
            for call in plan.calls
            if call.kernel == "attention"
        ]
        self._scratch = np.zeros((threads, max([_SCRATCH, *scores])), np.float32)
        self._table = np.zeros((0, _COLUMNS), np.int64)

    def bind(self, arrays: Sequence[Sequence[Array]]) -> None:
        """Takes the arrays of every call, outputs first, and writes down their addresses."""
        self._table = np.zeros((len(arrays), _COLUMNS), np.int64)
        for row, call, tensors in zip(self._table, self._plan.calls, arrays, strict=True):
            addresses = [array.ctypes.data for array in tensors]
            packed = self._tables.packed(call)
            if packed is not None:
                addresses[2] = packed.ctypes.data
            extents = [value for value in call.attributes.values() if isinstance(value, int)]
            row[0] = OPERATIONS.index(call.kernel)
            row[_TENSORS : _TENSORS + len(addresses)] = addresses
            row[_EXTENTS : _EXTENTS + len(extents)] = extents
            for value in call.attributes.values():
                if isinstance(value, float):
                    row[_SETTING] = np.float32(value).view(np.int32)

    def run(self, first: int = 0, count: int | None = None) -> None:
        """Replays all calls, or `count` from call `first` on."""
        for call in self._plan.calls:
            self._tables.packed(call)
        table = self._table[first : None if count is None else first + count]
        self._counter[0] = 0
        jobs = [
            self._pool.submit(_replay, table, thread, self._threads, *self._addresses(thread))
            for thread in range(1, self._threads)
        ]
        _replay(table, 0, self._threads, *self._addresses(0))
        for job in jobs:
            job.result()

    def _addresses(self, thread: int) -> tuple[int, int]:
        return self._counter.ctypes.data, self._scratch[thread].ctypes.data


@_compiled
def _replay(table: Array, thread: int, threads: int, counter: int, scratch: int) -> None:
    passed = 0
    for index in range(table.shape[0]):
        row = table[index]
        kernel = row[0]
        if kernel == _LINEAR:
            _product(row, floats(row[4], row[11]), thread, threads, scratch)
        elif kernel == _OUTPUT:
            _product(row, floats(row[1], 0), thread, threads, scratch)
        elif kernel == _ATTENTION:
            _attention(row, thread, threads, scratch)
        else:
            _by_rows(kernel, row, thread, threads)
        passed = wait_for_all(counter, threads, passed)


@_compiled
def _by_rows(kernel: int, row: Array, thread: int, threads: int) -> None:
    """The kernels whose rows, or elements, are shared out."""
    count = row[9]
    start, stop = count * thread // threads, count * (thread + 1) // threads
    setting = np.int32(row[_SETTING]).view(np.float32)
    if kernel == _GELU:
        _gelu(floats(row[1] + 4 * start, stop - start), floats(row[2] + 4 * start, stop - start))
    elif kernel == _ADD:
        y, a = floats(row[1] + 4 * start, stop - start), floats(row[2] + 4 * start, stop - start)
        b = floats(row[3] + 4 * start, stop - start)
        for i in range(y.size):
            y[i] = a[i] + b[i]
    elif kernel == _NORM:
        width = row[10]
        at, size, shape = 4 * start, stop - start, (stop - start, width)
        _layer_norm(
            floats(row[1] + at * width, size * width).reshape(shape),
            floats(row[2] + at, size), floats(row[3] + at, size),
            floats(row[4] + at * width, size * width).reshape(shape),
            floats(row[5], width), floats(row[6], width), setting,
        )  # fmt: skip
    elif kernel == _EMBEDDING:
        ids = integers(row[2], count)
        for n in range(start, stop):
            _scaled(row[1] + 4 * n * row[10], row[3] + 4 * ids[n] * row[10], row[10], setting)
    elif kernel == _POSITIONS:
        _positions(row, start, stop)
    elif kernel == _CACHE:
        position = integers(row[3], count)
        for b in range(start, stop):
            to = row[1] + 4 * (b * row[11] + position[b]) * row[10]
            _scaled(to, row[2] + 4 * b * row[10], row[10], np.float32(1))


@_compiled
def _scaled(out: int, source: int, size: int, factor: float) -> None:
    y, x = floats(out, size), floats(source, size)
    for i in range(size):
        y[i] = x[i] * factor


@_compiled
def _positions(row: Array, start: int, stop: int) -> None:
    batch, length, width = row[9], row[10], row[11]
    first = integers(row[4], batch)
    for b in range(start, stop):
        for t in range(length):
            at = 4 * (b * length + t) * width
            y, x = floats(row[1] + at, width), floats(row[2] + at, width)
            table = floats(row[3] + 4 * (first[b] + t) * width, width)
            for i in range(width):
                y[i] = x[i] + table[i]


@_compiled
def _product(row: Array, bias: Array, thread: int, threads: int, scratch: int) -> None:
    """y [rows, columns] = x [rows, depth] times packed weights plus bias: this thread's panels."""
    y, x, weight = row[1], row[2], row[3]
    rows, depth, columns = row[9], row[10], row[11]
    panels = (columns + LANES - 1) // LANES
    panel, last = panels * thread // threads, panels * (thread + 1) // threads
    size = 4 * depth * LANES  # bytes of a panel
    while panel < last:
        w, r = weight + panel * size, 0
        wide = 8 if rows < _ROWS and panel + 8 <= last else (2 if panel + 2 <= last else 1)
        while r + _ROWS <= rows:
            if wide == 2:
                _tile_8x2(x + 4 * r * depth, w, scratch, depth, depth)
            else:
                _tile_8x1(x + 4 * r * depth, w, scratch, depth, depth)
            _store(y, scratch, bias, r, _ROWS, panel, wide, columns)
            r += _ROWS
        while r < rows:
            if wide == 8:
                _tile_1x8(x + 4 * r * depth, w, scratch, depth, depth)
            elif wide == 2:
                _tile_1x2(x + 4 * r * depth, w, scratch, depth, depth)
            else:
                _tile_1x1(x + 4 * r * depth, w, scratch, depth, depth)
            _store(y, scratch, bias, r, 1, panel, wide, columns)
            r += 1
        panel += wide


@_compiled
def _store(
    y: int, scratch: int, bias: Array, first: int, rows: int, panel: int, wide: int, columns: int
) -> None:
    """A tile's results, with the bias, to the columns that there are."""
    start = panel * LANES
    count = min(wide * LANES, columns - start)
    for r in range(rows):
        out = floats(y + 4 * ((first + r) * columns + start), count)
        values = floats(scratch + 4 * r * wide * LANES, count)
        if bias.size:
            addend = bias[start : start + count]
            for i in range(count):
                out[i] = values[i] + addend[i]
        else:
            for i in range(count):
                out[i] = values[i]


@_compiled
def _attention(row: Array, thread: int, threads: int, scratch: int) -> None:
    """Shares out the heads of all sequences."""
    batch, queries, sources, keys = row[9], row[10], row[11], row[12]
    width, heads, causal = row[13], row[14], row[15]
    head = width // heads
    lengths = integers(row[5], batch * sources)
    lse = floats(row[2], batch * queries * heads)
    units = batch * heads
    for unit in range(units * thread // threads, units * (thread + 1) // threads):
        b, h = unit // heads, unit % heads
        kv = row[4] + 4 * (b * sources * keys * 2 * width + h * head)
        for t in range(queries):
            at = 4 * ((b * queries + t) * width + h * head)
            limit = t + 1 if causal else keys
            lse[(b * queries + t) * heads + h] = _attend(
                floats(row[1] + at, head), floats(row[3] + at, head), kv,
                lengths[b * sources : (b + 1) * sources], keys, limit, width,
                floats(scratch, sources * keys),
            )  # fmt: skip


@_summing
def _attend(
    y: Array, q: Array, kv: int, lengths: Array, keys: int, limit: int, width: int, scores: Array
) -> float:
    """One query's head: y from the keys and values that count; the log of the denominator."""
    head, scale = q.size, np.float32(1) / np.sqrt(np.float32(q.size))
    count, top = 0, np.float32(-np.inf)
    for k in range(lengths.size):
        for s in range(min(lengths[k], keys, limit)):
            key = floats(kv + 8 * (k * keys + s) * width, head)
            score = np.float32(0)
            for i in range(head):
                score += q[i] * key[i]
            score *= scale
            scores[count] = score
            top = max(top, score)
            count += 1
    for i in range(head):
        y[i] = 0
    if count == 0:
        return np.float32(0)
    total = np.float32(0)
    for n in range(count):
        scores[n] = _exp(scores[n] - top)
        total += scores[n]
    n = 0
    for k in range(lengths.size):
        for s in range(min(lengths[k], keys, limit)):
            value = floats(kv + 4 * (2 * (k * keys + s) + 1) * width, head)
            for i in range(head):
                y[i] += scores[n] * value[i]
            n += 1
    for i in range(head):
        y[i] /= total
    return top + np.log(total)
