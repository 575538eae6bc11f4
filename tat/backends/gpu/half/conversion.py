"""Half precision (IEEE 754 binary16) on the host."""

import numpy as np
from numpy import ndarray as Array

HALF_BYTES = 2  # of an element


def to_half(values: Array) -> Array:
    """float32 to the nearest float16, ties to even; what is too large becomes infinite."""
    with np.errstate(over="ignore"):
        return values.astype(np.float16)


def from_half(values: Array) -> Array:
    """float16 to float32, which holds every value."""
    return values.astype(np.float32)
