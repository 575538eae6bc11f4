"""Positions in compiled code: for training with the reference's arguments, and in the table.

See loops.py for how loops are compiled. An operation that the table replays is in `OPERATIONS` and
`replay_rows`.
"""

from numpy import ndarray as Array

from tat.backends.cpu.columns import COLUMNS_OF, numbers
from tat.backends.cpu.loops import plain, share
from tat.backends.cpu.vectors import floats, integers

OPERATIONS = ("positional_encoding",)
_NUMBERS = numbers(*OPERATIONS)
_ENCODING = COLUMNS_OF["positional_encoding"]


@plain
def replay_rows(kernel: int, row: Array, thread: int, threads: int) -> None:
    """This thread's sequences; nothing where the kernel is not about positions."""
    if kernel == _NUMBERS.positional_encoding:
        _encode(row, *share(row[_ENCODING.batch], thread, threads))


@plain
def _encode(row: Array, start: int, stop: int) -> None:
    c = _ENCODING
    batch, length, width = row[c.batch], row[c.length], row[c.width]
    first = integers(row[c.start], batch)
    for b in range(start, stop):
        for t in range(length):
            at = 4 * (b * length + t) * width
            y, x = floats(row[c.y] + at, width), floats(row[c.x] + at, width)
            table = floats(row[c.table] + 4 * (first[b] + t) * width, width)
            for i in range(width):
                y[i] = x[i] + table[i]
