"""Attention for training: the reference's name and arguments, by code that inference replays."""

import threading

import numpy as np
from numpy import ndarray as Array

from tat.backends.cpu.attention import attention as _replayed
from tat.backends.cpu.columns import COLUMNS, fill
from tat.backends.cpu.packing import attention_scratch

_own = threading.local()  # scratch memory of each thread


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


def _scratch(size: int) -> int:
    """The address of so many bytes of this thread's scratch memory."""
    memory = getattr(_own, "memory", None)
    if memory is None or memory.nbytes < size:
        memory = _own.memory = np.zeros(size, np.uint8)
    return memory.ctypes.data
