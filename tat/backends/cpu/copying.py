"""The copy head in the table of an inference plan: threads share out its rows.

Sums over source positions go upwards and skip those that are not offered, so that a sequence gets
the same bits however much room there is for its sources.
"""

import numpy as np
from numba import njit
from numpy import ndarray as Array

from tat.backends.cpu.training_kernels import _exp
from tat.backends.cpu.vectors import floats, integers

_f = np.float32
_SUMS = {"reassoc", "contract", "nsz"}
_compiled = njit(nogil=True, cache=True, error_model="numpy")
_summing = njit(nogil=True, cache=True, error_model="numpy", fastmath=_SUMS)


@_compiled
def pointer(row: Array, thread: int, threads: int) -> None:
    """This thread's rows. row holds the addresses of shares, log_rest, q, k, gate, ids and lengths
    from 1 on, and from 9 on the extents batch, queries, sources, keys, width and first.
    """
    batch, queries, sources = row[9], row[10], row[11]
    keys, width, first = row[12], row[13], row[14]
    rows, span = batch * queries, sources * keys
    log_rest, gate = floats(row[2], rows), floats(row[5], rows)
    for n in range(rows * thread // threads, rows * (thread + 1) // threads):
        b = n // queries
        shares, q = floats(row[1] + 4 * n * span, span), floats(row[3] + 4 * n * width, width)
        ids = integers(row[6] + 4 * b * span, span)
        lengths = integers(row[7] + 4 * b * sources, sources)
        total = _powers(shares, q, row[4] + 4 * b * span * width, ids, lengths, keys, first)
        log_rest[n] = -_softplus(gate[n]) if total != 0 else _f(0)
        factor = _exp(-_softplus(-gate[n])) / total if total != 0 else _f(0)
        for i in range(span):
            shares[i] *= factor


@_compiled
def _powers(
    shares: Array, q: Array, k: int, ids: Array, lengths: Array, keys: int, first: int
) -> float:
    """exp(score - maximum) of the positions that are offered, 0 of the others; their sum."""
    top, scale = _f(-np.inf), _f(1) / np.sqrt(_f(q.size))
    for i in range(shares.size):
        shares[i] = -np.inf
        if i % keys < lengths[i // keys] and ids[i] >= first:
            shares[i] = scale * _dot(q, floats(k + 4 * i * q.size, q.size))
            top = max(top, shares[i])
    total = _f(0)
    for i in range(shares.size):
        shares[i] = _exp(shares[i] - top) if shares[i] != -np.inf else _f(0)
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
    return max(x, _f(0)) + np.log1p(_exp(-abs(x)))


@_compiled
def copy_mixture(row: Array, thread: int, threads: int) -> None:
    """This thread's rows. row holds the addresses of logits, shares, log_rest and ids from 1 on,
    and from 9 on the extents batch, queries, sources, keys and vocabulary.
    """
    batch, queries, sources, keys, vocabulary = row[9], row[10], row[11], row[12], row[13]
    rows, span = batch * queries, sources * keys
    log_rest = floats(row[3], rows)
    for n in range(rows * thread // threads, rows * (thread + 1) // threads):
        logits = floats(row[1] + 4 * n * vocabulary, vocabulary)
        shares = floats(row[2] + 4 * n * span, span)
        ids = integers(row[4] + 4 * (n // queries) * span, span)
        shift = log_rest[n] - _log_sum(logits)
        for i in range(vocabulary):
            logits[i] += shift
        for i in range(span):
            if shares[i] != 0:
                held, more = logits[ids[i]], np.log(shares[i])
                top = max(held, more)
                logits[ids[i]] = top + np.log1p(_exp(min(held, more) - top))


@_summing
def _log_sum(logits: Array) -> float:
    """The log of the sum of exp."""
    top = logits[0]
    for i in range(logits.size):
        top = max(top, logits[i])
    total = _f(0)
    for i in range(logits.size):
        total += _exp(logits[i] - top)
    return top + np.log(total)
