"""Kernel calls with data, which parity tests, gradient checks and benchmarks share.

A case is a row of ops/kernels.py with its extents. The shapes of all arguments follow from the
table below, values are drawn from a seed unless they are given, and what a backward kernel takes
over from its forward kernel is computed by the float64 reference.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from zlib import crc32

import numpy as np
from numpy import ndarray as Array

from tat.backends.reference import kernels as reference
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
    "scale": "y size; x size; factor 1",
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
    "pointer": "shares batch*queries,sources*keys; log_rest batch*queries;"
    " q batch*queries,width; k batch*sources*keys,width; gate batch*queries,1;"
    " ids batch,sources,keys; lengths batch,sources",
    "pointer_backward": "dq batch*queries,width; dk batch*sources*keys,width;"
    " dgate batch*queries,1; q batch*queries,width; k batch*sources*keys,width;"
    " shares batch*queries,sources*keys;"
    " kept batch*queries; ids batch,sources,keys; targets batch*queries",
    "copy_cross_entropy": "loss rows; lse rows; kept rows; logits rows,vocabulary;"
    " shares rows,sources*keys; log_rest rows; ids batch,sources,keys; targets rows",
    "copy_cross_entropy_backward": "dlogits rows,vocabulary; logits rows,vocabulary; lse rows;"
    " kept rows; targets rows",
    "copy_mixture": "logits batch*queries,vocabulary; shares batch*queries,sources*keys;"
    " log_rest batch*queries; ids batch,sources,keys",
    "sum": "total 1; x size",
    "fold": "total size; x size",
    "transpose": "y size; x size; matrices count,3",
    "square_sum": "partials chunks; x size",
    "clip": "scale 2; partials count; tokens 1",
    "adamw": "weights size; m size; v size; gradients size; scale 2; rate 3",
    "moving_average": "average size; weights size; scale 2",
    "cache_write": "cache batch*length,width; x batch,width; position batch",
    "cache_gather": "cache batch*length,width; source source_batch*source_length,width;"
    " index batch; counts batch",
    "repetition_penalty": "written batch,length; history block,batch,vocabulary+1;"
    " logits batch,vocabulary; token batch; position batch; settings batch,5",
    "sample_token": "token batch; position batch; lengths batch; history block,batch,vocabulary+1;"
    " logits batch,vocabulary; settings batch,5; key batch",
    "embedding_int8": "y rows,width; ids rows; table vocabulary,width; scales vocabulary",
    "linear_int8": "y rows,outputs; x rows,inputs; weight inputs,outputs; scales outputs;"
    " bias outputs",
    "output_projection_int8": "logits rows,vocabulary; x rows,width; table vocabulary,width;"
    " scales vocabulary",
    "linear_gelu": "y rows,outputs; x rows,inputs; weight inputs,outputs; bias outputs",
    "linear_gelu_kept": "y rows,outputs; inner rows,outputs; x rows,inputs; weight inputs,outputs;"
    " bias outputs",
    "linear_add": "y rows,outputs; x rows,inputs; weight inputs,outputs; bias outputs;"
    " addend rows,outputs",
    "linear_dropout_add": "y rows,outputs; x rows,inputs; weight inputs,outputs; bias outputs;"
    " residual rows,outputs; counter 3",
    "layer_norm_linear": "y rows,outputs; x rows,inputs; gain inputs; shift inputs;"
    " weight inputs,outputs; bias outputs",
    "layer_norm_linear_gelu": "y rows,outputs; x rows,inputs; gain inputs; shift inputs;"
    " weight inputs,outputs; bias outputs",
    "layer_norm_linear_cache_write": "y rows*length,outputs; x rows,inputs; gain inputs;"
    " shift inputs; weight inputs,outputs; bias outputs; position rows",
    "linear_backward_input_gelu_backward": "dx rows,inputs; dy rows,outputs;"
    " weight inputs,outputs; inner rows,inputs",
    "linear_backward_input_add": "dx rows,inputs; dy rows,outputs; weight inputs,outputs;"
    " addend rows,inputs",
    "layer_norm_backward_add": "dx rows,width; dy rows,width; x rows,width; gain width;"
    " mean rows; rstd rows; addend rows,width",
    "cross_entropy_backward_scale": "dlogits rows,vocabulary; logits rows,vocabulary; lse rows;"
    " targets rows; factor 1",
    "copy_cross_entropy_backward_scale": "dlogits rows,vocabulary; logits rows,vocabulary;"
    " lse rows; kept rows; targets rows; factor 1",
}  # fmt: skip

# Which kernel makes what another takes over: mean and rstd, y and lse, lse, shares and log_rest.
_FORWARD = {
    "layer_norm_backward": "layer_norm",
    "layer_norm_backward_add": "layer_norm",
    "layer_norm_backward_parameters": "layer_norm",
    "attention_backward": "attention",
    "cross_entropy_backward": "cross_entropy",
    "pointer_backward": "pointer",
    "copy_cross_entropy": "pointer",
    "cross_entropy_backward_scale": "cross_entropy",
    "copy_cross_entropy_backward": "cross_entropy",
    "copy_cross_entropy_backward_scale": "cross_entropy",
    "copy_mixture": "pointer",
}
_ASSUMED = {"epsilon": 1e-5, "width": 6, "first": 1}  # extents of those that the others lack

# Arguments of integers, each with what its values stay below.
_INTEGERS = {
    "ids": "vocabulary",
    "targets": "vocabulary",
    "token": "vocabulary",
    "written": "vocabulary",
    "key": "2147483647",
    "lengths": "keys+1",
    "start": "positions-length+1",
    "position": "length",
    "index": "source_batch",
    "counts": "length+1",
    "counter": "1000",
    "matrices": "1",
}

_INT8 = ("weight", "table")  # of the kernels that say so in their names

_POSITIVE = ("v", "partials", "scale", "scales", "rate", "tokens", "kept")  # squares, factors, …

# Arguments for which no drawn values would do: how each row of a batch draws its token.
_FIXED = {"settings": (0.8, 40, 0.95, 0.02, 1.1)}

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
        return tuple(prod(map(self._sum, extent.split("*"))) for extent in extents)

    def _sum(self, text: str) -> int:
        """The value of an extent, or of a sum such as positions-length+1."""
        terms = text.replace("-", "+-").split("+")
        return sum(-self._extent(t[1:]) if t.startswith("-") else self._extent(t) for t in terms)

    def _extent(self, word: str) -> int:
        if word == "chunks":
            return -(-self.extents["size"] // self.extents["chunk"])
        return int(word) if word.isdigit() else int(self.extents[word])

    def inputs(self) -> dict[str, Array]:
        """The inputs in float64, int32 or int8, in the order of the row."""
        made = {name: self._value(name) for name in self.row.inputs}
        if self.kernel in _FORWARD:
            given, extents = {**self.given, **made}, {**_ASSUMED, **self.extents}
            forward = Case(_FORWARD[self.kernel], extents, "", given, self.stretch)
            outputs, start = forward.run(vars(reference), np.float64), self.extents.get("start", 0)
            for name in made.keys() & outputs.keys():
                made[name] = outputs[name][start : start + len(made[name])]
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
            name: values if values.dtype.kind == "i" else values.astype(dtype)
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
            values = random.integers(0, self._sum(_INTEGERS[name]), shape, np.int32)
        elif name in _INT8 and self.kernel.endswith("_int8"):
            values = random.integers(-127, 128, shape, np.int8)
        elif name in _FIXED:
            values = np.broadcast_to(_FIXED[name], shape).astype(np.float64)
        else:
            values = random.standard_normal(shape) * self.stretch.get(name, 1.0)
            values = np.abs(values) if name in _POSITIVE else values
        if name in self.given:
            values = np.asarray(self.given[name], values.dtype).reshape(shape)
        return values


def case_of(call: Call, vocabulary: int, positions: int) -> Case:
    """A traced call as a case of the same extents, so that a plan's work can be tried or timed."""
    return Case(call.kernel, {"vocabulary": vocabulary, "positions": positions, **call.attributes})
