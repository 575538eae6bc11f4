"""Practice functions that give their values to helpers, of which they know the signature alone.

    fn f3(v: vec3f, R: R) -> vec3f  a pattern of steps/helpers.txt
    & fn f(v: f32, R) -> f32        f is drawn, and R is a: f32 or nothing
    = vec3f(f(v.x, R), ...)         -> return vec3f(glow(v.x, a), glow(v.y, a), glow(v.z, a));

What a helper does is not known, so names and types alone say how it is called.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from tat.resources import resource
from tat.synth.draft import Draft
from tat.synth.draws import Draws, Weighted
from tat.synth.family import Family, Helper, Parameter
from tat.synth.practice.scope import NAMES
from tat.synth.tables import parse_patterns
from tat.synth.words import RESERVED, listed, titled, upper_case

_VALUES = Weighted(
    ("f32", 40), ("vec3f", 32), ("vec2f", 16), ("vec4f", 8), ("u32", 3), ("i32", 1)
)  # fmt: skip
_RESULTS = Weighted(("f32", 45), ("vec3f", 33), ("vec2f", 10), ("vec4f", 12))
_PAIRS = Weighted((("vec2f", "f32"), 4), (("vec2u", "u32"), 2), (("vec2i", "i32"), 1))
_FURTHER = Weighted((0, 60), (1, 28), (2, 12))  # parameters that are passed on
_LETTERS = listed("D V G F")  # before the names of distributions, visibilities and the like
_FUNCTIONS = listed("evaluate blend sample response shape weight")
# names that say nothing: of callers of which no more is known, and of constants
_PLAIN = listed("base final local total main extra relative combined partial full own plain inner")
_ENDS = listed("Response Term Value Stage Result Part")
_CONSTANTS = listed("Setting Constant Preset Default")
_PARAMETERS = NAMES | {"vec2u": ["cell", "bits", "id"], "vec2i": ["cell", "coord", "offset"]}
_SAME = 0.75  # share of helpers' parameters that have the caller's name
_PLACE = re.compile(r"\b(?:A|B|C|T|T2|S2)\b")
_REST = re.compile(r", R\b")
_HELPER = re.compile(r"\b[fgh](?=\(|\})")
_IN_NAME = re.compile(r"^[fgk](?=[A-Z0-9]|$)|[FGK](?![a-z])")
_WORD = re.compile(r"[A-Z]?[a-z]{2,}")
_CANONICAL = {"f": "helperF_", "g": "helperG_", "h": "helperH_"}


class Names:
    """Names to draw from: those of families, and usual ones."""

    def __init__(self, families: Sequence[Family]) -> None:
        plain = [family for family in families if not family.attributes]
        found = dict.fromkeys(name for family in plain for name in family.names if len(name) > 2)
        self.functions = (*found, *_FUNCTIONS)
        words = {word.lower() for name in self.functions for word in _WORD.findall(name)}
        self.words = tuple(sorted(words - RESERVED))
        pools = {kind: dict.fromkeys(usual) for kind, usual in _PARAMETERS.items()}
        for family in plain:
            for p in family.parameters:
                for kind in family.types if p.type == "T" else (p.type,):
                    if kind in pools:
                        pools[kind] |= dict.fromkeys(n for n in p.names if not n.endswith("_"))
        self.parameters = {kind: tuple(pool) for kind, pool in pools.items()}


def with_helpers(names: Names, draws: Draws) -> Draft:
    """A function that calls up to three helpers, or takes a constant of its module."""
    pattern = draws.weighted(_patterns())
    places = _types(pattern, draws)
    further = _further(draws)
    called = {letter: _function_name(draws, names) for letter in "fgh"}
    called["k"] = draws.pick(_PLAIN) + draws.pick(_ENDS)
    if not any(line.startswith("fn g(") for line in pattern.calls):
        called["g"] = called["k"]
    called["K"] = draws.pick(_PLAIN) + draws.pick(_CONSTANTS if pattern.context else _ENDS)

    def text(line: str, declared: bool = False) -> str:
        """`line` with types, further parameters and helpers in their places."""
        rest = "".join(f", {n}: {t}" if declared else f", {n}" for n, t in further)
        line = _PLACE.sub(lambda match: places[match[0]], _REST.sub(rest, line))
        return _HELPER.sub(lambda match: _CANONICAL[match[0]], line)

    family = Family(
        "practice", tuple(_caller_name(name, called) for name in pattern.names),
        list(_parameters(pattern, places, further)), text(pattern.result),
        descriptions=[text(line) for line in pattern.descriptions],
        bodies=[(kind, text(line)) for kind, line in [draws.pick(pattern.bodies)]],
        context=[text(line) for line in pattern.context],
        calls=[text(line, declared=True) for line in pattern.calls],
    ).finish()  # fmt: skip
    _name(family, called, draws, names)
    return Draft(family, draws)


def _name(family: Family, called: dict[str, str], draws: Draws, names: Names) -> None:
    """Give helpers, constants and the parameters that have no name their drawn ones."""
    for letter, name in _CANONICAL.items():
        if name in family.alternatives:
            family.alternatives[name] = (called[letter],)
    if "K" in family.alternatives:
        family.alternatives["K"] = (upper_case(called["K"]),)
    kinds = {p.names[0]: p.type for p in family.parameters}
    for name, kind in kinds.items():
        if name.endswith("_"):
            family.alternatives[name] = (draws.pick(names.parameters[kind]),)
    family.helpers = [
        Helper(helper.name, [_formal(p, family, draws, names) for p in helper.parameters],
               helper.result)
        for helper in family.helpers
    ]  # fmt: skip


def _formal(parameter: Parameter, family: Family, draws: Draws, names: Names) -> Parameter:
    """A helper's parameter, mostly with the name that the caller has for it."""
    name = parameter.names[0]
    if not name.endswith("_"):
        return parameter
    known = family.alternatives.get(name)
    if known is None or not draws.chance(_SAME):
        known = (draws.pick(names.parameters[parameter.type]),)
    return Parameter(known, parameter.type)


def _parameters(
    pattern: Family, places: Mapping[str, str], further: Sequence[tuple[str, str]]
) -> Iterator[Parameter]:
    """The pattern's parameters with types and what R stands for in their places."""
    for p in pattern.parameters:
        if p.type == "R":
            yield from (Parameter((name,), kind) for name, kind in further)
        else:
            yield Parameter(p.names, places.get(p.type, p.type))


def _types(pattern: Family, draws: Draws) -> dict[str, str]:
    """The types that stand for A, B, C, T, T2 and S2."""
    vector, component = draws.weighted(_PAIRS)
    return {
        "A": draws.weighted(_VALUES), "B": draws.weighted(_VALUES), "C": draws.weighted(_RESULTS),
        "T": draws.pick(pattern.types), "T2": vector, "S2": component,
    }  # fmt: skip


def _further(draws: Draws) -> Sequence[tuple[str, str]]:
    """Names and types of what R stands for."""
    return [(f"r{n}_", draws.weighted(_VALUES)) for n in range(draws.weighted(_FURTHER))]


def _function_name(draws: Draws, names: Names) -> str:
    """A name of a family, or some words of such names."""
    share = draws.random()
    if share < 0.4:
        return draws.pick(names.functions)
    if share < 0.46:
        return f"{draws.pick(_LETTERS)}_{titled(draws.pick(names.words))}"
    first, *others = draws.sample(names.words, draws.between(1, 3))
    return first + "".join(map(titled, others))


def _caller_name(name: str, called: dict[str, str]) -> str:
    """`name` with what its letters stand for: fVec3, applyF, k."""

    def word(match: re.Match[str]) -> str:
        known = called.get(match[0]) or called[match[0].lower()]
        return known if match[0].islower() else titled(known)

    return _IN_NAME.sub(word, name)


@cache
def _patterns() -> Weighted[Family]:
    text = resource("synth", "steps", "helpers.txt").read_text("utf-8")
    found = parse_patterns(text, "practice", "helpers.txt")
    return Weighted(*((pattern, pattern.weight) for pattern in found))
