"""The table that replays inference plans: the numbers of kernels, and the columns of their rows.

A row of the table holds the number of a kernel, then the addresses of its arguments and the values
of its attributes, in the order of its row in ops/kernels.py. Compiled code names a column:
`row[LINEAR.weight]`.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy import ndarray as Array

from tat.errors import TatError
from tat.ops.kernels import KERNELS
from tat.ops.row import Kernel, Values

COLUMNS = 24  # of a row: three cache lines

# The kernels that a table may have, by the module that knows them: table_rows.py, norms.py, ...
ROWS = (
    "embedding", "linear", "add", "attention", "output_projection", "cache_write",
    "embedding_int8", "linear_int8", "output_projection_int8", "pointer", "copy_mixture",
    "shared_attention", "shared_pointer",
)  # fmt: skip
NORMS, ACTIVATIONS = ("layer_norm", "rms_norm"), ("gelu", "swiglu")
POSITIONS = ("positional_encoding", "rotary")
OPERATIONS = (*ROWS, *NORMS, *ACTIVATIONS, *POSITIONS)

_SOURCES = Path(__file__).parent  # of compiled code


def number(kernel: str) -> int:
    """The number of a kernel in a table: a hash of its name, which no other kernel moves."""
    return crc32(kernel.encode())


def numbers(*kernels: str) -> Any:
    """The numbers of kernels by name: `NUMBERS.linear`. Compiled code takes both as constants."""
    return namedtuple("Numbers", kernels)(*map(number, kernels))


def columns(row: Kernel) -> Any:
    """The column of each argument and attribute, by name; ValueError if there are too few."""
    names = (*row.arguments, *(name for name, _ in row.attributes))
    if len(names) >= COLUMNS:
        raise ValueError(
            f"{row.name}: {len(names)} arguments and attributes, and a row of the compiled table"
            f" has room for {COLUMNS - 1}; raise COLUMNS in tat/backends/cpu/columns.py"
        )
    return namedtuple(f"Columns_{row.name}", names)(*range(1, len(names) + 1))


COLUMNS_OF = {
    name: columns(row) for name, row in KERNELS.items() if not row.parts and row.use != "training"
}


def layout(*kernels: str) -> int:
    """A number of the columns of these kernels and of all compiled code.

    Numba caches a module's code by the date of that module's file alone, and the code has columns
    and the loops of other modules in it. So each such module also compiles this number: another
    one in the cache shows code of older sources.
    """
    sources = [path.read_bytes() for path in sorted(_SOURCES.glob("*.py"))]
    found = [crc32(source) for source in sources]
    return crc32(repr((COLUMNS, [COLUMNS_OF[name] for name in kernels], found)).encode())


def renew(compiled: Iterable[tuple[int, int]], forget: Callable[[], None]) -> None:
    """Calls `forget` if compiled code, of the first layout of a pair, is older than its sources.

    TatError if what is kept cannot be forgotten.
    """
    if any(kept != current for kept, current in compiled):
        try:
            forget()
        except OSError as error:
            raise TatError(
                "compiled kernels are older than tat/backends/cpu or tat/ops/kernels.py, and cannot"
                f" be replaced: {error}; remove them (`tat doctor` says where) and run again"
            ) from None


def fill(table_row: Array, kernel: str, addresses: Iterable[int], attributes: Values) -> None:
    """Writes a call into its row; floats stand there as the bits of a float32."""
    values = [number(kernel), *addresses]
    for value in attributes.values():
        whole = isinstance(value, int)
        values.append(value if whole else int(np.float32(value).view(np.int32)))
    if len(values) > len(table_row):
        raise ValueError(f"{kernel}: {len(values)} values for a row of {len(table_row)} columns")
    table_row[: len(values)] = values
