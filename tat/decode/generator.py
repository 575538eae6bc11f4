"""Prompts to texts, one by one as they are written, or many together."""

import codecs
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tat.config_tables import GenerateConfig
from tat.data.neighbours import encode_neighbour
from tat.data.tokenizer import Special
from tat.decode.batch import Batch, Each, one_by_one
from tat.decode.begun import Begun, Behind, tokens_within
from tat.decode.choice import Preference, exactly, greedy
from tat.decode.compiled_programs import Programs
from tat.decode.constraint import Constraint
from tat.decode.drafts import Drafter
from tat.decode.lines.one_line import OneLine
from tat.decode.loading import LoadedModel
from tat.decode.prompt import Prompt
from tat.decode.reading import Reading, read
from tat.decode.review import Reviewer
from tat.decode.stream import Stream
from tat.errors import UsageError
from tat.remembered import remembered

_CPU_ROWS, _GPU_ROWS = 4, 64  # texts decoded together where nobody says how many
AGAIN = 128  # tokens of a line around a gap that are written again, at most, in usual lines
_LINE_TOKENS = 96  # that are drawn for a gap within a line, beside what was begun


@dataclass(frozen=True)
class Generation:
    """The text for a prompt."""

    text: str
    tokens: int  # generated, the end token not counted
    finished: bool  # False if max_tokens cut it off, or no token was allowed to follow
    score: float  # the model's log-probability of it in nats, divided by its length^length_penalty
    stuck: bool = False  # whether it is unfinished for nothing that was tried could follow
    length: int = 0  # tokens that the score tells of: also the end, and of a gap's line the others


@dataclass(frozen=True)
class Request:
    """A prompt with its constraint and preference."""

    prompt: Prompt
    constraint: Constraint | None = None
    preference: Preference = greedy
    reviewer: Reviewer | None = None  # of statements; it takes part in one text
    redraw: Callable[[int], Preference] | None = None  # the preference after so many refusals
    head: str = ""  # the beginning of a line that is asked for, with what was begun of it
    given: str = ""  # the whole of such a line, for the model to say how likely it is


class Generator:
    """Generates texts of up to `max_tokens` tokens; programs are compiled when first needed.

    One call at a time: the next one takes the caches of texts that are still being written.
    """

    def __init__(
        self, loaded: LoadedModel, max_tokens: int, settings: GenerateConfig | None = None,
        again: int = 0,
    ) -> None:  # fmt: skip
        """`settings` replace those of the checkpoint, which are from the day of training. There is
        room for `again` more tokens, of a line that was begun and is written again."""
        self.loaded, self.max_tokens = loaded, max_tokens
        settings = settings or loaded.config.generate
        rows = settings.batch or (_GPU_ROWS if loaded.backend.queues else _CPU_ROWS)
        self.settings = replace(settings, batch=rows)
        capacity = loaded.config.model.max_length
        if max_tokens < 1:
            raise UsageError(f"{max_tokens} tokens hold no text; ask for 1 or more")
        if max_tokens > capacity:
            raise UsageError(
                f"{max_tokens} tokens are more than the {capacity} that this model can write"
                " (its model.max_length); ask for fewer"
            )
        self.programs = Programs(loaded, min(max_tokens + again, capacity))
        self.longest = self.programs.longest_source  # tokens of a source
        self.pieces = loaded.tokenizer.pieces

    def generate(
        self,
        prompt: Prompt,
        emit: Callable[[str], object] = lambda text: None,
        constraint: Constraint | None = None,
        preference: Preference = greedy,
    ) -> Generation:
        """The text for one prompt; `emit` gets settled text as it comes, the lead first."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        stream, behind = self.stream(Request(prompt, constraint, preference)), Behind(prompt.begun)
        emit(prompt.lead)
        for token in self.tokens_of(stream):
            emit(behind(decoder.decode(self.loaded.tokenizer.decode([token]))))
        emit(behind(decoder.decode(b"", final=True)))
        generation = self.generation(prompt, stream.tokens, stream.score)
        emit(prompt.tail if generation.finished else "")
        return generation

    def generate_all(self, requests: Sequence[Request]) -> list[Generation]:
        """The text for each request, decoded `settings.batch` at a time; equal to one by one."""
        streams = [self.stream(request) for request in requests]
        sources = max((len(stream.sources) for stream in streams), default=1)
        for _ in self.run(deque(streams), sources):
            pass
        pairs = zip(requests, streams, strict=True)
        return [self.generation(r.prompt, s.tokens, s.score) for r, s in pairs]

    def run(
        self, waiting: deque[Stream], sources: int, each: Each = one_by_one
    ) -> Iterator[Stream]:
        """Decode waiting streams, and those that join, with up to `sources` sources each.

        Yields each stream at its end. `each` settles the streams of several rows.
        """
        return Batch(self.programs, self.settings.batch, sources, each).run(waiting)

    def tokens(
        self,
        source: Sequence[int],
        constraint: Constraint | None = None,
        preference: Preference = greedy,
    ) -> Iterator[int]:
        """Tokens after one source, as `Stream` defines them, as they are settled."""
        return self.tokens_of(self._stream([source], constraint, preference))

    def stream(self, request: Request) -> Stream:
        """The stream of a text to write; UsageError for a prompt that cannot be read."""
        preference, again = self.held(request)
        sources = self.sources(request.prompt)
        stream = self._stream(sources, request.constraint, preference, again)
        if request.prompt.within and not request.given:
            stream.limit = min(stream.limit, _LINE_TOKENS + len(again))
        stream.review(request.reviewer, request.redraw)
        return stream

    def held(self, request: Request) -> tuple[Preference, Sequence[int]]:
        """The preference of a request, held to what was begun of a gap's line and to one line where
        that is asked for, and the tokens that it is sure to make the first ones."""
        prompt, preference, tokenizer = request.prompt, request.preference, self.loaded.tokenizer
        if request.given:
            tokens = tokenizer.encode(request.given)
            return exactly([*tokens, int(Special.EOS)]), tokens
        if prompt.line or prompt.within:
            preference = OneLine(preference, self._line_ends)
        if start := request.head or prompt.begun:
            begun = Begun(preference, start, tokenizer)
            return begun, begun.sure
        return preference, ()

    @cached_property
    def _line_ends(self) -> np.ndarray:
        return np.array([token for token, piece in enumerate(self.pieces) if b"\n" in piece], int)

    def limit(self, again: Sequence[int] = ()) -> int:
        """Tokens that a text may have, with those that it writes again."""
        return min(self.max_tokens + len(again), self.programs.capacity)

    def fits(self, text: str) -> bool:
        """Whether a text has as few tokens as were asked for."""
        return len(self.loaded.tokenizer.encode(text)) <= self.max_tokens

    def generation(self, prompt: Prompt, tokens: Sequence[int], score: float) -> Generation:
        """The generation from finished tokens and the sum of their log-probabilities.

        What was begun of a gap's line is cut off, and the rest of it where the tokens end with it.
        """
        finished = len(tokens) > 0 and tokens[-1] == Special.EOS
        count = len(tokens) - finished
        text = self.loaded.tokenizer.decode(tokens[:count]).decode("utf-8", "replace")
        text, rest = text[len(prompt.begun) :], prompt.rest_read
        score = normalised(score, len(tokens), self.settings.length_penalty)
        stuck = not finished and count < self.max_tokens
        count -= tokens_within(tokens[:count], prompt.begun, self.pieces)
        if rest and text.endswith(rest):
            text = text.removesuffix(rest)
            count -= tokens_within(tokens[: len(tokens) - finished][::-1], rest, self.pieces)
        text = prompt.lead + text + (prompt.tail if finished else "")
        return Generation(text, max(0, count), finished, score, stuck, len(tokens))

    def sources(self, prompt: Prompt) -> list[list[int]]:
        """The prompt's tokens, and those of its neighbours, cut as in training."""
        tokenizer, data = self.loaded.tokenizer, self.loaded.config.data
        limit = min(data.neighbour_tokens, self.longest)
        texts = (encode_neighbour(text, tokenizer, limit) for text in prompt.neighbours)
        return [self.source(prompt), *texts]

    def source(self, prompt: Prompt) -> list[int]:
        """The prompt's own tokens that the model reads; UsageError if there is no room."""
        return self.reading(prompt).tokens

    def refusal(self, prompt: Prompt) -> str:
        """Why the model cannot read a prompt, "" if it can."""
        if prompt.unknown:
            words = ", ".join(map(repr, prompt.unknown[:5]))
            advice = "say in English what a shader's function computes, or give a signature"
            return f"prompt: none of its words is known here ({words}); {advice}"
        try:
            self.source(prompt)
        except UsageError as error:
            return str(error)
        return ""

    @remembered(1024)  # a server meets prompts without end
    def reading(self, prompt: Prompt) -> Reading:
        """The tokens of a prompt that the model reads, and what had to be left out."""
        return read(prompt, self.loaded.tokenizer, self.longest)

    def _stream(
        self,
        sources: Sequence[Sequence[int]],
        constraint: Constraint | None,
        preference: Preference,
        again: Sequence[int] = (),
    ) -> Stream:
        settings, drafter, limit = self.settings, None, self.limit(again)
        if settings.drafts and self.loaded.backend.rows_alike:
            drafter = Drafter(sources, settings.draft_match, settings.drafts)
        return Stream(sources, limit, settings.block, constraint, preference, drafter, again)

    def tokens_of(self, stream: Stream) -> Iterator[int]:
        """The tokens of one stream as they are settled."""
        batch, seen = Batch(self.programs, 1, len(stream.sources)), 0
        [*batch.admit(deque([stream]))]
        while not stream.ended:
            [*batch.step()]
            yield from stream.tokens[seen:]
            seen = len(stream.tokens)


def normalised(score: float, length: int, penalty: float) -> float:
    """A sum of log-probabilities divided by length^penalty, to compare texts of any length.

    Penalty 1 is the mean over tokens, 0 the sum, which favours short texts; EOS counts as a token.
    The form of CTranslate2 and Hugging Face, simpler than that of Wu et al. 2016, equation 14.
    """
    return score / max(1, length) ** penalty
