"""Blocks of tokens that a device draws and feeds back by itself, ahead of the host."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy import ndarray as Array

from tat.backends.backend import Executable
from tat.decode.choice import draw_of
from tat.decode.stream import Stream
from tat.draws import Draw

_FEW, _MANY = 1 / 16, 1 / 6  # shares of wrong rows: blocks double, blocks are halved

_Text = tuple[Stream, Draw | None] | None  # of a row, and how its tokens are drawn


@dataclass(frozen=True)
class _State:
    """The tokens that the device feeds next, one in each row."""

    texts: list[_Text]
    tokens: Array  # [B]
    lengths: Array  # [B], with these tokens; 0 in idle rows

    def alike(self, other: "_State") -> Array:
        """The rows [B] in which both states are the same."""
        texts = [mine == their for mine, their in zip(self.texts, other.texts, strict=True)]
        same = np.array(texts) & (self.tokens == other.tokens) & (self.lengths == other.lengths)
        return same | ((self.lengths == 0) & (other.lengths == 0))

    def after(self, count: int) -> "_State":
        """The state `count` steps later, with tokens that are not known yet."""
        lengths = self.lengths + count * (self.lengths > 0)
        return _State(list(self.texts), np.full_like(self.tokens, -1), lengths)

    def update(self, other: "_State", rows: Array) -> None:
        """Take over `rows` [B] of another state."""
        self.tokens[rows], self.lengths[rows] = other.tokens[rows], other.lengths[rows]
        for row in np.flatnonzero(rows):
            self.texts[row] = other.texts[row]


@dataclass(frozen=True)
class _Block:
    """Steps that were begun, from a state."""

    starts: Array  # [B]: the positions that the first of them feeds
    count: int
    history: Callable[[], Array]  # waits for the steps


class Chain:
    """Guesses the next tokens of each text, and runs ahead of the streams that take them.

    A device with a queue draws by the texts' preferences, feeds the tokens back, and begins the
    next block before the host reads this one. Each row goes its own way: after a wrong guess its
    steps in the block that was begun are ignored, and it is set right before the next one begins.
    Blocks double while few rows are wrong, and are halved where many are.
    """

    def __init__(self, executable: Executable) -> None:
        """`executable` is a compiled `sampling_program`."""
        self.executable = executable
        self._longest, self._rows, _ = executable.plan.metrics["history"].shape
        self._capacity = executable.plan.feeds["written"].shape[1]
        self._count = 1
        self._begun: _Block | None = None  # the block behind the last one that was read
        unknown = np.full((2, self._rows), -1)
        self._state = _State([None] * self._rows, *unknown)  # where that block starts
        self._written: list[_Text] = [None] * self._rows  # whose settings the device has

    def steps(
        self, streams: Sequence[Stream | None], tokens: Array, lengths: Array
    ) -> tuple[Array, Array, Array]:
        """Logits [N, B, V], the tokens [N, B] that were drawn from them, and whether a row counts
        [B]: one that was set right waits for the next block.

        They follow tokens [B], the last ones of lengths [B], and N - 1 guesses after these. An
        idle row has length 0.
        """
        texts = [stream and (stream, draw_of(stream.preference)) for stream in streams]
        host, going = _State(texts, tokens, lengths), lengths > 0
        right = self._state.alike(host)
        counted = right & going
        self._adapt(going.sum(), going.sum() - counted.sum())
        ahead = 2 * counted.sum() >= going.sum()
        block = self._begun
        if block is None or not counted.any():
            self._set(host, ~right)
            block, counted, right = self._begin(lengths), going, np.ones_like(right)
            self._state = _State(texts, tokens.copy(), lengths.copy())
        state = self._state.after(block.count)
        self._begun = None
        if ahead and np.where(right, state.lengths, lengths).max() <= self._capacity:
            self._set(host, ~right)
            state.update(host, ~right)
            self._begun = self._begin(state.lengths)
        places = (block.starts + np.arange(block.count)[:, None]) % self._longest
        history = block.history()[places, np.arange(self._rows)]
        guesses = history[..., -1].astype(np.int32)
        unknown = state.tokens < 0
        state.tokens[unknown] = guesses[-1, unknown]
        self._state = state
        return history[..., :-1], guesses, counted

    def _adapt(self, going: int, wrong: int) -> None:
        """Choose the length of the next block."""
        if wrong <= _FEW * going:
            self._count = min(2 * self._count, self._longest)
        elif wrong > _MANY * going:
            self._count = max(1, self._count // 2)

    def _set(self, host: _State, marked: Array) -> None:
        """Write what the device feeds next in the `marked` rows [B], and how new texts draw."""
        rows = np.flatnonzero(marked)
        if not rows.size:
            return
        write, lengths = self.executable.write_rows, host.lengths[rows]
        write("token", rows, host.tokens[rows, None])
        write("position", rows, np.maximum(lengths - 1, 0))
        write("lengths", rows, lengths[:, None])
        new = [row for row in rows if host.texts[row] and host.texts[row] != self._written[row]]
        if not new:
            return
        written = np.zeros((len(new), self._capacity), np.int32)
        draws = []
        for tokens, row in zip(written, new, strict=True):
            stream, draw = self._written[row] = host.texts[row]
            tokens[1 : stream.position + 1] = stream.written  # behind BOS
            draws.append(draw or Draw())
        *settings, keys = zip(*draws, strict=True)
        write("written", new, written)
        write("settings", new, np.transpose(settings))
        write("key", new, np.array(keys, np.uint32).view(np.int32))

    def _begin(self, lengths: Array) -> _Block:
        count = min(self._count, self._capacity - int(lengths.max()) + 1)
        self.executable.run(count)
        return _Block(np.maximum(lengths - 1, 0), count, self.executable.fetch("history"))
