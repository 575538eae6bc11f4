"""Draws that follow from two numbers alone, the same on every machine and Python."""

from _random import Random  # random.Random seeds itself a second time, in Python
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

Item = TypeVar("Item")


class Draws:
    """The draws of one function.

    Only the floats of `random.Random` are used: Python promises that these never change, while
    `choice`, `shuffle` and the like may.
    """

    def __init__(self, seed: int, number: int) -> None:
        """The draws of function `number` of a stream; both from 0 to 2**64 - 1."""
        self.random = Random(seed << 64 | number).random

    def chance(self, share: float) -> bool:
        """Whether something happens that happens in this share of all draws."""
        return self.random() < share

    def below(self, count: int) -> int:
        """A whole number from 0 to count - 1."""
        return int(self.random() * count)

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.random() * (high - low + 1))

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items, each equally likely."""
        return items[int(self.random() * len(items))]

    def weighted(self, choices: "Weighted[Item]") -> Item:
        """One of the items, by weight."""
        return choices.at(self.random())

    def sample(self, items: Sequence[Item], count: int) -> list[Item]:
        """Some of the items, none twice, in drawn order."""
        rest = list(items)
        return [rest.pop(int(self.random() * len(rest))) for _ in range(min(count, len(rest)))]

    def shuffle(self, items: list[Item]) -> None:
        """Put a list in a drawn order, in place."""
        items[:] = self.sample(items, len(items))


class Weighted(Sequence[Item]):
    """Items and their weights, to draw from."""

    def __init__(self, *pairs: tuple[Item, float]) -> None:
        self._items = [item for item, _ in pairs]
        self._ends = list(accumulate(weight for _, weight in pairs))
        self._whole, self._last = self._ends[-1] if pairs else 0.0, len(pairs) - 1

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> Item:  # type: ignore[override]
        return self._items[index]

    def at(self, share: float) -> Item:
        """The item where `share`, from 0 to 1, of all weight is reached."""
        return self._items[bisect_right(self._ends, share * self._whole, 0, self._last)]
