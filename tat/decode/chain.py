"""Blocks of tokens that a device draws and feeds back by itself, ahead of the host."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy import ndarray as Array

from tat.backends.backend import Executable
from tat.decode.choice import draw_of
from tat.decode.stream import Stream
from tat.draws import Draw


@dataclass(frozen=True)
class _Block:
    """Steps that were begun."""

    starts: Array  # [B]: the positions that the first of them feeds
    going: Array  # [B]: rows that are not idle
    count: int
    history: Callable[[], Array]  # waits for the steps


class Chain:
    """Guesses the next tokens of each text, and runs ahead of the streams that take them.

    A device with a queue draws by the texts' preferences, feeds the tokens back, and begins the
    next block before the host reads this one. Blocks double while the guesses are right. After a
    wrong guess the rest of the block is lost, and the next one is half as long.
    """

    def __init__(self, executable: Executable) -> None:
        """`executable` is a compiled `sampling_program`."""
        self.executable = executable
        self._longest, self._rows, _ = executable.plan.metrics["history"].shape
        self._capacity = executable.plan.feeds["written"].shape[1]
        self._count = 1
        self._next: tuple[Array, Array] | None = None  # tokens and lengths after the last block
        self._begun: _Block | None = None  # the block behind that

    def steps(
        self, streams: Sequence[Stream | None], tokens: Array, lengths: Array
    ) -> tuple[Array, Array]:
        """Logits [N, B, V] and the tokens [N, B] that were drawn from them.

        They follow tokens [B], the last ones of lengths [B], and N - 1 guesses after these. An
        idle row has length 0.
        """
        right = self._is_next(tokens, lengths)
        if right:
            self._count = min(2 * self._count, self._longest)
        else:
            self._restart(streams, tokens, lengths)
        block = self._begun or self._begin(lengths)
        lengths = lengths + block.count * block.going
        ahead = right and lengths.max() <= self._capacity
        self._begun = self._begin(lengths) if ahead else None
        places = (block.starts + np.arange(block.count)[:, None]) % self._longest
        history = block.history()[places, np.arange(self._rows)]
        guesses = history[..., -1].astype(np.int32)
        self._next = guesses[-1], lengths
        return history[..., :-1], guesses

    def _is_next(self, tokens: Array, lengths: Array) -> bool:
        if self._next is None:
            return False
        guesses, reached = self._next
        going = lengths > 0
        return bool((reached == lengths).all() and (guesses == tokens)[going].all())

    def _restart(self, streams: Sequence[Stream | None], tokens: Array, lengths: Array) -> None:
        self._begun, self._count = None, max(1, self._count // 2)
        written = np.zeros((self._rows, self._capacity), np.int32)
        draws = [Draw()] * self._rows
        for row, stream in enumerate(streams):
            if stream:
                draws[row] = draw_of(stream.preference)
                written[row, 1 : stream.position + 1] = stream.written  # behind BOS
        *settings, keys = zip(*draws, strict=True)
        for name, values in {
            "token": tokens[:, None],
            "position": np.maximum(lengths - 1, 0),
            "lengths": lengths[:, None],
            "written": written,
            "settings": np.transpose(settings),
            "key": np.array(keys, np.uint32).view(np.int32),
        }.items():
            self.executable.write(name, values)

    def _begin(self, lengths: Array) -> _Block:
        count = min(self._count, self._capacity - int(lengths.max()) + 1)
        self.executable.run(count)
        starts = np.maximum(lengths - 1, 0)
        return _Block(starts, lengths > 0, count, self.executable.fetch("history"))
