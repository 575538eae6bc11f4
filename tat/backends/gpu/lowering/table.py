"""The passes of every kernel: which shaders run for a call, on which grids.

To add a faster variant, add its shader and a row where the kernel's passes are chosen.
"""

from collections.abc import Callable
from dataclasses import replace
from math import prod

from tat.backends.gpu.fused_shaders import FUSED_SHADERS
from tat.backends.gpu.lowering.attention import (
    attention_backward_passes,
    attention_passes,
    half_attention_backward_passes,
    half_attention_passes,
)
from tat.backends.gpu.lowering.copying import pointer_backward_passes, pointer_passes, row_passes
from tat.backends.gpu.lowering.matmul import (
    deep_product_passes,
    half_deep_product_passes,
    half_product_passes,
    half_split_passes,
    product_passes,
    split_passes,
)
from tat.backends.gpu.lowering.passes import Attributes, Pass, elements, folded

Passes = Callable[[str, Attributes], list[Pass]]


def _each(*extents: str) -> Passes:
    """A thread for each element of the product of these attributes."""
    return lambda kernel, a: [Pass(kernel, elements(prod(a[name] for name in extents)))]


def _in_quads(kernel: str, a: Attributes) -> list[Pass]:
    """A thread for 4 elements where these are all, else for each element."""
    return _rows_in_quads(kernel, 1, a["size"])


def _logits_in_quads(kernel: str, a: Attributes) -> list[Pass]:
    """The same for logits, where 4 are of one row."""
    return _rows_in_quads(kernel, a["rows"], a["vocabulary"])


def _rows_in_quads(kernel: str, rows: int, width: int) -> list[Pass]:
    if width % 4:
        return [Pass(kernel, elements(rows * width))]
    return [Pass(f"{kernel}.quads", elements(rows * width // 4))]


def _named_as(base: str, passes: Passes) -> Passes:
    """The passes of another kernel, with this one's name at the start of their shaders' names."""

    def own(kernel: str, step: Pass) -> Pass:
        return replace(step, shader=kernel + step.shader.removeprefix(base))

    return lambda kernel, a: [own(kernel, step) for step in passes(base, a)]


def _for_each_row(kernel: str, a: Attributes) -> list[Pass]:
    return [Pass(kernel, folded(a["rows"]))]


def _for_each_row_in_quads(kernel: str, a: Attributes) -> list[Pass]:
    """The same, in quads where 4 columns are of one row."""
    return _for_each_row(kernel if a["width"] % 4 else f"{kernel}.quads", a)


def _turned(kernel: str, a: Attributes) -> list[Pass]:
    """A thread for each pair of columns, and for one that is left over."""
    pairs = a["heads"] * a["pairs"] + -(-a["others"] // 2)
    return [Pass(kernel, elements(a["batch"] * a["length"] * pairs))]


def _for_each_sequence(kernel: str, a: Attributes) -> list[Pass]:
    return [Pass(kernel, folded(a["batch"]))]


def _in_one_group(kernel: str, a: Attributes) -> list[Pass]:
    return [Pass(kernel, (1, 1, 1))]


def _for_each_window(kernel: str, a: Attributes) -> list[Pass]:
    return [Pass(kernel, folded(a["batch"] * -(-a["vocabulary"] // 256)))]


def _for_each_chunk(kernel: str, a: Attributes) -> list[Pass]:
    return [Pass(kernel, folded(-(-a["size"] // a["chunk"])))]


_MATRIX_GROUPS = 64  # workgroups that share a matrix's tiles: 512 x 512 have as many


def _for_each_matrix(kernel: str, a: Attributes) -> list[Pass]:
    return [Pass(kernel, (_MATRIX_GROUPS, a["count"], 1))]


def _for_4_ids(kernel: str, a: Attributes) -> list[Pass]:
    apart = 1 << ((a["vocabulary"] - 1) // 4).bit_length()
    return [Pass(kernel, folded(apart * -(-a["width"] // 512)))]


_BLOCK_ROWS, _BLOCK_COLUMNS = 128, 64  # of parts/column_partials.wgsl


def _column_sums(first: str, last: str, rows: int, columns: int, terms: int) -> list[Pass]:
    """Sums of blocks of rows into scratch, then of the blocks."""
    blocks = -(-rows // _BLOCK_ROWS)
    grid, scratch = (-(-columns // _BLOCK_COLUMNS), blocks, 1), blocks * columns * terms
    return [Pass(first, grid, scratch), Pass(last, elements(columns), scratch)]


def _norm_parameters(terms: int) -> Passes:
    """Sums over rows, of this many numbers for each column."""
    return lambda kernel, a: _column_sums(
        f"{kernel}.partials", kernel, a["rows"], a["width"], terms
    )


_NORM_RANGES = 256  # of rows, at most: two for each core


def _norm_gradients(kernel: str, a: Attributes) -> list[Pass]:
    """Rows, and ranges of them as parts of the parameters' gradients; then the sums of these."""
    rows, width = int(a["rows"]), int(a["width"])
    together = next(rows for rows in (4, 2, 1) if width <= 2048 // rows)
    ranges = min(_NORM_RANGES, -(-rows // together))
    scratch = ranges * 2 * width
    return [
        Pass(f"{kernel}.rows", (ranges, 1, 1), scratch),
        Pass(kernel, (-(-width // 16), 1, 1), scratch),
    ]


def _linear_parameters(kernel: str, a: Attributes) -> list[Pass]:
    if together := split_passes(kernel, a, beside=a["outputs"]):
        return together
    bias = _column_sums(f"{kernel}.partials", f"{kernel}.bias", a["rows"], a["outputs"], terms=1)
    return [*product_passes(kernel, a), *bias]


def _half_linear_parameters(kernel: str, a: Attributes) -> list[Pass]:
    return half_split_passes(kernel, a, beside=a["outputs"]) or _linear_parameters(kernel, a)


PASSES: dict[str, Passes] = {
    "embedding": _each("rows", "width"),
    "embedding_backward": _for_4_ids,
    "positional_encoding": _each("batch", "length", "width"),
    "rotary": _turned,
    "dropout": _in_quads,
    "dropout_add": _in_quads,
    "add": _each("size"),
    "scale": _in_quads,
    "layer_norm": _for_each_row_in_quads,
    "layer_norm_backward": _for_each_row,
    "layer_norm_backward_parameters": _norm_parameters(terms=2),
    "layer_norm_backward_add_layer_norm_backward_parameters": _norm_gradients,
    "rms_norm": _for_each_row,
    "rms_norm_backward": _for_each_row,
    "rms_norm_backward_gain": _norm_parameters(terms=1),
    "linear": product_passes,
    "linear_backward_input": product_passes,
    "linear_backward_parameters": _linear_parameters,
    "gelu": _in_quads,
    "gelu_backward": _in_quads,
    "swiglu": _each("rows", "width"),
    "swiglu_backward": _each("rows", "width"),
    "attention": attention_passes,
    "attention_backward": attention_backward_passes,
    "output_projection": product_passes,
    "output_projection_backward_input": deep_product_passes,
    "output_projection_backward_table": product_passes,
    "cross_entropy": _for_each_row,
    "cross_entropy_backward": _logits_in_quads,
    "pointer": pointer_passes,
    "pointer_backward": pointer_backward_passes,
    "copy_cross_entropy": _for_each_row,
    "copy_cross_entropy_backward": _logits_in_quads,
    "copy_mixture": row_passes,
    "sum": _in_one_group,
    "fold": _in_quads,
    "transpose": _for_each_matrix,
    "square_sum": _for_each_chunk,
    "clip": _in_one_group,
    "adamw": _in_quads,
    "moving_average": _each("size"),
    "cache_write": _each("batch", "width"),
    "cache_gather": _each("batch", "length", "width"),
    "repetition_penalty": _for_each_window,
    "sample_token": _for_each_sequence,
    "rank_tokens": _for_each_sequence,
}

# Other passes for products that may take their factors in f16.
HALF_PASSES: dict[str, Passes] = {
    "attention": half_attention_passes,
    "attention_backward": half_attention_backward_passes,
    "linear": half_product_passes,
    "linear_backward_input": half_product_passes,
    "linear_backward_parameters": _half_linear_parameters,
    "output_projection": half_product_passes,
    "output_projection_backward_input": half_deep_product_passes,
    "output_projection_backward_table": half_product_passes,
}

# A fused kernel runs the passes of the kernel whose shaders it takes.
for _table in (PASSES, HALF_PASSES):
    _table |= {
        kernel: _named_as(fused.base, _table[fused.base])
        for kernel, fused in FUSED_SHADERS.items()
        if fused.base in _table
    }
