"""Longer functions: several families in succession, each of what the one before it gave.

A step takes a value for what it means: a place is turned, its distance to a shape makes a mask, the
mask a color. A step stands there whole, or is a call.
"""

import re
from functools import lru_cache
from itertools import chain

from tat.synth.comments import lowered
from tat.synth.compose.callers import Callables, Callee
from tat.synth.compose.meanings import TYPES, Way, called_so
from tat.synth.compose.parts import struct
from tat.synth.domain import Domain
from tat.synth.draft import Draft, plain_floats
from tat.synth.draws import Draws, Weighted
from tat.synth.family import Family, Parameter, with_type
from tat.synth.literals import within_domain
from tat.synth.places import PLACES, as_fragment, returned_text
from tat.synth.renaming import renamed
from tat.synth.style import drawn_style
from tat.synth.templates import expanded
from tat.synth.words import begins_with_verb, listed, titled

_STEPS = Weighted((2, 10), (3, 16), (4, 16), (5, 16), (7, 16), (9, 14), (12, 12))
_MOST_PARAMETERS = 8
_MOST_TOLD = 5  # steps of a function that has a comment, which tells them all
_CALLED = 0.15  # share of steps that are calls
_SET = 0.3  # share of numbers that are set in the body
_ANYWHERE = frozenset(listed("time dt n l v resolution"))  # the same in all steps of a function
_GIVEN = frozenset(
    listed("detail base xi u u1 u2 noise x y value t d dist depth h l lum luma phase hue angle")
) | {"white", "black", "threshold"}
_UNSEEN = ("xyz", "lab", "lch", "yuv", "hue3", "oct", "equirect")  # no colors to look at
_VELOCITY = ("velocity", "position")
_DECLARED = re.compile(r"\b(?:let|var)\s+(\w+)")
_NAME = re.compile(r"\{(\w+)\}")
_LAST_WORD = re.compile(r"[A-Z]?[a-z]{2,}\d*$")
_FLOATS = ("f32", "vec2f", "vec3f", "vec4f")
_TYPES = "Result_/Result/Output/Sample/Terms/Info/Data"
_FIXED = frozenset(("Result_", "out_"))
_VERBS = ("compute", "evaluate", "get", "calc", "make")


def pipeline(callables: Callables, draws: Draws) -> Draft | None:
    """A function of several steps; None where the draws came to fewer than two."""
    if not callables.ways.all:
        return None
    first = draws.pick(callables.ways.all)
    made = _Pipeline(callables, draws, first)
    made.add(first)
    for _ in range(draws.weighted(_STEPS) - 1):
        way = callables.ways.next(made.meaning, made.kind, made.left, draws)
        if way is None:
            break
        made.add(way)
    return made.draft() if len(made.families) > 1 else None


@lru_cache(maxsize=1 << 12)
def _parts(is_expression: bool, text: str) -> tuple[str, str, tuple[str, ...]] | None:
    """The statements of a body, the value it returns, and the variables it declares."""
    parts = returned_text(is_expression, text)
    return (*parts, tuple(_DECLARED.findall(parts[0]))) if parts else None


@lru_cache(maxsize=1 << 12)
def _result_names(function: str, gives: str) -> tuple[str, ...]:
    """Names of a variable for what a function gives: by its meaning, or the name's last word."""
    if known := called_so().get(gives):
        return known[1]
    last = _LAST_WORD.search(function)
    return (gives, *((last[0][0].lower() + last[0][1:],) if last else ()))


class _Pipeline:
    def __init__(self, callables: Callables, draws: Draws, first: Way) -> None:
        self.ways, self.draws, self.style = callables.ways, draws, drawn_style(draws)
        self.families: list[Family] = []
        self.parameters: dict[str, str] = {}  # canonical name: type
        self.alternatives: dict[str, tuple[str, ...]] = {}
        self.lines: list[str] = []
        self.words: list[str] = []
        self.calls: list[str] = []
        self.functions: set[str] = set()  # that are called
        self.results: list[tuple[str, str]] = []  # names and types of all, in order
        self.left: set[str] = set()  # meanings of values before
        parameter = first.family.parameters[first.main]
        self.meaning, self.kind = first.takes[0], parameter.type
        if self.kind == "T":
            moving = self.meaning in _VELOCITY
            self.kind = draws.pick(("vec2f", "vec3f")) if moving else self._type_of(self.meaning)
        self.time = ""
        self.value = self._parameter(parameter, self.kind)
        self.time = self.value if self.meaning == "time" else ""
        self.root = (self.value, self.meaning, self.kind)  # where a second operand may come from

    def _type_of(self, meaning: str) -> str:
        return TYPES.get(meaning, "f32")

    def add(self, way: Way) -> bool:
        """One more step, if the family can be one."""
        if way.family in self.families or len(way.rest) + len(self.parameters) > _MOST_PARAMETERS:
            return False
        kind, others = way.kind(self.kind), list(way.takes[1:])
        taken = [self.value]
        if others:
            second = self._second(others[0], way, kind)
            if second is None:
                return False
            taken.append(second)
        if way.gives != self.meaning:
            self.left.add(self.meaning)
            self.root = (self.value, self.meaning, self.kind) if not others else self.root
        made = self._step(way, kind, taken)
        if made:
            self.value, self.kind = made
            self.meaning = way.gives
        return bool(made)

    def _second(self, meaning: str, way: Way, kind: str) -> str | None:
        """A second operand: from where the first one came, else a new parameter."""
        value, before, of = self.root
        ways = [w for w in self.ways.between(before, meaning)
                if len(w.takes) == 1 and w.family not in self.families and w.fits(of)]  # fmt: skip
        if ways and before != meaning:
            other = self.draws.pick(ways)
            if len(other.rest) + len(self.parameters) > _MOST_PARAMETERS:
                return None
            made = self._step(other, other.kind(of), [value])
            return made[0] if made else None
        if meaning == self.meaning:
            return None
        parameter = way.family.parameters[way.main + 1]
        return self._parameter(parameter, with_type(parameter.type, kind))

    def _step(self, way: Way, kind: str, taken: list[str]) -> tuple[str, str] | None:
        """The name and type of the result of one more step; None if there is none."""
        family = way.family
        if family.helpers or self.draws.chance(_CALLED):
            return self._call(way, kind, taken)
        is_expression, template = self.draws.pick(family.body_templates)
        text = with_type(expanded(template, self.draws, {}), kind)
        parts = _parts(is_expression, plain_floats(text))
        if parts is None:
            return self._call(way, kind, taken)
        *texts, declared = parts
        kinds = [with_type(p.type, kind) for p in family.parameters]
        table = self._arguments(way, kinds, taken)
        for name in declared:
            if name not in table:
                table[name] = self._local(name, family.alternatives.get(name, (name,)))
        statements, value = (renamed(text, table) for text in texts)
        words = self._told(family, table)
        if words and self.draws.chance(0.35) and "{" not in words:
            self.lines.append(f"// {words}")
        if statements:
            self.lines.append(statements.rstrip("\n"))
        return self._bind(way, with_type(family.result, kind), value)

    def _call(self, way: Way, kind: str, taken: list[str]) -> tuple[str, str] | None:
        callee = Callee(way.family, self.draws, kind)
        known = callee.name in self.functions or callee.name in self.alternatives
        if known or callee.name in callee.formal:
            return None
        table = self._arguments(way, callee.types, taken)
        self.functions.add(callee.name)
        self.calls.append(callee.signature)
        self._told(way.family, table)
        return self._bind(way, callee.result, f"{callee.name}({', '.join(table.values())})")

    def _arguments(self, way: Way, kinds: list[str], taken: list[str]) -> dict[str, str]:
        """A variable for each parameter of a step: a value so far, a parameter, a number."""
        table: dict[str, str] = {}
        for i, (parameter, kind) in enumerate(zip(way.family.parameters, kinds)):
            given = i - way.main
            if 0 <= given < len(taken):
                table[parameter.names[0]] = taken[given]
            else:
                table[parameter.names[0]] = self._other(parameter, kind, way.family)
        return table

    def _other(self, parameter: Parameter, kind: str, family: Family) -> str:
        name = parameter.names[0]
        ordered = name in chain.from_iterable(Domain.of(family).orders)
        free = not ordered and name not in _ANYWHERE and name not in _GIVEN
        if kind == "f32" and free and self.draws.chance(_SET):
            constant = self._local(name, family.alternatives[name])
            self.lines.append(f"let {constant} = {within_domain(family, name, self.draws)};")
            return constant
        return self._parameter(parameter, kind)

    def _parameter(self, parameter: Parameter, kind: str) -> str:
        name = parameter.names[0]
        if self.time and name in ("t", "time") and kind == "f32":
            return self.time
        mine = f"{name}P_"
        if mine in self.parameters and (name not in _ANYWHERE or self.parameters[mine] != kind):
            mine = f"{name}P{len(self.alternatives)}_"
        self.parameters[mine] = kind
        self.alternatives.setdefault(mine, tuple(parameter.names))
        return mine

    def _local(self, name: str, names: tuple[str, ...]) -> str:
        """A canonical name for a local variable that no other step has."""
        canonical = f"{name}L{len(self.alternatives)}_"
        self.alternatives[canonical] = names
        return canonical

    def _bind(self, way: Way, kind: str, value: str) -> tuple[str, str]:
        """A variable for the result of a step."""
        result = self._local("r", _result_names(way.family.names[0], way.gives))
        typed = f": {kind}" if self.draws.chance(0.2) else ""
        self.lines.append(f"let {result}{typed} = {value};")
        self.results.append((result, kind))
        self.families.append(way.family)
        return result, kind

    def _told(self, family: Family, table: dict[str, str]) -> str:
        """The words of a step, with the names of this function; they are kept for the comment."""
        if not family.description_templates:
            return ""
        text = expanded(self.draws.pick(family.description_templates), self.draws, {})
        text = _NAME.sub(lambda m: f"{{{table.get(m[1], m[1])}}}", text).strip(" .")
        if text:
            self.words.append(text)
        return text

    def draft(self) -> Draft:
        """The draft, in one of the places of a plain family where it returns no struct."""
        draws, family = self.draws, self._family()
        draft = Draft(family, draws, self.style)
        draft.areas = frozenset(family.area for family in self.families)
        place = draws.weighted(PLACES)
        unseen = place is as_fragment and self.meaning in _UNSEEN
        if place is not None and family.result in _FLOATS and not unseen:
            place(draft)
        return draft

    def _family(self) -> Family:
        context, result = self._return()
        told = "; ".join(w if i == 0 else lowered(w) for i, w in enumerate(self.words))
        whole = len(self.words) == len(self.families) <= _MOST_TOLD
        parameters = [Parameter((name,), kind) for name, kind in self.parameters.items()]
        family = Family(
            "pipeline", self._names(), parameters, result, descriptions=[told] if whole else [],
            bodies=[(False, "\n".join(self.lines))], context=context, calls=self.calls,
        ).finish({*self.functions, *_FIXED})  # fmt: skip
        family.alternatives |= self.alternatives
        return family

    def _names(self) -> tuple[str, ...]:
        last, first = self.families[-1].names[0], self.families[0].names[0]
        both = f"{first}{titled(last)}"
        if known := called_so().get(self.meaning):
            return (*known[0], both) if len(self.families) == 2 else known[0]
        verbs = () if begins_with_verb(last) else tuple(verb + titled(last) for verb in _VERBS)
        return (*verbs, both)

    def _return(self) -> tuple[list[str], str]:
        """End the body with the last result, at times with one before; context and its type."""
        draws = self.draws
        if len(self.results) < 3 or not draws.chance(0.2):
            self.lines.append(f"return {self.value};")
            return [], self.kind
        other = draws.pick(self.results[:-1])
        members = [(name.replace("L", "M"), name, kind) for name, kind in (other, self.results[-1])]
        self.alternatives |= {member: self.alternatives[name] for member, name, _ in members}
        declared = struct(_TYPES, [f"{member}: {kind}" for member, _, kind in members])
        self._return_struct([(member, name) for member, name, _ in members])
        return [declared], "Result_"

    def _return_struct(self, members: list[tuple[str, str]]) -> None:
        if self.draws.chance(0.5):
            self.lines.append(f"return Result_({', '.join(name for _, name in members)});")
            return
        self.alternatives["out_"] = ("result", "out", "res", "ret", "o")
        self.lines.append("var out_: Result_;")
        self.lines += [f"out_.{member} = {name};" for member, name in members]
        self.lines.append("return out_;")
