"""Named weights with their initialisers, laid out in one flat tensor; values come elsewhere."""

from dataclasses import dataclass
from math import prod, sqrt
from typing import Literal

from tat.ops.graph import Shape, Tensor

_ALIGNMENT = 128  # elements: 256 bytes in f16, WebGPU's guaranteed alignment of a binding


@dataclass(frozen=True)
class Initial:
    """First values: "normal" with deviation `scale`, "uniform" in ±scale, or "constant"."""

    kind: Literal["normal", "uniform", "constant"]
    scale: float


class Parameters:
    """The weights of a model: declare all, then freeze() once to lay them out.

    Matrices come first and vectors after them, so that weight decay is for one prefix of all.
    With `int8`, for inference, a matrix is a tensor of its own with a scale per output channel.
    """

    def __init__(self, int8: bool = False) -> None:
        self.int8 = int8
        self.channels: dict[str, int] = {}  # int8 matrices: which axis the output channels are
        self.tensors: dict[str, Tensor] = {}
        self.initials: dict[str, Initial] = {}
        self.flat = Tensor("weights", (0,), "weight")
        self.decayed = 0  # elements of the flat tensor that decay

    def declare(self, name: str, shape: Shape, initial: Initial, channels: int = 1) -> Tensor:
        """A new weight; its place in the flat tensor is known after freeze().

        channels: the axis of a matrix that its output channels are.
        """
        if name in self.tensors:
            raise ValueError(f"weight {name} is declared twice")
        if self.int8 and len(shape) == 2:
            self.channels[name] = channels
            scales = self.vector(f"{name}.scales", shape[channels], 1.0)
            self.tensors[name] = Tensor(name, shape, "weight", "int8", scales=scales)
        else:
            self.tensors[name] = Tensor(name, shape, "weight", base=self.flat)
        self.initials[name] = initial
        return self.tensors[name]

    def matrix(self, name: str, inputs: int, outputs: int) -> Tensor:
        """[I, O], uniform after Glorot and Bengio (2010)."""
        initial = Initial("uniform", sqrt(6 / (inputs + outputs)))
        return self.declare(name, (inputs, outputs), initial)

    def vector(self, name: str, size: int, value: float) -> Tensor:
        return self.declare(name, (size,), Initial("constant", value))

    def freeze(self) -> None:
        """Gives every weight its offset."""
        end = 0
        ordered = sorted(self.tensors.values(), key=lambda t: len(t.shape) < 2)
        for tensor in ordered:
            if tensor.base is None:
                continue
            tensor.offset = end
            end += -(-prod(tensor.shape) // _ALIGNMENT) * _ALIGNMENT
            if len(tensor.shape) >= 2:
                self.decayed = end
        self.tensors = {t.name: t for t in ordered}
        self.flat.shape = (end,)

    @property
    def count(self) -> int:
        """Weights of the model, without the padding between them."""
        return sum(t.size for t in self.tensors.values())
