"""Longer functions: several families in succession, each of what those before it gave.

An argument is a parameter or result of the same name and type where there is one, else a result of
the type that nobody has used, else a new parameter. A step stands there whole, or is a call.
"""

import re

from tat.synth.comments import lowered
from tat.synth.compose.callers import Callables, Callee
from tat.synth.compose.parts import struct
from tat.synth.draft import Argument, Draft
from tat.synth.draws import Draws, Weighted
from tat.synth.family import Family, Parameter
from tat.synth.literals import literal
from tat.synth.places import PLACES, returned
from tat.synth.renaming import renamed
from tat.synth.style import drawn_style
from tat.synth.templates import expanded
from tat.synth.words import titled

_STEPS = Weighted((2, 8), (3, 12), (4, 14), (5, 14), (7, 15), (9, 14), (12, 12), (16, 8), (24, 3))
_MOST_PARAMETERS = 8
_MOST_TOLD = 6  # steps of a function that has a comment, which tells them all
_CALLED = 0.15  # share of steps that are calls
_DECLARED = re.compile(r"\b(?:let|var)\s+(\w+)")
_NAME = re.compile(r"\{(\w+)\}")
_LAST_WORD = re.compile(r"[A-Z]?[a-z]{2,}\d*$")
_FLOATS = ("f32", "vec2f", "vec3f", "vec4f")
_RESULT_NAMES = {
    "f32": ("value", "amount", "factor", "k", "w", "term"), "vec2f": ("q", "offs", "st2", "p2"),
    "vec3f": ("v3", "dir", "col", "contribution"), "vec4f": ("rgba", "v4", "packedColor"),
}  # fmt: skip
_TYPES = "Result_/Result/Output/Sample/Terms/Info/Data"
_JOINTS = Weighted(
    ("{} + {}", 40), ("{} * {}", 30), ("max({}, {})", 8), ("min({}, {})", 8), ("{} - {}", 14)
)
_VERBS = ("compute", "evaluate", "get", "calc", "process", "combine", "apply", "make")


def pipeline(callables: Callables, draws: Draws) -> Draft | None:
    """A function of several steps; None where the draws came to fewer than two."""
    made = _Pipeline(callables, draws)
    first = callables.pick(draws)
    made.add(first)
    for _ in range(draws.weighted(_STEPS) - 1):
        made.add(callables.pick(draws, first.area))
    return made.draft() if len(made.families) > 1 else None


class _Pipeline:
    def __init__(self, callables: Callables, draws: Draws) -> None:
        self.draws, self.style = draws, drawn_style(draws)
        self.families: list[Family] = []
        self.parameters: dict[str, str] = {}  # canonical name: type
        self.results: dict[str, str] = {}
        self.unused: list[str] = []  # results, in order
        self.alternatives: dict[str, tuple[str, ...]] = {}
        self.lines: list[str] = []
        self.words: list[str] = []
        self.calls: list[str] = []
        self.functions: set[str] = set()  # that are called, and what bodies name

    def add(self, family: Family) -> None:
        """One more step, if the family can be one."""
        if self.draws.chance(_CALLED):
            self._add_call(family)
        else:
            self._add_whole(family)

    def _add_whole(self, family: Family) -> None:
        draft = Draft(family, self.draws, self.style)
        parts = returned(draft)
        if parts is None or family.helpers or draft.result not in _FLOATS:
            return
        table = self._arguments(draft.arguments, family)
        for name in _DECLARED.findall(parts[0]):
            if name not in table:
                table[name] = self._local(name, family.alternatives.get(name, (name,)))
        statements, value = (renamed(text, table) for text in parts)
        words = self._told(family, table)
        if self.draws.chance(0.5) and "{" not in words and words:
            self.lines.append(f"// {words}")
        if statements:
            self.lines.append(statements.rstrip("\n"))
        self._bind(family, draft.result, value)

    def _add_call(self, family: Family) -> None:
        callee = Callee(family, self.draws)
        known = callee.name in self.functions or callee.name in self.alternatives
        if known or callee.result not in _FLOATS or callee.name in callee.formal:
            return
        arguments = [Argument(p.names[0], kind) for p, kind in zip(callee.parameters, callee.types)]
        table = self._arguments(arguments, family)
        self.functions.add(callee.name)
        self.calls.append(callee.signature)
        self._told(family, table)
        self._bind(family, callee.result, f"{callee.name}({', '.join(table.values())})")

    def _arguments(self, arguments: list[Argument], family: Family) -> dict[str, str]:
        """A variable for each parameter of a step, none of them twice: no `a - a`, no `d(p, p)`."""
        table: dict[str, str] = {}
        for argument in arguments:
            table[argument.name] = self._argument(argument, family, set(table.values()))
        return table

    def _argument(self, argument: Argument, family: Family, taken: set[str]) -> str:
        """The variable that stands for a parameter of a step, none of `taken`."""
        draws, name, kind = self.draws, argument.name, argument.type
        mine = f"{name}P_"
        if self.parameters.get(mine) == kind and mine not in taken and draws.chance(0.75):
            return mine
        fitting = [n for n in self.unused if self.results[n] == kind and n not in taken]
        if fitting and draws.chance(0.8):
            self.unused.remove(fitting[-1])
            return fitting[-1]
        if mine not in self.parameters and len(self.parameters) < _MOST_PARAMETERS:
            self.parameters[mine] = kind
            self.alternatives[mine] = family.alternatives.get(name, (name,))
            return mine
        known = (*self.parameters.items(), *self.results.items())
        same = [n for n, k in known if k == kind and n not in taken]
        if same:
            return draws.pick(same)
        constant = self._local("k", ("k", name, f"{name}0"))
        value = literal(draws, kind)
        if kind in ("i32", "u32"):  # a shift by 32 or an index out of bounds would be refused
            indexes = any("[" in text for _, text in family.bodies)
            value = draws.pick("12" if indexes else "123458") + ("u" if kind == "u32" else "")
        self.lines.append(f"let {constant}: {kind} = {value};")
        return constant

    def _local(self, name: str, names: tuple[str, ...]) -> str:
        """A canonical name for a local variable that no other step has."""
        canonical = f"{name}L{len(self.alternatives)}_"
        self.alternatives[canonical] = names
        return canonical

    def _bind(self, family: Family, kind: str, value: str) -> None:
        """A variable for the result of a step."""
        name = family.names[0]
        last = _LAST_WORD.search(name)
        word = (last[0][0].lower() + last[0][1:],) if last else ()
        names = (*word, *word, f"{name}Value", f"{name}Result", *_RESULT_NAMES[kind])
        result = self._local("r", names)
        typed = f": {kind}" if self.draws.chance(0.3) else ""
        word = "var" if self.draws.chance(0.2) else "let"
        self.lines.append(f"{word} {result}{typed} = {value};")
        self.results[result] = kind
        self.unused.append(result)
        self.families.append(family)

    def _told(self, family: Family, table: dict[str, str]) -> str:
        """The words of a step, with the names of this function; they are kept for the comment."""
        if not family.description_templates:
            return ""
        text = expanded(self.draws.pick(family.description_templates), self.draws, {})
        text = _NAME.sub(lambda m: f"{{{table.get(m[1], m[1])}}}", text).rstrip(".")
        if text:
            self.words.append(text)
        return text

    def draft(self) -> Draft:
        """The draft, in one of the places of a plain family where it returns no struct."""
        draws, family = self.draws, self._family()
        draft = Draft(family, draws, self.style)
        place = draws.weighted(PLACES)
        if place is not None and family.result in _FLOATS:
            place(draft)
        return draft

    def _family(self) -> Family:
        context, result = self._return()
        last, first = self.families[-1].names[0], self.families[0].names[0]
        names = (*(verb + titled(last) for verb in _VERBS), f"{first}And{titled(last)}")
        joined = "; ".join(w if i == 0 else lowered(w) for i, w in enumerate(self.words))
        whole = len(self.words) == len(self.families) <= _MOST_TOLD
        parameters = [Parameter((name,), kind) for name, kind in self.parameters.items()]
        family = Family(
            "pipeline", names, parameters, result, descriptions=[joined] if whole else [],
            bodies=[(False, "\n".join(self.lines))], context=context, calls=self.calls,
        ).finish()  # fmt: skip
        family.alternatives |= self.alternatives
        return family

    def _return(self) -> tuple[list[str], str]:
        """End the body with all results that nobody used; context and type of the result."""
        draws, left = self.draws, self.unused
        kinds = {self.results[name] for name in left}
        if len(left) == 1:
            self.lines.append(f"return {left[0]};")
            return [], self.results[left[0]]
        if len(kinds - {"f32"}) <= 1 and draws.chance(0.75):
            self.lines.append(f"return {self._joined(left)};")
            return [], (kinds - {"f32"} or kinds).pop()
        members = [(name.replace("L", "M"), name) for name in left]
        self.alternatives |= {member: self.alternatives[name] for member, name in members}
        declared = struct(_TYPES, [f"{member}: {self.results[name]}" for member, name in members])
        self._return_struct(members)
        return [declared], "Result_"

    def _joined(self, names: list[str]) -> str:
        """Results of one type, with or without f32, as one value of that type."""
        value, *rest = sorted(names, key=lambda name: self.results[name] == "f32")
        first = self.results[value]
        for name in rest:
            same = self.results[name] == first
            joint = self.draws.weighted(_JOINTS) if same else "{} * {}"
            inner = f"({value})" if " " in value and "{}," not in joint else value
            value = joint.format(inner, name)
        return value

    def _return_struct(self, members: list[tuple[str, str]]) -> None:
        if self.draws.chance(0.5):
            self.lines.append(f"return Result_({', '.join(name for _, name in members)});")
            return
        self.alternatives["out_"] = ("result", "out", "res", "ret", "o")
        self.lines.append("var out_: Result_;")
        self.lines += [f"out_.{member} = {name};" for member, name in members]
        self.lines.append("return out_;")
