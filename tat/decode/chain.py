"""Blocks of tokens that a device draws and feeds back by itself, ahead of the host."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
from numpy import ndarray as Array

from tat.backends.backend import Executable
from tat.decode.choice import draw_of
from tat.decode.offers import Offers, is_ranked
from tat.decode.stream import Stream
from tat.draws import Draw

_FEW, _MANY = 1 / 8, 1 / 3  # shares of wrong rows: blocks double, blocks are halved
_WIDE = 16  # rows of a batch whose host takes longer than its device

Together = Callable[[], AbstractContextManager[None]]

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
    records: Callable[[], Array]  # waits for the steps
    asked: Sequence[tuple[int, int]]  # steps and rows whose logits are read with them
    logits: Callable[[], Array]


class Chain:
    """Guesses the next tokens of each text, and runs ahead of the streams that take them.

    A device with a queue draws by the texts' preferences, feeds the tokens back, and begins the
    next block before the host reads this one. Each row goes its own way: after a wrong guess its
    steps in the block that was begun are ignored, and it is set right before the next one begins.
    Blocks double while few rows are wrong, and are halved where many are.
    """

    def __init__(
        self,
        executable: Executable,
        together: Together = nullcontext,
        before: "Chain | None" = None,
    ) -> None:
        """`executable` is a compiled `sampling_program` with ranks; `together` is its backend's.
        Blocks are as long as those of the chain `before`, which had the texts until now, and run
        ahead at once.

        It keeps the logits of two blocks: of the one that is read, and of the next one.
        """
        self.executable, self._together = executable, together
        self._kept, self._rows, size = executable.plan.metrics["history"].shape
        self._longest, self._vocabulary = max(1, self._kept // 2), size - 1
        self._capacity = executable.plan.feeds["written"].shape[1]
        self._least = 2 if self._rows >= _WIDE else 1
        self._count = min(before._count, self._longest) if before else 1
        self._moved = before is not None  # and was not asked yet
        self._begun: _Block | None = None  # the block behind the last one that was read
        unknown = np.full((2, self._rows), -1)
        self._state = _State([None] * self._rows, *unknown)  # where that block starts
        self._written: list[_Text] = [None] * self._rows  # whose settings the device has

    def steps(
        self, streams: Sequence[Stream | None], tokens: Array, lengths: Array
    ) -> tuple[Offers, Array]:
        """The offers of N steps, and whether a row counts [B]: one that was set right waits for the
        next block.

        They follow tokens [B], the last ones of lengths [B], and N - 1 guesses after these. An
        idle row has length 0. Logits can be read until the next call.
        """
        texts = [stream and (stream, draw_of(stream.preference)) for stream in streams]
        host, going = _State(texts, tokens, lengths), lengths > 0
        right = self._state.alike(host)
        counted = right & going
        ahead = self._moved or 2 * counted.sum() >= going.sum()
        if not self._moved:
            self._adapt(going.sum(), going.sum() - counted.sum())
        self._moved = False
        if any(text and text[1] is None for text in texts):  # the host alone knows how it goes on
            self._count, ahead = 1, False
        block = self._begun
        if block is None or not counted.any():
            self._set(host, ~right, lengths)
            block, counted, right = self._begin(texts, lengths), going, np.ones_like(right)
            self._state = _State(texts, tokens.copy(), lengths.copy())
        state = self._state.after(block.count)
        self._begun = None
        following = np.where(right, state.lengths, lengths)
        if ahead and following.max() <= self._capacity:
            self._set(host, ~right, following)
            state.update(host, ~right)
            self._begun = self._begin(state.texts, state.lengths)
        offers = self._offers(block)
        unknown = state.tokens < 0
        state.tokens[unknown] = offers.drawn[-1, unknown]
        self._state = state
        return offers, counted

    def _offers(self, block: _Block) -> Offers:
        """The offers of a block, whose steps are waited for."""
        steps = np.arange(block.count)[:, None]
        records = block.records()[(block.starts + steps) % self._kept, np.arange(self._rows)]

        def read(places: Sequence[tuple[int, int]]) -> Array:
            return self._fetched(block.starts, places)()[:, :-1]

        offers = Offers(records, self._vocabulary, read)
        if block.asked:
            offers.put(block.asked, block.logits()[:, :-1])
        return offers

    def _fetched(self, starts: Array, places: Sequence[tuple[int, int]]) -> Callable[[], Array]:
        """Asks for the logits and drawn tokens [N, V + 1] of steps and rows behind these starts."""
        steps, rows = np.transpose(places)
        kept = (starts[rows] + steps) % self._kept * self._rows + rows
        return self.executable.fetch_rows("history", kept.tolist())

    def _adapt(self, going: int, wrong: int) -> None:
        """Choose the length of the next block."""
        if wrong <= _FEW * going:
            self._count = min(2 * self._count, self._longest)
        elif wrong > _MANY * going:
            self._count = max(self._least, self._count // 2)

    def _set(self, host: _State, marked: Array, lengths: Array) -> None:
        """Write what the device feeds next in the `marked` rows [B], and how new texts draw.

        lengths [B] are those of all rows then: a whole feed is written sooner than a few rows.
        """
        rows = np.flatnonzero(marked)
        if not rows.size:
            return
        write = self.executable.write_rows
        write("token", rows, host.tokens[rows, None])
        self.executable.write("position", np.maximum(lengths - 1, 0))
        self.executable.write("lengths", lengths[:, None])
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

    def _begin(self, texts: Sequence[_Text], lengths: Array) -> _Block:
        count = min(self._count, self._capacity - int(lengths.max()) + 1)
        starts = np.maximum(lengths - 1, 0)
        whole = [row for row, text in enumerate(texts) if text and not is_ranked(text[1])]
        asked = [(step, row) for step in range(count) for row in whole]
        with self._together():
            self.executable.run(count)
            records = self.executable.fetch("offers")
            logits = self._fetched(starts, asked) if asked else records
        return _Block(starts, count, records, asked, logits)
