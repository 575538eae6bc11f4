"""Longer functions: several families in succession, each of what the one before it gave.

A step takes a value for what it means: a place is turned, its distance to a shape makes a mask, the
mask a color. A step stands there whole, or is a call. The description is that of each family, one
after the other; where one speaks of what a caller does not see, the function has none.
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
from tat.synth.words import begins_with_verb, listed, titled, word_list

_STEPS = Weighted((2, 10), (3, 16), (4, 16), (5, 16), (7, 16), (9, 14), (12, 12))
_MOST_PARAMETERS = 8
_MOST_TOLD = 5  # steps of a function that has a comment, which tells them all
_CALLED = 0.15  # share of steps that are calls
_SET = 0.3  # share of numbers that are set in the body
_ANYWHERE = frozenset(listed("time dt n l v resolution"))  # the same in all steps of a function
_GIVEN = frozenset(
    listed("""a b detail base xi u u1 u2 noise bayer x y value t d dist depth h l lum luma phase hue
        angle white black threshold""")
)
_VELOCITY, _MOVING = ("velocity", "position"), ("vec2f", "vec3f")
_DECLARED = re.compile(r"\b(?:let|var)\s+(\w+)")
_NAME = re.compile(r"\{(\w+)\}")
_ITS = re.compile(r"\bit's\b")
_LAST_WORD = re.compile(r"[A-Z]?[a-z]{2,}\d*$")
_FLOATS = ("f32", "vec2f", "vec3f", "vec4f")
_TYPES = "Result_/Result/Output/Sample/Terms/Info/Data"
_FIXED = frozenset(("Result_", "out_"))
_VERBS = ("compute", "evaluate", "get", "calc", "make")


def pipeline(callables: Callables, draws: Draws) -> Draft | None:
    """A function of several steps; None where the draws came to fewer than two."""
    if not callables.starts:
        return None
    first = draws.pick(callables.starts)
    made = _Pipeline(callables, draws, first)
    made.add(first)
    for _ in range(draws.weighted(_STEPS) - 1):
        way = callables.ways.next(made.meaning, made.kind, made.left, draws, made.place)
        if way is None:
            break
        made.add(way)
    return made.draft() if len(made.families) > 1 else None


@lru_cache(maxsize=1 << 10)
def _domain(family: Family) -> Domain:
    return Domain.of(family)


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
        self.path: dict[str, tuple[str, str]] = {}  # the last name and type of each meaning
        self.domain: list[str] = []  # of the parameters
        self.left: set[str] = set()  # meanings of values before
        parameter = first.family.parameters[first.main]
        self.meaning, self.kind, self.place = first.takes[0], parameter.type, 0
        if self.kind == "T":
            moving = self.meaning in _VELOCITY
            self.kind = draws.pick(_MOVING) if moving else TYPES.get(self.meaning, "f32")
        self.time = self.gives = ""
        self.value = self._parameter(parameter, self.kind, first.family)
        self.time = self.value if self.meaning == "time" else ""
        self.root = (self.value, self.meaning, self.kind)  # where a second operand may come from

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
            self.path[way.gives] = made
            self.meaning, self.place = way.gives, way.place
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
        return self._parameter(parameter, with_type(parameter.type, kind), way.family)

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
        words = self._told(way, kind, table)
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
        self._told(way, kind, table)
        return self._bind(way, callee.result, f"{callee.name}({', '.join(table.values())})")

    def _arguments(self, way: Way, kinds: list[str], taken: list[str]) -> dict[str, str]:
        """A variable for each parameter of a step: a value so far, a parameter, a number."""
        table: dict[str, str] = {}
        able = True  # one number at most is set
        for i, (parameter, kind) in enumerate(zip(way.family.parameters, kinds)):
            given, name = i - way.main, parameter.names[0]
            if 0 <= given < len(taken):
                table[name] = taken[given]
            else:
                table[name] = self._other(parameter, kind, way.family, able)
                able = able and table[name] in self.parameters
        return table

    def _other(self, parameter: Parameter, kind: str, family: Family, able: bool) -> str:
        name = parameter.names[0]
        domain = _domain(family)
        tied = (*chain.from_iterable(domain.orders), *_ANYWHERE, *_GIVEN, *word_list("pairs"))
        free = able and name in domain.intervals and name not in tied
        if kind == "f32" and free and self.draws.chance(_SET):
            constant = self._local(name, family.alternatives[name])
            self.lines.append(f"let {constant} = {within_domain(family, name, self.draws)};")
            return constant
        return self._parameter(parameter, kind, family)

    def _parameter(self, parameter: Parameter, kind: str, family: Family) -> str:
        name = parameter.names[0]
        if self.time and name in ("t", "time") and kind == "f32":
            return self.time
        mine = f"{name}P_"
        if mine in self.parameters and (name not in _ANYWHERE or self.parameters[mine] != kind):
            mine = f"{name}P{len(self.alternatives)}_"
        self.parameters[mine] = kind
        self.alternatives.setdefault(mine, tuple(parameter.names))
        if interval := _domain(family).intervals.get(name):
            self.domain.append(f"{mine} in [{interval[0]}, {interval[1]}]")
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
        self.families.append(way.family)
        return result, kind

    def _told(self, way: Way, kind: str, table: dict[str, str]) -> str:
        """The words of a step for where it stands; for the comment `it` is the value so far."""
        if not way.family.description_templates:
            return ""
        text = expanded(self.draws.pick(way.family.description_templates), self.draws, {})
        text = text.replace("{T}", "scalar" if kind == "f32" else "vector").strip(" .")
        known = {name: f"{{{of}}}" for name, of in table.items()}
        seen = {name: of for name, of in known.items() if table[name] in self.parameters}
        main = way.family.parameters[way.main].names[0]
        seen = {main: "it"} | seen
        bare = seen[main] == "it" and re.search(rf"\b{main}\b", _NAME.sub("", text))
        if all(name in seen for name in _NAME.findall(text)) and not bare:
            told = _NAME.sub(lambda match: seen[match[1]], text)
            self.words.append(_ITS.sub("its", told))
        return _NAME.sub(lambda match: known.get(match[1], match[0]), text)

    def draft(self) -> Draft:
        """The draft, in one of the places of a plain family where it returns no struct."""
        draws, family = self.draws, self._family()
        draft = Draft(family, draws, self.style)
        draft.subject = None  # its meaning tells whether one looks at it
        place = draws.weighted(PLACES)
        unseen = place is as_fragment and self.meaning not in word_list("visible")
        if place is not None and family.result in _FLOATS and not unseen:
            place(draft)
        return draft

    def _family(self) -> Family:
        context, result = self._return()
        told = "; ".join(w if i == 0 else lowered(w) for i, w in enumerate(self.words)) + self.gives
        whole = len(self.words) == len(self.families) <= _MOST_TOLD
        parameters = [Parameter((name,), kind) for name, kind in self.parameters.items()]
        family = Family(
            "pipeline", self._names(), parameters, result, descriptions=[told] if whole else [],
            bodies=[(False, "\n".join(self.lines))], context=context, calls=self.calls,
            domain=self.domain,
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
        others = [made for meaning, made in self.path.items() if meaning != self.meaning]
        if len(self.families) < 3 or not others or not draws.chance(0.2):
            self.lines.append(f"return {self.value};")
            return [], self.kind
        both = (draws.pick(others), (self.value, self.kind))
        members = [(name.replace("L", "M"), name, kind) for name, kind in both]
        self.alternatives |= {member: self.alternatives[name] for member, name, _ in members}
        declared = struct(_TYPES, [f"{member}: {kind}" for member, _, kind in members])
        self._return_struct([(member, name) for member, name, _ in members])
        self.gives = "; gives {" + "} and {".join(member for member, *_ in members) + "}"
        return [declared], "Result_"

    def _return_struct(self, members: list[tuple[str, str]]) -> None:
        if self.draws.chance(0.5):
            self.lines.append(f"return Result_({', '.join(name for _, name in members)});")
            return
        self.alternatives["out_"] = ("result", "out", "res", "ret", "o")
        self.lines.append("var out_: Result_;")
        self.lines += [f"out_.{member} = {name};" for member, name in members]
        self.lines.append("return out_;")
