"""Decodes texts together, a row each; a text that ends leaves its row to another."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, islice

import numpy as np
from numpy import ndarray as Array

from tat.decode.chain import Chain
from tat.decode.choice import draw_of
from tat.decode.compiled_programs import Placed, Programs, next_logits, write_sources
from tat.decode.garbage import old_objects_left_out
from tat.decode.stream import Stream
from tat.model.programs import BatchShape

Each = Callable[[Callable[[int], object], Sequence[int]], object]
"""Does a work for each of some rows, maybe for several at once."""

_AHEAD = 64  # waiting streams whose sources may be encoded with those of the ones before


def one_by_one(work: Callable[[int], object], rows: Sequence[int]) -> None:
    """Do a work for each row."""
    for row in rows:
        work(row)


class Batch:
    """Up to `most` streams with up to `sources` sources each, in as few rows as they need.

    A stream does not depend on the rows beside it. An unused row attends to nothing but costs as
    much as any other, so a batch is halved where half is enough.
    """

    def __init__(
        self, programs: Programs, most: int, sources: int, each: Each = one_by_one
    ) -> None:
        """`each` does a work for several streams, of which each may wait for a reviewer."""
        self._programs, self._most, self._each = programs, most, each
        self._shape = programs.shape(0, sources)
        self._streams: list[Stream | None] = []
        self._chain: Chain | None = None
        self._ids = np.zeros((0, sources, self._shape.source), np.int32)
        self._source_lengths = np.zeros((0, sources), np.int32)
        self._memory = np.zeros(0, np.intp)  # of each row: where its sources are in the caches

    def run(self, waiting: deque[Stream]) -> Iterator[Stream]:
        """Decode all waiting streams, and those that join meanwhile; yields each at its end."""
        with old_objects_left_out():
            while waiting or any(self._streams):
                yield from self.admit(waiting)
                yield from self.step()

    def admit(self, waiting: deque[Stream]) -> Iterator[Stream]:
        """Give rows to streams in their order while there are rows; yields those that ended.

        Equal sources of consecutive streams are encoded once.
        """
        joining = self._joining(waiting)
        self._resize(sum(map(bool, self._streams)) + joining)
        free = [row for row, stream in enumerate(self._streams) if stream is None]
        del free[joining:]
        placed: list[Placed] = []
        while waiting and free:
            sources, rows = waiting[0].sources, []
            while waiting and free and waiting[0].sources == sources:
                stream = waiting.popleft()
                if stream.ended:
                    yield stream
                else:
                    rows.append(free.pop(0))
                    self._streams[rows[-1]] = stream
            if rows:
                placed += self._given(sources, rows)
        if placed:
            later = (source for stream in islice(waiting, _AHEAD) for source in stream.sources)
            self._programs.place(placed, self._shape, later)
            self._write_sources()

    def _joining(self, waiting: deque[Stream]) -> int:
        """How many of the first waiting streams may have rows now, those that have no room too.

        Where it pays, a prompt's texts that nearly fill a batch wait until other prompts' are done:
        they share what they read of their sources.
        """
        there = [stream.sources for stream in self._streams if stream]
        count, room = 0, self._most - len(there)
        for sources, group in groupby(waiting, key=lambda stream: stream.sources):
            if count >= room:
                break
            size = sum(1 for _ in group)
            alone = self._programs.one_prompt_pays and 4 * size >= 3 * self._most
            if alone and any(other != sources for other in there):
                break
            there.append(sources)
            count += size
        return count

    def drop(self, stream: Stream) -> None:
        """Give up a stream that nobody waits for any more: its row is free, if it has one."""
        self._streams = [None if row is stream else row for row in self._streams]

    def step(self) -> Iterator[Stream]:
        """One token further in every row, more with an accepted draft; yields ended streams."""
        going = self._going()
        if not going:
            return
        alone = len(self._streams) == 1 and self._programs.rows_alike
        if alone and (draft := self._streams[0].drafted()):
            yield from self._check(self._streams[0], draft)
            return
        tokens, lengths = np.zeros((2, len(self._streams)), np.int32)
        for row in going:
            tokens[row] = self._streams[row].last
            lengths[row] = self._streams[row].position + 1
        if self._chain:
            yield from self._follow(going, tokens, lengths)
            return
        logits = next_logits(self._following, tokens, lengths)
        for row in going:
            self._streams[row].take(logits[row])
        whole = [row for row in going if self._streams[row].whole]
        self._settle(whole)
        yield from self._ended(whole)

    def _follow(self, going: Sequence[int], tokens: Array, lengths: Array) -> Iterator[Stream]:
        """Each row takes tokens of the chain as long as the guesses are right."""
        offers, counted = self._chain.steps(self._streams, tokens, lengths)
        going = [row for row in going if counted[row]]
        streams = {row: self._streams[row] for row in going}
        offers.choose({row: (draw_of(s.preference), s.position) for row, s in streams.items()})
        for row, stream in streams.items():
            stream.follow(offers.of(row))
        self._settle(going)  # while the device goes on
        lacking = [row for row in going if self._streams[row].lacks]
        if lacking:
            offers.fetch([self._streams[row].lacks.place for row in lacking])
            self._settle(lacking)
        yield from self._ended(going)

    def _settle(self, rows: Sequence[int]) -> None:
        """Settle the blocks of these rows, as far as they have the logits for it."""
        reviewed = [row for row in rows if self._streams[row].reviewed]
        for row in rows:
            if row not in reviewed:
                self._streams[row].settle()
        self._each(lambda row: self._streams[row].settle(), reviewed)

    def _ended(self, rows: Sequence[int]) -> Iterator[Stream]:
        """Free the rows of streams that have ended, and yield them."""
        for row in rows:
            stream = self._streams[row]
            if stream.ended:
                self._streams[row] = None
                yield stream

    def _check(self, stream: Stream, draft: Sequence[int]) -> Iterator[Stream]:
        """One pass over the last token and a draft (speculative decoding); right guesses stay."""
        fed, start = [stream.last, *draft], stream.position
        lengths = np.arange(start + 1, start + 1 + len(fed))
        step = self._programs.step(self._shape, len(fed))
        write_sources(step, self._ids, self._source_lengths)
        logits = next_logits(step, np.array(fed), lengths)
        for count, (row, following) in enumerate(zip(logits, [*draft, None], strict=True), 1):
            stream.take(row)
            if stream.whole:
                stream.settle()
            right = stream.position == start + count and stream.last == following
            if stream.ended or not right:
                break
        if stream.ended:
            self._streams[0] = None
            yield stream

    def _going(self) -> list[int]:
        return [row for row, stream in enumerate(self._streams) if stream]

    def _resize(self, wanted: int) -> None:
        """Move to the fewest rows that are enough, of `most`, its half, its quarter and so on."""
        rows = self._most
        while rows > 1 and wanted <= -(-rows // 2):
            rows = -(-rows // 2)
        if rows == len(self._streams):
            return
        going, old = np.array(self._going(), np.intp), self._shape
        self._shape = self._programs.shape(rows, old.sources)
        if self._programs.runs_ahead:
            programs = self._programs
            self._chain = Chain(programs.sampling(self._shape), programs.together, self._chain)
            self._following = self._chain.executable
        else:
            self._chain, self._following = None, self._programs.step(self._shape)
        self._ids = _fitted(self._ids[going], rows)
        self._source_lengths = _fitted(self._source_lengths[going], rows)
        held, first, memory = np.unique(
            self._memory[going], return_index=True, return_inverse=True
        )  # in the new shape, memories lie at the front
        self._memory = _fitted(memory, rows)
        streams = [self._streams[row] for row in going]
        self._streams = streams + [None] * (rows - len(streams))
        if streams:
            counts = [stream.position for stream in streams]
            self._move(old, held, self._source_lengths[first], going, counts)
        self._write_sources()

    def _write_sources(self) -> None:
        write_sources(self._following, self._ids, self._source_lengths, self._memory)

    def _move(
        self, old: BatchShape, held: Array, lengths: Array, going: Array, counts: Sequence[int]
    ) -> None:
        """Copy from another shape the memories `held`, of sources with these lengths, and of the
        rows `going` as many tokens as `counts` says."""
        rows, sources = self._shape.rows, self._shape.sources
        segments = (held[:, None] * sources + np.arange(sources)).reshape(-1)
        self._programs.overwritten(self._shape)
        move = self._programs.move(old, self._shape)
        move.write("memory_index", _fitted(segments, rows * sources, -1))
        move.write("memory_counts", _fitted(lengths.reshape(-1), rows * sources))
        move.write("index", _fitted(going, rows, -1))
        move.write("counts", _fitted(np.array(counts), rows))
        move.run()

    def _given(self, sources: Sequence[Sequence[int]], rows: Sequence[int]) -> Iterator[Placed]:
        """Give these rows the sources that they share; yields where each has to be encoded."""
        self._ids[rows], self._source_lengths[rows] = 0, 0
        self._memory[rows] = places = self._places(rows)
        for k, source in enumerate(sources):
            self._ids[rows, k, : len(source)] = source
            self._source_lengths[rows, k] = len(source)
            yield source, [place * self._shape.sources + k for place in places]

    def _places(self, rows: Sequence[int]) -> Sequence[int]:
        """Where the caches have room for the sources that these rows share."""
        if not self._programs.shares(self._shape):
            return rows
        taken = {self._memory[row] for row in self._going() if row not in rows}
        return [next(place for place in range(len(self._streams)) if place not in taken)]


def _fitted(values: Array, rows: int, fill: int = 0) -> Array:
    """`values` with rows of `fill` behind them, `rows` in all."""
    padding = [(0, rows - len(values)), *[(0, 0)] * (values.ndim - 1)]
    return np.pad(values, padding, constant_values=fill)
