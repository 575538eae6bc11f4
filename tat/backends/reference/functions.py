"""The reference as a whole: the function of every operation, by its name in the table."""

from collections.abc import Callable

from tat.backends.reference import (
    attention,
    copying,
    decoding,
    fused,
    int8,
    kernels,
    optimizer,
    primitives,
)
from tat.errors import TatError
from tat.ops.kernels import KERNELS

Function = Callable[..., None]

MODULES = (attention, copying, decoding, fused, int8, kernels, optimizer, primitives)


def functions() -> dict[str, Function]:
    """All of them, in the order of the table; TatError names an operation that has none."""
    found = {name: value for module in MODULES for name, value in vars(module).items()}
    missing = [name for name in KERNELS if not callable(found.get(name))]
    if missing:
        raise TatError(
            f"{', '.join(missing)}: in tat/ops/kernels.py, and not in tat/backends/reference;"
            " write a function of that name in one of its modules"
        )
    return {name: found[name] for name in KERNELS}
