"""The encoder and a decoder's step as ONNX graphs, from the same plans as every backend's.

Both are of one sequence, with the shapes of the longest source and of the capacity. Names are the
plan's: feeds are inputs, `logits` is the step's output. A cache that the encoder makes is an output
there and an input of the step; a cache of the step's own is both, the new one as `NAME.next`.
"""

from dataclasses import dataclass

from numpy import float32

import tat
from tat import weights
from tat.errors import UsageError
from tat.export.leaving import LeavingModel
from tat.export.onnx.kernels import TABLE, UPDATES
from tat.export.onnx.nodes import OPSET, Nodes
from tat.model.programs import BatchShape, encode_program, step_program
from tat.ops.graph import Graph, Tensor
from tat.ops.plan import plan


@dataclass(frozen=True)
class OnnxFiles:
    """The content of both files."""

    encoder: bytes
    decoder: bytes


def onnx_files(leaving: LeavingModel, tokens: int, *, int8: bool) -> OnnxFiles:
    """Both graphs, for texts of up to `tokens` tokens."""
    config = leaving.config
    longest = config.model.max_length
    source = max(length for length, _ in config.data.buckets if length <= longest)
    shape = BatchShape(1, source, min(tokens, longest))
    encode = _Graph(leaving, "encoder", encode_program(leaving.model, shape), int8)
    step = _Graph(leaving, "decoder step", step_program(leaving.model, shape), int8)
    return OnnxFiles(encode.content(), step.content())


class _Graph:
    """One program while it becomes a graph."""

    def __init__(self, leaving: LeavingModel, name: str, graph: Graph, int8: bool) -> None:
        self._leaving, self._name, self._nodes = leaving, name, Nodes()
        self._rounded = leaving.quantized()[1] if int8 else {}
        self._channels = leaving.quantized()[0].parameters.channels if int8 else {}
        self._kind = "int8" if int8 else "f32"
        self._values: dict[Tensor, str] = {}
        self._inputs: dict[str, tuple[tuple[int, ...], str]] = {}
        self._written: dict[Tensor, None] = {}
        for call in plan(graph).calls:
            if call.kernel not in TABLE:
                raise UsageError(
                    f"--onnx has no nodes for {call.kernel}, which this model uses; add them to"
                    " tat/export/onnx/kernels.py"
                )
            names = [self._value(tensor) for tensor in call.inputs]
            if call.kernel in UPDATES:
                names.insert(0, self._value(call.outputs[0]))
            made = TABLE[call.kernel](self._nodes, *names, **call.attributes)
            for tensor, value in zip(call.outputs, made, strict=False):
                self._require_whole(tensor)
                self._values[tensor.root] = value
                if tensor.root.kind in ("metric", "state"):
                    self._written[tensor.root] = None

    def content(self) -> bytes:
        """The file."""
        outputs = {}
        for tensor in self._written:
            name = f"{tensor.name}.next" if tensor.name in self._inputs else tensor.name
            self._nodes.rename(self._values[tensor], name)
            outputs[name] = tensor.shape
        about = {
            "tat": tat.__version__, "opset": str(OPSET), "weights": self._kind,
            "model": self._leaving.hash, "step": str(self._leaving.step),
        }  # fmt: skip
        return self._nodes.model(self._name, self._inputs, outputs, about)

    def _value(self, tensor: Tensor) -> str:
        """The value of a tensor, in its own shape."""
        root = tensor.root
        if root.kind == "weight":
            return self._weight(tensor)
        self._require_whole(tensor)
        if root.kind == "constant":
            return self._nodes.named(root.name, weights.sinusoids(*root.shape).astype(float32))
        if root not in self._values:
            self._inputs[root.name] = root.shape, root.dtype
            self._values[root] = root.name
        if tensor.shape == root.shape:
            return self._values[root]
        return self._nodes.shaped(self._values[root], *tensor.shape)

    def _weight(self, tensor: Tensor) -> str:
        """A constant; an int8 matrix with the node that makes it float."""
        if tensor.name not in self._channels:
            return self._nodes.named(tensor.name, self._leaving.values[tensor.name])
        if tensor not in self._values:
            steps = self._nodes.named(tensor.name, self._rounded[tensor.name])
            scales = f"{tensor.name}.scales"
            scale = self._nodes.named(scales, self._rounded[scales])
            axis = self._channels[tensor.name]
            self._values[tensor] = self._nodes("DequantizeLinear", steps, scale, axis=axis)
        return self._values[tensor]

    def _require_whole(self, tensor: Tensor) -> None:
        if tensor.size != tensor.root.size:
            raise UsageError(
                f"--onnx: {self._name} is done in parts; raise memory.chunk_bytes of the model"
            )
