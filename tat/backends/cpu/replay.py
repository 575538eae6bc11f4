"""Inference plans as a table that compiled code replays, on threads that meet at barriers.

A row holds a kernel, the addresses of its tensors and its extents: see columns.py. table_rows.py
works through them, compiled as compiled.py has it.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol
from weakref import proxy

import numpy as np
from numpy import ndarray as Array

from tat.backends.cpu.columns import COLUMNS, OPERATIONS, fill
from tat.backends.cpu.compiled import TableCode
from tat.backends.cpu.pace import Load, Pace
from tat.backends.cpu.packing import LINE, attention_scratch, pack, product_scratch, tile_scratch
from tat.backends.notes import say_once
from tat.ops.graph import Call, Tensor
from tat.ops.kernels import KERNELS
from tat.ops.plan import Plan

# Kernels that only move rows have the same bits in NumPy: plans of these alone need no table.
_MOVES = ("cache_gather",)


class Owner(Protocol):
    """The owner of the persistent tensors of tables, and of the promise that rows are alike."""

    lanes: int
    rows_alike: bool
    weights_version: int  # after writes to weights, packed copies of them are stale

    def persistent(self, tensor: Tensor, lane: int) -> Array:
        """The storage of a weight, state or constant."""


class Tables:
    """Makes the tables of a backend's plans; its packed weights serve all of them."""

    def __init__(self, backend: Owner, code: TableCode) -> None:
        self._backend, self.code = proxy(backend), code  # the backend holds these tables
        self.load = Load(backend.lanes)
        self._packed: dict[
            str, tuple[int, Array]
        ] = {}  # and the version of the weights that were packed

    def of(self, plan: Plan) -> "TableReplay | None":
        """The table of a plan for inference; None where a call in it has no compiled form.

        Such a plan is run kernel by kernel, and the backend no longer says that rows are alike.
        """
        kernels = {call.kernel for call in plan.calls}
        if any(KERNELS[kernel].use == "training" for kernel in kernels) or kernels <= {*_MOVES}:
            return None
        unknown = sorted(kernels - {*OPERATIONS})
        if not unknown:
            return TableReplay(self, plan, self._backend.lanes)
        self._backend.rows_alike = False
        say_once(
            f"{', '.join(unknown)}: not in the compiled table of inference"
            " (tat/backends/cpu/table_rows.py), so a plan runs kernel by kernel: slower, without"
            " drafts, and last bits may depend on what else is in a batch"
        )
        return None

    @property
    def version(self) -> int:
        """The version of the weights; packed copies of another version are stale."""
        return self._backend.weights_version

    def packed(self, call: Call) -> Array | None:
        """The packed weight of a call, up to date and always at the same address."""
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
    """The scratch memory of a thread for a call."""
    if call.kernel in ("attention", "shared_attention"):
        keys = call.attributes["sources"] * call.attributes["keys"]
        batch, heads, width = (call.attributes[name] for name in ("batch", "heads", "width"))
        needed = attention_scratch(keys, heads, width)
        return needed + tile_scratch(COLUMNS, batch, heads, width)  # no tiles of plain attention
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
        self._scratch = np.zeros((threads, needed // LINE * LINE + LINE), np.uint8)
        self._table = np.zeros((0, COLUMNS), np.int64)
        self._version = -1  # of the weights that are packed
        self._pace = Pace(tables.load)
        # Lines that threads share: arrivals at barriers with what waiting for them took, what to
        # replay and on how many threads, then a mailbox each.
        self._shared = np.zeros((2 + threads, LINE // 8), np.int64)

    def bind(self, arrays: Sequence[Sequence[Array]]) -> None:
        """Takes the arrays of every call, outputs first, and writes down their addresses."""
        self._table = np.zeros((len(arrays), COLUMNS), np.int64)
        for row, call, tensors in zip(self._table, self._plan.calls, arrays, strict=True):
            addresses = [array.ctypes.data for array in tensors]
            packed = self._tables.packed(call)
            if packed is not None:
                addresses[2] = packed.ctypes.data
            fill(row, call.kernel, addresses, call.attributes)

    def run(self, first: int = 0, count: int | None = None) -> None:
        """Replays all calls, or `count` from call `first` on."""
        if self._version != self._tables.version:
            for call in self._plan.calls:
                self._tables.packed(call)
            self._version = self._tables.version
        table = self._table[first : None if count is None else first + count]
        shared, scratch = self._shared.ctypes.data, self._scratch.ctypes.data
        most, code = self._tables.load.most, self._tables.code
        if most == 1:
            code.lead(table.ctypes.data, len(table), 1, 1, shared, scratch)
            return
        threads = self._pace.threads()
        began = time.monotonic()
        if code.lead(table.ctypes.data, len(table), threads, most, shared, scratch):
            if len(table) == len(self._table):
                waited, whole = self._shared[0, 1:3]
                self._pace.note(threads, time.monotonic() - began, waited / max(whole, 1))
        else:
            for thread in range(1, threads):
                if self._shared[2 + thread, 1]:
                    self._pool.submit(_serve, code, thread, self._shared, self._scratch)
            code.replay(shared, 0, threads, scratch)
            self._pace.note_start(threads, time.monotonic() - began)


def _serve(code: TableCode, thread: int, shared: Array, scratch: Array) -> None:
    """Has a thread serve; arrays, and not their addresses, live as long as it does."""
    code.serve(shared.ctypes.data, thread, scratch[thread].ctypes.data)
