"""Compiled loops that several modules share, and how all of them are compiled.

Loops over contiguous rows that LLVM turns into vector code. Sums may be reassociated for that, in
a way that shapes alone decide: a kernel gives the same bits on every call and thread. NaN and
infinity go through as in NumPy's kernels.
"""

import sys

import numpy as np
from numba import njit
from numba.core.dispatcher import Dispatcher

_SUMS = {"reassoc", "contract", "arcp", "nsz"}  # fast math without assuming that numbers are finite
# Without fast math of its own a function would be compiled with that of its first caller.
exact = njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
plain = njit(nogil=True, cache=True, error_model="numpy", fastmath=False)
summing = njit(nogil=True, cache=True, error_model="numpy", fastmath=_SUMS)

_f = np.float32
_ONE, _HALF = _f(1), _f(0.5)


@exact
def exp(x: float) -> float:
    """e^x by range reduction and a polynomial of degree 7, within 2 units in the last place."""
    clamped = min(max(x, _f(-87.0)), _f(88.0))
    whole = np.floor(clamped * _f(1.442695041) + _HALF)
    part = clamped - whole * _f(0.693359375) + whole * _f(2.12194440e-4)  # ln 2 in two pieces
    p = _f(1.9875691500e-4)
    p = p * part + _f(1.3981999507e-3)
    p = p * part + _f(8.3334519073e-3)
    p = p * part + _f(4.1665795894e-2)
    p = p * part + _f(1.6666665459e-1)
    p = p * part + _f(5.0000001201e-1)
    p = p * part * part + part + _ONE
    power = np.int32((np.int32(whole) + np.int32(127)) << np.int32(23)).view(np.float32)
    y = p * power
    y = _f(0) if x < _f(-87.0) else y
    y = _f(np.inf) if x > _f(88.0) else y
    return x if x != x else y


@plain
def share(count: int, thread: int, threads: int) -> tuple[int, int]:
    """The first of a thread's rows or elements, and the first behind them."""
    return count * thread // threads, count * (thread + 1) // threads


@plain
def single(bits: int) -> float:
    """A float that stands in a row of the table as its bits."""
    return np.int32(bits).view(np.float32)


def forget_compiled() -> None:
    """Empties Numba's caches of the code that replays tables, and of all that is in it."""
    for name, module in sys.modules.items():
        if name.startswith("tat.backends.cpu."):
            for value in vars(module).values():
                if isinstance(value, Dispatcher):
                    value._cache.flush()
