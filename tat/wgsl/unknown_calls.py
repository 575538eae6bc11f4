"""Functions of which only the signature is known, where their callers are compared by running them.

    fn glow(x: f32) -> f32   ->   fn glow(x: f32) -> f32 { return f32(sin(2.3 + 0.7 * x + 0.0)); }

What is known of such a function is that equal arguments give equal results. A stand-in returns a
value that changes with each of its arguments, so callers that use it alike agree, and others do not
(an uninterpreted function, as in logic).
"""

from collections.abc import Iterator
from itertools import product
from zlib import crc32

import numpy as np

from tat.wgsl.signature import Signature, ValueType, parse_signature
from tat.wgsl.stubs import with_bodies


def with_stand_ins(context: str) -> str:
    """`context` with a stand-in for each function of which it has the signature alone.

    UsageError where such a signature has anything but plain values.
    """
    return with_bodies(context, _stand_in)


def unknown_functions(context: str) -> list[str]:
    """The names of the functions of which `context` has the signature alone."""
    names: list[str] = []

    def noted(signature: str, kind: str) -> str:
        names.append(signature.partition("(")[0].split()[-1])
        return ""

    with_bodies(context, noted)
    return names


def _stand_in(signature: str, kind: str) -> str:
    """The sine of a weighted sum of all components, each result's with a phase of its own."""
    known = parse_signature(signature)
    phase = crc32(known.name.encode()) % 64 / 10
    terms = [f"{0.7 + 0.4 * i:.1f} * {part}" for i, part in enumerate(_components(known))]
    angle = " + ".join((f"{phase:.1f}", *terms))
    count = int(np.prod(known.result.shape))
    values = (_as(known.result, f"sin({angle} + {i}.0)") for i in range(count))
    return f"return {known.result.name}({', '.join(values)});"


def _components(signature: Signature) -> Iterator[str]:
    """The components of all parameters, as floats."""
    for name, kind in signature.parameters.items():
        for place in product(*map(range, kind.shape)):
            part = name + "".join(f"[{index}]" for index in place)
            yield part if kind.scalar == "f32" else f"f32({part})"


def _as(kind: ValueType, value: str) -> str:
    """`value`, from -1 to 1, as a component of a type."""
    if kind.scalar == "f32":
        return value
    return f"{value} > 0.0" if kind.scalar == "bool" else f"{kind.scalar}(8.0 + 8.0 * {value})"
