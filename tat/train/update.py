"""From the gradients of a step's micro-batches to new weights, by one process or by many.

One process folds all of them on the device and updates all weights there. Of many ranks each folds
its own, sends each other rank that one's slice of the sums, and updates its own slice of weights
and state (ZeRO-1; Rajbhandari et al. 2020). The norm is summed over the same chunks in the same
order, so that both have the same bits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy import ndarray as Array

from tat.backends.backend import Backend, Executable
from tat.ops.graph import Graph, Tensor
from tat.ops.plan import plan
from tat.train.adamw import AdamW, rate_feed
from tat.train.tree import Node, added, folds, roots

Metric = Callable[[], Array]  # a copy of a tensor, waiting until its run is done


@dataclass(frozen=True)
class Applied:
    """A step that all processes have given to their devices."""

    losses: Callable[[], list[float]]  # those of all micro-batches, in order
    tokens: int
    work: float
    scale: Metric  # [2]: the factor that the gradient was applied with, and its norm
    stop: int  # the largest of all processes

    def loss(self) -> float:
        """Summed over all tokens, in the order of the micro-batches; waits for it."""
        return added(self.losses())


class Folding:
    """Folds micro-batches of a range, which end in lanes, into a stack of sums on the device."""

    def __init__(self, optimizer: AdamW, backend: Backend, lanes: int, own: range) -> None:
        self.own, self._optimizer, self._backend = own, optimizer, backend
        self._folds = dict(zip(own, folds(own), strict=True))
        self.roots = roots(own)
        self._programs: dict[tuple[int, int, bool], Executable] = {}
        for position, fold in enumerate(self._folds.values()):
            lane = position % lanes
            key = (lane, fold.depth, fold.assign)
            if key not in self._programs:
                graph = optimizer.fold_program(fold.depth, fold.assign)
                self._programs[key] = self._compiled(graph, lane)
        merged = max((f.depth for f in self._folds.values() if f.merges), default=0)
        depths = max(merged, len(self.roots) - 1)
        self._merges = {d: self._compiled(optimizer.merge_program(d)) for d in range(1, depths + 1)}

    def _compiled(self, graph: Graph, lane: int = 0) -> Executable:
        return self._backend.compile(plan(graph, self._backend.memory), lane)

    def fold(self, lane: int, index: int) -> None:
        """Takes the gradients of one micro-batch, the next in order, out of a lane."""
        fold = self._folds[index]
        self._programs[lane, fold.depth, fold.assign].run()
        for depth in range(fold.depth, fold.depth - fold.merges, -1):
            self._merges[depth].run()

    def finish(self) -> None:
        """Adds up the stack, to the sum of the range; it ends in the optimizer's gradients."""
        for depth in range(len(self.roots) - 1, 0, -1):
            self._merges[depth].run()

    def done_after(self, index: int) -> list[tuple[int, Node]]:
        """Places of the stack whose sums are complete with a micro-batch."""
        return [(d, n) for d, n in enumerate(self.roots) if n.start + n.size == index + 1]

    def level(self, depth: int) -> Tensor:
        return self._optimizer.level(depth)


class Update(Protocol):
    """The interface for the Trainer. All ranks call all of it together but `own` and `fold`."""

    own: range  # the micro-batches of a step that this process computes

    def begin(self, step: int, factor: float, tokens: list[int]) -> None:
        """A step begins, whose loss has a factor; tokens: of each of its own micro-batches."""

    def fold(self, lane: int, index: int) -> None:
        """Takes a micro-batch's gradients, the next in order, out of a lane."""

    def apply(self, losses: list[Metric], work: float, stop: int) -> Applied:
        """Updates the weights.

        losses: [1] each, nats summed over the tokens of each of its own micro-batches; work: their
        operations; stop: exit code that a signal asked this process to end with, 0 without one.
        """

    def install(self, flat: Array | None) -> None:
        """Sets the weights to rank 0's, and the average to them."""

    def average(self) -> Array | None:
        """The moving average of the weights, flat; None if there is none."""

    def state(self) -> dict[str, Array] | None:
        """The optimizer's flat tensors by name, to be used before the next step; at rank 0."""

    def restore(self, tensor: Tensor, flat: Array | None) -> None:
        """Sets one of them to what rank 0 has."""


class WholeUpdate:
    """An update by one process, all on the device; nothing is waited for."""

    def __init__(self, optimizer: AdamW, backend: Backend, lanes: int, count: int) -> None:
        self.own = range(count)
        self._optimizer, self._backend, self._tokens = optimizer, backend, 0
        alone = count == 1  # the gradient of one micro-batch is the sum, and stays in its lane
        self._folding = None if alone else Folding(optimizer, backend, lanes, self.own)
        gradients = optimizer.lane_gradients if alone else optimizer.gradients
        self._program = backend.compile(plan(optimizer.update_program(gradients), backend.memory))

    def begin(self, step: int, factor: float, tokens: list[int]) -> None:
        self._tokens = sum(tokens)
        self._program.write("tokens", np.array([self._tokens * factor]))
        self._program.write("rate", rate_feed(self._optimizer.config, step))

    def fold(self, lane: int, index: int) -> None:
        if self._folding:
            self._folding.fold(lane, index)

    def apply(self, losses: list[Metric], work: float, stop: int) -> Applied:
        if self._folding:
            self._folding.finish()
        self._program.run()
        scale = self._program.fetch("scale")
        return Applied(lambda: read_losses(losses), self._tokens, work, scale, stop)

    def install(self, flat: Array | None) -> None:
        self._backend.write(self._optimizer.parameters.flat, flat)
        if self._optimizer.average:
            self._backend.write(self._optimizer.average, flat)

    def average(self) -> Array | None:
        average = self._optimizer.average
        return self._backend.view(average) if average else None

    def state(self) -> dict[str, Array] | None:
        return {tensor.name: self._backend.view(tensor) for tensor in self._optimizer.state}

    def restore(self, tensor: Tensor, flat: Array | None) -> None:
        self._backend.write(tensor, flat)


def read_losses(losses: Sequence[Metric]) -> list[float]:
    """Waits for them."""
    return [float(loss()[0]) for loss in losses]
