"""Attention on the GPU: the grids of its passes."""

from tat.backends.gpu.passes import Attributes, Pass, elements

_ROWS = 64  # queries or keys of a workgroup
_COLUMNS = 64  # columns of a head that a workgroup makes
_FEW_QUERIES = 4  # up to which tiles of them would be nearly empty
_THREADS = 256  # of a workgroup for one query


def _tiles(rows: int, attributes: Attributes) -> int:
    """Workgroups for `rows` rows of one head, whose columns are made 64 at a time."""
    return -(-rows // _ROWS) * -(-_head_width(attributes) // _COLUMNS)


def _head_width(attributes: Attributes) -> int:
    return attributes["width"] // attributes["heads"]


def _quads(attributes: Attributes) -> str:
    """The suffix of shaders that read 4 neighbouring columns at once, where heads allow it."""
    return "" if _head_width(attributes) % 4 else ".quads"


def attention_passes(kernel: str, attributes: Attributes) -> list[Pass]:
    """One pass over the keys for each tile of queries, or for each of few."""
    quads = _quads(attributes)
    if attributes["queries"] <= _FEW_QUERIES and quads and _head_width(attributes) <= 4 * _THREADS:
        grid = tuple(attributes[name] for name in ("queries", "heads", "batch"))
        return [Pass(f"{kernel}.vector", grid)]
    grid = (_tiles(attributes["queries"], attributes), attributes["heads"], attributes["batch"])
    return [Pass(f"{kernel}{quads}", grid)]


def attention_backward_passes(kernel: str, attributes: Attributes) -> list[Pass]:
    """The sums of dy * y into scratch, then dq, then dkv, which both use them."""
    return _backward_passes(kernel, attributes, _quads(attributes))


def half_attention_backward_passes(kernel: str, attributes: Attributes) -> list[Pass]:
    """The same with factors in f16 where heads allow it."""
    return _backward_passes(kernel, attributes, ".half" if _quads(attributes) else "")


def _backward_passes(kernel: str, attributes: Attributes, variant: str) -> list[Pass]:
    count = delta_size(attributes)
    heads, batch, sources = (attributes[name] for name in ("heads", "batch", "sources"))
    queries = (_tiles(attributes["queries"], attributes), heads, batch)
    keys = (_tiles(attributes["keys"], attributes), heads, batch * sources)
    return [
        Pass(f"{kernel}.delta", elements(count), scratch=count),
        Pass(f"{kernel}.query{variant}", queries, scratch=count),
        Pass(f"{kernel}.key_value{variant}", keys, scratch=count),
    ]


def delta_size(attributes: Attributes) -> int:
    """Elements of delta [B*T, H]."""
    return attributes["batch"] * attributes["queries"] * attributes["heads"]
