"""The memory that compiled code works in: packed weights, and scratch of a thread."""

import numpy as np
from numpy import ndarray as Array

LANES = 16  # elements of a vector
BLOCK = 4 * LANES  # columns of a block of packed weights: four vectors, as many chains of sums
ROWS = 4  # of a tile: rows of a product, queries of an attention
WIDE = 4 * LANES  # columns of the widest tile of an attention's values
GROUP = 64  # rows of a product whose sums are kept while chunks of weights pass
SUMS = 4 * BLOCK * GROUP  # bytes of these
LINE = 64  # bytes of a cache line, which threads should not share


def pack(weight: Array) -> Array:
    """float32 [K, N] -> blocks [N/64][K][64]; int8 [K, N] -> [N/64][K/2][64][2]."""
    depth, columns = weight.shape
    step = 2 if weight.dtype == np.int8 else 1
    blocks, steps = -(-columns // BLOCK), -(-depth // step)
    filled = np.zeros((steps * step, blocks * BLOCK), weight.dtype)
    filled[:depth, :columns] = weight
    split = filled.reshape(steps, step, blocks, BLOCK)
    return np.ascontiguousarray(split.transpose(2, 0, 3, 1))


def product_scratch(rows: int, depth: int, int8: bool) -> int:
    """Scratch memory of a thread for a product: sums and, for int8, rounded rows and steps.

    Rows of whole steps come in pairs, so an odd depth takes one more.
    """
    return SUMS + (rows * (4 + 2 * (depth + depth % 2)) if int8 else 0)


def tile_scratch(columns: int, batch: int, heads: int, width: int) -> int:
    """Scratch memory for tiles of a batch's rows: a call of so many columns, the rows of a tile,
    the tile of each row, and a tile's queries, results and logs; whole lines."""
    floats = ROWS + batch + ROWS * (2 * width + heads)
    return (8 * columns + 4 * floats + LINE - 1) // LINE * LINE


def attention_scratch(keys: int, heads: int, width: int) -> int:
    """Scratch memory of a thread over `keys` keys: scores, results and shares of a tile, and the
    keys and values of a head; or all but these of one query of all heads."""
    tile_floats = ROWS * (keys + LANES + WIDE + 1) + LINE // 4 + 2 * keys * (width // heads)
    return 4 * max(tile_floats, heads * (keys + LANES + 1) + width)
