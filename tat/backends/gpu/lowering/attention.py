"""Attention on the GPU: the grids of its passes."""

from tat.backends.gpu.lowering.passes import Attributes, Pass, elements, folded

_ROWS = 64  # queries or keys of a workgroup
_COLUMNS = 64  # columns of a head that a workgroup makes
_FEW_QUERIES = 4  # up to which tiles of them would be nearly empty
_THREADS = 256  # of a workgroup for one query
_DELTAS = 64  # sums of dy * y that a workgroup makes
_BUSY = 128  # heads of all rows, which keep a GPU busy with a workgroup each


def _tiles(rows: int, attributes: Attributes) -> int:
    """Workgroups for `rows` rows of one head, whose columns are made 64 at a time."""
    return -(-rows // _ROWS) * -(-_head_width(attributes) // _COLUMNS)


def _head_width(attributes: Attributes) -> int:
    return attributes["width"] // attributes["heads"]


def _quads(attributes: Attributes) -> str:
    """The suffix of shaders that read 4 neighbouring columns at once, where heads allow it."""
    return "" if _head_width(attributes) % 4 else ".quads"


def attention_passes(kernel: str, attributes: Attributes, half: bool = False) -> list[Pass]:
    """One pass over the keys for each tile of queries, or for each of few.

    half: whether factors may be rounded to f16, which shaders for heads of 64 columns do.
    """
    width, variant = _head_width(attributes), _quads(attributes)
    if attributes["queries"] <= _FEW_QUERIES and variant and width <= 4 * _THREADS:
        grid = tuple(attributes[name] for name in ("queries", "heads", "batch"))
        return [Pass(f"{kernel}.vector", grid)]
    if width == _COLUMNS:
        variant = _head64(half)
    grid = (_tiles(attributes["queries"], attributes), attributes["heads"], attributes["batch"])
    return [Pass(f"{kernel}{variant}", grid)]


def _head64(half: bool) -> str:
    return ".head64_half" if half else ".head64"


def half_attention_passes(kernel: str, attributes: Attributes) -> list[Pass]:
    """The same with factors in f16 where heads suit."""
    return attention_passes(kernel, attributes, half=True)


def attention_backward_passes(
    kernel: str, attributes: Attributes, half: bool = False
) -> list[Pass]:
    """The sums of dy * y into scratch, then dq and dkv, which use them.

    Both come of one pass, of 5 products, where heads suit and are many; else dq is made first, of
    3, then dkv, of 4.
    """
    count = delta_size(attributes)
    quads = _quads(attributes)
    grid = folded(-(-count // _DELTAS)) if quads else elements(count)
    delta = Pass(f"{kernel}.delta{quads}", grid, scratch=count)
    heads, batch, sources = (attributes[name] for name in ("heads", "batch", "sources"))
    if _head_width(attributes) == _COLUMNS and heads * batch >= _BUSY:
        return [delta, Pass(f"{kernel}{_head64(half)}", (heads, batch, 1), scratch=count)]
    if half and quads:
        quads = ".half"
    queries = (_tiles(attributes["queries"], attributes), heads, batch)
    keys = (_tiles(attributes["keys"], attributes), heads, batch * sources)
    return [
        delta,
        Pass(f"{kernel}.query{quads}", queries, scratch=count),
        Pass(f"{kernel}.key_value{quads}", keys, scratch=count),
    ]


def half_attention_backward_passes(kernel: str, attributes: Attributes) -> list[Pass]:
    """The same with factors in f16 where heads suit."""
    return attention_backward_passes(kernel, attributes, half=True)


def delta_size(attributes: Attributes) -> int:
    """Elements of delta [B*T, H]."""
    return attributes["batch"] * attributes["queries"] * attributes["heads"]
