"""The sums of a step's subtrees on their way to the ranks that own slices of them."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy import ndarray as Array

from tat.train.tree import Node, roots, shares

Sums = dict[int, tuple[int, Array]]  # first micro-batch -> how many, and their gradients' sum


class Exchange(Protocol):
    """The exchange of sums among ranks, step after step."""

    def begin(self) -> None:
        """A step begins; the sums of the one before are overwritten."""

    def offer(self, node: Node, values: Array) -> None:
        """A subtree's sum, flat; it stays as it is until finish()."""

    def finish(self) -> Sums:
        """This rank's slice of all ranks' sums."""


class Kept:
    """The exchange of a single process: none."""

    def __init__(self) -> None:
        self._sums: Sums = {}

    def begin(self) -> None:
        self._sums = {}

    def offer(self, node: Node, values: Array) -> None:
        self._sums[node.start] = node.size, values

    def finish(self) -> Sums:
        return self._sums


class Sending:
    """Sends each subtree's sum to the owners of its slices as soon as it is there."""

    def __init__(self, ranks: Any, comm: Any, count: int, parts: Sequence[slice]) -> None:
        self._ranks, self._comm, self._parts = ranks, comm, parts
        self._requests: list[Any] = []
        mine = length(parts[ranks.rank])
        everyone = enumerate(shares(count, ranks.size))
        self._sources = [(peer, node) for peer, theirs in everyone for node in roots(theirs)]
        # Kept from step to step: fresh memory costs as much as what is put into it.
        self._sums = {
            node.start: (node.size, np.empty(mine, np.float32)) for _, node in self._sources
        }

    def begin(self) -> None:
        self._requests = [
            self._comm.Irecv(values, peer, node.start)
            for peer, node in self._sources
            if peer != self._ranks.rank and (values := self._sums[node.start][1]).size
        ]

    def offer(self, node: Node, values: Array) -> None:
        me, size = self._ranks.rank, self._ranks.size
        self._sums[node.start][1][...] = values[self._parts[me]]
        for shift in range(1, size):
            peer = (me + shift) % size
            part = values[self._parts[peer]]
            if part.size:
                self._requests.append(self._comm.Isend(part, peer, node.start))
                self._ranks.sent += part.nbytes

    def finish(self) -> Sums:
        self._ranks.wait(*self._requests)
        return dict(self._sums)


def length(part: slice) -> int:
    """Elements of a part."""
    return part.stop - part.start
