"""Kernel calls with data, which parity tests, gradient checks and benchmarks share.

A case is a row of ops/kernels.py with its extents. Shapes and types of all arguments follow from
the row, values are drawn from a seed unless they are given, and what a backward kernel takes over
from its forward kernel is computed by the float64 reference.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np
from numpy import ndarray as Array

from tat.backends.reference.functions import functions as reference
from tat.ops.graph import Call
from tat.ops.kernels import KERNELS, Kernel

# Which kernel makes what another takes over, where it is not the one that a gradient is of.
_FORWARD = {
    "copy_cross_entropy": "pointer",
    "copy_cross_entropy_backward": "cross_entropy",
    "copy_cross_entropy_backward_scale": "cross_entropy",
    "copy_mixture": "pointer",
}
_ASSUMED = {"epsilon": 1e-5, "width": 6, "first": 1}  # extents of those that the others lack

# Arguments for which no drawn values would do: how each row of a batch draws its token, and which
# matrices a flat array holds.
_FIXED = {"settings": (0.8, 40, 0.95, 0.02, 1.1), "matrices": (0, 0, 0)}
_UNBOUNDED = 2**31 - 1  # integers stay below it where the row says nothing of them

Extents = Mapping[str, int | float]


@dataclass(frozen=True)
class Case:
    """One kernel call to try: `given` values replace drawn ones, `stretch` multiplies these.

    >>> case = Case("add", {"size": 3}, given={"a": [1, 2, 3], "b": [10, 20, 30]})
    >>> case.shape("y")
    (3,)
    >>> case.run(reference(), np.float64)
    {'y': array([11., 22., 33.])}
    """

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
        """The extents that are attributes of the kernel, in the order of its row."""
        return {name: self.extents[name] for name, _ in self.row.attributes}

    def shape(self, argument: str) -> tuple[int, ...]:
        """Shape of an output or input."""
        return self.row.arguments[argument].extents(self.extents)

    def inputs(self) -> dict[str, Array]:
        """The inputs in float64, int32 or int8, in the order of the row."""
        made = {name: self._value(name) for name in self.row.inputs}
        source = _FORWARD.get(self.kernel) or self.kernel.partition("_backward")[0]
        if source != self.kernel and {*KERNELS[source].outputs} & made.keys():
            given, extents = {**self.given, **made}, {**_ASSUMED, **self.extents}
            forward = Case(source, extents, "", given, self.stretch)
            outputs, start = forward.run(reference(), np.float64), self.extents.get("start", 0)
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
        shape, values = self.shape(name), self._drawn(name)
        if name in self.given:
            values = np.asarray(self.given[name], values.dtype).reshape(shape)
        return values

    def _drawn(self, name: str) -> Array:
        argument, shape = self.row.arguments[name], self.shape(name)
        random = np.random.default_rng([self.seed, crc32(name.encode())])
        if name in _FIXED:
            dtype = np.int32 if argument.dtype == "int" else np.float64
            return np.broadcast_to(np.array(_FIXED[name], dtype), shape).copy()
        if argument.dtype == "int":
            bound = argument.below.value(self.extents) if argument.below else _UNBOUNDED
            return random.integers(0, bound, shape, np.int32)
        if argument.dtype == "int8":
            return random.integers(-127, 128, shape, np.int8)
        values = random.standard_normal(shape) * self.stretch.get(name, 1.0)
        return np.abs(values) if argument.positive else values


def cases_of(kernel: str, **defaults: int | float) -> Callable[..., Case]:
    """A maker of a kernel's cases, all by keyword: numbers are extents, arrays values of arguments.

    defaults: extents that most cases share. label, stretch and seed are those of Case.
    """
    attributes = [name for name, _ in KERNELS[kernel].attributes]

    def make(
        *, label: str = "", stretch: Mapping[str, float] | None = None, **named: object
    ) -> Case:
        numbers = {n: v for n, v in named.items() if isinstance(v, int | float)}
        extents = defaults | numbers
        ordered = {n: extents[n] for n in (*attributes, *extents) if n in extents}
        given = {n: v for n, v in named.items() if n not in numbers}
        return Case(kernel, ordered, label, given, stretch or {})

    return make


def case_of(call: Call, vocabulary: int, positions: int) -> Case:
    """A traced call as a case of the same extents, so that a plan's work can be tried or timed."""
    return Case(call.kernel, {"vocabulary": vocabulary, "positions": positions, **call.attributes})
