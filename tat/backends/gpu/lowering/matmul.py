"""Matrix products on the GPU: their extents, and the shader variant that suits them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tat.backends.gpu.lowering.passes import Attributes, Pass, elements
from tat.ops.fusion import FEW_ROWS


@dataclass(frozen=True)
class Product:
    """C [rows, columns], each element a sum over `depth`."""

    rows: int
    columns: int
    depth: int


@dataclass(frozen=True)
class Variant:
    """Shaders KERNEL.wgsl, or KERNEL.NAME.wgsl, that make C in tiles of one size."""

    name: str
    rows: int  # of C, for each workgroup
    columns: int
    suits: Callable[[Product], bool]

    def groups(self, product: Product) -> tuple[int, int]:
        """Workgroups along the columns and the rows."""
        return -(-product.columns // self.columns), -(-product.rows // self.rows)


_ROW_BY_ROW = 8  # up to so many rows, each has workgroups of its own
_MANY_TILES = 32  # of 128 x 128: as many keep a GPU busy
_ONE_WAVE = 192  # below so many of them, narrow tiles are faster: two of them share a core
_MOST_PARTS, _PART_DEPTH = 8, 128  # of split-K: the most parts, and the least depth of one
_BUSY, _HALF_BUSY = 384, 256  # workgroups that split-K makes, if it can
_MOST_SCRATCH = 1 << 24  # elements of all parts


def _in_fours(product: Product) -> bool:
    """Whether neighbours in memory can be read 4 at a time, and k in steps of 16."""
    return product.columns % 4 == 0 and product.rows % 4 == 0 and product.depth % 16 == 0


def _in_deep_fours(product: Product) -> bool:
    return _in_fours(product) and product.depth >= 2 * _PART_DEPTH


def _few_rows(product: Product) -> bool:
    return product.rows <= FEW_ROWS and product.columns % 4 == 0 and product.depth % 4 == 0


def _single_rows(product: Product) -> bool:
    return _few_rows(product) and product.rows <= _ROW_BY_ROW


def _large(product: Product) -> bool:
    return _in_fours(product) and _tiles(product) >= _MANY_TILES


def _narrow(product: Product) -> bool:
    return _large(product) and _tiles(product) < _ONE_WAVE


def _tiles(product: Product) -> int:
    columns, rows = _TILE_128.groups(product)
    return columns * rows


def _in_halves(product: Product) -> bool:
    return _in_fours(product) and product.depth % 32 == 0


_HALF = Variant("half", 64, 128, _in_halves)
_TILE_64 = Variant("", 64, 64, lambda product: True)
_TILE_128 = Variant("tile128", 128, 128, _large)
_TILE_128_64 = Variant("tile64", 128, 64, _narrow)
_LINEAR_FEW = Variant("vector", 1, 16, _single_rows), Variant("several", 4, 16, _few_rows)
_LOGITS_FEW = Variant("vector", 1, 8, _single_rows), Variant("several", 8, 16, _few_rows)
_COLUMN = Variant("column", 1, 1, lambda product: product.rows <= FEW_ROWS)
_SPLIT = Variant("split", 128, 64, _in_deep_fours)
_TILES = (_TILE_128, _TILE_64)
_ALL_TILES = (_TILE_128_64, *_TILES)

# Variants of each kernel; the first that suits is taken.
VARIANTS = {
    "linear": (*_LINEAR_FEW, _COLUMN, *_ALL_TILES),
    "linear_backward_input": _ALL_TILES,
    "linear_backward_parameters": (_TILE_64,),
    "output_projection": (*_LOGITS_FEW, *_TILES),
    "output_projection_backward_input": (_TILE_64,),
    "output_projection_backward_table": _TILES,
}

# Which attributes of a kernel are rows, columns and depth.
EXTENTS = {
    "linear": ("rows", "outputs", "inputs"),
    "linear_backward_input": ("rows", "inputs", "outputs"),
    "linear_backward_parameters": ("inputs", "outputs", "rows"),
    "output_projection": ("rows", "vocabulary", "width"),
    "output_projection_backward_input": ("rows", "width", "vocabulary"),
    "output_projection_backward_table": ("vocabulary", "width", "rows"),
}


def product_of(kernel: str, attributes: Attributes) -> Product:
    """The product that a kernel's call computes."""
    return Product(*(int(attributes[name]) for name in EXTENTS[kernel]))


def product_passes(kernel: str, attributes: Attributes) -> list[Pass]:
    """The dispatch of a kernel that is one product."""
    product = product_of(kernel, attributes)
    return _in_one_pass(kernel, product, VARIANTS[kernel])


def half_product_passes(kernel: str, attributes: Attributes) -> list[Pass]:
    """The same with factors in f16 where that suits, few rows apart: memory bounds these."""
    product = product_of(kernel, attributes)
    few = [v for v in (*_LINEAR_FEW, *_LOGITS_FEW) if v in VARIANTS[kernel]]
    return _in_one_pass(kernel, product, (*few, _HALF, *VARIANTS[kernel]))


def _in_one_pass(kernel: str, product: Product, variants: Sequence[Variant]) -> list[Pass]:
    variant = next(v for v in variants if v.suits(product))
    shader = f"{kernel}.{variant.name}" if variant.name else kernel
    return [Pass(shader, (*variant.groups(product), 1))]


def half_split_passes(kernel: str, attributes: Attributes, beside: int = 0) -> list[Pass]:
    """split_passes with factors in f16, also where few parts or one suffice."""
    return _in_parts(kernel, product_of(kernel, attributes), _HALF, _HALF_BUSY, beside)


def split_passes(kernel: str, attributes: Attributes, beside: int = 0) -> list[Pass]:
    """A product of great depth, tokens or vocabulary, in parts, then their sum.

    Each part makes `beside` further elements. Empty where it does not suit: see product_passes.
    """
    product = product_of(kernel, attributes)
    return _in_parts(kernel, product, _SPLIT, _BUSY, beside)


def _in_parts(
    kernel: str, product: Product, variant: Variant, busy: int, beside: int
) -> list[Pass]:
    size = product.rows * product.columns + beside
    if not (variant.suits(product) and size <= _MOST_SCRATCH):
        return []
    columns, rows = variant.groups(product)
    most = min(_MOST_PARTS, product.depth // _PART_DEPTH, _MOST_SCRATCH // size)
    parts = max(1, min(most, busy // (columns * rows)))
    return [
        Pass(f"{kernel}.{variant.name}", (columns, rows, parts), parts * size),
        Pass(f"{kernel}.total", elements(size // 4), parts * size),
    ]


def deep_product_passes(kernel: str, attributes: Attributes) -> list[Pass]:
    """A kernel that is one product, of great depth."""
    return split_passes(kernel, attributes) or product_passes(kernel, attributes)


def half_deep_product_passes(kernel: str, attributes: Attributes) -> list[Pass]:
    """The same with factors in f16 where that suits."""
    return half_split_passes(kernel, attributes) or deep_product_passes(kernel, attributes)
