"""Attention of one query a sequence, where several sequences may read the same keys and values.

Neighbours that read the same are one tile of queries, and pass the keys together. A query has the
same bits as alone.
"""

from numpy import ndarray as Array

from tat.backends.cpu.addresses import integers, longs
from tat.backends.cpu.attention import attend, attend_heads
from tat.backends.cpu.columns import COLUMNS, COLUMNS_OF
from tat.backends.cpu.columns import layout as layout_of
from tat.backends.cpu.loops import exact, share
from tat.backends.cpu.packing import ROWS

_IN, _ONE = COLUMNS_OF["shared_attention"], COLUMNS_OF["attention"]
LAYOUT = layout_of("shared_attention", "attention")


@exact
def shared_attention(row: Array, thread: int, threads: int, scratch: int) -> None:
    """This thread's heads of tiles."""
    batch, sources, heads = row[_IN.batch], row[_IN.sources], row[_IN.heads]
    memory = integers(row[_IN.memory], batch)
    lengths = integers(row[_IN.lengths], batch * sources)
    tiles, b = 0, 0
    while b < batch:
        b += _alike(memory, lengths, b, sources)
        tiles += 1
    start, stop = share(tiles * heads, thread, threads)
    call, rest = longs(scratch, COLUMNS), scratch + 8 * COLUMNS
    b = 0
    while b < batch:
        count = _alike(memory, lengths, b, sources)
        first, last = max(start, 0), min(stop, heads)
        if first < last:
            _fill(call, row, b, count, memory[b])
            if count == 1:
                attend_heads(call, 0, first, last - first, rest)
            else:
                width = row[_IN.width]
                for h in range(first, last):
                    k = call[_ONE.kv] + 4 * h * (width // heads)
                    attend(call, 0, h, 0, count, k, k + 4 * width, 8 * width, rest)
        start, stop = start - heads, stop - heads
        b += count


@exact
def _alike(memory: Array, lengths: Array, b: int, sources: int) -> int:
    """The rows of the tile that begins with row b: a tile's if all read the same, else one."""
    if b + ROWS > memory.size:
        return 1
    for r in range(b + 1, b + ROWS):
        if memory[r] != memory[b]:
            return 1
        for k in range(sources):
            if lengths[r * sources + k] != lengths[b * sources + k]:
                return 1
    return ROWS


@exact
def _fill(call: Array, row: Array, b: int, count: int, memory: int) -> None:
    """Write rows b to b + count as a call of attention with so many queries in one sequence."""
    sources, keys = row[_IN.sources], row[_IN.keys]
    width, heads = row[_IN.width], row[_IN.heads]
    call[_ONE.y] = row[_IN.y] + 4 * b * width
    call[_ONE.lse] = row[_IN.lse] + 4 * b * heads
    call[_ONE.q] = row[_IN.q] + 4 * b * width
    call[_ONE.kv] = row[_IN.kv] + 8 * memory * sources * keys * width
    call[_ONE.lengths] = row[_IN.lengths] + 4 * b * sources
    call[_ONE.batch], call[_ONE.queries], call[_ONE.causal] = 1, count, 0
    call[_ONE.sources], call[_ONE.keys] = sources, keys
    call[_ONE.width], call[_ONE.heads] = width, heads


@exact
def layout() -> int:
    """The table's layout that this module's code was compiled for."""
    return LAYOUT
