"""The order in which gradients are added: a fixed tree over a step's micro-batches.

A node over micro-batches lo..hi-1 splits at the largest power of two below its size, so that its
left part is a whole subtree wherever ranks begin and end. Each rank folds what it has to the roots
of whole subtrees, and the sum of all is the same in every bit however many ranks there are. With
less than four micro-batches the tree is a sum from left to right.

Nothing here exchanges or computes on a device: shares, folds and slices follow from counts alone.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from numpy import ndarray as Array

Item = TypeVar("Item")


@dataclass(frozen=True)
class Node:
    """A whole subtree: `size` micro-batches, a power of two, from `start` on."""

    start: int
    size: int


@dataclass(frozen=True)
class Fold:
    """One micro-batch's gradient into a stack of subtrees' sums.

    It becomes place `depth` of the stack (`assign`), or is added to what is there. Then the top of
    the stack is added to the sum below it, `merges` times.
    """

    depth: int
    assign: bool
    merges: int


def shares(count: int, ranks: int) -> list[range]:
    """The shares of ranks in `count` things: consecutive, nearly equal, larger ones first."""
    small, more = divmod(count, ranks)
    ends = [rank * small + min(rank, more) for rank in range(ranks + 1)]
    return [range(a, b) for a, b in itertools.pairwise(ends)]


def roots(own: range) -> list[Node]:
    """The largest whole subtrees within a range: what folding it in order leaves on the stack."""
    return _folded(own)[1]


def folds(own: range) -> list[Fold]:
    """How each micro-batch of a range is folded, in order."""
    return _folded(own)[0]


def stack_size(own: range) -> int:
    """Sums that folding a range holds at once, at most."""
    return 1 + max((fold.depth for fold in folds(own)), default=-1)


def _folded(own: range) -> tuple[list[Fold], list[Node]]:
    stack: list[Node] = []
    steps: list[Fold] = []
    for index in own:
        assign, merges, node = True, 0, Node(index, 1)
        while stack and _siblings(stack[-1], node):
            node = Node(stack.pop().start, 2 * node.size)
            merges += not assign
            assign = False
        stack.append(node)
        steps.append(Fold(len(stack) - 1 + merges, assign, merges))
    return steps, stack


def _siblings(left: Node, right: Node) -> bool:
    return left.size == right.size and left.start % (2 * left.size) == 0


def fold_tree(count: int, have: dict[int, tuple[int, Array]]) -> Array:
    """The sum over all `count` micro-batches, of sums {start: (size, values)}; overwrites these.

    ValueError if a part of the tree is missing.
    """
    return _sum(0, count, have)


def _sum(lo: int, hi: int, have: dict[int, tuple[int, Array]]) -> Array:
    size, values = have.get(lo, (0, None))
    if values is not None and size == hi - lo:
        return values
    if hi - lo == 1:
        raise ValueError(f"no sum holds micro-batch {lo}")
    half = 1 << ((hi - lo - 1).bit_length() - 1)
    left = _sum(lo, lo + half, have)
    left += _sum(lo + half, hi, have)
    return left


def slices(size: int, ranks: int, chunk: int) -> list[slice]:
    """The part of a flat tensor that each rank updates: whole chunks, as even as can be."""
    parts = shares(-(-size // chunk), ranks)
    return [slice(min(size, p.start * chunk), min(size, p.stop * chunk)) for p in parts]


def added(losses: Iterable[float]) -> float:
    """The sum from left to right; Python's own sum() adds otherwise from 3.12 on."""
    total = 0.0
    for loss in losses:
        total += float(loss)
    return total


def in_order(parts: Sequence[Sequence[Item]]) -> list[Item]:
    """One list from parts that got the items in turn: item i is in part i mod N."""
    count = sum(map(len, parts))
    return [parts[i % len(parts)][i // len(parts)] for i in range(count)]
