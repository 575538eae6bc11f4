"""Tries candidates for a prompt until naga accepts one.

Functions of an index come first, then the model's most likely text, then draws, or beams. If none
validates, further functions of the index are tried.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from tat.decode.beam import beam_search
from tat.decode.candidates import Candidates, Outcome
from tat.decode.choice import Preference, Sampling
from tat.decode.constraint import Constraint, Constraints
from tat.decode.generator import Generator, Request
from tat.decode.lines.choice import LineGap
from tat.decode.prompt import Prompt
from tat.decode.review import Review
from tat.decode.stream import Stream
from tat.wgsl.sandbox import Sandbox

_ATTEMPT = 1 << 16  # step of a candidate's draw number after each refused statement


@dataclass(frozen=True)
class Search:
    """The number of texts to generate for a prompt, and the way to do it."""

    sampling: Sampling
    budget: int  # candidates until enough validate; 0 returns texts without validating them
    beams: int = 1  # of beam search; if there are several, its texts are the candidates
    wanted: int = 1  # different texts of a prompt
    gaps: bool = True  # whether texts of gaps have to validate, in their place; lines always do
    redraws: int = 0  # refused statements of a text that are drawn again, at most
    weighed: int = 0  # functions of an index that are weighed against the model's texts; 0: first

    @property
    def alone(self) -> int:
        """The most texts of the model among which one answer is chosen."""
        return max(self.budget, 1) if self.sampling.temperature > 0 else 1

    def requires(self, prompt: Prompt) -> bool:
        """Whether a text of this prompt has to validate to be an answer."""
        return self.budget > 0 and (self.gaps or prompt.line or not prompt.is_gap)

    def validates(self, prompt: Prompt) -> bool:
        """Whether texts of this prompt are validated; in a gap with text on both sides, or within a
        line, valid ones are preferred."""
        return self.requires(prompt) or (self.budget > 0 and (prompt.within or prompt.enclosed))


def generate_valid(
    generator: Generator,
    prompt: Prompt,
    constraints: Constraints | None,
    sandbox: Sandbox,
    search: Search,
) -> Outcome:
    """The best text for one prompt: see `generate_all_valid`."""
    return next(generate_all_valid(generator, [prompt], constraints, sandbox, search))[0]


def generate_all_valid(
    generator: Generator,
    prompts: Iterable[Prompt],
    constraints: Constraints | None,
    sandbox: Sandbox,
    search: Search,
    neighbours: int | None = None,
    most: int | None = None,
) -> Iterator[list[Outcome]]:
    """Up to `wanted` different texts for each prompt, in order, the best first.

    Where texts can be run, functions of an index and the model's texts are weighed
    (`tat.decode.weighing`); half of the texts are written for the signature alone where there is a
    description. Else adaptations of a person's own index come first, and those of tat's own that
    have the types and most of the name. If none validates, the model's most likely text is tried.
    If that does not validate either, or calls none of the given functions, the rest of the budget
    is drawn together, and the likeliest valid text is returned. Last resorts are for prompts that
    have nothing else. Only an index can answer a prompt that the model cannot read; else the prompt
    is refused. Texts of several prompts are decoded together; none depends on the others.

    With `neighbours`, how many a prompt has at most, prompts are taken when there is room for their
    texts; with `most` only while fewer than so many texts are open.
    """
    if search.beams > 1:
        for prompt in prompts:
            candidates = Candidates(prompt, sandbox if search.validates(prompt) else None)
            if not candidates.adapt_first(search.wanted):
                if reason := generator.refusal(prompt):
                    yield candidates.without_model(search.wanted, reason)
                    continue
                constraint = constraints.of(prompt) if constraints else None
                preference = search.sampling.preference(generator.source(prompt))
                request = Request(prompt, constraint, preference)
                for generation in beam_search(generator, request, search.beams):
                    candidates.add(generation)
                if prompt.within:
                    asked = [Request(prompt, given=t) for t in candidates.asked(generator)]
                    for number, generation in enumerate(generator.generate_all(asked), 1):
                        candidates.add(generation, -number)
            yield candidates.best(search.wanted)
    else:
        if neighbours is None:
            prompts = [*prompts]
            neighbours = max((len(prompt.neighbours) for prompt in prompts), default=0)
        queue = _Queue(generator, constraints, sandbox, search, most)
        yield from queue.run(prompts, 1 + neighbours)


class _Reading(NamedTuple):
    """A prompt as the model may read it, and its tokens."""

    prompt: Prompt
    source: Sequence[int]


@dataclass(eq=False)
class _Case:
    """A prompt that waits for its candidates."""

    number: int  # in the order of prompts
    candidates: Candidates
    readings: Sequence[_Reading]
    constraint: Constraint | None
    asked: int = 0  # texts for the model to write, also those still to come
    given: int = 0  # lines that it is asked about
    numbers: dict[Stream, int] = field(default_factory=dict)  # of candidates still to come


class _Queue:
    """The streams of all prompts, in an order that keeps few prompts open at a time."""

    def __init__(
        self,
        generator: Generator,
        constraints: Constraints | None,
        sandbox: Sandbox,
        search: Search,
        most: int | None = None,
    ) -> None:
        self._generator, self._constraints, self._most = generator, constraints, most
        self._sandbox, self._search = sandbox, search
        self._waiting: deque[Stream] = deque()
        self._cases: dict[Stream, _Case] = {}
        self._answers: dict[int, list[Outcome]] = {}
        self._given = 0

    def run(self, prompts: Iterable[Prompt], sources: int) -> Iterator[list[Outcome]]:
        """The outcomes of each prompt, in their order; one has up to `sources` sources."""
        coming = enumerate(prompts)
        self._admit(coming)
        yield from self._next()
        for stream in self._generator.run(self._waiting, sources, self._sandbox.each):
            case = self._cases.pop(stream)
            prompt = case.candidates.prompt
            written = self._generator.generation(prompt, stream.tokens, stream.score)
            case.candidates.add(written, case.numbers.pop(stream), stream.refusal)
            expected = case.asked + case.given
            if case.candidates.count == expected and not self._ask_more(case):
                self._answers[case.number] = case.candidates.best(self._search.wanted)
            self._admit(coming)
            yield from self._next()

    def _next(self) -> Iterator[list[Outcome]]:
        """The next outcomes that are complete, in the order of prompts."""
        while self._given in self._answers:
            yield self._answers.pop(self._given)
            self._given += 1

    def _admit(self, coming: Iterator[tuple[int, Prompt]]) -> None:
        """Open prompts while there are free rows, and not too many texts."""
        while len(self._waiting) < self._generator.settings.batch:
            if self._most is not None and len(self._cases) >= self._most:
                return
            number, prompt = next(coming, (0, None))
            if prompt is None:
                return
            judge = self._sandbox if self._search.validates(prompt) else None
            candidates = Candidates(prompt, judge, self._search.weighed, self._search.alone)
            if candidates.adapt_first(self._search.wanted):
                self._answers[number] = candidates.best(self._search.wanted)
                continue
            if reason := self._generator.refusal(prompt):
                self._answers[number] = candidates.without_model(self._search.wanted, reason)
                continue
            constraint = self._constraints.of(prompt) if self._constraints else None
            asked = prompt.readings if candidates.weighs else (prompt,)
            readings = [_Reading(one, self._generator.source(one)) for one in asked]
            case = _Case(number, candidates, readings, constraint)
            self._waiting.extend(self._asked(case, self._first(candidates)))
            if not prompt.within:
                self._waiting.extend(self._given_lines(case))

    def _first(self, candidates: Candidates) -> int:
        """Texts to ask for at first: all where they are weighed, for agreement counts, or one
        beside a function that is called as is asked."""
        search = self._search
        if candidates.prompt.within:
            return search.alone
        several = candidates.line or (candidates.weighs and not candidates.named)
        draws = several and search.sampling.temperature > 0
        return max(search.wanted, search.budget) if draws else search.wanted

    def _ask_more(self, case: _Case) -> bool:
        """Ask for the rest of the budget if too few validate and draws can differ; within a line
        about the texts that the lines leave for the gap."""
        search = self._search
        if case.candidates.prompt.within:
            streams = [] if case.given else self._given_lines(case)
            self._waiting.extendleft(reversed(streams))
            return bool(streams)
        enough = case.candidates.enough(search.wanted) or search.sampling.temperature == 0
        if enough or case.asked >= search.budget:
            return False
        self._waiting.extendleft(reversed(self._asked(case, search.budget)))
        return True

    def _asked(self, case: _Case, total: int) -> list[Stream]:
        """Streams of further candidates, up to `total` in all."""
        streams = []
        for number in range(case.asked, total):
            constraint = case.constraint.copy() if case.constraint else None
            turn, place = divmod(number, len(case.readings))
            prompt, source = case.readings[place]
            line, search = case.candidates.line, self._search
            request = asked_for(prompt, constraint, line, search.sampling, source, turn)
            request = reviewed(request, source, turn, search, self._sandbox, self._generator.pieces)
            streams.append(self._entered(case, request, number))
        case.asked = total
        return streams

    def _given_lines(self, case: _Case) -> list[Stream]:
        """Streams of lines that may stand in a gap, for the model to say how likely they are."""
        texts = case.candidates.asked(self._generator)
        case.given = len(texts)
        requests = [Request(case.candidates.prompt, given=text) for text in texts]
        return [self._entered(case, r, -number) for number, r in enumerate(requests, 1)]

    def _entered(self, case: _Case, request: Request, number: int) -> Stream:
        stream = self._generator.stream(request)
        self._cases[stream], case.numbers[stream] = case, number
        return stream


def asked_for(
    prompt: Prompt, constraint: Constraint | None, line: LineGap | None, sampling: Sampling,
    source: Sequence[int], number: int,
) -> Request:  # fmt: skip
    """The request of a prompt's text `number`; those of a line take turns with its beginnings."""
    heads = line.heads if line else [""]
    turn, place = divmod(number, len(heads))
    preference = sampling.preference(source, turn)
    return Request(prompt, constraint, preference, head=heads[place])


def reviewed(
    request: Request, source: Sequence[int], number: int, search: Search, sandbox: Sandbox,
    pieces: Sequence[bytes],
) -> Request:  # fmt: skip
    """The request of a prompt's text `number` with a review of its statements, where the text is
    validated and draws can differ."""
    prompt, sampling = request.prompt, search.sampling
    if prompt.is_gap or not (search.validates(prompt) and search.redraws):
        return request
    if sampling.temperature == 0:
        return request

    def redraw(attempts: int) -> Preference:
        return sampling.preference(source, number + _ATTEMPT * attempts)

    review = Review(prompt, sandbox, pieces, search.redraws, number)
    return replace(request, reviewer=review, redraw=redraw)
