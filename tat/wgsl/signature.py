"""Parameters and result of a WGSL function of plain values, read from its signature."""

from typing import NamedTuple

import numpy as np

from tat.errors import UsageError
from tat.wgsl.declarations import after_attributes
from tat.wgsl.harness import parse_type
from tat.wgsl.lexer import code_of
from tat.wgsl.typed import signature_of

_KINDS = {
    "f32": "fiu",
    "i32": "iu",
    "u32": "iu",
    "bool": "b",
}  # kinds of NumPy that a reference may return


class ValueType(NamedTuple):
    """A scalar, vector or matrix of f32, i32, u32 or bool."""

    name: str  # as in the source
    scalar: str
    shape: tuple[int, ...]  # (), (N,) or (C, R)

    def read(self, values: np.ndarray) -> np.ndarray:
        """`values` as WGSL holds them: floats rounded to f32 (but float64), integers wrapped."""
        if self.scalar == "f32":
            return values.astype(np.float32).astype(np.float64)
        if values.dtype.kind == "f":
            raise ValueError(f"floats for {self.name}")
        if self.scalar == "bool":
            return values.astype(bool)
        words = (values.astype(np.int64) & 0xFFFFFFFF).astype(np.uint32)
        return words.astype(np.int32 if self.scalar == "i32" else np.uint32).astype(np.int64)

    def holds(self, value: np.ndarray) -> bool:
        """Whether `value` is one of this type, and finite."""
        fits = value.shape == self.shape and value.dtype.kind in _KINDS[self.scalar]
        return fits and bool(np.isfinite(value).all())

    def show(self, value: np.ndarray) -> str:
        """`value` as WGSL writes it."""
        parts = [self._show_scalar(part) for part in np.ravel(value)]
        return f"{self.name}({', '.join(parts)})" if self.shape else parts[0]

    def _show_scalar(self, value: np.generic) -> str:
        if self.scalar == "f32":
            return f"{value:.9g}"
        return str(bool(value)).lower() if self.scalar == "bool" else f"{int(value)}"


class Signature(NamedTuple):
    """A function's name, its parameters in order, and its result."""

    name: str
    parameters: dict[str, ValueType]
    result: ValueType


def parse_signature(text: str) -> Signature:
    """The signature `text`; UsageError if it has anything but plain values."""
    name, parameters, result = signature_of(text)
    if not result.type:
        raise UsageError(f"{text!r} returns nothing to compare")
    inside = ",".join(f"{item.name}:{item.type}" for item in parameters)
    try:
        if _written(text) != "".join(f"fn{name}({inside})->{result.type}".split()):
            raise UsageError("it has an attribute at a value, a value without a type, or more")
        types = {item.name: _value_type(item.type) for item in parameters}
        return Signature(name, types, _value_type(result.type))
    except UsageError as error:
        raise UsageError(f"{text!r}: {error}") from error


def _written(text: str) -> str:
    """A signature without attributes in front, comments, blanks and the last comma."""
    code = code_of(text)
    tokens = (token.text for token in code[after_attributes(code, 0) :])
    return "".join(tokens).replace(",)", ")")


def _value_type(text: str) -> ValueType:
    plain = parse_type(text)
    return ValueType(plain.text, plain.scalar, tuple(n for n in (plain.columns, plain.rows) if n))
