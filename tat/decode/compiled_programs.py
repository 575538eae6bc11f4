"""The compiled programs of decoding, each made when it is first asked for."""

from collections.abc import Iterable, Sequence
from weakref import WeakKeyDictionary

import numpy as np
from numpy import ndarray as Array

from tat.backends.backend import Backend, Executable
from tat.data.tokenizer import Special
from tat.decode.loading import LoadedModel
from tat.decode.offers import RANKS
from tat.model.programs import (
    BatchShape,
    encode_program,
    move_program,
    place_program,
    reorder_program,
    sampling_program,
    step_program,
)
from tat.ops.graph import Graph
from tat.ops.plan import plan
from tat.remembered import remembered

Placed = tuple[Sequence[int], Sequence[int]]
"""A source, and the segments, row * K + k of a batch, that get its memory."""

_TOGETHER = 16  # sources that a device with a queue encodes at once, at most
_LENGTHS = 64  # tokens between lengths of sources, where a program costs little to make

_Source = tuple[int, ...]

# By backend, which has the caches, and by shape: whose sources are encoded there, and their rows.
_encoded: WeakKeyDictionary[Backend, dict[BatchShape, tuple[object, dict[_Source, int]]]]
_encoded = WeakKeyDictionary()


class Programs:
    """The programs of one model, for texts of up to `capacity` tokens.

    Programs of one shape share caches, so only one batch of each shape is decoded at a time.
    """

    def __init__(self, loaded: LoadedModel, capacity: int) -> None:
        self._model, self._backend = loaded.model, loaded.backend
        self.capacity, self._block = max(1, capacity), loaded.config.generate.block
        self.runs_ahead, self.together = self._backend.queues, self._backend.together
        # Whether a step of few rows is cheap, and one that reads many sources is not.
        self.one_prompt_pays = not self.runs_ahead and loaded.model.parameters.int8
        trained = sorted({source for source, _ in loaded.config.data.buckets})
        self.longest_source = trained[-1]
        between = () if self.runs_ahead else range(_LENGTHS, trained[-1], _LENGTHS)
        self.source_lengths = sorted({*trained, *between})  # that sources are padded to
        self._encoded, self._owner = _encoded.setdefault(self._backend, {}), object()

    @property
    def rows_alike(self) -> bool:
        """Whether a token has the same bits in a step of several, of the programs so far."""
        return self._backend.rows_alike

    def shape(self, rows: int, sources: int) -> BatchShape:
        """The shape of a batch, with room for the longest sources."""
        return BatchShape(rows, self.longest_source, self.capacity, sources)

    def shares(self, shape: BatchShape) -> bool:
        """Whether rows of a batch may read the same memory, instead of a copy each."""
        return shape.rows > 1 and not self.runs_ahead

    def place(
        self, placed: Sequence[Placed], shape: BatchShape, coming: Iterable[Sequence[int]] = ()
    ) -> None:
        """Encode sources and put their memory into a batch of a shape.

        A device with a queue encodes those of a length together: it takes as long for one. Where it
        has room, it encodes with them sources that are `coming` later.
        """
        if shape.rows > 1:
            self.overwritten(shape)
        later = self._by_length((source, ()) for source in coming if self.runs_ahead)
        for length, several in self._by_length(placed).items():
            several = self._place_known(several, length, shape)
            for start in range(0, len(several), _TOGETHER):
                chunk = several[start : start + _TOGETHER]
                if self._encode_together([*chunk, *later.get(length, ())], length, shape):
                    self._place_known(chunk, length, shape)
                else:
                    for one in chunk:
                        self._place_alone(*one, length, shape)

    def _encode_together(self, placed: Sequence[Placed], length: int, shape: BatchShape) -> bool:
        """Encode the first sources for a batch of a shape; whether that pays and can be done."""
        sources = [*dict.fromkeys(tuple(source) for source, _ in placed)][:_TOGETHER]
        rows = 1 << (len(sources) - 1).bit_length()
        # A batch of these very rows and this length has its memory where they are encoded.
        apart = (rows, 1, length) != (shape.rows, shape.sources, shape.source)
        if not self.runs_ahead or len(sources) == 1 or not apart:
            return False
        self._encode_all(sources, BatchShape(rows, length, 1))
        return True

    def _by_length(self, placed: Iterable[Placed]) -> dict[int, list[Placed]]:
        """Sources by the length that they are padded to."""
        found: dict[int, list[Placed]] = {}
        for one in placed:
            length = next(length for length in self.source_lengths if length >= len(one[0]))
            found.setdefault(length, []).append(one)
        return found

    def _place_known(
        self, placed: Sequence[Placed], length: int, shape: BatchShape
    ) -> Sequence[Placed]:
        """Copy the memory of sources that were encoded with others; returns those that were not."""
        if not self.runs_ahead:
            return placed
        for many in [many for many in self._encoded if many.rows > 1 and many.source == length]:
            owner, rows = self._encoded[many]
            found = [one for one in placed if owner is self._owner and tuple(one[0]) in rows]
            if found:
                index = np.full(shape.rows * shape.sources, -1)
                counts = np.zeros(index.size)
                for source, segments in found:
                    index[list(segments)] = rows[tuple(source)]
                    counts[list(segments)] = len(source)
                self._copy(many, shape, index, counts)
                placed = [one for one in placed if one not in found]
        return placed

    def _place_alone(
        self, source: Sequence[int], segments: Sequence[int], length: int, shape: BatchShape
    ) -> None:
        """A source that was the last of its length is still encoded: a line that is being written
        is asked for again and again, and texts are drawn after the likeliest."""
        alone = BatchShape(1, length, 1)
        if self._encoded.get(alone) != (self._owner, {tuple(source): 0}):
            self._encode_all([source], alone)
        if (shape.rows, shape.sources, shape.source) == (1, 1, length):
            return  # both shapes have the same caches
        index = np.full(shape.rows * shape.sources, -1)
        index[list(segments)] = 0
        self._copy(alone, shape, index, np.full(index.size, len(source)))

    def _copy(self, encoded: BatchShape, shape: BatchShape, index: Array, counts: Array) -> None:
        """Copy so many rows of memory to each segment, from the encoded source of an index."""
        self.overwritten(shape)
        place = self._place(encoded, shape)
        place.write("memory_index", index)
        place.write("memory_counts", counts)
        place.run()

    def overwritten(self, shape: BatchShape) -> None:
        """The memory of a shape is about to change: no source is encoded there any more."""
        if shape.sources == 1:
            self._encoded.pop(BatchShape(shape.rows, shape.source, 1), None)

    def _encode_all(self, sources: Sequence[Sequence[int]], shape: BatchShape) -> None:
        self.overwritten(shape)
        encode = self._encode(shape)
        ids = np.zeros((shape.rows, 1, shape.source), np.int32)
        lengths = np.zeros((shape.rows, 1), np.int32)
        for row, source in enumerate(sources):
            ids[row, 0, : len(source)], lengths[row] = source, len(source)
        write_sources(encode, ids, lengths)
        encode.run()
        rows = {tuple(source): row for row, source in enumerate(sources)}
        self._encoded[shape] = self._owner, rows

    @remembered()
    def _encode(self, shape: BatchShape) -> Executable:
        return self._compiled(encode_program(self._model, shape))

    @remembered()
    def _place(self, source: BatchShape, target: BatchShape) -> Executable:
        return self._compiled(place_program(self._model, source, target))

    @remembered()
    def step(self, shape: BatchShape, tokens: int = 1) -> Executable:
        """The next token of every row, or so many tokens of the one row."""
        return self._compiled(step_program(self._model, shape, tokens, self.shares(shape)))

    @remembered()
    def sampling(self, shape: BatchShape) -> Executable:
        """The next token of every row, which the device chooses."""
        kept = 2 * min(self._block, self.capacity)
        ranks = min(RANKS, self._model.vocabulary - Special.EOS)
        return self._compiled(sampling_program(self._model, shape, kept, Special.EOS, ranks))

    @remembered()
    def move(self, source: BatchShape, target: BatchShape) -> Executable:
        """Rows of a batch into one of another shape."""
        return self._compiled(move_program(self._model, source, target))

    @remembered()
    def reorder(self, shape: BatchShape) -> Executable:
        """Rows of a batch in another order."""
        return self._compiled(reorder_program(self._model, shape))

    def _compiled(self, graph: Graph) -> Executable:
        return self._backend.compile(plan(graph, self._backend.memory))


def next_logits(step: Executable, tokens: Array, lengths: Array) -> Array:
    """Logits [B, V] after tokens [B], the last ones of lengths [B]; length 0 is an idle row."""
    step.write("token", tokens[:, None])
    step.write("position", np.maximum(lengths - 1, 0))
    step.write("lengths", lengths[:, None])
    step.run()
    return np.require(step.read("logits"), requirements="W")  # a GPU's array is read-only


def write_sources(
    executable: Executable, ids: Array, lengths: Array, memory: Array | None = None
) -> None:
    """Write the sources of a program: ids [B, K, S], lengths [B, K], and where rows may share
    memory, whose each of them reads [B], without it its own."""
    executable.write("source_lengths", lengths)
    if "memory" in executable.plan.feeds:
        executable.write("memory", np.arange(len(lengths)) if memory is None else memory)
    if "sources" in executable.plan.feeds:  # a step reads them for its copy head alone
        executable.write("sources", ids)
