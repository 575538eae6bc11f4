"""The compiled code that works through the rows of a table, on threads that meet at barriers.

Threads split a call by columns of a product, heads of an attention or rows. No element's sums are
split, and every product sums upwards over k: bits depend neither on the number of threads nor on
the number of rows.
"""

import numpy as np
from numba import njit
from numpy import ndarray as Array

from tat.backends.cpu import activations, norms, positions
from tat.backends.cpu.addresses import floats, integers, longs, small
from tat.backends.cpu.attention import attention
from tat.backends.cpu.columns import COLUMNS, COLUMNS_OF, OPERATIONS, ROWS, numbers
from tat.backends.cpu.columns import layout as layout_of
from tat.backends.cpu.copying import copy_mixture, pointer, shared_pointer
from tat.backends.cpu.loops import share, single
from tat.backends.cpu.packing import LINE
from tat.backends.cpu.products import product, product_int8
from tat.backends.cpu.shared_attention import shared_attention
from tat.backends.cpu.threads import cycles, next_work, post, settle, wait_for_all

LAYOUT = layout_of(*OPERATIONS)
NUMBERS = numbers(*ROWS)

_EMBEDDING, _ADD = COLUMNS_OF["embedding"], COLUMNS_OF["add"]
_LINEAR, _OUTPUT = COLUMNS_OF["linear"], COLUMNS_OF["output_projection"]
_LINEAR_INT8, _OUTPUT_INT8 = COLUMNS_OF["linear_int8"], COLUMNS_OF["output_projection_int8"]
_EMBEDDING_INT8, _CACHE = COLUMNS_OF["embedding_int8"], COLUMNS_OF["cache_write"]

_compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath=False)


@_compiled
def lead(table: int, rows: int, threads: int, most: int, shared: int, scratch: int) -> bool:
    """Posts the rows of a table to `threads` of `most` threads and replays them with these.

    False if threads have left, which are marked behind their mailboxes: then nothing is replayed
    yet, and they have to be started before it is. Behind the arrivals are then the cycles that
    threads waited long for others, and those of the whole.
    """
    began = cycles()
    complete = True
    for thread in range(1, most):  # one of an earlier replay may be behind its last barrier still
        settle(shared + LINE * (2 + thread))
    line = longs(shared, 2 * LINE // 8)
    line[0] = line[1] = 0
    order = longs(shared + LINE, 3)
    order[0], order[1], order[2] = table, rows, threads
    for thread in range(1, threads):
        mailbox = shared + LINE * (2 + thread)
        present = post(mailbox)
        longs(mailbox + 8, 1)[0] = not present
        complete = complete and present
    if complete:
        replay(
            shared, np.int64(0), threads, scratch
        )  # with a literal, all would be compiled once more
    line[2] = cycles() - began
    return complete


@_compiled
def serve(shared: int, thread: int, scratch: int) -> None:
    """Replays posted work, until none has come for a while."""
    while True:
        replay(shared, thread, longs(shared + LINE, 3)[2], scratch)
        if not next_work(shared + LINE * (2 + thread)):
            return


@_compiled
def replay(shared: int, thread: int, threads: int, scratch: int) -> None:
    """This thread's part of the posted rows."""
    order = longs(shared + LINE, 2)
    passed = 0
    for index in range(order[1]):
        row = longs(order[0] + 8 * COLUMNS * index, COLUMNS)
        kernel = row[0]
        if kernel == NUMBERS.attention:
            attention(row, thread, threads, scratch)
        elif kernel == NUMBERS.linear:
            c = _LINEAR
            product(
                row[c.y], row[c.x], row[c.weight], floats(row[c.bias], row[c.outputs]),
                row[c.rows], row[c.inputs], row[c.outputs], thread, threads, scratch,
            )  # fmt: skip
        elif kernel == NUMBERS.output_projection:
            c = _OUTPUT
            product(
                row[c.logits], row[c.x], row[c.table], floats(row[c.table], 0),
                row[c.rows], row[c.width], row[c.vocabulary], thread, threads, scratch,
            )  # fmt: skip
        elif kernel == NUMBERS.linear_int8:
            c = _LINEAR_INT8
            scales, bias = (
                floats(row[c.scales], row[c.outputs]),
                floats(row[c.bias], row[c.outputs]),
            )
            product_int8(
                row[c.y], row[c.x], row[c.weight], scales, bias,
                row[c.rows], row[c.inputs], row[c.outputs], thread, threads, scratch,
            )  # fmt: skip
        elif kernel == NUMBERS.output_projection_int8:
            c = _OUTPUT_INT8
            scales, bias = floats(row[c.scales], row[c.vocabulary]), floats(row[c.scales], 0)
            product_int8(
                row[c.logits], row[c.x], row[c.table], scales, bias,
                row[c.rows], row[c.width], row[c.vocabulary], thread, threads, scratch,
            )  # fmt: skip
        elif kernel == NUMBERS.pointer:
            pointer(row, thread, threads)
        elif kernel == NUMBERS.shared_attention:
            shared_attention(row, thread, threads, scratch)
        elif kernel == NUMBERS.shared_pointer:
            shared_pointer(row, thread, threads)
        elif kernel == NUMBERS.copy_mixture:
            copy_mixture(row, thread, threads)
        else:
            _by_rows(kernel, row, thread, threads)
        passed = wait_for_all(shared, threads, passed)


@_compiled
def _by_rows(kernel: int, row: Array, thread: int, threads: int) -> None:
    """The kernels whose rows, or elements, are shared out."""
    if kernel == NUMBERS.add:
        start, stop = share(row[_ADD.size], thread, threads)
        at, size = 4 * start, stop - start
        y, a = floats(row[_ADD.y] + at, size), floats(row[_ADD.a] + at, size)
        b = floats(row[_ADD.b] + at, size)
        for i in range(y.size):
            y[i] = a[i] + b[i]
    elif kernel == NUMBERS.embedding:
        c, width = _EMBEDDING, row[_EMBEDDING.width]
        start, stop = share(row[c.rows], thread, threads)
        ids, factor = integers(row[c.ids], row[c.rows]), single(row[c.scale])
        for n in range(start, stop):
            _scaled(row[c.y] + 4 * n * width, row[c.table] + 4 * ids[n] * width, width, factor)
    elif kernel == NUMBERS.embedding_int8:
        _embedding_int8(row, *share(row[_EMBEDDING_INT8.rows], thread, threads))
    elif kernel == NUMBERS.cache_write:
        c, width = _CACHE, row[_CACHE.width]
        start, stop = share(row[c.batch], thread, threads)
        position = integers(row[c.position], row[c.batch])
        for b in range(start, stop):
            to = row[c.cache] + 4 * (b * row[c.length] + position[b]) * width
            _scaled(to, row[c.x] + 4 * b * width, width, np.float32(1))
    else:  # of one of these families, or nothing
        norms.replay_rows(kernel, row, thread, threads)
        activations.replay_rows(kernel, row, thread, threads)
        positions.replay_rows(kernel, row, thread, threads)


@_compiled
def _embedding_int8(row: Array, start: int, stop: int) -> None:
    c, width = _EMBEDDING_INT8, row[_EMBEDDING_INT8.width]
    ids, scale = integers(row[c.ids], row[c.rows]), single(row[c.scale])
    for n in range(start, stop):
        y, x = floats(row[c.y] + 4 * n * width, width), small(row[c.table] + ids[n] * width, width)
        factor = floats(row[c.scales] + 4 * ids[n], 1)[0] * scale
        for i in range(y.size):
            y[i] = np.float32(x[i]) * factor


@_compiled
def _scaled(out: int, source: int, size: int, factor: float) -> None:
    y, x = floats(out, size), floats(source, size)
    for i in range(size):
        y[i] = x[i] * factor


@_compiled
def layout() -> int:
    """The table's layout that this module's code was compiled for."""
    return LAYOUT
