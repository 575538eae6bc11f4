"""Generation with cached keys and values, of any text or of what a constraint allows."""

import codecs
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from tat.backends.backend import Executable
from tat.data.tokenizer import Special
from tat.decode.choice import Choose, greedy
from tat.decode.constraint import Constraint
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
    finished: bool  # False where max_tokens cut it off, or nothing was allowed to follow


class Generator:
    """Generates from one prompt after another; programs are compiled once per source bucket."""

    def __init__(self, loaded: LoadedModel, max_tokens: int) -> None:
        self.loaded, self.max_tokens = loaded, max_tokens
        capacity = loaded.config.model.max_length
        if max_tokens > capacity:
            raise UsageError(
                f"{max_tokens} tokens are more than the {capacity} that this model can write"
                " (its model.max_length); ask for fewer"
            )
        self.temperature = loaded.config.generate.temperature
        self._sources = sorted({source for source, _ in loaded.config.data.buckets})
        self._programs = cache(self._compile)

    def generate(
        self,
        prompt: Prompt,
        emit: Callable[[str], object] = lambda text: None,
        constraint: Constraint | None = None,
        choose: Choose = greedy,
    ) -> Generation:
        """What `choose` makes of a prompt; `emit` gets text as it comes, the lead first."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        pieces = [prompt.lead]
        emit(prompt.lead)
        count, finished = 0, False
        for token in self.tokens(self.source(prompt), constraint, choose):
            finished = token == Special.EOS
            data = b"" if finished else self.loaded.tokenizer.decode([token])
            pieces.append(decoder.decode(data, final=finished))
            emit(pieces[-1])
            count += not finished
        if not finished:
            pieces.append(decoder.decode(b"", final=True))
            emit(pieces[-1])
        return Generation("".join(pieces), count, finished)

    def source(self, prompt: Prompt) -> list[int]:
        """The prompt's tokens; UsageError if the model has no bucket for so many."""
        source = self.loaded.tokenizer.encode_source(prompt.source)
        if len(source) > self._sources[-1]:
            raise UsageError(
                f"prompt: {len(source)} tokens, but the model was trained on sources of at most"
                f" {self._sources[-1]}; shorten the description or the context"
            )
        return source

    def tokens(
        self, source: Sequence[int], constraint: Constraint | None = None, choose: Choose = greedy
    ) -> Iterator[int]:
        """Tokens after a source, up to EOS (included), max_tokens, or where none is allowed.

        They are what masking every token gives: a block is chosen unmasked, and from the first
        token that the constraint refuses it is decoded again. Its logits are still those of the
        text before it, and the caches behind it are written over. Blocks double until one is
        refused: what comes behind a refused token is decoded for nothing.
        """
        longest = self.loaded.config.generate.block
        step = self._encode(source)
        token, position, size = int(Special.BOS), 0, 1
        while position < self.max_tokens:
            size = min(size, self.max_tokens - position)
            tokens, logits = _block(step, token, position, size, choose)
            taken = len(tokens) if constraint is None else constraint.accept(tokens)
            size = min(2 * size, longest) if constraint else 1
            refused = taken < len(tokens)
            if refused:
                tokens[taken:] = _masked(logits[taken], position + taken, constraint, choose)
                size = 1
            yield from tokens
            if (refused and len(tokens) == taken) or tokens[-1] == Special.EOS:
                return
            token, position = tokens[-1], position + len(tokens)

    def _encode(self, source: Sequence[int]) -> Executable:
        """Runs the encoder once and returns the step program that attends to its memory."""
        length = next(s for s in self._sources if s >= len(source))
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


def _block(
    step: Executable, token: int, position: int, size: int, choose: Choose
) -> tuple[list[int], list[np.ndarray]]:
    """Up to `size` tokens behind `token`, chosen one after another, and the logits of each."""
    tokens: list[int] = []
    rows: list[np.ndarray] = []
    for place in range(position, position + size):
        step.write("token", np.array([[token]]))
        step.write("position", np.array([place]))
        step.write("lengths", np.array([[place + 1]]))
        step.run()
        rows.append(np.array(step.read("logits")[0]))
        rows[-1][[Special.PAD, Special.BOS]] = -np.inf
        token = choose(rows[-1], place)
        tokens.append(token)
        if token == Special.EOS:
            break
    return tokens, rows


def _masked(
    logits: np.ndarray, position: int, constraint: Constraint, choose: Choose
) -> list[int]:
    """The token chosen of those that the constraint takes; none where it takes none."""
    constraint.mask(logits)
    while np.isfinite(logits).any():
        token = choose(logits, position)
        if constraint.accept([token]):
            return [token]
        logits[token] = -np.inf
    return []
