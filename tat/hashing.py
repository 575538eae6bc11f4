"""Random bits by counting: a hash of words and of an element's index, the same on every device."""

from collections.abc import Iterable

import numpy as np
from numpy import ndarray as Array
from numpy import uint32

STRIDE = uint32(0x9E3779B1)  # odd, so that no two elements of one hash share their bits
FACTORS = uint32(0x7FEB352D), uint32(0x846CA68B)  # of C. Wellons, hash-prospector


def mix(x: Array) -> Array:
    """A 32-bit integer hash of low bias."""
    x = (x ^ (x >> uint32(16))) * FACTORS[0]
    x = (x ^ (x >> uint32(15))) * FACTORS[1]
    return x ^ (x >> uint32(16))


def fold(key: int, words: Iterable[int]) -> Array:
    """One word [1] from a key and several integers; only their low 32 bits count."""
    base = np.array([key & 0xFFFFFFFF], uint32)
    for word in words:
        base = mix(base ^ uint32(word & 0xFFFFFFFF))
    return base


def element_hashes(base: Array, size: int) -> Array:
    """32 random bits [size] for each element, of one word [1]."""
    return mix((np.arange(size, dtype=uint32) * STRIDE) ^ base)
