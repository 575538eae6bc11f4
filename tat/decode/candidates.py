"""The candidates for a prompt, judged by naga and put in order."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from tat.decode.generator import Generation, Generator
from tat.decode.lines.choice import LineGap
from tat.decode.lines.ranking import Line
from tat.decode.lines.within import WithinGap
from tat.decode.prompt import Adaptation, Prompt
from tat.decode.review import EMPTY, does_nothing
from tat.decode.weighing import (
    NOTHING,
    Valid,
    Weight,
    calls_of,
    fits,
    given_functions,
    is_weighable,
    likely,
    named,
    unused_parameters,
    weigh,
)
from tat.retrieval.query import Hit
from tat.retrieval.stages import stage_of
from tat.wgsl.lexer import code_of
from tat.wgsl.sandbox import Diagnostic, Sandbox

_HELP = "try another seed, more candidates, other words, or more or less context"


@dataclass(frozen=True)
class Outcome:
    """A text and its problem; None if it validates, or if nothing was validated.

    Places in `problem` count in the whole text of a gap, else in the generated text. A text from an
    index has the `origin` that it was adapted from, and its BM25 score. A refused prompt has no
    text, and the reason is its problem.
    """

    generation: Generation
    problem: Diagnostic | None
    candidates: int  # generated for this prompt
    origin: Hit | None = None
    proven: bool = False  # whether `origin` is a function of tat's own

    @property
    def source(self) -> str:
        """Who gave the text: model, library (tat's own) or index (a person's)."""
        if self.origin is None:
            return "model"
        return "library" if self.proven else "index"

    @property
    def rank(self) -> tuple[bool, bool, bool, float]:
        """The higher the better: valid, finished, from an index, likely."""
        generation = self.generation
        known = self.origin is not None
        return self.problem is None, generation.finished, known, generation.score

    @property
    def refused(self) -> bool:
        """Whether the model could not read the prompt, and nothing else answered it."""
        return self.problem is not None and self.candidates == 0


class Candidates:
    """The texts of one prompt; without a sandbox all count as valid."""

    def __init__(
        self, prompt: Prompt, sandbox: Sandbox | None, weighed: int = 0, alone: int = 0
    ) -> None:
        """`weighed` and `alone`: see `Search`; beams, which come all at once, have 0."""
        self.prompt, self._sandbox, self._alone = prompt, sandbox, alone
        self._written: dict[int, str] = {}  # the model's texts, by their number
        self._scores: dict[str, float] = {}  # of each of these
        self._judged: dict[str, tuple[Generation, Diagnostic | None, Hit | None]] = {}
        self._proven: set[str] = set()  # texts of tat's own functions
        self.weighs = bool(sandbox and weighed and is_weighable(prompt))
        self._tried = weighed if self.weighs else 0
        self.adapt(prompt.adaptations[: self._tried], self._tried)
        self.named = named(prompt, self._texts(())) if self.weighs else []
        # What cannot be run and may call a given function calls one, as a rule.
        unrun = bool(sandbox and weighed and not self.weighs and prompt.signature.strip())
        self._unrun, self._calls = unrun, unrun and bool(given_functions(prompt))
        self.line: LineGap | None = None
        if prompt.within:
            self.line = WithinGap.judged_by(prompt, sandbox) if sandbox else WithinGap(prompt)
        elif sandbox and prompt.line:
            self.line = LineGap.judged_by(prompt, sandbox)

    @property
    def count(self) -> int:
        """The model's texts, equal ones included."""
        return len(self._written)

    def add(self, generation: Generation, number: int | None = None, refused: str = "") -> None:
        """Judge one more text, the next or the one of this number; one that came before keeps its
        verdict. `refused` says why the last of its statements that were drawn again was.

        Of a gap within a line texts from number 0 on are whole lines; those of `asked` are judged.
        """
        number = self.count if number is None else number
        self._written[number] = generation.text
        self._scores.setdefault(generation.text, generation.score)
        drawn = self.prompt.within and number >= 0
        if generation.text not in self._judged and not drawn:
            self._judged[generation.text] = generation, self._problem(generation, refused), None

    def asked(self, generator: Generator) -> list[str]:
        """Texts for a gap that the model is asked about; within a line they are whole lines, of
        texts as short as the generator's may be. Their numbers are below 0."""
        if self.line is None:
            return []
        if not isinstance(self.line, WithinGap):
            return self.line.forms()
        lead = len(self.prompt.lead)
        drawn = [self._written[number][lead:] for number in sorted(self._written)]
        return [*map(self.line.given, self.line.asked(drawn, generator.fits))]

    def adapt(
        self, adaptations: Sequence[Adaptation], wanted: int, *, using_all: bool = False
    ) -> bool:
        """Take adaptations that validate until there are `wanted` texts; returns whether there are.

        Others are left out: nobody gave them as an answer. With `using_all` proven functions
        that leave a given parameter unused are left out, too.
        """
        for adaptation in adaptations if self._sandbox else ():
            if self.valid >= wanted:
                break
            text, origin = adaptation.render(), adaptation.origin
            if using_all and adaptation.proven and unused_parameters(self.prompt, text):
                continue
            generation = Generation(text, tokens=0, finished=True, score=origin.score)
            if text in self._judged:
                self._prefer(text, origin)
            elif self._problem(generation) is None:
                self._judged[text] = generation, None, origin
                self._proven.update([text] if adaptation.proven else ())
        return self.valid >= wanted

    def _prefer(self, text: str, origin: Hit) -> None:
        """Let `origin` stand for a text that came from a function of other types before: a generic
        one has the same body for each of its types."""
        generation, problem, known = self._judged[text]
        if known and not fits(known, self.prompt) and fits(origin, self.prompt):
            generation = replace(generation, score=origin.score)
            self._judged[text] = generation, problem, origin

    @property
    def valid(self) -> int:
        """The different texts that validate."""
        return sum(problem is None for _, problem, _ in self._judged.values())

    def adapt_first(self, wanted: int) -> bool:
        """Whether an index alone answers; where it is weighed, a person's own function."""
        if self.weighs:
            return self.valid >= wanted and not all(one.proven for one in self.named)
        adaptations = self.prompt.adaptations
        first = likely(self.prompt, adaptations) if self._unrun else adaptations
        return self.adapt(first, wanted, using_all=True)

    def enough(self, wanted: int) -> bool:
        """Whether no more texts are needed."""
        if self._calls and not any(map(self._calls_one, self._judged)):
            return False
        return self.valid >= wanted

    def _calls_one(self, text: str) -> bool:
        _, problem, origin = self._judged[text]
        return problem is None and (bool(origin) or calls_of(self.prompt, text) > 0)

    def best(self, wanted: int) -> list[Outcome]:
        """The different texts, the best first: the first one is that of `best(1)`."""
        if not self.valid:
            self._resort(1)
        ordered = self._ordered(self._written)
        fewer = self._considered_alone()
        if wanted > 1 and fewer != {*self._written}:
            first = self._ordered(fewer)[0]
            if first.problem and self._resort(self.valid + 1):
                first = self._ordered(fewer)[0]
            if first.problem is None:
                others = [o for o in ordered if o.generation.text != first.generation.text]
                ordered = [first, *others]
        return ordered[:wanted]

    def _resort(self, wanted: int) -> bool:
        """Try what is left of the index until there are `wanted` valid texts."""
        later = self.prompt.adaptations[self._tried :]
        return self.adapt((*later, *self.prompt.last_resorts), wanted)

    def _considered_alone(self) -> set[int]:
        """The numbers of the texts that would be there if one answer was wanted."""
        numbers = {*self._written}
        if not self._alone or not numbers:
            return numbers
        if self.weighs or self.line:
            enough = bool(self.named)
        else:
            first = self._written[0]
            enough = self._judged[first][1] is None and (not self._calls or self._calls_one(first))
        return {number for number in numbers if number < (1 if enough else self._alone)}

    def _ordered(self, numbers: Collection[int]) -> list[Outcome]:
        """The texts of an index and those of the model with these numbers, the best first."""
        written = {self._written[number] for number in numbers}
        outcomes = {
            text: Outcome(generation, problem, self.count, origin, text in self._proven)
            for text, (generation, problem, origin) in self._judged.items()
            if origin or text in written
        }
        weights = {}
        if self.weighs:
            weights = weigh(self.prompt, self._sandbox, self._texts(numbers))
        if self.line:
            weights = self._votes(self.line, numbers)
        places = {text: -place for place, text in enumerate(self._judged)}

        def order(outcome: Outcome) -> tuple:
            valid, finished, known, score = outcome.rank
            text = outcome.generation.text
            if known and not weights:  # as an index found them
                score = places[text]
            calls = calls_of(self.prompt, text) if self._calls and not known else 0
            return weights.get(text, NOTHING), valid, finished, known, calls, score

        return sorted(outcomes.values(), key=order, reverse=True)

    def _texts(self, numbers: Collection[int]) -> list[Valid]:
        times = Counter(self._written[number] for number in numbers)
        return [
            Valid(text, self._scores.get(text, 0.0), times[text], origin, text in self._proven)
            for text, (_, problem, origin) in self._judged.items()
            if problem is None and (origin or times[text])
        ]

    def _votes(self, gap: LineGap, numbers: Collection[int]) -> Mapping[str, Weight]:
        """How far each valid line is preferred, or all within a line where none is; lines that the
        model was asked about have numbers below 0."""
        times = Counter(self._written[number] for number in numbers if number >= 0)
        lines = [
            line_of(text, generation, times[text], within=self.prompt.within)
            for text, (generation, problem, _) in self._judged.items()
            if problem is None or (self.prompt.within and not self.valid)
        ]
        votes = gap.votes(lines)
        return {line.text: (vote, vote) for line, vote in zip(lines, votes, strict=True)}

    def without_model(self, wanted: int, reason: str) -> list[Outcome]:
        """The answers of an index, or the refusal of a prompt that the model cannot read."""
        found = self.best(wanted)
        tried = len(self.prompt.adaptations) + len(self.prompt.last_resorts)
        if not found and self._sandbox and tried:
            reason += f"; none of {tried} functions of the index validates with the names given"
        return found or [Outcome(Generation("", 0, False, 0.0), Diagnostic(reason), 0)]

    def _problem(self, generation: Generation, refused: str = "") -> Diagnostic | None:
        if self._sandbox is None:
            return None
        if not generation.finished:
            return Diagnostic(_endless(generation, refused))
        problem = self._sandbox.validate(self.prompt.module(generation.text))
        above = 0 if self.prompt.is_gap else self.prompt.head.count("\n")
        if problem is None and not self.prompt.is_gap and does_nothing(code_of(generation.text)):
            return Diagnostic(EMPTY)
        if problem is None and self.prompt.stage not in ("", stage_of(generation.text)):
            return Diagnostic(f"it is no {self.prompt.stage} shader, which the words ask for")
        if problem is None or problem.line == 0:
            return problem
        if problem.line <= above:
            message = f"in the context: {problem.message}"
            return Diagnostic(message, problem.line, problem.column)
        return problem._replace(line=problem.line - above)


def line_of(text: str, generation: Generation, times: int = 0, *, within: bool = False) -> Line:
    """A text for a gap, and what the model says of it: within a line of the whole line."""
    tokens = generation.length - 1 if within else generation.tokens
    return Line(text, generation.score, tokens, times)


def _endless(generation: Generation, refused: str) -> str:
    """Why a text has no end, and what may help."""
    if generation.stuck:
        count = generation.tokens
        after = f"behind its first {count} tokens" if count else "at its start"
        if not refused:
            return f"no token that was tried may stand {after}; {_HELP}"
        return f"each statement that was tried {after} was refused, the last: {refused}; {_HELP}"
    return f"it does not end within {generation.tokens} tokens"
