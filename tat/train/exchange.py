"""The sums of a step's subtrees on their way to the ranks that own slices of them."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy import ndarray as Array

from tat.train.tree import Node, roots, shares

Sums = dict[int, tuple[int, Array]]  # first micro-batch -> how many, and their gradients' sum


class Exchange(Protocol):
    """The exchange of sums among ranks in one step."""

    def offer(self, node: Node, values: Array) -> None:
        """A subtree's sum, flat; it stays as it is until finish()."""

    def finish(self) -> Sums:
        """This rank's slice of all ranks' sums."""


class Kept:
    """The exchange of a single process: none."""

    def __init__(self) -> None:
        self._sums: Sums = {}

    def offer(self, node: Node, values: Array) -> None:
        self._sums[node.start] = node.size, values

    def finish(self) -> Sums:
        return self._sums


class Sending:
    """Sends each subtree's sum to the owners of its slices as soon as it is there."""

    def __init__(self, ranks: Any, comm: Any, count: int, parts: Sequence[slice]) -> None:
        self._ranks, self._comm, self._parts = ranks, comm, parts
        self._sums: Sums = {}
        self._requests: list[Any] = []
        mine = length(parts[ranks.rank])
        for peer, theirs in enumerate(shares(count, ranks.size)):
            for node in roots(theirs) if mine and peer != ranks.rank else ():
                values = np.empty(mine, np.float32)
                self._sums[node.start] = node.size, values
                self._requests.append(comm.Irecv(values, peer, node.start))

    def offer(self, node: Node, values: Array) -> None:
        me, size = self._ranks.rank, self._ranks.size
        self._sums[node.start] = node.size, values[self._parts[me]].copy()
        for shift in range(1, size):
            peer = (me + shift) % size
            part = values[self._parts[peer]]
            if part.size:
                self._requests.append(self._comm.Isend(part, peer, node.start))
                self._ranks.sent += part.nbytes

    def finish(self) -> Sums:
        self._ranks.wait(*self._requests)
        return self._sums


def length(part: slice) -> int:
    """Elements of a part."""
    return part.stop - part.start
