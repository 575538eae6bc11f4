"""Which tensors a plan keeps in f16, and the weights' copy in f16."""

from collections.abc import Callable, Iterable

from tat.backends.gpu.lowering import Dispatch
from tat.backends.gpu.shader_library import Binding, bindings
from tat.ops.graph import Graph, Tensor

_KINDS = ("temporary", "feed", "metric")  # all others stay in f32, as checkpoints have them
_ALIGNED = 128  # elements: 256 bytes in f16, the alignment of a binding


def bound_tensors(dispatch: Dispatch) -> list[tuple[Binding, Tensor]]:
    """What a shader binds of a call's tensors."""
    count = len(dispatch.tensors)
    taken = (b for b in bindings(dispatch.shader) if 1 <= b.number <= count)
    return [(binding, dispatch.tensors[binding.number - 1]) for binding in taken]


def half_tensors(dispatches: Iterable[Dispatch]) -> frozenset[Tensor]:
    """The tensors of a plan that every shader takes in f16.

    What a shader declares with a type of its own is never in f16: the residual stream and its
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


class HalfWeights:
    """The flat weights' copy in f16, made anew before it is used when these were written."""

    def __init__(self, cast: Callable[[Graph, Tensor], Callable[[], None]]) -> None:
        self._cast = cast  # compiles a graph whose tensor is stored in f16 to what runs it
        self._copies: dict[Tensor, tuple[Tensor, Callable[[], None]]] = {}
        self._stale = True

    def copy_of(self, weights: Tensor) -> Tensor:
        """The tensor of the copy: elements stand where those of the flat weights do."""
        if weights not in self._copies:
            copy = Tensor(f"{weights.name} in f16", weights.shape, "state")
            with Graph() as graph:
                graph.emit("fold", [copy], [weights], size=weights.size, accumulate=0)
            self._copies[weights] = copy, self._cast(graph, copy)
            self._stale = True
        return self._copies[weights][0]

    def outdate(self) -> None:
        """Says that weights were written."""
        self._stale = True

    def refresh(self) -> None:
        """Queues what brings the copy up to date."""
        if self._stale:
            self._stale = False
            for _, run in self._copies.values():
                run()
