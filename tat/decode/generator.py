"""Greedy generation with cached keys and values."""

import codecs
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from tat.backends.backend import Executable
from tat.data.tokenizer import Special
from tat.decode.loading import LoadedModel
from tat.decode.prompt import Prompt
from tat.errors import UsageError
from tat.model.programs import BatchShape, encode_program, step_program
from tat.ops.graph import Graph
from tat.ops.plan import plan


@dataclass(frozen=True)
class Generation:
    """What came of a prompt."""

    text: str
    tokens: int  # generated, the end token not counted
    finished: bool  # False where max_tokens cut it off


class Generator:
    """Generates from one prompt after another; programs are compiled once per source bucket."""

    def __init__(self, loaded: LoadedModel, max_tokens: int) -> None:
        self.loaded, self.max_tokens = loaded, max_tokens
        capacity = loaded.config.model.max_length
        if max_tokens > capacity:
            raise UsageError(
                f"generate.max_tokens {max_tokens} is more than model.max_length {capacity}"
            )
        self._sources = sorted({source for source, _ in loaded.config.data.buckets})
        self._programs = cache(self._compile)

    def generate(
        self, prompt: Prompt, emit: Callable[[str], object] = lambda text: None
    ) -> Generation:
        """The most likely continuation; `emit` gets text as it comes, the prompt's lead first."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        pieces = [prompt.lead]
        emit(prompt.lead)
        count, finished = 0, False
        for token in self.tokens(self.loaded.tokenizer.encode_source(prompt.source)):
            finished = token == Special.EOS
            data = b"" if finished else self.loaded.tokenizer.decode([token])
            pieces.append(decoder.decode(data, final=finished))
            emit(pieces[-1])
            count += not finished
        if not finished:
            pieces.append(decoder.decode(b"", final=True))
            emit(pieces[-1])
        return Generation("".join(pieces), count, finished)

    def tokens(self, source: Sequence[int]) -> Iterator[int]:
        """Greedy tokens after a source, up to EOS (included) or max_tokens."""
        step = self._encode(source)
        token = int(Special.BOS)
        for position in range(self.max_tokens):
            step.write("token", np.array([[token]]))
            step.write("position", np.array([position]))
            step.write("lengths", np.array([[position + 1]]))
            step.run()
            logits = step.read("logits")[0]
            logits[[Special.PAD, Special.BOS]] = -np.inf
            token = int(np.argmax(logits))
            yield token
            if token == Special.EOS:
                return

    def _encode(self, source: Sequence[int]) -> Executable:
        """Runs the encoder once and returns the step program that attends to its memory."""
        length = next((s for s in self._sources if s >= len(source)), None)
        if length is None:
            raise UsageError(
                f"prompt: {len(source)} tokens, but the model was trained on sources of at most"
                f" {self._sources[-1]}; shorten the description or the context"
            )
        encode, step = self._programs(length)
        ids = np.zeros((1, 1, length), np.int32)
        ids[0, 0, : len(source)] = source
        encode.write("sources", ids)
        for executable in (encode, step):
            executable.write("source_lengths", np.array([[len(source)]]))
        encode.run()
        return step

    def _compile(self, source: int) -> tuple[Executable, Executable]:
        model, backend = self.loaded.model, self.loaded.backend
        shape = BatchShape(rows=1, source=source, target=self.max_tokens)

        def executable(graph: Graph) -> Executable:
            return backend.compile(plan(graph, backend.memory))

        return executable(encode_program(model, shape)), executable(step_program(model, shape))
