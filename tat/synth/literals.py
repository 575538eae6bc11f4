"""Constants of all types: nice numbers, within what a parameter may be."""

import re

from tat.synth.domain import DEFAULTS
from tat.synth.draft import Argument, Draft
from tat.synth.draws import Draws
from tat.synth.family import Family
from tat.synth.words import listed

NICE = (
    "0.5", "0.25", "0.1", "2.0", "0.05", "1.5", "0.75", "4.0", "0.01", "3.0", "8.0", "0.2", "0.9",
    "1.2", "10.0", "0.3", "0.6",
)  # fmt: skip
WHOLE = ("1", "2", "3", "4", "5", "8", "16", "32", "64", "10", "7", "12", "256")
_USUAL = {
    "dt": ("0.016", "0.01", "0.0166667", "0.02", "0.005"),  # seconds
    "gamma": ("2.2", "1.8", "2.4"),
}
_OF_COMPOSED = re.compile(r"(?:Arg|B|P\d*)_$")  # behind a family's name for a parameter
VECTOR = re.compile(r"vec([234])([fiu])$")
SCALARS = {"f": "f32", "i": "i32", "u": "u32"}
_INTERVALS = re.compile(r"(\w+) in \[?(-?[\d.]+?)(?:, *|\.\.)(-?[\d.]+)\]?")
_NUMBERS = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?=[u,)]|$)")
_COUNTS = frozenset(listed("n count scale freq frequency cells levels steps tiles"))
_MANY = (2.0, 16.0)
_SHARES = frozenset(
    listed("""probability opacity alpha roughness rough metallic occlusion ao coverage
    t weight albedo reflectance saturation amount blend mask share threshold NdotL NdotV NdotH
    LdotH VdotH cosTheta sinTheta u u1 u2 xi progress mixing damping dropout balance lift decay
    phase mu cutoff goal margin""")
)


def literal(draws: Draws, kind: str) -> str:
    """A constant of a type."""
    if kind == "f32":
        return draws.pick(NICE)
    if kind in ("i32", "u32"):
        return draws.pick(WHOLE) + ("u" if kind == "u32" else "")
    vector = VECTOR.match(kind)
    assert vector
    scalar = SCALARS[vector[2]]
    return f"{kind}({', '.join(literal(draws, scalar) for _ in range(int(vector[1])))})"


def plain_name(argument: Argument) -> str:
    """The name in its family of an argument of a composed function."""
    return _OF_COMPOSED.sub("", argument.name)


def constant(draft: Draft, argument: Argument) -> str:
    """A value for a parameter: of the domain that its family states, of [0, 1] for a share."""
    name = plain_name(argument)
    if argument.type == "f32" and name in _USUAL:
        return draft.draws.pick(_USUAL[name])
    interval = _INTERVALS.findall(" ".join(draft.family.domain))
    known = {name: (float(low), float(high)) for name, low, high in interval}
    usual = (0.0, 1.0) if name in _SHARES else _MANY if name in _COUNTS else (0.0, 3.0)
    known.setdefault(argument.name, usual if argument.type == "f32" else (0.0, 1e9))
    low, high = known[argument.name]
    for _ in range(30):
        value = literal(draft.draws, argument.type)
        if all(low <= float(n) <= high for n in _NUMBERS.findall(value)):
            return value
    zero = {"f32": "0.5", "i32": "1", "u32": "1u"}.get(argument.type, f"{argument.type}(1)")
    return zero.replace("0.5", f"{(low + high) / 2:.4g}") if high < 1e9 else zero


def within_domain(family: Family, name: str, draws: Draws) -> str:
    """A number for an f32 parameter, from where the checks draw it."""
    found = {n: (float(a), float(b)) for n, a, b in _INTERVALS.findall(" ".join(family.domain))}
    if name in _USUAL:
        return draws.pick(_USUAL[name])
    usual = _MANY if name in _COUNTS else DEFAULTS["f32"]
    low, high = found.get(name, usual)
    fitting = [number for number in NICE if max(low, high / 20) <= float(number) <= high]
    return draws.pick(fitting) if fitting else repr(round((low + high) / 2, 2))
