"""Which tensors a plan keeps in f16."""

from collections.abc import Iterable

from tat.backends.gpu.lowering.calls import Dispatch
from tat.backends.gpu.shader_text import Binding, bindings
from tat.ops.graph import Tensor

_KINDS = ("temporary", "feed", "metric")  # all others stay in f32, as checkpoints have them
_ALIGNED = 128  # elements: 256 bytes in f16, the alignment of a binding


def bound_tensors(dispatch: Dispatch) -> list[tuple[Binding, Tensor]]:
    """The tensors of a call that a shader binds."""
    count = len(dispatch.tensors)
    taken = (b for b in bindings(dispatch.shader) if 1 <= b.number <= count)
    return [(binding, dispatch.tensors[binding.number - 1]) for binding in taken]


def half_tensors(dispatches: Iterable[Dispatch]) -> frozenset[Tensor]:
    """The tensors of a plan that every shader takes in f16.

    Arguments that a shader declares with a fixed type are never in f16: the residual stream and its
    gradient, the statistics of norms and softmax, logits and losses.
    """
    found: set[Tensor] = set()
    barred: set[Tensor] = set()
    for dispatch in dispatches:
        for binding, tensor in bound_tensors(dispatch):
            (found if binding.adapts and _fits(tensor) else barred).add(tensor.root)
    return frozenset(found - barred)


def _fits(tensor: Tensor) -> bool:
    """Whether it can be bound: from an aligned start, a whole number of 4 bytes."""
    return tensor.kind in _KINDS and tensor.size % 2 == 0 and tensor.offset % _ALIGNED == 0
