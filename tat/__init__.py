"""tat, the Tiny Agent Trainer: an encoder-decoder Transformer engine for WGSL."""

import os

__version__ = "1.0.0"


def openblas_core(cpuinfo: str = "/proc/cpuinfo") -> str | None:
    """The kernels that OpenBLAS has to be told to take; None where it finds the right ones.

    OpenBLAS 0.3.31 does not know AMD's family 26 (Zen 5, OpenBLAS issue 6029): it takes kernels of
    256 bits, and a product then takes twice as long as with those of 512 bits.
    """
    try:
        with open(cpuinfo, "rb") as file:
            first = file.read(1 << 13).partition(b"\n\n")[0].decode(errors="replace")
    except OSError:
        return None
    lines = [line.partition(":") for line in first.splitlines()]
    values = {name.strip(): value.split() for name, _, value in lines}
    family = values.get("cpu family", ["0"])[0]
    missed = values.get("vendor_id") == ["AuthenticAMD"] and family.isdigit() and int(family) >= 26
    needed = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
    return "SkylakeX" if missed and needed <= {*values.get("flags", ())} else None


# One BLAS thread, set before numpy is first imported: tat runs micro-batches on threads of its own,
# and OpenBLAS' helper threads would change the bits of some products and spin against ours.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
if _core := openblas_core():
    os.environ.setdefault("OPENBLAS_CORETYPE", _core)

# Where Numba looks for a place to keep compiled kernels; without the last one it would refuse to
# compile where none can be written.
os.environ.setdefault(
    "NUMBA_CACHE_LOCATOR_CLASSES",
    "UserProvidedCacheLocator,InTreeCacheLocator,tat.kernel_cache.Locator",
)
