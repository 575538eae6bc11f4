"""Greedy tokens that a device makes without asking, a block at a time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy import ndarray as Array

from tat.backends.backend import Executable
from tat.data.tokenizer import Special


@dataclass(frozen=True)
class _Block:
    """Steps that were begun."""

    starts: Array  # [B]: the positions that the first of them feeds
    going: Array  # [B]: rows that are not idle
    count: int
    history: Callable[[], Array]  # waits for them


class Chain:
    """Guesses that each row goes on with its likeliest token, and runs ahead of who takes them.

    A device that works through a queue feeds its own choices back, and begins the next block before
    this one was looked at. Blocks double while the guesses are right, and halve where one is not:
    what was made behind it is lost.
    """

    def __init__(self, executable: Executable) -> None:
        """`executable` is a compiled `greedy_program`."""
        self.executable = executable
        history = executable.plan.metrics["history"]
        self._longest, self._rows, _ = history.shape
        self._count = 1
        self._next: tuple[Array, Array] | None = None  # tokens and lengths after the last block
        self._begun: _Block | None = None  # the block behind that

    def logits(self, tokens: Array, lengths: Array, room: int) -> Array:
        """Logits [N, B, V]: behind tokens [B], the last of lengths [B], and behind N - 1 guesses.

        An idle row has length 0. room: steps until a row is at the end of its cache.
        """
        right = self._is_next(tokens, lengths)
        if right:
            self._count = min(2 * self._count, self._longest)
        else:
            self._restart(tokens, lengths)
        block = self._begun or self._begin(lengths, room)
        lengths = lengths + block.count * block.going
        room -= block.count
        self._begun = self._begin(lengths, room) if right and room > 0 else None
        places = (block.starts + np.arange(block.count)[:, None]) % self._longest
        logits = block.history()[places, np.arange(self._rows)]
        self._next = likeliest(logits[-1]), lengths
        return logits

    def _is_next(self, tokens: Array, lengths: Array) -> bool:
        if self._next is None:
            return False
        guesses, reached = self._next
        going = lengths > 0
        return bool((reached == lengths).all() and (guesses == tokens)[going].all())

    def _restart(self, tokens: Array, lengths: Array) -> None:
        self._begun, self._count = None, max(1, self._count // 2)
        self.executable.write("token", tokens[:, None])
        self.executable.write("position", np.maximum(lengths - 1, 0))
        self.executable.write("lengths", lengths[:, None])

    def _begin(self, lengths: Array, room: int) -> _Block:
        count = min(self._count, room)
        self.executable.run(count)
        starts = np.maximum(lengths - 1, 0)
        return _Block(starts, lengths > 0, count, self.executable.fetch("history"))


def likeliest(logits: Array) -> Array:
    """The ids [B] that a device guesses from logits [B, V]: as `greedy` chooses."""
    return Special.EOS + logits[:, Special.EOS :].argmax(axis=1)
