"""Tracing: running a model under a Graph records kernel calls; it computes nothing.

Each operation also records on the tape how its gradient is made, which is more calls.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod
from typing import Literal

from tat.ops.kernels import KERNELS
from tat.ops.row import Dtype, Kernel

Kind = Literal["weight", "state", "gradient", "constant", "feed", "metric", "temporary"]
Attribute = int | float
Shape = tuple[int, ...]


@dataclass(eq=False)
class Tensor:
    """A named array of float, int or int8 elements; a view when it has a base.

    kind says who owns the storage:
      weight, state, constant   kept by the backend under their name, shared by all its plans
      gradient                  likewise, but one for each lane that runs micro-batches
      feed, metric              written, read by the host between runs; one for each executable
      temporary                 lives in the plan's arena between its first and its last call
    """

    name: str
    shape: Shape
    kind: Kind
    dtype: Dtype = "float"
    base: "Tensor | None" = None
    offset: int = 0  # elements from the start of the base
    scales: "Tensor | None" = None  # of an int8 weight: a factor for each output channel

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def root(self) -> "Tensor":
        """The tensor that owns the storage: itself, or the base of a view."""
        return self.base if self.base is not None else self

    def view(self, name: str, shape: Shape, offset: int) -> "Tensor":
        """A part of this tensor: `shape` elements from element `offset` on, in memory order."""
        if offset < 0 or offset + prod(shape) > self.size:
            raise ValueError(
                f"view {name} {shape} at {offset} does not fit {self.name} {self.shape}"
            )
        return Tensor(name, shape, self.kind, self.dtype, self.root, self.offset + offset)

    def rows(self, start: int, count: int) -> "Tensor":
        """Rows start to start + count as a view: [N, ...] -> [count, ...]."""
        width = prod(self.shape[1:])
        name = f"{self.name}[{start}:{start + count}]"
        return self.view(name, (count, *self.shape[1:]), start * width)

    def __repr__(self) -> str:
        return f"{self.name}{list(self.shape)}"


@dataclass(eq=False)
class Call:
    """One kernel call: outputs, inputs and attributes in the order of the kernel's row."""

    kernel: str
    outputs: tuple[Tensor, ...]
    inputs: tuple[Tensor, ...]
    attributes: dict[str, Attribute]
    scope: str  # of the model: "encoder.0.attention"

    def __repr__(self) -> str:
        outputs = ", ".join(map(repr, self.outputs))
        inputs = ", ".join(map(repr, self.inputs))
        attributes = "".join(f", {k}={v}" for k, v in self.attributes.items())
        return f"{outputs} = {self.kernel}({inputs}{attributes})"


Gradient = tuple[Tensor, Tensor]  # of an operation's input, which may come twice: x + x
GradientRule = Callable[[Tensor], list[Gradient]]


@dataclass
class Graph:
    """A trace. Use as a context manager: inside it, operations record their calls here.

    >>> from tat.ops import vocabulary as ops
    >>> x, residual = (Tensor(name, (2, 4), "feed") for name in ("x", "residual"))
    >>> with Graph() as graph:
    ...     y = ops.add(ops.gelu(x), residual)
    >>> for call in graph.calls:
    ...     print(call)
    /gelu.y#0[2, 4] = gelu(x[2, 4], size=8)
    /add.y#1[2, 4] = add(/gelu.y#0[2, 4], residual[2, 4], size=8)
    """

    training: bool = False  # whether dropout is on and the tape is kept
    calls: list[Call] = field(default_factory=list)
    tape: list[tuple[Tensor, GradientRule]] = field(default_factory=list)
    flat_gradient: Tensor | None = None  # all weights' gradients, laid out as the weights are
    dropout_scopes: set[str] = field(default_factory=set)  # taken, one dropout each
    _gradients: dict[Tensor, Tensor] = field(default_factory=dict)
    _scopes: list[str] = field(default_factory=list)
    _parameter_gradients: dict[Tensor, Tensor] = field(default_factory=dict)

    def __enter__(self) -> "Graph":
        _stack.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _stack.pop()

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Names the part of the model whose calls follow; scopes nest with dots."""
        self._scopes.append(name)
        try:
            yield
        finally:
            self._scopes.pop()

    @property
    def path(self) -> str:
        return ".".join(self._scopes)

    def emit(
        self,
        kernel: str,
        outputs: Sequence[Tensor | Shape],
        inputs: Sequence[Tensor],
        /,
        **attributes: Attribute,
    ) -> tuple[Tensor, ...]:
        """Records one call; an output given as a shape becomes a new temporary.

        TypeError where shapes, types or attributes are not those of the kernel's row.
        """
        row = self._row(kernel, len(outputs), len(inputs), attributes)
        made = tuple(
            out if isinstance(out, Tensor) else self.temporary(f"{kernel}.{name}", out)
            for name, out in zip(row.outputs, outputs, strict=True)
        )
        tensors = dict(zip(row.outputs + row.inputs, (*made, *inputs), strict=True))
        shapes = {name: tensor.shape for name, tensor in tensors.items()}
        dtypes = {name: tensor.dtype for name, tensor in tensors.items()}
        for wrong in row.mismatches(shapes, dtypes, attributes):
            raise TypeError(f"{self.path or 'no scope'}: {kernel}: {wrong}")
        self.calls.append(Call(kernel, made, tuple(inputs), attributes, self.path))
        return made

    def _row(
        self, kernel: str, outputs: int, inputs: int, attributes: dict[str, Attribute]
    ) -> Kernel:
        """The row of a kernel that may be called so here; TypeError or ValueError if it may not."""
        if kernel not in KERNELS:
            raise TypeError(f"{self.path or 'no scope'}: {kernel} has no row in tat/ops/kernels.py")
        row, place = KERNELS[kernel], f"{self.path or 'no scope'}: {kernel}"
        if (outputs, inputs) != (len(row.outputs), len(row.inputs)):
            raise TypeError(
                f"{place} takes outputs {', '.join(row.outputs)} and inputs"
                f" {', '.join(row.inputs)}, got {outputs} and {inputs}"
            )
        if self.training and row.inference_only:
            raise ValueError(f"{place} has no gradient, and this graph is to train")
        expected = [name for name, _ in row.attributes]
        if [*attributes] != expected:
            raise TypeError(
                f"{place} takes attributes {', '.join(expected)}, got {', '.join(attributes)}"
            )
        return row

    def temporary(self, name: str, shape: Shape) -> Tensor:
        """A new tensor of the arena, for one call to write or for several to write by rows."""
        return Tensor(f"{self.path}/{name}#{len(self.calls)}", shape, "temporary")

    def record(self, output: Tensor, rule: GradientRule) -> Tensor:
        """Puts a rule on the tape: the gradients of the inputs from the gradient of the output."""
        if self.training:
            path = self.path
            self.tape.append((output, lambda gradient: self._in_scope(path, rule, gradient)))
        return output

    def _in_scope(self, path: str, rule: GradientRule, gradient: Tensor) -> list[Gradient]:
        saved, self._scopes = self._scopes, [path] if path else []
        try:
            return rule(gradient)
        finally:
            self._scopes = saved

    def backward(self, seeds: dict[Tensor, Tensor]) -> None:
        """Emits the backward calls, the tape in reverse, from the gradients of some tensors."""
        self._gradients.update(seeds)
        for output, rule in reversed(self.tape):
            if output in self._gradients:
                for tensor, gradient in rule(self._gradients.pop(output)):
                    self._join(tensor, gradient)

    def _join(self, tensor: Tensor, gradient: Tensor) -> None:
        if tensor.base is not None:
            raise ValueError(f"{tensor}: the gradient of a view would not reach {tensor.base}")
        if tensor in self._gradients:
            inputs = (self._gradients[tensor], gradient)
            (gradient,) = self.emit("add", [tensor.shape], inputs, size=tensor.size)
        self._gradients[tensor] = gradient

    def gradient(self, tensor: Tensor) -> Tensor:
        """The gradient that backward() left for a tensor that no operation made."""
        return self._gradients[tensor]

    def parameter_gradient(self, parameter: Tensor) -> tuple[Tensor, int]:
        """A weight's gradient, and 1 if an earlier use of the weight is in it already."""
        if parameter in self._parameter_gradients:
            return self._parameter_gradients[parameter], 1
        if self.flat_gradient is None:
            self.flat_gradient = Tensor("gradients", parameter.root.shape, "gradient")
        name = f"{parameter.name}.gradient"
        gradient = self.flat_gradient.view(name, parameter.shape, parameter.offset)
        self._parameter_gradients[parameter] = gradient
        return gradient, 0


_stack: list[Graph] = []


def current() -> Graph:
    """The graph that is being traced."""
    if not _stack:
        raise RuntimeError("operations record calls: run them inside `with Graph():`")
    return _stack[-1]
