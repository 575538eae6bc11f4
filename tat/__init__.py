"""tat, the Tiny Agent Trainer: an encoder-decoder Transformer engine for WGSL."""

import os

__version__ = "1.0.0"

# One BLAS thread, set before numpy is first imported: tat runs micro-batches on threads of its own,
# and OpenBLAS' helper threads would change the bits of some products and spin against ours.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

# Where Numba looks for a place to keep compiled kernels; without the last one it would refuse to
# compile where none can be written.
os.environ.setdefault(
    "NUMBA_CACHE_LOCATOR_CLASSES",
    "UserProvidedCacheLocator,InTreeCacheLocator,tat.kernel_cache.Locator",
)
