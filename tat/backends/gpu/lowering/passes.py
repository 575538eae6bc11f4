"""The passes of a kernel call on the GPU: each has a shader, a grid and a part of scratch."""

from collections.abc import Mapping
from dataclasses import dataclass

from tat.backends.gpu.device import MAX_GROUPS

Attributes = Mapping[str, int | float]
Grid = tuple[int, int, int]

GROUP = 256  # threads of a workgroup that works on single elements


@dataclass(frozen=True)
class Pass:
    """One dispatch. Passes of a call share `scratch` elements, bound after its arguments."""

    shader: str
    grid: Grid
    scratch: int = 0


def folded(groups: int) -> Grid:
    """A grid of at least `groups` workgroups, in two dimensions where one is too short."""
    height = -(-groups // MAX_GROUPS)
    return (-(-groups // height), height, 1)


def elements(count: int) -> Grid:
    """A grid of a thread for each element."""
    return folded(-(-count // GROUP))
