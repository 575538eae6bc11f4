"""Matrix products on the GPU: their extents, and the shader variant that suits them."""

from collections.abc import Callable
from dataclasses import dataclass

from tat.backends.gpu.passes import Attributes, Pass


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


# The first that suits is taken.
VARIANTS = (Variant("", 64, 64, lambda product: True),)

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


def product_pass(kernel: str, attributes: Attributes) -> Pass:
    """The dispatch of a kernel's product."""
    product = product_of(kernel, attributes)
    variant = next(v for v in VARIANTS if v.suits(product))
    shader = f"{kernel}.{variant.name}" if variant.name else kernel
    grid = (-(-product.columns // variant.columns), -(-product.rows // variant.rows), 1)
    return Pass(shader, grid)


def product_passes(kernel: str, attributes: Attributes) -> list[Pass]:
    """A kernel that is one product."""
    return [product_pass(kernel, attributes)]
