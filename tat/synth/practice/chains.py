"""A value that goes through several steps, each described by a clause."""

import re

from tat.synth.draws import Draws, Weighted
from tat.synth.literals import NICE, WHOLE
from tat.synth.practice.scope import LOCALS, Scope, bracketed
from tat.synth.step_tables import Line, line_table

_STARTS = Weighted(("f32", 34), ("vec3f", 28), ("vec2f", 18), ("vec4f", 8), ("i32", 5), ("u32", 7))
_COUNTS = Weighted((1, 15), (2, 40), (3, 30), (4, 15))
_SIGNATURE = re.compile(r"v: (?P<before>[\w/]+)(?P<operands>(?:, [AB]: \w+)*) -> (?P<after>\w+)")
_V = re.compile(r"\bv\b")
_LOOSE = re.compile(r"[-+*/%&|^>~] ?v\b|\bv\.|\bv [-+*/%&|^>]")  # v needs brackets here
_ASSIGNED = re.compile(r"v ([-+*]) (\w+)")
_TYPES = {  # of the kinds in chains.txt that are none
    **dict.fromkeys(("unit", "signed", "positive", "squared", "whole", "binary"), "f32"),
    **dict.fromkeys(("cell2", "frac2", "pos2", "swapped2"), "vec2f"),
    **dict.fromkeys(("dir3", "rgb3", "lifted3", "pos3"), "vec3f"),
    **dict.fromkeys(("moved4", "point4", "color4"), "vec4f"),
}  # fmt: skip
_NOT_SET = re.compile(r"[+-]|max|min|clamp|step|mix\(A")  # where a number may make a step idle
_IT = re.compile(r" it(s?)\b")
_SHIFTS = ("1", "4", "8")


class Chain:
    """Drawn steps: parameters, the lines of a body, the words of a comment."""

    def __init__(self, draws: Draws) -> None:
        self.draws, self.scope = draws, Scope(draws)
        start = draws.weighted(_STARTS)
        self.first = self.scope.fresh(start)
        self.parameters = {self.first: start}
        self.kind = start  # so far
        self.steps: list[tuple[str, str]] = []  # type, value
        self.clauses: list[str] = []
        last: Line | None = None
        for _ in range(draws.weighted(_COUNTS)):
            line = draws.pick(_by_kind().get(self.kind, _NO_LINES))
            if line is not None and line is not last:
                self._add(line)
                last = line
        self.kind = _TYPES.get(self.kind, self.kind)
        self.lines = self._lines(start)
        self.words = self._words()

    def _add(self, line: Line) -> None:
        match = _SIGNATURE.fullmatch(line.left)
        assert match
        value, words = line.value, line.words
        for operand in filter(None, match["operands"].split(", ")):
            letter, _, kind = operand.partition(": ")
            code, word = self._operand(kind, value)
            value = re.sub(rf"\b{letter}\b", code, value)
            words = words.replace(f"{{{letter}}}", word)
        self.kind = match["after"]
        self.steps.append((_TYPES.get(self.kind, self.kind), value))
        self.clauses.append(words)

    def _operand(self, kind: str, value: str) -> tuple[str, str]:
        """A literal or a new parameter, as code and in words."""
        draws = self.draws
        able = not _NOT_SET.search(value) if kind == "f32" else kind in ("i32", "u32")
        if able and draws.chance(0.3):
            pool = NICE if kind == "f32" else (_SHIFTS if ">>" in value else WHOLE)
            word = draws.pick(pool)
            return word + ("u" if kind == "u32" else ""), word
        name = self.scope.fresh(kind)
        self.parameters[name] = kind
        return name, f"{{{name}}}"

    def _lines(self, start: str) -> list[str]:
        draws = self.draws
        repeats = any(len(_V.findall(value)) > 1 for _, value in self.steps[1:])
        if not repeats and draws.chance(0.5):
            return [f"return {self._nested()};"]
        if all(kind == start for kind, _ in self.steps) and draws.chance(0.35):
            return self._updated()
        lines, current = [], self.first
        for kind, value in self.steps[:-1]:
            name = self.scope.fresh(kind, LOCALS[kind])
            lines.append(f"let {name}: {kind} = {_put(value, current)};")
            current = name
        kind, value = self.steps[-1]
        if draws.chance(0.75):
            return [*lines, f"return {_put(value, current)};"]
        name = self.scope.fresh(kind, LOCALS[kind])
        return [*lines, f"let {name}: {kind} = {_put(value, current)};", f"return {name};"]

    def _nested(self) -> str:
        whole = self.first
        for _, value in self.steps:
            whole = _put(value, bracketed(whole) if _LOOSE.search(value) else whole)
        return whole

    def _updated(self) -> list[str]:
        """One variable that each step changes."""
        name = self.scope.fresh(self.kind, ["r", "res", "out0", "y", "result", "cur", "acc"])
        lines = [f"var {name} = {self.first};"]
        for _, value in self.steps:
            match = _ASSIGNED.fullmatch(value)
            if match and match[2] != "v" and self.draws.chance(0.6):
                lines.append(f"{name} {match[1]}= {match[2]};")
            else:
                lines.append(f"{name} = {_put(value, name)};")
        return [*lines, f"return {name};"]

    def _words(self) -> list[str]:
        *before, last = self.clauses
        joint = self.draws.pick((" and ", ", then ", " and then "))
        joined = ", ".join(before) + joint + last if before else last
        first = f"{{{self.first}}}"
        words = [f"Takes {first}, {joined}.", f"From {first}: {joined}."]
        if _IT.search(self.clauses[0]):
            own = _IT.sub(lambda it: f" {first}'s" if it[1] else f" {first}", joined, count=1)
            words.append(own[0].upper() + own[1:])
        return words


def _put(value: str, current: str) -> str:
    return _V.sub(lambda _: current, value)


_NO_LINES: list[Line | None] = [None]
_TABLE: dict[str, list[Line | None]] = {}


def _by_kind() -> dict[str, list[Line | None]]:
    """The steps that each kind of value may take."""
    if not _TABLE:
        for line in line_table("chains"):
            match = _SIGNATURE.fullmatch(line.left)
            assert match, line.left
            for kind in match["before"].split("/"):
                _TABLE.setdefault(kind, []).append(line)
    return _TABLE
