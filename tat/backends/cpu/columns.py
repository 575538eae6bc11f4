"""The table that replays inference plans: which kernels it knows, and the columns of their rows.

A row of the table holds the number of a kernel, then the addresses of its arguments and the values
of its attributes, in the order of its row in ops/kernels.py. Compiled code names a column:
`row[LINEAR.weight]`.
"""

from collections import namedtuple
from collections.abc import Iterable
from typing import Any
from zlib import crc32

import numpy as np
from numpy import ndarray as Array

from tat.errors import TatError
from tat.ops.kernels import KERNELS
from tat.ops.row import Kernel, Values

COLUMNS = 24  # of a row: three cache lines

OPERATIONS = (
    "embedding", "positional_encoding", "layer_norm", "linear", "gelu", "add", "attention",
    "output_projection", "cache_write", "embedding_int8", "linear_int8", "output_projection_int8",
    "pointer", "copy_mixture",
)  # fmt: skip

# The number of each kernel, by its name: `NUMBERS.linear`. Compiled code takes both as constants.
NUMBERS: Any = namedtuple("Numbers", OPERATIONS)(*range(len(OPERATIONS)))


def columns(row: Kernel) -> Any:
    """The column of each argument and attribute, by name; ValueError if there are too few."""
    names = (*row.arguments, *(name for name, _ in row.attributes))
    if len(names) >= COLUMNS:
        raise ValueError(
            f"{row.name}: {len(names)} arguments and attributes, and a row of the compiled table"
            f" has room for {COLUMNS - 1}; raise COLUMNS in tat/backends/cpu/columns.py"
        )
    return namedtuple(f"Columns_{row.name}", names)(*range(1, len(names) + 1))


COLUMNS_OF = {name: columns(KERNELS[name]) for name in OPERATIONS}

# Numba caches compiled code by the date of its own file, and columns are constants in that code.
# Each such module also compiles this number: another one in the cache shows code of an older table.
LAYOUT = crc32(repr((COLUMNS, NUMBERS, list(COLUMNS_OF.items()))).encode())


def check_layouts(compiled: Iterable[int]) -> None:
    """TatError if compiled code was kept from before the table of kernels changed."""
    if any(layout != LAYOUT for layout in compiled):
        raise TatError(
            "compiled kernels are older than tat/ops/kernels.py; remove"
            " tat/backends/cpu/__pycache__/*.nb? (or NUMBA_CACHE_DIR) and run again"
        )


def fill(table_row: Array, kernel: str, addresses: Iterable[int], attributes: Values) -> None:
    """Writes a call into its row; floats stand there as the bits of a float32."""
    values = [NUMBERS._fields.index(kernel), *addresses]
    for value in attributes.values():
        whole = isinstance(value, int)
        values.append(value if whole else int(np.float32(value).view(np.int32)))
    if len(values) > len(table_row):
        raise ValueError(f"{kernel}: {len(values)} values for a row of {len(table_row)} columns")
    table_row[: len(values)] = values
