"""Judges texts in gaps of functions; a gap is a line, a run of lines, or lies within a line.

The model reads the context, the signature and the body around the gap, as infill samples have them
in training. The gap is drawn from a hash of the function's id, so it is the same on every machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from tat.data.infill import lines_of
from tat.decode.prompt import Prompt
from tat.errors import one_line
from tat.evaluation.functions import ReferenceFunction
from tat.evaluation.likeness import code_tokens
from tat.evaluation.placement import placement
from tat.evaluation.result_file import Outcome
from tat.evaluation.unjudged import unjudged
from tat.wgsl.sandbox import Sandbox
from tat.wgsl.stubs import with_stubs
from tat.wgsl.values import values_in

Kind = Literal["line", "block", "within"]

INFILL_MEASURES = ("exact", "edit_similarity", "first_token", "valid", "abstained")
_LONGEST = 5_000  # characters of a text that is compared; edit distance takes their product
_LEAST_TOKENS = 3  # of a gap: a line that only closes a bracket tests nothing


@dataclass(frozen=True)
class Gap:
    """A piece of a function's body for a model to write."""

    function: ReferenceFunction
    start: int  # in the body, characters
    stop: int
    kind: Kind = "line"

    @property
    def text(self) -> str:
        """The piece as it was."""
        return self.function.body[self.start : self.stop]

    @property
    def prompt(self) -> Prompt:
        """The request for it; a line is asked for as one line."""
        given = with_stubs(self.function.given)
        head = f"{given}\n\n" if given else ""
        before = f"{head}{self.function.signature} {self.function.body[: self.start]}"
        behind = self.function.body[self.stop :]
        return Prompt(prefix=before, suffix=behind, line=self.kind == "line")

    def filled(self, text: str) -> str:
        """The body with `text` in the gap."""
        return f"{self.function.body[: self.start]}{text}{self.function.body[self.stop :]}"


def gap_of(function: ReferenceFunction, kind: Kind) -> Gap | None:
    """The gap of a function: one line, two to eight, or a value within a line; None if it has none.

    Only lines of three lexical tokens or more are drawn as lines; a body without line ends counts
    as one line. A value is a right-hand side, an argument or an operand, or several of them with
    the signs between.
    """
    pieces = lines_of(function.body) or [_inside(function.body)]
    if kind == "within":
        return _within(function, pieces)
    speaking = [i for i, p in enumerate(pieces) if _says_something(function.body[p])]
    if not speaking:
        return None
    first = speaking[_draw(function.id, kind) % len(speaking)]
    last = first
    if kind == "block":
        if len(pieces) < 2:
            return None
        first = min(first, len(pieces) - 2)
        last = min(first + 1 + _draw(function.id, "length") % 7, len(pieces) - 1)
    return Gap(function, pieces[first].start, pieces[last].stop, kind)


def judge_gap(
    gap: Gap, text: str | None, reason: str, sandbox: Sandbox, modules: Mapping[str, str]
) -> Outcome:
    """The outcome for a text in a gap; None is an abstention, wrong in every measure.

    It has no measures where the function as it was is invalid.
    """
    if nothing := unjudged(gap.function, modules, sandbox):
        return nothing
    measures = {"abstained": float(text is None), **_likeness(gap.text, text)}
    problem, place = reason, placement(gap.function, modules)
    if text is not None:
        problem = str(sandbox.validate(place.module(gap.filled(text))) or "")
    measures["valid"] = float(not problem)
    return Outcome(gap.function.id, measures, (), one_line(problem))


def edit_similarity(reference: str, candidate: str) -> float:
    """1 minus Levenshtein's distance over the longer length, in characters; 1 is equality."""
    longest = max(len(reference), len(candidate))
    if longest > _LONGEST:
        return 0.0
    return 1 - _distance(reference, candidate) / longest if longest else 1.0


def _distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Insertions, deletions and substitutions from one to the other (Wagner and Fischer 1974)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def _likeness(reference: str, text: str | None) -> dict[str, float]:
    if text is None:
        return {"exact": 0.0, "edit_similarity": 0.0, "first_token": 0.0}
    wanted, found = code_tokens(reference), code_tokens(text[: 4 * _LONGEST])
    return {
        "exact": float(wanted == found),
        "edit_similarity": edit_similarity(" ".join(wanted), " ".join(found)),
        "first_token": float(wanted[:1] == found[:1]),
    }


def _within(function: ReferenceFunction, lines: Sequence[slice]) -> Gap | None:
    """A value of a line that is drawn first, then where it begins, then where it ends."""
    found = [(line.start, v) for line in lines if (v := values_in(function.body[line]))]
    if not found:
        return None
    offset, values = found[_draw(function.id, "within") % len(found)]
    start = [*values][_draw(function.id, "start") % len(values)]
    stop = values[start][_draw(function.id, "stop") % len(values[start])]
    return Gap(function, offset + start, offset + stop, "within")


def _inside(body: str) -> slice:
    """The text between the braces of a body."""
    inner = body.strip()[1:-1].strip()
    start = body.find(inner) if inner else len(body)
    return slice(start, start + len(inner))


def _says_something(line: str) -> bool:
    return len(code_tokens(line)) >= _LEAST_TOKENS


def _draw(id: str, what: str) -> int:
    return int.from_bytes(sha256(f"{what}/{id}".encode()).digest()[:8], "little")
