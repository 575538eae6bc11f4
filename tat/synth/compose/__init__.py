"""Functions that are put together from parts: stages, kernels, and callers of other functions."""
