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

from tat.backends.cpu.attention import attention
from tat.backends.cpu.attention import scratch_bytes as attention_scratch
from tat.backends.cpu.copying import copy_mixture, pointer
from tat.backends.cpu.products import pack, product, product_int8
from tat.backends.cpu.products import scratch_bytes as product_scratch
from tat.backends.cpu.threads import next_work, post, settle, wait_for_all
from tat.backends.cpu.training_kernels import _gelu, _layer_norm
from tat.backends.cpu.vectors import floats, integers, longs, small
from tat.ops.graph import Call
from tat.ops.plan import Plan

if TYPE_CHECKING:
    from tat.backends.cpu.executable import CpuBackend

OPERATIONS = (
    "embedding", "positional_encoding", "layer_norm", "linear", "gelu", "add", "attention",
    "output_projection", "cache_write", "embedding_int8", "linear_int8", "output_projection_int8",
    "pointer", "copy_mixture",
)  # fmt: skip
(
    _EMBEDDING, _POSITIONS, _NORM, _LINEAR, _GELU, _ADD, _ATTENTION,
    _OUTPUT, _CACHE, _EMBEDDING_INT8, _LINEAR_INT8, _OUTPUT_INT8, _POINTER, _MIXTURE,
) = range(len(OPERATIONS))  # fmt: skip
_TENSORS, _EXTENTS, _SETTING = 1, 9, 16  # where a row's addresses, extents and float stand
_COLUMNS = 17
_LINE = 64  # bytes of a cache line, which threads should not share

_compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath=False)


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

    @property
    def version(self) -> int:
        """Of the weights; packed copies of another are stale."""
        return self._backend.weights_version

    def packed(self, call: Call) -> Array | None:
        """The weight that a call takes in blocks, up to date and always at the same address."""
        kind = call.kernel.removesuffix("_int8")
        if kind not in ("linear", "output_projection"):
            return None
        weight, current = call.inputs[1], self.version
        version, blocks = self._packed.get(weight.name, (-1, None))
        if version != current:
            flat = self._backend.persistent(weight.root, 0).reshape(-1)
            values = flat[weight.offset : weight.offset + weight.size].reshape(weight.shape)
            fresh = pack(values if kind == "linear" else values.T)
            if blocks is None:
                blocks = fresh
            blocks[...] = fresh
            self._packed[weight.name] = current, blocks
        return blocks


def _scratch_bytes(call: Call) -> int:
    """What a thread needs beside the tensors of a call."""
    if call.kernel == "attention":
        return attention_scratch(call.attributes["sources"] * call.attributes["keys"])
    if call.kernel in ("linear", "output_projection", "linear_int8", "output_projection_int8"):
        rows, depth, _ = call.attributes.values()
        return product_scratch(rows, depth, call.kernel.endswith("_int8"))
    return 0


class TableReplay:
    """The table of one plan, and the threads that replay it."""

    def __init__(self, tables: Tables, plan: Plan, threads: int) -> None:
        self._tables, self._plan, self._threads = tables, plan, threads
        self._pool = ThreadPoolExecutor(max(1, threads - 1), "replay")
        needed = max(map(_scratch_bytes, plan.calls), default=0)
        self._scratch = np.zeros((threads, needed // _LINE * _LINE + _LINE), np.uint8)
        self._table = np.zeros((0, _COLUMNS), np.int64)
        self._version = -1  # of the weights that are packed
        # Lines that threads share: arrivals at barriers, what to replay, then a mailbox each.
        self._shared = np.zeros((2 + threads, _LINE // 8), np.int64)

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
        if self._version != self._tables.version:
            for call in self._plan.calls:
                self._tables.packed(call)
            self._version = self._tables.version
        table = self._table[first : None if count is None else first + count]
        shared, scratch = self._shared.ctypes.data, self._scratch.ctypes.data
        if not _lead(table.ctypes.data, len(table), self._threads, shared, scratch):
            for thread in range(1, self._threads):
                if self._shared[2 + thread, 1]:
                    self._pool.submit(_serve, thread, self._threads, self._shared, self._scratch)
            _replay(shared, 0, self._threads, scratch)


def kernel_folder() -> str:
    """Where Numba keeps what it compiles of these, as it says itself."""
    return _lead.stats.cache_path


@_compiled
def _lead(table: int, rows: int, threads: int, shared: int, scratch: int) -> bool:
    """Posts the rows of a table to all threads and replays them with these.

    False if threads have left, which are marked behind their mailboxes: then nothing is replayed
    yet, and they have to be started before it is.
    """
    complete = True
    for thread in range(1, threads):
        settle(shared + _LINE * (2 + thread))
    line = longs(shared, 2 * _LINE // 8)
    line[0], line[_LINE // 8], line[_LINE // 8 + 1] = 0, table, rows
    for thread in range(1, threads):
        mailbox = shared + _LINE * (2 + thread)
        present = post(mailbox)
        longs(mailbox + 8, 1)[0] = not present
        complete = complete and present
    if complete:
        _replay(shared, np.int64(0), threads, scratch)  # a literal would compile all for itself
    return complete


@_compiled
def _serve(thread: int, threads: int, shared: Array, scratch: Array) -> None:
    """Replays what is posted, until no more has come for a while.

    The arrays, and not addresses, are its arguments to be there as long as it is.
    """
    lines, room = np.int64(shared.ctypes.data), np.int64(scratch[thread].ctypes.data)
    while True:
        _replay(lines, thread, threads, room)
        if not next_work(lines + _LINE * (2 + thread)):
            return


@_compiled
def _replay(shared: int, thread: int, threads: int, scratch: int) -> None:
    """This thread's part of the posted rows."""
    order = longs(shared + _LINE, 2)
    table = longs(order[0], order[1] * _COLUMNS).reshape(order[1], _COLUMNS)
    passed = 0
    for index in range(table.shape[0]):
        row = table[index]
        kernel = row[0]
        if kernel == _ATTENTION:
            attention(row, thread, threads, scratch)
        elif kernel in (_LINEAR, _OUTPUT):
            bias = floats(row[4], row[11] if kernel == _LINEAR else 0)
            product(
                row[1], row[2], row[3], bias, row[9], row[10], row[11], thread, threads, scratch
            )
        elif kernel in (_LINEAR_INT8, _OUTPUT_INT8):
            scales = floats(row[4], row[11])
            bias = floats(row[5], row[11] if kernel == _LINEAR_INT8 else 0)
            product_int8(
                row[1], row[2], row[3], scales, bias, row[9], row[10], row[11],
                thread, threads, scratch,
            )  # fmt: skip
        elif kernel == _POINTER:
            pointer(row, thread, threads)
        elif kernel == _MIXTURE:
            copy_mixture(row, thread, threads)
        else:
            _by_rows(kernel, row, thread, threads)
        passed = wait_for_all(shared, threads, passed)


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
    elif kernel == _EMBEDDING_INT8:
        ids, scales = integers(row[2], count), row[4]
        for n in range(start, stop):
            y = floats(row[1] + 4 * n * row[10], row[10])
            x = small(row[3] + ids[n] * row[10], row[10])
            factor = floats(scales + 4 * ids[n], 1)[0] * setting
            for i in range(y.size):
                y[i] = np.float32(x[i]) * factor
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
