"""The compiled programs of decoding, each made when it is first asked for."""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
from numpy import ndarray as Array

from tat.backends.backend import Backend, Executable
from tat.data.tokenizer import Special
from tat.decode.loading import LoadedModel
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

_LENGTHS = 64  # tokens between lengths of sources, where a program costs little to make

# By backend, which has the caches, and by length: whose source stands there, and which.
_encoded: WeakKeyDictionary[Backend, dict[int, tuple[object, tuple[int, ...]]]]
_encoded = WeakKeyDictionary()


class Programs:
    """The programs of one model, for texts of up to `capacity` tokens.

    Programs of one shape share caches, so only one batch of each shape is decoded at a time.
    """

    def __init__(self, loaded: LoadedModel, capacity: int) -> None:
        self._model, self._backend = loaded.model, loaded.backend
        self.capacity, self._block = max(1, capacity), loaded.config.generate.block
        self.runs_ahead = self._backend.queues
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

    def place(self, source: Sequence[int], shape: BatchShape, segments: Sequence[int]) -> None:
        """Encode a source and put its memory at `segments`, row * K + k, of a batch.

        A source that was the last of its length is still encoded: a line that is being written is
        asked for again and again, and texts are drawn after the likeliest.
        """
        length = next(length for length in self.source_lengths if length >= len(source))
        alone, known = BatchShape(1, length, 1), (self._owner, tuple(source))
        if self._encoded.get(length) != known:
            self.overwritten(alone)
            self._encode_alone(source, alone)
            self._encoded[length] = known
        if (shape.rows, shape.sources, shape.source) == (1, 1, length):
            return  # both shapes have the same caches
        self.overwritten(shape)
        place = self._place(alone, shape)
        index = np.full(shape.rows * shape.sources, -1)
        index[list(segments)] = 0
        place.write("memory_index", index)
        place.write("memory_counts", np.full(index.size, len(source)))
        place.run()

    def overwritten(self, shape: BatchShape) -> None:
        """The memory of a shape is about to change: no source is encoded there any more."""
        if shape.rows == shape.sources == 1:
            self._encoded.pop(shape.source, None)

    def _encode_alone(self, source: Sequence[int], shape: BatchShape) -> None:
        encode = self._encode(shape)
        ids = np.zeros((1, 1, shape.source), np.int32)
        ids[0, 0, : len(source)] = source
        write_sources(encode, ids, np.array([[len(source)]]))
        encode.run()

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
        block = min(self._block, self.capacity)
        return self._compiled(sampling_program(self._model, shape, block, Special.EOS))

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
