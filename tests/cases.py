"""The kernel cases that parity tests, gradient checks and benchmarks share.

A case is a row of ops/kernels.py with its extents. The shapes of all arguments follow from the
table below, values are drawn from a seed unless they are given, and what a backward kernel takes
over from its forward kernel is computed by the float64 reference.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from zlib import crc32

import numpy as np
from numpy import ndarray as Array

from tat.backends.cpu import kernels as reference
from tat.ops.graph import Call
from tat.ops.kernels import KERNELS, Kernel

# Shapes by argument, in any order. An extent is a product of numbers and names; a name is an
# attribute, or "vocabulary" or "positions", the rows of a table that the kernel need not know.
_SHAPES = {
    "embedding": "y rows,width; ids rows; table vocabulary,width",
    "embedding_backward": "dtable vocabulary,width; dy rows,width; ids rows",
    "positional_encoding": "y batch*length,width; x batch*length,width; table positions,width;"
    " start batch",
    "dropout": "y size; x size; counter 3",
    "dropout_add": "y size; residual size; x size; counter 3",
    "add": "y size; a size; b size",
    "layer_norm": "y rows,width; mean rows; rstd rows; x rows,width; gain width; bias width",
    "layer_norm_backward": "dx rows,width; dy rows,width; x rows,width; gain width; mean rows;"
    " rstd rows",
    "layer_norm_backward_parameters": "dgain width; dbias width; dy rows,width; x rows,width;"
    " mean rows; rstd rows",
    "linear": "y rows,outputs; x rows,inputs; weight inputs,outputs; bias outputs",
    "linear_backward_input": "dx rows,inputs; dy rows,outputs; weight inputs,outputs",
    "linear_backward_parameters": "dweight inputs,outputs; dbias outputs; dy rows,outputs;"
    " x rows,inputs",
    "gelu": "y size; x size",
    "gelu_backward": "dx size; dy size; x size",
    "attention": "y batch*queries,width; lse batch*queries,heads; q batch*queries,width;"
    " kv batch*sources*keys,2*width; lengths batch,sources",
    "attention_backward": "dq batch*queries,width; dkv batch*sources*keys,2*width;"
    " dy batch*queries,width; y batch*queries,width; q batch*queries,width;"
    " kv batch*sources*keys,2*width; lse batch*queries,heads; lengths batch,sources",
    "output_projection": "logits rows,vocabulary; x rows,width; table vocabulary,width",
    "output_projection_backward_input": "dx rows,width; dlogits rows,vocabulary;"
    " table vocabulary,width",
    "output_projection_backward_table": "dtable vocabulary,width; dlogits rows,vocabulary;"
    " x rows,width",
    "cross_entropy": "loss rows; lse rows; logits rows,vocabulary; targets rows",
    "cross_entropy_backward": "dlogits rows,vocabulary; logits rows,vocabulary; lse rows;"
    " targets rows",
    "sum": "total 1; x size",
    "fold": "total size; x size",
    "square_sum": "partials chunks; x size",
    "clip": "scale 2; partials count; tokens 1",
    "adamw": "weights size; m size; v size; gradients size; scale 2; rate 3",
    "moving_average": "average size; weights size; scale 2",
    "cache_write": "cache batch*length,width; x batch,width; position batch",
}  # fmt: skip

# Which kernel makes what a backward kernel takes over: mean and rstd, y and lse, lse.
_FORWARD = {
    "layer_norm_backward": "layer_norm",
    "layer_norm_backward_parameters": "layer_norm",
    "attention_backward": "attention",
    "cross_entropy_backward": "cross_entropy",
}

# Arguments of integers, each with what its values stay below.
_INTEGERS = {
    "ids": "vocabulary",
    "targets": "vocabulary",
    "lengths": "keys+1",
    "start": "positions-length+1",
    "position": "length",
    "counter": "1000",
}

_POSITIVE = ("v", "partials", "scale", "rate", "tokens")  # mean squares, factors, rates, counts

Extents = Mapping[str, int | float]


@dataclass(frozen=True)
class Case:
    """One kernel call to try: `given` values replace drawn ones, `stretch` multiplies these."""

    kernel: str
    extents: Extents
    label: str = ""
    given: Mapping[str, object] = field(default_factory=dict)
    stretch: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0

    def __str__(self) -> str:
        sizes = "x".join(str(v) for v in self.extents.values() if isinstance(v, int))
        return f"{self.kernel}-{self.label or sizes}"

    @property
    def row(self) -> Kernel:
        return KERNELS[self.kernel]

    @property
    def attributes(self) -> dict[str, int | float]:
        """The extents that the kernel is told, in the order of its row."""
        return {name: self.extents[name] for name, _ in self.row.attributes}

    def shape(self, argument: str) -> tuple[int, ...]:
        """Shape of an output or input."""
        parts = (part.split() for part in _SHAPES[self.kernel].split(";"))
        extents = dict(parts)[argument].split(",")
        return tuple(prod(map(self._extent, extent.split("*"))) for extent in extents)

    def _extent(self, word: str) -> int:
        if word == "chunks":
            return -(-self.extents["size"] // self.extents["chunk"])
        return int(word) if word.isdigit() else int(self.extents[word])

    def inputs(self) -> dict[str, Array]:
        """The inputs in float64 or int32, in the order of the row."""
        made = {name: self._value(name) for name in self.row.inputs}
        if self.kernel in _FORWARD:
            forward = Case(_FORWARD[self.kernel], {"epsilon": 1e-5, **self.extents}, given=made)
            outputs = forward.run(vars(reference), np.float64)
            made |= {name: outputs[name] for name in made if name in outputs}
        return made

    def arguments(self, dtype: type, poison: float = np.nan) -> dict[str, Array]:
        """All arguments in the order of the row; what is only written starts as `poison`."""
        keeps = self.extents.get("accumulate", 1)
        outputs = {
            name: self._value(name)
            if name in self.row.updates and keeps
            else np.full(self.shape(name), poison)
            for name in self.row.outputs
        }
        return {
            name: values if values.dtype == np.int32 else values.astype(dtype)
            for name, values in (outputs | self.inputs()).items()
        }

    def run(
        self, functions: Mapping[str, Callable[..., None]], dtype: type, poison: float = np.nan
    ) -> dict[str, Array]:
        """The outputs that a backend's kernel leaves."""
        arguments = self.arguments(dtype, poison)
        functions[self.kernel](*arguments.values(), **self.attributes)
        return {name: arguments[name] for name in self.row.outputs}

    def _value(self, name: str) -> Array:
        shape = self.shape(name)
        random = np.random.default_rng([self.seed, crc32(name.encode())])
        if name in _INTEGERS:
            values = random.integers(0, self._limit(_INTEGERS[name]), shape, np.int32)
        else:
            values = random.standard_normal(shape) * self.stretch.get(name, 1.0)
            values = np.abs(values) if name in _POSITIVE else values
        if name in self.given:
            values = np.asarray(self.given[name], values.dtype).reshape(shape)
        return values

    def _limit(self, text: str) -> int:
        """The value of a sum such as positions-length+1."""
        terms = text.replace("-", "+-").split("+")
        return sum(-self._extent(t[1:]) if t.startswith("-") else self._extent(t) for t in terms)


def case_of(call: Call, vocabulary: int, positions: int) -> Case:
    """A traced call as a case of the same extents, so that a plan's work can be tried or timed."""
    return Case(call.kernel, {"vocabulary": vocabulary, "positions": positions, **call.attributes})


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
    _cross_entropy(65, 1003, 0.1),
]

_sum = _kernel("sum", "size")
_SUM = [_sum(1), _sum(13), _sum(_BLOCK)]

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

CASES: tuple[Case, ...] = (
    *_EMBEDDING,
    *_both(_also(_EMBEDDING, "embedding_backward")),
    *_POSITIONAL_ENCODING,
    *_DROPOUT,
    *_also(_DROPOUT, "dropout_add"),
    *_ADD,
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
    *_SUM,
    *_both(_also(_SUM, "fold")),
    *_SQUARE_SUM,
    *_CLIP,
    *_ADAMW,
    *_MOVING_AVERAGE,
    *_CACHE_WRITE,
)
