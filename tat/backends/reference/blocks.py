"""Flat arrays in blocks, so that temporaries stay in cache."""

from numpy import ndarray as Array

_BLOCK = 65536  # elements worked on at a time


def blocks(*arrays: Array) -> zip:
    """The arrays flat, in slices of a size that stays in cache."""
    flat = [a.reshape(-1) for a in arrays]
    starts = range(0, flat[0].size, _BLOCK)
    return zip(*([a[i : i + _BLOCK] for i in starts] for a in flat), strict=True)
