"""The tables of steps: steps/*.txt, of which stages, kernels and chains are put together.

`$name:type` needs a setting, `%name:type` an input. A table of lines has `left = value  # words` in
each; a table of blocks has a name, and then two spaces deep `# words`, `w weight`, `: declaration`,
`& helper`, `o place kind`, and statements.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from tat.errors import FileError
from tat.resources import resource
from tat.synth.draws import Draws, Weighted
from tat.synth.templates import Template, compiled, expanded

_NEED = re.compile(r"([$%])(\w+):(\w+)")
_LINE = re.compile(r"(.*?) = (.*?)  # (.*)")


class Line(NamedTuple):
    """A line of a table: what stands before ` = `, a value, and words."""

    left: str
    value: str
    words: str


@dataclass
class Step:
    """A block of a table."""

    name: str
    words: str = ""
    weight: float = 1.0
    order: tuple[int, str] = (0, "")  # its place among others, and of what kind only one is drawn
    context: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    template: Template = ""

    def text(self, draws: Draws) -> str:
        """Its statements, with their draws made."""
        return expanded(self.template, draws, {})


class Needs:
    """The settings and inputs that texts have asked for, each with its type, in order."""

    def __init__(self) -> None:
        self.settings: dict[str, str] = {}
        self.inputs: dict[str, str] = {}

    def met(self, text: str, setting: str, given: str, kinds: dict[str, str] | None = None) -> str:
        """`text` with `$x:type` and `%x:type` as `setting` and `given`, formats of the name.

        `kinds` replaces letters that stand for types. Whoever asks first says the type.
        """

        def place(match: re.Match[str]) -> str:
            mark, name, kind = match.groups()
            kind = (kinds or {}).get(kind, kind)
            (self.settings if mark == "$" else self.inputs).setdefault(name, kind)
            return (setting if mark == "$" else given).format(name)

        return _NEED.sub(place, text)


def _lines(name: str) -> list[tuple[int, str]]:
    text = resource("synth", "steps", f"{name}.txt").read_text("utf-8")
    numbered = enumerate(text.splitlines(), 1)
    return [(number, line) for number, line in numbered if not line.startswith("//")]


@cache
def line_table(name: str) -> tuple[Line, ...]:
    """A table of lines."""
    found = []
    for number, line in _lines(name):
        if line.strip():
            match = _LINE.fullmatch(line)
            if not match:
                raise FileError(f"steps/{name}.txt:{number}: write `left = value  # words`")
            found.append(Line(*match.groups()))
    return tuple(found)


@cache
def step_table(name: str) -> Weighted[Step]:
    """A table of blocks."""
    steps: list[Step] = []
    for number, line in _lines(name):
        if line and not line.startswith(" "):
            steps.append(Step(line.strip()))
        elif line.strip():
            if not steps:
                raise FileError(f"steps/{name}.txt:{number}: begin with the name of a step")
            _add(steps[-1], line[2:])
    for step in steps:
        step.template = compiled("\n".join(step.statements))
    return Weighted(*((step, step.weight) for step in steps))


def _add(step: Step, line: str) -> None:
    mark, rest = line[:2], line[2:].strip()
    if mark == "# ":
        step.words = rest
    elif mark == "w ":
        step.weight = float(rest)
    elif mark == "o ":
        place, _, kind = rest.partition(" ")
        step.order = (int(place), kind)
    elif mark == ": ":
        step.context.append(rest)
    elif mark == "& ":
        step.calls.append(rest)
    else:
        step.statements.append(line)


def some_steps(
    name: str, draws: Draws, count: int, orders: frozenset[int] | None = None
) -> list[Step]:
    """Up to `count` steps of a table, by weight, none twice, in an order that makes sense.

    `orders` are the places of those that may be drawn.
    """
    drawn = (draws.weighted(step_table(name)) for _ in range(count))
    known = {
        step.order[1] or step.name: step for step in drawn
        if orders is None or step.order[0] in orders
    }  # fmt: skip
    return sorted(known.values(), key=lambda step: step.order[0])


def joined_words(parts: list[str]) -> str:
    """a, b and c."""
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
