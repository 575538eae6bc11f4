"""The kernel cases that parity tests and gradient checks share: small, odd and extreme extents."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from tat.backends.reference.cases import Case, Extents, case_of

__all__ = ["CASES", "Case", "Extents", "case_of"]


def _kernel(name: str, extents: str) -> Callable[..., Case]:
    """A maker of cases: the named extents in order, then values of inputs and fields by keyword."""

    def make(
        *values: float, label: str = "", stretch: Extents | None = None, **given: object
    ) -> Case:
        named = dict(zip(extents.split(), values, strict=True))
        return Case(name, named, label, given, stretch or {})

    return make


def _also(cases: Iterable[Case], *kernels: str) -> list[Case]:
    """The same cases for other kernels."""
    return [replace(case, kernel=kernel) for kernel in kernels for case in cases]


def _both(cases: Iterable[Case]) -> list[Case]:
    """Each case assigning and accumulating."""
    both = []
    for case in cases:
        for flag, word in enumerate(("assigned", "accumulated")):
            label = f"{case.label}, {word}" if case.label else ""
            both.append(replace(case, extents={**case.extents, "accumulate": flag}, label=label))
    return both


_BLOCK = 65536 + 3  # more than the block that flat kernels work in, and no multiple of a vector

_embedding = _kernel("embedding", "rows width vocabulary scale")
_EMBEDDING = [
    _embedding(1, 1, 1, 1.0),
    _embedding(7, 6, 11, 2.5),
    _embedding(5, 3, 9, 0.5, label="one id repeated", ids=[4] * 5),
    _embedding(6, 10, 8, 3.0, label="padding and the last id", ids=[0, 7, 0, 7, 3, 0]),
    _embedding(130, 67, 40, 8.0),
]

_positional_encoding = _kernel("positional_encoding", "batch length width positions")
_POSITIONAL_ENCODING = [
    _positional_encoding(1, 1, 2, 1),
    _positional_encoding(2, 3, 6, 9, label="first and last", start=[0, 6]),
    _positional_encoding(3, 1, 10, 50, label="decoding", start=[0, 49, 7]),
    _positional_encoding(4, 17, 34, 40),
]

_dropout = _kernel("dropout", "size rate key")
_DROPOUT = [
    _dropout(1, 0.5, 7),
    _dropout(37, 0.1, 2**32 - 1),
    _dropout(_BLOCK, 0.3, 123456789),
    _dropout(11, 0.999, 0),
    _dropout(40, 0.1, 5, label="extreme counter", counter=[-1, 2**31 - 1, -(2**31)]),
]

_add = _kernel("add", "size")
_ADD = [_add(1), _add(13), _add(_BLOCK)]

_scale = _kernel("scale", "size")
_SCALE = [_scale(1), _scale(13), _scale(24), _scale(_BLOCK)]

_layer_norm = _kernel("layer_norm", "rows width epsilon")
_LAYER_NORM = [
    _layer_norm(1, 2, 1e-5),
    _layer_norm(1, 130, 1e-5),
    _layer_norm(5, 7, 1e-5),
    _layer_norm(67, 96, 1e-3),
    _layer_norm(3, 10, 1e-5, label="large", stretch={"x": 100.0}),
    _layer_norm(4, 6, 1e-5, label="constant rows", x=np.repeat([0.0, 1.0, -2.0, 0.5], 6)),
]

_linear = _kernel("linear", "rows inputs outputs")
_LINEAR = [
    _linear(1, 1, 1),
    _linear(1, 13, 7),
    _linear(5, 7, 3),
    _linear(8, 32, 48),
    _linear(67, 33, 130),
    _linear(3, 515, 34),
]

_gelu = _kernel("gelu", "size")
_GELU = [
    _gelu(1),
    _gelu(13),
    _gelu(9, label="tails", x=[-40, -9, -3, -1e-4, 0, 1e-4, 3, 9, 40]),
    _gelu(_BLOCK),
]

_attention = _kernel("attention", "batch queries sources keys width heads causal")
_ATTENTION = [
    _attention(1, 1, 1, 1, 2, 1, 0, lengths=[1]),
    _attention(2, 3, 1, 5, 6, 2, 0, label="short and empty", lengths=[4, 0]),
    _attention(2, 2, 1, 3, 6, 1, 0, label="all empty", lengths=[0, 0]),
    _attention(3, 4, 2, 3, 6, 3, 0, label="two sources", lengths=[[3, 2], [0, 1], [0, 0]]),
    _attention(1, 2, 3, 2, 10, 2, 0, label="three sources", lengths=[1, 0, 2]),
    _attention(2, 7, 1, 7, 10, 2, 1, label="causal", lengths=[7, 4]),
    _attention(2, 3, 1, 3, 4, 2, 1, label="causal and empty", lengths=[0, 1]),
    _attention(3, 1, 1, 41, 24, 2, 0, label="one query", lengths=[1, 17, 41]),
    _attention(2, 67, 1, 67, 48, 2, 1, label="many causal", lengths=[67, 33]),
    _attention(2, 33, 2, 70, 64, 2, 0, label="many of two sources", lengths=[[70, 1], [0, 64]]),
    _attention(1, 3, 1, 9, 8, 2, 0, label="sharp", lengths=[9], stretch={"q": 30.0}),
]

_output_projection = _kernel("output_projection", "rows width vocabulary")
_OUTPUT_PROJECTION = [
    _output_projection(1, 1, 1),
    _output_projection(5, 6, 11),
    _output_projection(3, 130, 301),
    _output_projection(67, 34, 65),
]

_cross_entropy = _kernel("cross_entropy", "rows vocabulary smoothing")
_CROSS_ENTROPY = [
    _cross_entropy(1, 5, 0.0, targets=[3]),
    _cross_entropy(4, 7, 0.0, label="padding", targets=[6, 0, 1, 0]),
    _cross_entropy(4, 7, 0.1, label="padding and smoothing", targets=[6, 0, 1, 0]),
    _cross_entropy(3, 9, 0.1, label="padding alone", targets=[0, 0, 0]),
    _cross_entropy(5, 13, 0.1, label="sharp", stretch={"logits": 60.0}),
    _cross_entropy(6, 8, 0.1, label="in fours", targets=[7, 0, 1, 4, 2, 3]),
    _cross_entropy(65, 1003, 0.1),
    _cross_entropy(65, 1004, 0.1),
]

_pointer = _kernel("pointer", "batch queries sources keys width first vocabulary smoothing")
_POINTER = [
    _pointer(1, 1, 1, 1, 2, 0, 5, 0.0, lengths=[1], targets=[4]),
    _pointer(2, 3, 1, 5, 6, 2, 7, 0.1, label="short and empty", lengths=[4, 0]),
    _pointer(1, 4, 1, 3, 6, 5, 9, 0.1, label="markers alone", lengths=[3], ids=[4, 0, 1]),
    _pointer(3, 2, 2, 3, 10, 1, 4, 0.1, label="two sources", lengths=[[3, 2], [0, 1], [0, 0]]),
    _pointer(2, 3, 1, 4, 8, 1, 3, 0.0, label="padding alone", targets=[0] * 6),
    _pointer(1, 6, 1, 9, 8, 2, 6, 0.1, label="sharp", lengths=[9], stretch={"q": 30.0}),
    _pointer(1, 6, 1, 9, 8, 2, 6, 0.1, label="open and shut", stretch={"gate": 30.0}),
    _pointer(2, 67, 2, 70, 66, 9, 40, 0.1, label="many", lengths=[[70, 1], [0, 64]]),
]

_copied = _kernel(
    "copy_cross_entropy", "rows vocabulary start batch queries sources keys width first smoothing"
)
_COPY_CROSS_ENTROPY = [
    _copied(1, 5, 0, 1, 1, 1, 1, 2, 0, 0.0, targets=[3], ids=[3], lengths=[1]),
    _copied(6, 4, 0, 2, 3, 1, 7, 6, 1, 0.1, label="often copied", lengths=[7, 5]),
    _copied(4, 9, 0, 2, 2, 2, 3, 6, 2, 0.1, label="padding", targets=[8, 0, 2, 0]),
    _copied(4, 30, 0, 2, 2, 1, 2, 6, 2, 0.1, label="empty", lengths=[0, 0]),
    _copied(5, 13, 0, 1, 5, 1, 4, 6, 1, 0.1, label="sharp", stretch={"logits": 60.0}),
    _copied(64, 17, 64, 4, 35, 1, 9, 6, 1, 0.1, label="a chunk", lengths=[9, 4, 0, 9]),
    _copied(65, 1003, 0, 5, 13, 2, 300, 6, 9, 0.1),
]

_mixture = _kernel("copy_mixture", "batch queries sources keys vocabulary width first")
_COPY_MIXTURE = [
    _mixture(1, 1, 1, 1, 5, 2, 0, ids=[3], lengths=[1]),
    _mixture(2, 3, 1, 7, 5, 6, 1, label="often", lengths=[7, 5]),
    _mixture(2, 2, 2, 3, 9, 6, 2, label="short and empty", lengths=[[3, 1], [0, 0]]),
    _mixture(1, 4, 1, 5, 13, 6, 1, label="sharp", stretch={"logits": 60.0}),
    _mixture(3, 1, 2, 300, 1003, 6, 9),
]

_sum = _kernel("sum", "size")
_SUM = [_sum(1), _sum(13), _sum(_BLOCK)]

_transpose = _kernel("transpose", "size count")
_TRANSPOSE = [
    _transpose(4 * 8, 1, matrices=[0, 4, 8]),
    _transpose(31 * 4, 2, label="gaps", matrices=[[4, 8, 4], [60, 4, 16]]),
    _transpose(68 * 132 + 144 * 640, 2, matrices=[[0, 68, 132], [68 * 132, 144, 640]]),
]

_square_sum = _kernel("square_sum", "size chunk")
_SQUARE_SUM = [_square_sum(1, 4), _square_sum(8, 4), _square_sum(10, 4), _square_sum(_BLOCK, 65536)]

_clip = _kernel("clip", "count clip_norm")
_CLIP = [
    _clip(1, 1.0, label="one part", partials=[100.0], tokens=[4]),
    _clip(3, 0.25, label="clipped", partials=[7.0, 2.0, 9.0], tokens=[3]),
    _clip(3, 1e3, label="below the norm", partials=[7.0, 2.0, 9.0], tokens=[3]),
    _clip(3, 0.0, label="off", partials=[7.0, 2.0, 9.0], tokens=[3]),
    _clip(2, 1.0, label="no gradient", partials=[0.0, 0.0], tokens=[5]),
    _clip(2, 1.0, label="NaN", partials=[1.0, np.nan], tokens=[5]),
    _clip(2, 1.0, label="infinity", partials=[np.inf, 1.0], tokens=[5]),
]

_RATE = [1e-3, 0.1, 0.02]  # learning rate and the two corrections
_APPLIED, _SKIPPED = [0.5, 2.0], [np.nan, np.nan]  # scale as clip leaves it

_adamw = _kernel("adamw", "size decayed beta1 beta2 epsilon weight_decay")
_ADAMW = [
    _adamw(1, 0, 0.9, 0.98, 1e-9, 0.01, rate=_RATE, scale=_APPLIED),
    _adamw(13, 7, 0.9, 0.98, 1e-8, 0.1, rate=_RATE, scale=_APPLIED),
    _adamw(6, 6, 0.0, 0.5, 1e-3, 0.0, label="no decay", rate=_RATE, scale=_APPLIED),
    _adamw(5, 3, 0.9, 0.98, 1e-9, 0.1, label="skipped", rate=_RATE, scale=_SKIPPED),
    _adamw(_BLOCK, 65600, 0.9, 0.98, 1e-9, 0.01, rate=_RATE, scale=_APPLIED),
]

_moving_average = _kernel("moving_average", "size decay")
_MOVING_AVERAGE = [
    _moving_average(1, 0.5, scale=_APPLIED),
    _moving_average(13, 0.999, scale=_APPLIED),
    _moving_average(7, 0.9, label="skipped", scale=_SKIPPED),
    _moving_average(_BLOCK, 0.99, scale=_APPLIED),
]

_cache_write = _kernel("cache_write", "batch width length")
_CACHE_WRITE = [
    _cache_write(1, 2, 1),
    _cache_write(3, 14, 5, label="first and last", position=[0, 4, 2]),
    _cache_write(5, 130, 9),
]

_cache_gather = _kernel("cache_gather", "batch length source_batch source_length width")
_CACHE_GATHER = [
    _cache_gather(1, 1, 1, 1, 2),
    _cache_gather(3, 4, 2, 9, 6, label="none of them", index=[-1, 1, 2], counts=[4, 3, 2]),
    _cache_gather(4, 7, 4, 7, 10, label="one for all", index=[2, 2, 2, 2], counts=[0, 1, 6, 7]),
    _cache_gather(6, 20, 3, 50, 34),
]

_repetition_penalty = _kernel("repetition_penalty", "batch vocabulary length block")
_REPETITION_PENALTY = [
    _repetition_penalty(1, 3, 1, 1),
    _repetition_penalty(
        3, 7, 4, 2, label="often, off, the first", position=[3, 3, 0], token=[6, 0, 2],
        written=[[5, 5, 6, 1], [0, 1, 2, 3], [4, 5, 6, 3]],
        settings=[[0, 0, 1, 0, 1.5], [0, 0, 1, 0, 1], [0, 0, 1, 0, 0.5]],
        logits=[[1, -1, 2, -2, 0, 3, -3]] * 3,
    ),
    _repetition_penalty(3, 700, 300, 8),
]  # fmt: skip

_sample_token = _kernel("sample_token", "batch vocabulary block first length keys")
_GREEDY = [0, 0, 1, 0, 1]
_FILTERS = {
    "unfiltered": [1.5, 0, 1, 0, 1], "cold": [1e-6, 0, 1, 0, 1], "hot": [1e9, 0, 1, 0, 1],
    "top-k": [1e9, 3, 1, 0, 1], "top-k of all": [1e9, 700, 1, 0, 1],
    "top-p": [1e9, 0, 0.3, 0, 1], "all of top-p": [1e9, 0, 0.9999999, 0, 1],
    "min-p": [1e9, 0, 1, 0.1, 1], "only the top": [1e9, 0, 1, 1, 1],
    "all filters": [0.7, 40, 0.8, 0.01, 1],
}  # fmt: skip
_SAMPLE_TOKEN = [
    _sample_token(1, 3, 1, 2, 1, 4),
    _sample_token(
        4, 7, 4, 2, 40, 40, label="equals, idle, below the first", position=[3, 0, 39, 8],
        lengths=[4, 0, 40, 9], settings=[_GREEDY] * 4,
        logits=[
            [0, 0, 1, 2, 2, 1, 2], [9, 9, 1, 2, 3, 4, 5], [9, 9, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 1],
        ],
    ),
    _sample_token(
        3, 6, 1, 2, 40, 40, label="equals at the edge of top-k and top-p",
        logits=[[9, 9, -1, 2, -1, -1], [9, 9, 0, 0, 0, 0], [0, 0, -4, -4, -4, 3]],
        settings=[[1e9, 2, 1, 0, 1], [1e9, 1, 0.1, 0, 1], [1e9, 2, 1, 0, 1]],
    ),
    _sample_token(3, 700, 8, 2, 64, 64),
    *(
        _sample_token(
            9, 700, 8, 2, 64, 64, label=label, settings=[settings] * 9, stretch={"logits": 3.0}
        )
        for label, settings in _FILTERS.items()
    ),
]  # fmt: skip

_embedding_int8 = _kernel("embedding_int8", "rows width scale vocabulary")
_linear_int8 = _kernel("linear_int8", "rows inputs outputs")
_output_projection_int8 = _kernel("output_projection_int8", "rows width vocabulary")
_INT8 = [
    _embedding_int8(5, 7, 2.5, 11),
    _linear_int8(1, 1, 1),
    _linear_int8(3, 70, 130),
    _linear_int8(9, 33, 64),
    _linear_int8(2, 3, 5, label="zeros and tiny", x=[[0, 0, 0], [1e-38, 0, -1e-38]]),
    _output_projection_int8(4, 34, 67),
]

_dropped = _kernel("linear_dropout_add", "rows inputs outputs rate key")
_normed = _kernel("layer_norm_linear", "rows inputs outputs epsilon")
_NORMED = [
    _normed(1, 4, 4, 1e-5),
    _normed(2, 132, 36, 1e-3),
    _normed(8, 516, 68, 1e-5),
    _normed(3, 7, 5, 1e-5),
    _normed(3, 12, 8, 1e-5, label="large", stretch={"x": 100.0}),
    _normed(3, 8, 20, 1e-5, label="constant rows", x=np.repeat([0.0, 1.0, -2.0], 8)),
]
_cached = _kernel("layer_norm_linear_cache_write", "rows inputs outputs epsilon length")
_FUSED = [
    *_also(_LINEAR, "linear_gelu", "linear_gelu_kept", "linear_add"),
    *(_dropped(*case.extents.values(), 0.3, 123456789) for case in _LINEAR),
    *_NORMED,
    *_also(_NORMED, "layer_norm_linear_gelu"),
    *(replace(_cached(*c.extents.values(), 5), label=c.label, stretch=c.stretch) for c in _NORMED),
    _cached(3, 12, 8, 1e-5, 5, label="first and last", position=[0, 4, 2]),
    *_also(_LINEAR, "linear_backward_input_gelu_backward", "linear_backward_input_add"),
    *_also(_LAYER_NORM, "layer_norm_backward_add"),
    *_also(_CROSS_ENTROPY, "cross_entropy_backward_scale", "copy_cross_entropy_backward_scale"),
]

CASES: tuple[Case, ...] = (
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
    *_CACHE_WRITE,
    *_CACHE_GATHER,
    *_REPETITION_PENALTY,
    *_SAMPLE_TOKEN,
    *_INT8,
    *_FUSED,
)
