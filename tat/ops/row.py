"""A row of the table of kernels: all that is known of an operation, parsed from a few words.

    y[rows,width] mean[rows]; x[rows,width] ids[rows]:int<vocabulary; rows width rate:f32

are outputs; inputs; attributes. An argument has a shape of extents, then perhaps

    :int :int8      the type of its elements, else float
    <EXTENT         a bound that its integers stay below
    >0              if its numbers are positive
    @EXTENT         the number of elements that a call touches, if not all

An extent is an attribute, a name that the tensors give a value (the rows of a table), a number, or
a term of these with + - * and /, which rounds up. Attributes are u32 unless they are f32.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Literal

Dtype = Literal["float", "int", "int8"]
Use = Literal["both", "training", "inference"]
Values = Mapping[str, int | float]

BYTES = {"float": 4, "int": 4, "int8": 1}  # of an element; a float may be stored in f16 somewhere

_ARGUMENT = re.compile(
    r"(?P<name>\w+)\[(?P<shape>[^]]+)\](?::(?P<dtype>int8|int))?"
    r"(?:<(?P<below>[^>@]+))?(?P<positive>>0)?(?:@(?P<touched>.+))?"
)


class Extent(str):
    """A term of numbers and names, such as "2*width" or "size/chunk"."""

    @cached_property
    def _tree(self) -> ast.expr:
        return ast.parse(self, mode="eval").body

    @cached_property
    def names(self) -> frozenset[str]:
        """The names in it."""
        return frozenset(node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name))

    def value(self, given: Values) -> int:
        """Its value; KeyError for a name that is not given."""
        return _evaluated(self._tree, given)


def _evaluated(node: ast.expr, given: Values) -> int:
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.Name(id=name):
            return int(given[name])
        case ast.BinOp(left=left, op=operator, right=right):
            a, b = _evaluated(left, given), _evaluated(right, given)
            match operator:
                case ast.Add():
                    return a + b
                case ast.Sub():
                    return a - b
                case ast.Mult():
                    return a * b
                case ast.Div():
                    return -(-a // b)
    raise ValueError(f"{ast.unparse(node)}: no extent; these are numbers, names and + - * /")


@dataclass(frozen=True)
class Argument:
    """An output or input: its name, shape and elements."""

    name: str
    shape: tuple[Extent, ...]
    dtype: Dtype
    below: Extent | None  # of integers
    positive: bool
    touched: Extent  # elements that a call reads or writes

    @classmethod
    def parse(cls, text: str) -> "Argument":
        """An argument as the table writes it; ValueError if it cannot be read."""
        found = _ARGUMENT.fullmatch(text)
        if not found:
            raise ValueError(f"argument {text!r} is not NAME[EXTENT,...]:TYPE<BELOW>0@TOUCHED")
        shape = tuple(map(Extent, found["shape"].split(",")))
        below = Extent(found["below"]) if found["below"] else None
        touched = Extent(found["touched"] or "*".join(f"({extent})" for extent in shape))
        dtype = found["dtype"] or "float"
        return cls(found["name"], shape, dtype, below, bool(found["positive"]), touched)

    @property
    def flat(self) -> bool:
        """Whether any shape of as many elements fits: kernels see integers and vectors flat."""
        return self.dtype == "int" or len(self.shape) == 1

    def extents(self, given: Values) -> tuple[int, ...]:
        """Its shape where attributes and free names have these values."""
        return tuple(extent.value(given) for extent in self.shape)

    def described(self, given: Values) -> str:
        """Shape and type for a message: "[rows=2, width=4] of float"."""
        known = (f"={e.value(given)}" if e.names <= given.keys() else "" for e in self.shape)
        shape = ", ".join(e + v * (not e.isdigit()) for e, v in zip(self.shape, known, strict=True))
        return f"[{shape}] of {self.dtype}"


@dataclass(frozen=True)
class Kernel:
    """A row. Names are in the order in which kernels and shaders take them."""

    name: str
    results: tuple[Argument, ...]
    operands: tuple[Argument, ...]
    attributes: tuple[tuple[str, str], ...]  # with "u32" or "f32"
    updates: tuple[str, ...] = ()  # outputs that are also read: accumulated or changed in place
    use: Use = "both"
    flops: Extent | None = None  # of its products by their definition; None where memory bounds it
    parts: tuple[str, ...] = ()  # of a fused kernel: those that it stands for, in their order
    sloped: bool = False  # whether GELU and its gradient share the slope instead of the argument

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        return tuple(argument.name for argument in self.results)

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        return tuple(argument.name for argument in self.operands)

    @cached_property
    def arguments(self) -> dict[str, Argument]:
        """Outputs, then inputs, by name."""
        return {argument.name: argument for argument in (*self.results, *self.operands)}

    @property
    def inference_only(self) -> bool:
        """Whether it has no gradient."""
        return self.use == "inference"

    def free(self, shapes: Mapping[str, Sequence[int]]) -> dict[str, int]:
        """Values of free names, those that are no attributes, from the shapes of tensors."""
        known = {name for name, _ in self.attributes}
        found: dict[str, int] = {}
        for name, shape in shapes.items():
            declared = self.arguments[name].shape
            if len(declared) == len(shape):
                for extent, size in zip(declared, shape, strict=True):
                    if extent.isidentifier() and extent not in known:
                        found.setdefault(extent, size)
        return found

    def moved_bytes(self, given: Values) -> int:
        """Bytes that a call reads and writes at least, updated outputs both, in float32."""
        updates = self.updates if given.get("accumulate", 1) else ()
        return sum(
            (1 + (name in updates)) * argument.touched.value(given) * BYTES[argument.dtype]
            for name, argument in self.arguments.items()
        )

    def mismatches(
        self, shapes: Mapping[str, Sequence[int]], dtypes: Mapping[str, str], attributes: Values
    ) -> Iterator[str]:
        """A message for each argument that does not fit: what is expected, and what was given."""
        given = {**self.free(shapes), **attributes}
        for name, argument in self.arguments.items():
            shape = tuple(shapes[name])
            known = frozenset().union(*(e.names for e in argument.shape)) <= given.keys()
            expected = argument.extents(given) if known else shape
            same = prod(expected) == prod(shape) if argument.flat else expected == shape
            if not same or dtypes[name] != argument.dtype:
                yield (
                    f"{name}: expected {argument.described(given)},"
                    f" got {list(shape)} of {dtypes[name]}"
                )


def row(
    name: str, text: str, *, updates: str = "", use: Use | None = None, flops: str = ""
) -> Kernel:
    """A row of "outputs; inputs; attributes", parsed. use: training for what makes gradients."""
    outputs, inputs, attributes = (part.split() for part in text.split(";"))
    typed = tuple((a.partition(":")[0], a.partition(":")[2] or "u32") for a in attributes)
    return Kernel(
        name,
        tuple(map(Argument.parse, outputs)),
        tuple(map(Argument.parse, inputs)),
        typed,
        tuple(updates.split()),
        use or ("training" if "backward" in name else "both"),
        Extent(flops) if flops else None,
    )
