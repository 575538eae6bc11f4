"""Where the bindings of a plan's dispatches lie: one rule, for a device and for a recorded plan."""

from collections.abc import Iterable
from dataclasses import dataclass

from tat.backends.gpu.lowering.calls import Dispatch
from tat.ops.graph import Tensor
from tat.ops.plan import ELEMENT_BYTES, Plan

PARAMETERS, SCRATCH = "parameters", "scratch"
SLOT = 256  # bytes, the alignment of a uniform binding

Owner = str | int | Tensor
"""Who has the memory: PARAMETERS, SCRATCH, an arena by its number, or a tensor of its own."""


@dataclass(frozen=True)
class Region:
    """Bytes of a buffer."""

    owner: Owner
    offset: int
    size: int


class Regions:
    """The regions of one plan. Equal parameters of dispatches share a slot."""

    def __init__(self, plan: Plan, dispatches: Iterable[Dispatch]) -> None:
        self._places = plan.places
        contents = dict.fromkeys(dispatch.params for dispatch in dispatches)
        self._slots = {content: slot for slot, content in enumerate(contents)}

    @property
    def parameters(self) -> bytes:
        """The content of the buffer of parameters; none if nothing is dispatched."""
        return b"".join(content.ljust(SLOT, b"\0") for content in self._slots)

    def bound(self, dispatch: Dispatch, number: int, element_bytes: int = ELEMENT_BYTES) -> Region:
        """The region at a binding: 0 has the parameters, then tensors follow, then scratch.

        element_bytes: of the tensor, where it is one.
        """
        if number == 0:
            return Region(PARAMETERS, self._slots[dispatch.params] * SLOT, len(dispatch.params))
        if number > len(dispatch.tensors):
            return Region(SCRATCH, 0, dispatch.scratch * ELEMENT_BYTES)
        return self.of(dispatch.tensors[number - 1], element_bytes)

    def of(self, tensor: Tensor, element_bytes: int = ELEMENT_BYTES) -> Region:
        """The region of a tensor; in f16 it begins where it would in f32."""
        owner: Owner = tensor.root
        start = 0
        if tensor.kind == "temporary":
            owner, start = self._places[tensor.root]
        offset = start * ELEMENT_BYTES + tensor.offset * element_bytes
        return Region(owner, offset, tensor.size * element_bytes)
