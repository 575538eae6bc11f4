"""Attention of one query a sequence, where several sequences may read the same keys and values.

Up to four that read the same, wherever they stand in the batch, are one tile of queries and pass
the keys together. A query has the same bits as alone.
"""

from numpy import ndarray as Array

from tat.backends.cpu.addresses import integers, longs
from tat.backends.cpu.attention import attend, attend_heads, copy
from tat.backends.cpu.columns import COLUMNS, COLUMNS_OF
from tat.backends.cpu.columns import layout as layout_of
from tat.backends.cpu.loops import exact, share
from tat.backends.cpu.packing import ROWS, tile_scratch

_IN, _ONE = COLUMNS_OF["shared_attention"], COLUMNS_OF["attention"]
LAYOUT = layout_of("shared_attention", "attention")
_tile_scratch = exact(tile_scratch)


@exact
def shared_attention(row: Array, thread: int, threads: int, scratch: int) -> None:
    """This thread's heads of tiles."""
    batch, heads, width = row[_IN.batch], row[_IN.heads], row[_IN.width]
    call, at = longs(scratch, COLUMNS), scratch + 8 * COLUMNS
    members, tile_of = integers(at, ROWS), integers(at + 4 * ROWS, batch)
    queries = at + 4 * (ROWS + batch)
    rest = scratch + _tile_scratch(COLUMNS, batch, heads, width)
    tiles = _make_tiles(row, tile_of)
    start, stop = share(tiles * heads, thread, threads)
    for tile in range(tiles):
        first, last = max(start - tile * heads, 0), min(stop - tile * heads, heads)
        if first < last:
            count = _members(tile_of, tile, members)
            _fill(call, row, members[0])
            if count == 1:
                attend_heads(call, 0, first, last - first, rest)
            else:
                _attend_tile(call, row, members, count, first, last, queries, rest)


@exact
def _make_tiles(row: Array, tile_of: Array) -> int:
    """Write the tile of each row; returns how many there are."""
    sources, tiles = row[_IN.sources], 0
    memory = integers(row[_IN.memory], tile_of.size)
    lengths = integers(row[_IN.lengths], tile_of.size * sources)
    tile_of[:] = -1
    for b in range(tile_of.size):
        if tile_of[b] >= 0:
            continue
        count = 0
        for r in range(b, tile_of.size):
            alike = tile_of[r] < 0 and memory[r] == memory[b] and count < ROWS
            for k in range(sources):
                alike = alike and lengths[r * sources + k] == lengths[b * sources + k]
            if alike:
                tile_of[r] = tiles
                count += 1
        tiles += 1
    return tiles


@exact
def _members(tile_of: Array, tile: int, members: Array) -> int:
    """The rows of a tile; behind them the last one comes again. Returns how many there are."""
    count = 0
    for b in range(tile_of.size):
        if tile_of[b] == tile:
            members[count:] = b
            count += 1
    return count


@exact
def _attend_tile(
    call: Array, row: Array, members: Array, count: int, first: int, last: int, queries: int,
    scratch: int,
) -> None:  # fmt: skip
    """Some heads of a tile's rows, whose queries and results lie side by side meanwhile."""
    width, heads = row[_IN.width], row[_IN.heads]
    start, size = first * (width // heads), (last - first) * (width // heads)
    results = queries + 4 * ROWS * width
    logs = results + 4 * ROWS * width
    for r in range(ROWS):
        at = 4 * (members[r] * width + start)
        copy(queries + 4 * (r * width + start), row[_IN.q] + at, size)
    call[_ONE.q], call[_ONE.y], call[_ONE.lse] = queries, results, logs
    call[_ONE.queries] = ROWS
    for h in range(first, last):
        k = call[_ONE.kv] + 4 * h * (width // heads)
        attend(call, 0, h, 0, ROWS, k, k + 4 * width, 8 * width, scratch)
    for r in range(count):
        at = 4 * (members[r] * width + start)
        copy(row[_IN.y] + at, results + 4 * (r * width + start), size)
        at = 4 * (members[r] * heads + first)
        copy(row[_IN.lse] + at, logs + 4 * (r * heads + first), last - first)


@exact
def _fill(call: Array, row: Array, b: int) -> None:
    """Write row b as a call of attention of one query."""
    sources, keys = row[_IN.sources], row[_IN.keys]
    width, heads = row[_IN.width], row[_IN.heads]
    memory = integers(row[_IN.memory], row[_IN.batch])[b]
    call[_ONE.y] = row[_IN.y] + 4 * b * width
    call[_ONE.lse] = row[_IN.lse] + 4 * b * heads
    call[_ONE.q] = row[_IN.q] + 4 * b * width
    call[_ONE.kv] = row[_IN.kv] + 8 * memory * sources * keys * width
    call[_ONE.lengths] = row[_IN.lengths] + 4 * b * sources
    call[_ONE.batch], call[_ONE.queries], call[_ONE.causal] = 1, 1, 0
    call[_ONE.sources], call[_ONE.keys] = sources, keys
    call[_ONE.width], call[_ONE.heads] = width, heads


@exact
def layout() -> int:
    """The table's layout that this module's code was compiled for."""
    return LAYOUT
