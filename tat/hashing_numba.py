"""The hash of hashing.py in compiled code, one number at a time."""

import numpy as np
from numba import njit

from tat.hashing import FACTORS, STRIDE

_FIRST, _SECOND = FACTORS
_compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath=False)


@_compiled
def mix(x: np.uint32) -> np.uint32:
    """`hashing.mix` of one word; without the casts, Numba multiplies in 64 bits."""
    x = np.uint32((x ^ (x >> np.uint32(16))) * _FIRST)
    x = np.uint32((x ^ (x >> np.uint32(15))) * _SECOND)
    return np.uint32(x ^ (x >> np.uint32(16)))


@_compiled
def element_hash(base: np.uint32, index: int) -> np.uint32:
    """`hashing.element_hashes` of one element."""
    return mix(np.uint32(np.uint32(index) * STRIDE) ^ base)
