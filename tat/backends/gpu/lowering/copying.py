"""The copy head on the GPU: the grids of its passes."""

from tat.backends.gpu.lowering.passes import Attributes, Pass, folded

_TILE = 64  # rows and columns of a workgroup's product
_FEW_QUERIES, _KEYS = 4, 8  # up to which tiles would be nearly empty; keys of a workgroup then


def pointer_passes(kernel: str, attributes: Attributes) -> list[Pass]:
    """The products of queries and keys, then their shares in the same place."""
    queries, batch, span = attributes["queries"], attributes["batch"], _span(attributes)
    if queries <= _FEW_QUERIES and attributes["width"] % 4 == 0:
        products = Pass(f"{kernel}.scores.vector", (-(-span // _KEYS), queries, batch))
    else:
        products = _product(f"{kernel}.scores", queries, span, attributes)
    return [products, *row_passes(kernel, attributes)]


def pointer_backward_passes(kernel: str, attributes: Attributes) -> list[Pass]:
    """The slopes of the products into scratch, then dq, then dk."""
    queries, width, span = attributes["queries"], attributes["width"], _span(attributes)
    slopes = attributes["batch"] * queries * span
    return [
        Pass(f"{kernel}.slopes", folded(attributes["batch"] * queries), slopes),
        _product(f"{kernel}.query", queries, width, attributes, slopes),
        _product(f"{kernel}.key", span, width, attributes, slopes),
    ]


def row_passes(kernel: str, attributes: Attributes) -> list[Pass]:
    """A workgroup for each target position."""
    return [Pass(kernel, folded(attributes["batch"] * attributes["queries"]))]


def _product(
    shader: str, rows: int, columns: int, attributes: Attributes, scratch: int = 0
) -> Pass:
    """A product for each sequence of the batch."""
    return Pass(shader, (-(-columns // _TILE), -(-rows // _TILE), attributes["batch"]), scratch)


def _span(attributes: Attributes) -> int:
    """Source positions of a sequence, K*S."""
    return attributes["sources"] * attributes["keys"]
