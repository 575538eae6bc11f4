"""The kernel cases that parity tests and gradient checks share: small, odd and extreme extents."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from tat.backends.reference.cases import Case, Extents, case_of, cases_of
from tat.ops.kernels import KERNELS

__all__ = ["CASES", "Case", "Extents", "case_of", "sloped"]


def _also(cases: Iterable[Case], *kernels: str) -> list[Case]:
    """The same cases for other kernels."""
    return [replace(case, kernel=kernel) for kernel in kernels for case in cases]


def sloped(case: Case, label: str = "") -> Case:
    """A case of `linear` for GELU with its slope: arguments have a variance of 1, as in a model."""
    stretch = {"x": case.extents["inputs"] ** -0.5}
    return replace(case, kernel="linear_gelu_sloped", label=label, stretch=stretch)


def _both(cases: Iterable[Case]) -> list[Case]:
    """Each case assigning and accumulating."""
    both = []
    for case in cases:
        for flag, word in enumerate(("assigned", "accumulated")):
            label = f"{case.label}, {word}" if case.label else ""
            both.append(replace(case, extents={**case.extents, "accumulate": flag}, label=label))
    return both


_BLOCK = 65536 + 3  # more than the block that flat kernels work in, and no multiple of a vector

_embedding = cases_of("embedding")
_EMBEDDING = [
    _embedding(rows=1, width=1, vocabulary=1, scale=1.0),
    _embedding(rows=7, width=6, vocabulary=11, scale=2.5),
    _embedding(rows=5, width=3, vocabulary=9, scale=0.5, label="one id repeated", ids=[4] * 5),
    _embedding(
        rows=6, width=10, vocabulary=8, scale=3.0, label="padding and the last id",
        ids=[0, 7, 0, 7, 3, 0],
    ),
    _embedding(rows=130, width=67, vocabulary=40, scale=8.0),
]  # fmt: skip

_positional_encoding = cases_of("positional_encoding")
_POSITIONAL_ENCODING = [
    _positional_encoding(batch=1, length=1, width=2, positions=1),
    _positional_encoding(
        batch=2, length=3, width=6, positions=9, label="first and last", start=[0, 6],
    ),
    _positional_encoding(
        batch=3, length=1, width=10, positions=50, label="decoding", start=[0, 49, 7],
    ),
    _positional_encoding(batch=4, length=17, width=34, positions=40),
]  # fmt: skip

_dropout = cases_of("dropout")
_DROPOUT = [
    _dropout(size=1, rate=0.5, key=7),
    _dropout(size=37, rate=0.1, key=2**32 - 1),
    _dropout(size=_BLOCK, rate=0.3, key=123456789),
    _dropout(size=11, rate=0.999, key=0),
    _dropout(size=40, rate=0.1, key=5, label="extreme counter", counter=[-1, 2**31 - 1, -(2**31)]),
]

_add = cases_of("add")
_ADD = [_add(size=1), _add(size=13), _add(size=_BLOCK)]

_scale = cases_of("scale")
_SCALE = [_scale(size=1), _scale(size=13), _scale(size=24), _scale(size=_BLOCK)]

_layer_norm = cases_of("layer_norm", epsilon=1e-5)
_LAYER_NORM = [
    _layer_norm(rows=1, width=2),
    _layer_norm(rows=1, width=130),
    _layer_norm(rows=5, width=7),
    _layer_norm(rows=67, width=96, epsilon=1e-3),
    _layer_norm(rows=3, width=10, label="large", stretch={"x": 100.0}),
    _layer_norm(rows=4, width=6, label="constant rows", x=np.repeat([0.0, 1.0, -2.0, 0.5], 6)),
]

_linear = cases_of("linear")
_LINEAR = [
    _linear(rows=1, inputs=1, outputs=1),
    _linear(rows=1, inputs=13, outputs=7),
    _linear(rows=5, inputs=7, outputs=3),
    _linear(rows=8, inputs=32, outputs=48),
    _linear(rows=11, inputs=36, outputs=20),
    _linear(rows=67, inputs=33, outputs=130),
    _linear(rows=3, inputs=515, outputs=34),
]

_gelu = cases_of("gelu")
_GELU = [
    _gelu(size=1),
    _gelu(size=13),
    _gelu(size=9, label="tails", x=[-40, -9, -3, -1e-4, 0, 1e-4, 3, 9, 40]),
    _gelu(size=_BLOCK),
]

_attention = cases_of("attention", sources=1, causal=0)
_ATTENTION = [
    _attention(batch=1, queries=1, keys=1, width=2, heads=1, lengths=[1]),
    _attention(
        batch=2, queries=3, keys=5, width=6, heads=2, label="short and empty", lengths=[4, 0],
    ),
    _attention(batch=2, queries=2, keys=3, width=6, heads=1, label="all empty", lengths=[0, 0]),
    _attention(
        batch=3, queries=4, sources=2, keys=3, width=6, heads=3, label="two sources",
        lengths=[[3, 2], [0, 1], [0, 0]],
    ),
    _attention(
        batch=1, queries=2, sources=3, keys=2, width=10, heads=2, label="three sources",
        lengths=[1, 0, 2],
    ),
    _attention(
        batch=2, queries=7, keys=7, width=10, heads=2, causal=1, label="causal", lengths=[7, 4],
    ),
    _attention(
        batch=2, queries=3, keys=3, width=4, heads=2, causal=1, label="causal and empty",
        lengths=[0, 1],
    ),
    _attention(
        batch=3, queries=1, keys=41, width=24, heads=2, label="one query", lengths=[1, 17, 41],
    ),
    _attention(
        batch=2, queries=67, keys=67, width=48, heads=2, causal=1, label="many causal",
        lengths=[67, 33],
    ),
    _attention(
        batch=2, queries=33, sources=2, keys=70, width=64, heads=2, label="many of two sources",
        lengths=[[70, 1], [0, 64]],
    ),
    _attention(
        batch=1, queries=70, keys=150, width=64, heads=1, causal=1, label="causal, more keys",
        lengths=[140],
    ),
    _attention(
        batch=1, queries=150, keys=70, width=96, heads=1, causal=1, label="causal, few keys",
        lengths=[70],
    ),
    _attention(
        batch=1, queries=3, keys=9, width=8, heads=2, label="sharp", lengths=[9],
        stretch={"q": 30.0},
    ),
]  # fmt: skip

_output_projection = cases_of("output_projection")
_OUTPUT_PROJECTION = [
    _output_projection(rows=1, width=1, vocabulary=1),
    _output_projection(rows=5, width=6, vocabulary=11),
    _output_projection(rows=3, width=130, vocabulary=301),
    _output_projection(rows=11, width=132, vocabulary=300),
    _output_projection(rows=67, width=34, vocabulary=65),
]

_cross_entropy = cases_of("cross_entropy", smoothing=0.1)
_CROSS_ENTROPY = [
    _cross_entropy(rows=1, vocabulary=5, smoothing=0.0, targets=[3]),
    _cross_entropy(rows=4, vocabulary=7, smoothing=0.0, label="padding", targets=[6, 0, 1, 0]),
    _cross_entropy(rows=4, vocabulary=7, label="padding and smoothing", targets=[6, 0, 1, 0]),
    _cross_entropy(rows=3, vocabulary=9, label="padding alone", targets=[0, 0, 0]),
    _cross_entropy(rows=5, vocabulary=13, label="sharp", stretch={"logits": 60.0}),
    _cross_entropy(rows=6, vocabulary=8, label="in fours", targets=[7, 0, 1, 4, 2, 3]),
    _cross_entropy(rows=65, vocabulary=1003),
    _cross_entropy(rows=65, vocabulary=1004),
]

_pointer = cases_of("pointer", sources=1, smoothing=0.1)
_POINTER = [
    _pointer(
        batch=1, queries=1, keys=1, width=2, first=0, vocabulary=5, smoothing=0.0, lengths=[1],
        targets=[4],
    ),
    _pointer(
        batch=2, queries=3, keys=5, width=6, first=2, vocabulary=7, label="short and empty",
        lengths=[4, 0],
    ),
    _pointer(
        batch=1, queries=4, keys=3, width=6, first=5, vocabulary=9, label="markers alone",
        lengths=[3], ids=[4, 0, 1],
    ),
    _pointer(
        batch=3, queries=2, sources=2, keys=3, width=10, first=1, vocabulary=4,
        label="two sources", lengths=[[3, 2], [0, 1], [0, 0]],
    ),
    _pointer(
        batch=2, queries=3, keys=4, width=8, first=1, vocabulary=3, smoothing=0.0,
        label="padding alone", targets=[0] * 6,
    ),
    _pointer(
        batch=1, queries=6, keys=9, width=8, first=2, vocabulary=6, label="sharp", lengths=[9],
        stretch={"q": 30.0},
    ),
    _pointer(
        batch=1, queries=6, keys=9, width=8, first=2, vocabulary=6, label="open and shut",
        stretch={"gate": 30.0},
    ),
    _pointer(
        batch=2, queries=67, sources=2, keys=70, width=66, first=9, vocabulary=40, label="many",
        lengths=[[70, 1], [0, 64]],
    ),
]  # fmt: skip

_copied = cases_of("copy_cross_entropy", start=0, sources=1, width=6, smoothing=0.1)
_COPY_CROSS_ENTROPY = [
    _copied(
        rows=1, vocabulary=5, batch=1, queries=1, keys=1, width=2, first=0, smoothing=0.0,
        targets=[3], ids=[3], lengths=[1],
    ),
    _copied(
        rows=6, vocabulary=4, batch=2, queries=3, keys=7, first=1, label="often copied",
        lengths=[7, 5],
    ),
    _copied(
        rows=4, vocabulary=9, batch=2, queries=2, sources=2, keys=3, first=2, label="padding",
        targets=[8, 0, 2, 0],
    ),
    _copied(
        rows=4, vocabulary=30, batch=2, queries=2, keys=2, first=2, label="empty", lengths=[0, 0],
    ),
    _copied(
        rows=5, vocabulary=13, batch=1, queries=5, keys=4, first=1, label="sharp",
        stretch={"logits": 60.0},
    ),
    _copied(
        rows=64, vocabulary=17, start=64, batch=4, queries=35, keys=9, first=1, label="a chunk",
        lengths=[9, 4, 0, 9],
    ),
    _copied(rows=65, vocabulary=1003, batch=5, queries=13, sources=2, keys=300, first=9),
]  # fmt: skip

_mixture = cases_of("copy_mixture", sources=1, width=6)
_COPY_MIXTURE = [
    _mixture(batch=1, queries=1, keys=1, vocabulary=5, width=2, first=0, ids=[3], lengths=[1]),
    _mixture(batch=2, queries=3, keys=7, vocabulary=5, first=1, label="often", lengths=[7, 5]),
    _mixture(
        batch=2, queries=2, sources=2, keys=3, vocabulary=9, first=2, label="short and empty",
        lengths=[[3, 1], [0, 0]],
    ),
    _mixture(
        batch=1, queries=4, keys=5, vocabulary=13, first=1, label="sharp", stretch={"logits": 60.0},
    ),
    _mixture(batch=3, queries=1, sources=2, keys=300, vocabulary=1003, first=9),
]  # fmt: skip

_sum = cases_of("sum")
_SUM = [_sum(size=1), _sum(size=13), _sum(size=_BLOCK)]

_transpose = cases_of("transpose")
_TRANSPOSE = [
    _transpose(size=4 * 8, count=1, matrices=[0, 4, 8]),
    _transpose(size=31 * 4, count=2, label="gaps", matrices=[[4, 8, 4], [60, 4, 16]]),
    _transpose(size=68 * 132 + 144 * 640, count=2, matrices=[[0, 68, 132], [68 * 132, 144, 640]]),
]

_square_sum = cases_of("square_sum")
_SQUARE_SUM = [
    _square_sum(size=1, chunk=4),
    _square_sum(size=8, chunk=4),
    _square_sum(size=10, chunk=4),
    _square_sum(size=_BLOCK, chunk=65536),
]

_clip = cases_of("clip")
_CLIP = [
    _clip(count=1, clip_norm=1.0, label="one part", partials=[100.0], tokens=[4]),
    _clip(count=3, clip_norm=0.25, label="clipped", partials=[7.0, 2.0, 9.0], tokens=[3]),
    _clip(count=3, clip_norm=1e3, label="below the norm", partials=[7.0, 2.0, 9.0], tokens=[3]),
    _clip(count=3, clip_norm=0.0, label="off", partials=[7.0, 2.0, 9.0], tokens=[3]),
    _clip(count=2, clip_norm=1.0, label="no gradient", partials=[0.0, 0.0], tokens=[5]),
    _clip(count=2, clip_norm=1.0, label="NaN", partials=[1.0, np.nan], tokens=[5]),
    _clip(count=2, clip_norm=1.0, label="infinity", partials=[np.inf, 1.0], tokens=[5]),
]

_RATE = [1e-3, 0.1, 0.02]  # learning rate and the two corrections
_APPLIED, _SKIPPED = [0.5, 2.0], [np.nan, np.nan]  # scale as clip leaves it

_adamw = cases_of("adamw", beta1=0.9, beta2=0.98, epsilon=1e-9, weight_decay=0.1)
_ADAMW = [
    _adamw(size=1, decayed=0, weight_decay=0.01, rate=_RATE, scale=_APPLIED),
    _adamw(size=13, decayed=7, epsilon=1e-8, rate=_RATE, scale=_APPLIED),
    _adamw(
        size=6, decayed=6, beta1=0.0, beta2=0.5, epsilon=1e-3, weight_decay=0.0, label="no decay",
        rate=_RATE, scale=_APPLIED,
    ),
    _adamw(size=5, decayed=3, label="skipped", rate=_RATE, scale=_SKIPPED),
    _adamw(size=_BLOCK, decayed=65600, weight_decay=0.01, rate=_RATE, scale=_APPLIED),
]  # fmt: skip

_moving_average = cases_of("moving_average")
_MOVING_AVERAGE = [
    _moving_average(size=1, decay=0.5, scale=_APPLIED),
    _moving_average(size=13, decay=0.999, scale=_APPLIED),
    _moving_average(size=7, decay=0.9, label="skipped", scale=_SKIPPED),
    _moving_average(size=_BLOCK, decay=0.99, scale=_APPLIED),
]

_shared_attention = cases_of("shared_attention", sources=1)
_SHARED_ATTENTION = [
    _shared_attention(batch=1, keys=1, width=2, heads=1, memories=1, lengths=[1]),
    _shared_attention(
        batch=9, sources=2, keys=37, width=24, heads=2, memories=3, label="tiles and others",
        memory=[2, 2, 2, 2, 0, 1, 1, 1, 1], lengths=[[37, 5]] * 4 + [[0, 0]] + [[9, 1]] * 4,
    ),
    _shared_attention(
        batch=5, keys=9, width=70, heads=1, memories=2, label="of other lengths",
        memory=[1, 1, 1, 1, 1], lengths=[9, 3, 0, 9, 9],
    ),
]  # fmt: skip

_shared_pointer = cases_of("shared_pointer", sources=1, vocabulary=7, first=2)
_SHARED_POINTER = [
    _shared_pointer(batch=1, keys=1, width=2, memories=1, lengths=[1]),
    _shared_pointer(
        batch=5, sources=2, keys=6, width=10, memories=3, label="some alike",
        memory=[2, 2, 0, 2, 1], lengths=[[6, 1], [6, 1], [0, 3], [6, 1], [0, 0]],
    ),
]  # fmt: skip

_cache_write = cases_of("cache_write")
_CACHE_WRITE = [
    _cache_write(batch=1, width=2, length=1),
    _cache_write(batch=3, width=14, length=5, label="first and last", position=[0, 4, 2]),
    _cache_write(batch=5, width=130, length=9),
]

_cache_gather = cases_of("cache_gather")
_CACHE_GATHER = [
    _cache_gather(batch=1, length=1, source_batch=1, source_length=1, width=2),
    _cache_gather(
        batch=3, length=4, source_batch=2, source_length=9, width=6, label="none of them",
        index=[-1, 1, 2], counts=[4, 3, 2],
    ),
    _cache_gather(
        batch=4, length=7, source_batch=4, source_length=7, width=10, label="one for all",
        index=[2, 2, 2, 2], counts=[0, 1, 6, 7],
    ),
    _cache_gather(batch=6, length=20, source_batch=3, source_length=50, width=34),
]  # fmt: skip

_repetition_penalty = cases_of("repetition_penalty")
_REPETITION_PENALTY = [
    _repetition_penalty(batch=1, vocabulary=3, length=1, block=1),
    _repetition_penalty(
        batch=3, vocabulary=7, length=4, block=2, label="often, off, the first",
        position=[3, 3, 0], token=[6, 0, 2], written=[[5, 5, 6, 1], [0, 1, 2, 3], [4, 5, 6, 3]],
        settings=[[0, 0, 1, 0, 1.5], [0, 0, 1, 0, 1], [0, 0, 1, 0, 0.5]],
        logits=[[1, -1, 2, -2, 0, 3, -3]] * 3,
    ),
    _repetition_penalty(batch=3, vocabulary=700, length=300, block=8),
]  # fmt: skip

_sample_token = cases_of("sample_token", block=2, first=2, length=40, keys=40)
_GREEDY = [0, 0, 1, 0, 1]
_FILTERS = {
    "unfiltered": [1.5, 0, 1, 0, 1], "cold": [1e-6, 0, 1, 0, 1], "hot": [1e9, 0, 1, 0, 1],
    "top-k": [1e9, 3, 1, 0, 1], "top-k of all": [1e9, 700, 1, 0, 1],
    "top-p": [1e9, 0, 0.3, 0, 1], "all of top-p": [1e9, 0, 0.9999999, 0, 1],
    "min-p": [1e9, 0, 1, 0.1, 1], "only the top": [1e9, 0, 1, 1, 1],
    "all filters": [0.7, 40, 0.8, 0.01, 1],
}  # fmt: skip
_SAMPLE_TOKEN = [
    _sample_token(batch=1, vocabulary=3, block=1, length=1, keys=4),
    _sample_token(
        batch=4, vocabulary=7, block=4, label="equals, idle, below the first",
        position=[3, 0, 39, 8], lengths=[4, 0, 40, 9], settings=[_GREEDY] * 4,
        logits=[
            [0, 0, 1, 2, 2, 1, 2], [9, 9, 1, 2, 3, 4, 5], [9, 9, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 1],
        ],
    ),
    _sample_token(
        batch=3, vocabulary=6, block=1, label="equals at the edge of top-k and top-p",
        logits=[[9, 9, -1, 2, -1, -1], [9, 9, 0, 0, 0, 0], [0, 0, -4, -4, -4, 3]],
        settings=[[1e9, 2, 1, 0, 1], [1e9, 1, 0.1, 0, 1], [1e9, 2, 1, 0, 1]],
    ),
    _sample_token(batch=3, vocabulary=700, block=8, length=64, keys=64),
    *(
        _sample_token(
            batch=9, vocabulary=700, block=8, length=64, keys=64, label=label,
            settings=[settings] * 9, stretch={"logits": 3.0},
        )
        for label, settings in _FILTERS.items()
    ),
]  # fmt: skip

_rank_tokens = cases_of("rank_tokens", block=2, first=2, length=40)
_RANK_TOKENS = [
    _rank_tokens(batch=1, vocabulary=3, block=1, length=1, ranks=1),
    _rank_tokens(
        batch=4, vocabulary=7, block=4, ranks=5, label="equals, below the first",
        position=[4, 0, 39, 9], lengths=[5, 0, 40, 10], settings=[_GREEDY] * 4,
        logits=[
            [0, 0, 1, 2, 2, 1, 2], [9, 9, 1, 2, 3, 4, 5], [9, 9, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 1],
        ],
    ),
    *(
        _rank_tokens(
            batch=5, vocabulary=700, block=8, length=64, ranks=8, label=label,
            settings=[settings] * 5, stretch={"logits": 3.0, "history": 5.0},
        )
        for label, settings in {"greedy": _GREEDY, **_FILTERS}.items()
    ),
]  # fmt: skip

_embedding_int8 = cases_of("embedding_int8")
_linear_int8 = cases_of("linear_int8")
_output_projection_int8 = cases_of("output_projection_int8")
_INT8 = [
    _embedding_int8(rows=5, width=7, scale=2.5, vocabulary=11),
    _linear_int8(rows=1, inputs=1, outputs=1),
    _linear_int8(rows=3, inputs=70, outputs=130),
    _linear_int8(rows=9, inputs=33, outputs=64),
    _linear_int8(
        rows=2, inputs=3, outputs=5, label="zeros and tiny", x=[[0, 0, 0], [1e-38, 0, -1e-38]],
    ),
    _output_projection_int8(rows=4, width=34, vocabulary=67),
]  # fmt: skip

_dropped = cases_of("linear_dropout_add", rate=0.3, key=123456789)
_normed = cases_of("layer_norm_linear", epsilon=1e-5)
_NORMED = [
    _normed(rows=1, inputs=4, outputs=4),
    _normed(rows=2, inputs=132, outputs=36, epsilon=1e-3),
    _normed(rows=8, inputs=516, outputs=68),
    _normed(rows=10, inputs=516, outputs=36),
    _normed(rows=3, inputs=7, outputs=5),
    _normed(rows=3, inputs=12, outputs=8, label="large", stretch={"x": 100.0}),
    _normed(rows=3, inputs=8, outputs=20, label="constant rows", x=np.repeat([0.0, 1.0, -2.0], 8)),
]
_norm = cases_of("layer_norm_backward_add_layer_norm_backward_parameters", accumulate=0)
_NORM_GRADIENTS = [
    _norm(rows=1, width=4),
    _norm(rows=5, width=8),
    _norm(rows=67, width=96),
    _norm(rows=3, width=12, label="large norm", stretch={"x": 100.0}),
    _norm(rows=4, width=8, label="constant rows of a norm", x=np.repeat([0.0, 1.0, -2.0, 0.5], 8)),
]
_cached = cases_of("layer_norm_linear_cache_write", epsilon=1e-5, length=5)
_FUSED = [
    *_also(_LINEAR, "linear_gelu", "linear_add"),
    *map(sloped, _LINEAR),
    *(_dropped(**case.extents) for case in _LINEAR),
    *_NORMED,
    *_also(_NORMED, "layer_norm_linear_gelu"),
    *(_cached(**c.extents, label=c.label, stretch=c.stretch) for c in _NORMED),
    _cached(rows=3, inputs=12, outputs=8, label="first and last", position=[0, 4, 2]),
    *_also(_LINEAR, "linear_backward_input_gelu_backward_sloped", "linear_backward_input_add"),
    *_also(_LAYER_NORM, "layer_norm_backward_add"),
    *_both(_NORM_GRADIENTS),
    *_also(_ADAMW, "adamw_fold"),
    *_also(_CROSS_ENTROPY, "cross_entropy_backward_scale", "copy_cross_entropy_backward_scale"),
]

_multiply, _times = cases_of("multiply"), cases_of("times", factor=-2.5)
_sigmoid, _rsqrt = cases_of("sigmoid"), cases_of("rsqrt", epsilon=1e-5)
_row_mean, _multiply_rows = cases_of("row_mean"), cases_of("multiply_rows")
_take_columns, _join_columns = cases_of("take_columns"), cases_of("join_columns")
_MULTIPLY = [_multiply(size=1), _multiply(size=13)]
_SIGMOID = [
    _sigmoid(size=1),
    _sigmoid(size=37),
    _sigmoid(size=5, label="tails", x=[-1e4, -40, 0, 40, 1e4]),
]
_RSQRT = [_rsqrt(size=1), _rsqrt(size=13, epsilon=0.5), _rsqrt(size=3, x=[0.5, 1.0, 100.0])]
_ROW_MEAN = [_row_mean(rows=1, width=1), _row_mean(rows=5, width=7)]
_MULTIPLY_ROWS = [_multiply_rows(rows=1, width=1), _multiply_rows(rows=5, width=7)]
_TAKE_COLUMNS = [
    _take_columns(rows=1, width=1, first=0, count=1),
    _take_columns(rows=3, width=10, first=4, count=5),
]
_PRIMITIVES = [
    *_MULTIPLY,
    _times(size=1),
    _times(size=13, factor=0.125),
    *_SIGMOID,
    *_also(_SIGMOID[:2], "sigmoid_backward"),
    *_RSQRT,
    *_also(_RSQRT[:2], "rsqrt_backward"),
    *_ROW_MEAN,
    *_also(_ROW_MEAN, "row_mean_backward"),
    *_MULTIPLY_ROWS,
    *_also(_MULTIPLY_ROWS, "multiply_rows_backward_factors", "multiply_columns"),
    *_both(_also(_MULTIPLY_ROWS, "multiply_columns_backward_gain")),
    *_TAKE_COLUMNS,
    *_also(_TAKE_COLUMNS, "take_columns_backward"),
    _join_columns(rows=1, left=1, right=1),
    _join_columns(rows=4, left=3, right=6),
]

_WRITTEN: tuple[Case, ...] = (
    *_EMBEDDING,
    *_both(_also(_EMBEDDING, "embedding_backward")),
    *_POSITIONAL_ENCODING,
    *_DROPOUT,
    *_also(_DROPOUT, "dropout_add"),
    *_ADD,
    *_SCALE,
    *_LAYER_NORM,
    *_also(_LAYER_NORM, "layer_norm_backward"),
    *_both(_also(_LAYER_NORM, "layer_norm_backward_parameters")),
    *_LINEAR,
    *_also(_LINEAR, "linear_backward_input"),
    *_both(_also(_LINEAR, "linear_backward_parameters")),
    *_GELU,
    *_also(_GELU, "gelu_backward"),
    *_ATTENTION,
    *_also(_ATTENTION, "attention_backward"),
    *_OUTPUT_PROJECTION,
    *_also(_OUTPUT_PROJECTION, "output_projection_backward_input"),
    *_both(_also(_OUTPUT_PROJECTION, "output_projection_backward_table")),
    *_CROSS_ENTROPY,
    *_also(_CROSS_ENTROPY, "cross_entropy_backward"),
    *_POINTER,
    *_also(_POINTER, "pointer_backward"),
    *_COPY_CROSS_ENTROPY,
    *_also(_CROSS_ENTROPY, "copy_cross_entropy_backward"),
    *_COPY_MIXTURE,
    *_SUM,
    *_both(_also(_SUM, "fold")),
    *_TRANSPOSE,
    *_SQUARE_SUM,
    *_CLIP,
    *_ADAMW,
    *_MOVING_AVERAGE,
    *_SHARED_ATTENTION,
    *_SHARED_POINTER,
    *_CACHE_WRITE,
    *_CACHE_GATHER,
    *_REPETITION_PENALTY,
    *_SAMPLE_TOKEN,
    *_RANK_TOKENS,
    *_INT8,
    *_FUSED,
    *_PRIMITIVES,
)

# Extents by the number of whole attributes, for kernels of which no case is written.
_EXTENTS = {
    1: [(1,), (13,), (24,), (_BLOCK,)],
    2: [(1, 1), (5, 7), (8, 12), (67, 96), (2, 1400), (300, 70)],
}
_MORE_EXTENTS = [
    (1,) * 12,
    (3, 5, 2, 4, 6, 3, 2, 5, 1, 2, 3, 4),
    (2, 17, 4, 8, 12, 2, 3, 1, 2, 2, 1, 3),
]


def _drawn(kernel: str) -> list[Case]:
    """Cases of a kernel that follow from its row: small, odd, in fours, many."""
    attributes = [a for a in KERNELS[kernel].attributes if a[0] != "accumulate"]
    whole = [name for name, kind in attributes if kind == "u32"]
    floats = {
        name: 1e-5 if name == "epsilon" else 0.5 for name, kind in attributes if kind == "f32"
    }
    make = cases_of(kernel, vocabulary=40, positions=40, **floats)
    sizes = _EXTENTS.get(len(whole), _MORE_EXTENTS)
    cases = [make(**dict(zip(whole, extents))) for extents in sizes]
    return _both(cases) if "accumulate" in dict(KERNELS[kernel].attributes) else cases


_UNWRITTEN = [kernel for kernel in KERNELS if kernel not in {case.kernel for case in _WRITTEN}]
CASES = (*_WRITTEN, *(case for kernel in _UNWRITTEN for case in _drawn(kernel)))
