"""The Params of a shader: a kernel's attributes in the table's order, then derived values.

These are computed here in float64: 1 - rate in a shader's float32 would lose digits.
"""

import struct
from collections.abc import Callable

from tat.backends.gpu.lowering.passes import Attributes
from tat.ops.kernels import KERNELS

Derived = dict[str, tuple[str, Callable[[Attributes], int | float]]]

_KEEP: Derived = {
    "threshold": ("u32", lambda a: int(a["rate"] * 2**32)),
    "keep_scale": ("f32", lambda a: 1 / (1 - a["rate"])),
}
_RESTS: Derived = {
    "beta1_rest": ("f32", lambda a: 1 - a["beta1"]),
    "beta2_rest": ("f32", lambda a: 1 - a["beta2"]),
}
_DERIVED: dict[str, Derived] = {
    "dropout": _KEEP,
    "dropout_add": _KEEP,
    "linear_dropout_add": _KEEP,
    "adamw": _RESTS,
    "adamw_fold": _RESTS,
    "moving_average": {"step": ("f32", lambda a: 1 - a["decay"])},
}


def fields(kernel: str) -> list[tuple[str, str]]:
    """Names and types, "u32" or "f32"."""
    derived = _DERIVED.get(kernel, {}).items()
    return [*KERNELS[kernel].attributes, *((name, kind) for name, (kind, _) in derived)]


def params(kernel: str, attributes: Attributes) -> bytes:
    """The content for a call."""
    given = [(kind, attributes[name]) for name, kind in KERNELS[kernel].attributes]
    derived = [(kind, make(attributes)) for kind, make in _DERIVED.get(kernel, {}).values()]
    return b"".join(
        struct.pack("<I" if kind == "u32" else "<f", value) for kind, value in given + derived
    )
