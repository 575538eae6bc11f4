"""The weights' copies in f16, as they are and transposed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy import ndarray as Array

from tat.backends.gpu.half.storage import bound_tensors
from tat.backends.gpu.lowering.calls import Dispatch
from tat.ops.graph import Call, Graph, Tensor

Place = tuple[int, int, int]  # of a matrix in the flat weights: offset, rows, columns
Feeds = Mapping[str, Array]


@dataclass
class _Copy:
    """A tensor in f16, how it is made from weights, and what records that once it is compiled."""

    tensor: Tensor
    trace: Callable[[], tuple[Graph, Feeds]]
    record: Callable[[], Any] | None = None


class HalfWeights:
    """Copies of flat weights in f16, renewed before a read after the weights changed.

    Values keep the offsets of the weights. One copy holds matrices as they are; an update by AdamW
    renews it in the same pass. Another one, made only if a shader of a plan asks for it, holds them
    transposed.
    """

    def __init__(self, compile: Callable[[Graph, Feeds], Callable[[], Any]], most: int) -> None:
        """compile: turns a graph with its feeds to what records its commands; most: elements of a
        binding."""
        self._compile, self._most = compile, most
        self._copies: dict[Tensor, _Copy] = {}  # by the weights
        self._transposed: dict[Tensor, _Copy] = {}
        self._places: dict[Tensor, set[Place]] = {}  # of the matrices that these hold
        self._held: set[Tensor] = set()
        self._stale = self._transposed_stale = True

    def put_into(self, dispatch: Dispatch) -> Dispatch:
        """The dispatch with copies in place of the weights that its shader takes in f16."""
        tensors = list(dispatch.tensors)
        for binding, tensor in bound_tensors(dispatch):
            if binding.transposed and tensor.kind != "weight":
                raise ValueError(f"{dispatch.shader}: {tensor} is no weight, so none transposes it")
            if binding.adapts and tensor.kind == "weight":
                find = self._transpose_of if binding.transposed else self._copy_of
                tensors[binding.number - 1] = find(tensor)
        return replace(dispatch, tensors=tuple(tensors))

    def holds(self, tensor: Tensor) -> bool:
        """Whether a tensor lies in one of the copies."""
        return tensor.root in self._held

    def renewed_by(self, call: Call) -> Call:
        """The call, or one that renews the copy of the weights that it updates, too."""
        if call.kernel != "adamw" or call.outputs[0].kind != "weight":
            return call
        copy = self._copy_of(call.outputs[0])
        return replace(call, kernel="adamw_fold", outputs=(*call.outputs, copy))

    def outdate(self, but_copies: bool = False) -> None:
        """Says that weights were written; but_copies: that those not transposed were, too."""
        self._stale |= not but_copies
        self._transposed_stale = True

    def updates(self) -> list[Any]:
        """Commands that bring the copies up to date, to be submitted before what reads them."""
        stale = [*self._copies.values()] if self._stale else []
        stale += self._transposed.values() if self._transposed_stale else ()
        commands = []
        for copy in stale:
            copy.record = copy.record or self._compile(*copy.trace())
            commands.append(copy.record())
        self._stale = self._transposed_stale = False
        return commands

    def _copy_of(self, weight: Tensor) -> Tensor:
        root = weight.root
        if root not in self._copies:
            copy = self._new(f"{root.name} in f16", root)
            self._copies[root] = _Copy(copy, lambda: (cast(copy, root), {}))
        return self._copies[root].tensor.view(weight.name, weight.shape, weight.offset)

    def _transpose_of(self, weight: Tensor) -> Tensor:
        root, (rows, columns) = weight.root, weight.shape
        self._copy_of(weight)  # from which it is made, and so before it
        if root not in self._transposed:
            copy, places = self._new(f"{root.name} in f16, transposed", root), set[Place]()
            self._places[root] = places
            self._transposed[root] = _Copy(
                copy, lambda: transpose(copy, root, sorted(places), self._most)
            )
        place = weight.offset, rows, columns
        if place not in self._places[root]:
            self._places[root].add(place)
            self._transposed[root].record = None
            self._transposed_stale = True
        name = f"{weight.name}, transposed"
        return self._transposed[root].tensor.view(name, (columns, rows), weight.offset)

    def _new(self, name: str, weights: Tensor) -> Tensor:
        copy = Tensor(name, weights.shape, "state")
        self._held.add(copy)
        self._stale = self._transposed_stale = True
        return copy


def cast(copy: Tensor, weights: Tensor) -> Graph:
    """The graph that stores flat weights in another type."""
    with Graph() as graph:
        graph.emit("fold", [copy], [weights], size=weights.size, accumulate=0)
    return graph


def transpose(
    copy: Tensor, weights: Tensor, places: Sequence[Place], most: int
) -> tuple[Graph, Feeds]:
    """The graph that stores matrices of flat weights transposed, in one call where that fits.

    places: of the matrices, in order. most: elements from the first to the last of a call.
    """
    feeds = {}
    with Graph() as graph:
        for part in _runs(places, most):
            (start, _, _), (last, rows, columns) = part[0], part[-1]
            size = last + rows * columns - start
            matrices = Tensor(f"matrices from {start}", (len(part), 3), "feed", "int")
            feeds[matrices.name] = np.array([(offset - start, *shape) for offset, *shape in part])
            y, x = (t.view(f"{t.name}[{start}]", (size,), start) for t in (copy, weights))
            graph.emit("transpose", [y], [x, matrices], size=size, count=len(part))
    return graph, feeds


def _runs(places: Sequence[Place], most: int) -> Iterator[list[Place]]:
    """Neighbouring matrices that lie within so many elements; one alone may take more."""
    run: list[Place] = []
    for offset, rows, columns in places:
        if run and offset + rows * columns - run[0][0] > most:
            yield run
            run = []
        run.append((offset, rows, columns))
    if run:
        yield run
