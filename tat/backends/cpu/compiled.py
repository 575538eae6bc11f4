"""The compiled code that replays tables: a library that ships with the released file, or Numba's.

Numba and LLVM take a third of a second and 150 MB to call what is compiled already. So the release
has this code as a shared library for each level of processors, and a program that only generates
never imports Numba.
"""

import ctypes
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tat.backends.cpu.columns import OPERATIONS, layout, renew
from tat.resources import resource

# The functions of the library: names of table_rows.py, and how many int64 each takes.
FUNCTIONS = {"lead": 6, "serve": 3, "replay": 4, "layout": 0}
LIBRARY = "table.so"


class TableCode(NamedTuple):
    """The functions of table_rows.py, which say what they take, and the place they come from."""

    lead: Callable[[int, int, int, int, int, int], bool]
    serve: Callable[[int, int, int], object]
    replay: Callable[[int, int, int, int], object]
    folder: str


@cache
def table_code() -> TableCode | None:
    """The compiled code for this processor; None where there is neither a library nor Numba."""
    level = os.environ.get("NUMBA_CPU_NAME", "").removeprefix("x86-64-")
    path = resource("kernels", level, LIBRARY)
    return (_of_library(path) if level and path.is_file() else None) or _of_numba()


def _of_library(path: Path) -> TableCode | None:
    """The code in a library; None if that cannot be loaded, or is of other sources."""
    try:
        library = ctypes.CDLL(str(path))
        for name, count in FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = ctypes.c_int64, [ctypes.c_int64] * count
    except (OSError, AttributeError):
        return None
    if library.layout() != layout(*OPERATIONS):
        return None
    return TableCode(library.lead, library.serve, library.replay, str(path.parent))


def _of_numba() -> TableCode | None:
    try:
        from tat.backends.cpu import attention, copying, shared_attention, table_rows
        from tat.backends.cpu.loops import forget_compiled
    except ImportError:
        return None
    modules = (table_rows, attention, shared_attention, copying)
    renew([(module.layout(), module.LAYOUT) for module in modules], forget_compiled)
    lead = table_rows.lead
    return TableCode(lead, table_rows.serve, table_rows.replay, lead.stats.cache_path)
