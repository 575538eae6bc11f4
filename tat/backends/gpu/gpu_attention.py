"""Attention on the GPU: the grids of its passes."""

from tat.backends.gpu.passes import Attributes, Pass, elements

_ROWS = 64  # queries or keys of a workgroup
_COLUMNS = 64  # columns of a head that a workgroup makes


def _tiles(rows: int, attributes: Attributes) -> int:
    """Workgroups for `rows` rows of one head, whose columns are made 64 at a time."""
    columns = attributes["width"] // attributes["heads"]
    return -(-rows // _ROWS) * -(-columns // _COLUMNS)


def attention_passes(kernel: str, attributes: Attributes) -> list[Pass]:
    """One pass over the keys for each tile of queries."""
    grid = (_tiles(attributes["queries"], attributes), attributes["heads"], attributes["batch"])
    return [Pass(kernel, grid)]


def attention_backward_passes(kernel: str, attributes: Attributes) -> list[Pass]:
    """The sums of dy * y into scratch, then dq, then dkv, which both use them."""
    count = delta_size(attributes)
    heads, batch, sources = (attributes[name] for name in ("heads", "batch", "sources"))
    queries = (_tiles(attributes["queries"], attributes), heads, batch)
    keys = (_tiles(attributes["keys"], attributes), heads, batch * sources)
    return [
        Pass(f"{kernel}.delta", elements(count), scratch=count),
        Pass(f"{kernel}.query", queries, scratch=count),
        Pass(f"{kernel}.key_value", keys, scratch=count),
    ]


def delta_size(attributes: Attributes) -> int:
    """Elements of delta [B*T, H]."""
    return attributes["batch"] * attributes["queries"] * attributes["heads"]
