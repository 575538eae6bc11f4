"""The copy head in the table of an inference plan: threads share out its rows.

Sums over source positions go upwards and skip positions that cannot be copied, so the room for
sources in a batch does not change the bits of a sequence.
"""

import numpy as np
from numba import njit
from numpy import ndarray as Array

from tat.backends.cpu.addresses import floats, integers
from tat.backends.cpu.columns import COLUMNS_OF
from tat.backends.cpu.columns import layout as layout_of
from tat.backends.cpu.loops import exp
from tat.backends.cpu.powers import largest, sum_of_exponentials

_POINTER, _MIXTURE = COLUMNS_OF["pointer"], COLUMNS_OF["copy_mixture"]
_SHARED = COLUMNS_OF["shared_pointer"]
LAYOUT = layout_of("pointer", "shared_pointer", "copy_mixture")
_f = np.float32
_SUMS = {"reassoc", "contract", "nsz"}
_compiled = njit(nogil=True, cache=True, error_model="numpy")
_summing = njit(nogil=True, cache=True, error_model="numpy", fastmath=_SUMS)


@_compiled
def pointer(row: Array, thread: int, threads: int) -> None:
    """This thread's rows."""
    c = _POINTER
    batch, queries, sources = row[c.batch], row[c.queries], row[c.sources]
    keys, width, first = row[c.keys], row[c.width], row[c.first]
    rows, span = batch * queries, sources * keys
    log_rest, gate = floats(row[c.log_rest], rows), floats(row[c.gate], rows)
    for n in range(rows * thread // threads, rows * (thread + 1) // threads):
        b = n // queries
        shares = floats(row[c.shares] + 4 * n * span, span)
        q, k = floats(row[c.q] + 4 * n * width, width), row[c.k] + 4 * b * span * width
        ids = integers(row[c.ids] + 4 * b * span, span)
        lengths = integers(row[c.lengths] + 4 * b * sources, sources)
        log_rest[n] = _point(shares, gate[n], q, k, ids, lengths, keys, first)


@_compiled
def shared_pointer(row: Array, thread: int, threads: int) -> None:
    """This thread's rows, which may read the keys of other rows."""
    c = _SHARED
    batch, sources, keys = row[c.batch], row[c.sources], row[c.keys]
    width, first, span = row[c.width], row[c.first], sources * keys
    log_rest, gate = floats(row[c.log_rest], batch), floats(row[c.gate], batch)
    memory = integers(row[c.memory], batch)
    for b in range(batch * thread // threads, batch * (thread + 1) // threads):
        shares = floats(row[c.shares] + 4 * b * span, span)
        q = floats(row[c.q] + 4 * b * width, width)
        k, ids = row[c.k] + 4 * memory[b] * span * width, integers(row[c.ids] + 4 * b * span, span)
        lengths = integers(row[c.lengths] + 4 * b * sources, sources)
        log_rest[b] = _point(shares, gate[b], q, k, ids, lengths, keys, first)


@_compiled
def _point(
    shares: Array, gate: float, q: Array, k: int, ids: Array, lengths: Array, keys: int, first: int
) -> float:
    """One row: its shares, and the log of what they leave."""
    total = _powers(shares, q, k, ids, lengths, keys, first)
    factor = exp(-_softplus(-gate)) / total if total != 0 else _f(0)
    for i in range(shares.size):
        shares[i] *= factor
    return -_softplus(gate) if total != 0 else _f(0)


@_compiled
def _powers(
    shares: Array, q: Array, k: int, ids: Array, lengths: Array, keys: int, first: int
) -> float:
    """exp(score - maximum) of positions that can be copied, 0 of the others; their sum."""
    top, scale = _f(-np.inf), _f(1) / np.sqrt(_f(q.size))
    for i in range(shares.size):
        shares[i] = -np.inf
        if i % keys < lengths[i // keys] and ids[i] >= first:
            shares[i] = scale * _dot(q, floats(k + 4 * i * q.size, q.size))
            top = max(top, shares[i])
    total = _f(0)
    for i in range(shares.size):
        shares[i] = exp(shares[i] - top) if shares[i] != -np.inf else _f(0)
        total += shares[i]
    return total


@_summing
def _dot(a: Array, b: Array) -> float:
    total = _f(0)
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@_compiled
def _softplus(x: float) -> float:
    return max(x, _f(0)) + np.log1p(exp(-abs(x)))


@_compiled
def copy_mixture(row: Array, thread: int, threads: int) -> None:
    """This thread's rows."""
    c = _MIXTURE
    batch, queries, sources = row[c.batch], row[c.queries], row[c.sources]
    keys, vocabulary = row[c.keys], row[c.vocabulary]
    rows, span = batch * queries, sources * keys
    log_rest = floats(row[c.log_rest], rows)
    for n in range(rows * thread // threads, rows * (thread + 1) // threads):
        logits = floats(row[c.logits] + 4 * n * vocabulary, vocabulary)
        shares = floats(row[c.shares] + 4 * n * span, span)
        ids = integers(row[c.ids] + 4 * (n // queries) * span, span)
        shift = log_rest[n] - _log_sum(logits.ctypes.data, vocabulary)
        for i in range(vocabulary):
            logits[i] += shift
        for i in range(span):
            if shares[i] != 0:
                held, more = logits[ids[i]], np.log(shares[i])
                top = max(held, more)
                logits[ids[i]] = top + np.log1p(exp(min(held, more) - top))


@_compiled
def _log_sum(logits: int, size: int) -> float:
    """The log of the sum of exp."""
    top = largest(logits, size)
    return top + np.log(sum_of_exponentials(logits, size, top))


@_compiled
def layout() -> int:
    """The table's layout that this module's code was compiled for."""
    return LAYOUT
