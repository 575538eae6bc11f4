"""Meanings of values, so that what is put together makes sense: steps/meanings.txt."""

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from tat.errors import FileError
from tat.resources import resource
from tat.synth.draws import Draws
from tat.synth.family import Family, Parameter

_HEAD = re.compile(r"(\w+(?:/\w+)*(?:, \w+)*) -> (\w+)(?: (\d))?")
TYPES = {  # of meanings; all others are f32
    **dict.fromkeys(("uv", "tile", "blocks", "screen", "plane", "plane0", "field", "random2",
                     "complex", "complex1", "disk", "oct", "direction2", "equirect"), "vec2f"),
    **dict.fromkeys(("place3", "field3", "color", "light", "exposed", "look", "mixed", "false",
                     "encoded", "dithered", "grained", "normal", "bump", "texel", "texel2",
                     "bump0", "bent", "decoded",
                     "light3", "direction", "sphere", "shown", "lit", "hue3", "yuv", "xyz", "lab",
                     "lch", "oklch", "oklab", "hsv", "hsl"), "vec3f"),
    **dict.fromkeys(("rgbe", "rgbm", "straight", "straight2", "masked", "premul", "composite"),
                    "vec4f"),
    **dict.fromkeys(("bits", "word", "word2", "index", "quantized"), "u32"),
    "cell": "vec2i",
}  # fmt: skip
_AGAIN = 2  # weight of a step that keeps the meaning, beside 1 for each other meaning


class Way(NamedTuple):
    """A family that makes a value of one meaning from one or two of others."""

    family: Family
    takes: tuple[str, ...]
    gives: str
    main: int  # place of the first parameter that is taken
    place: int  # among steps that keep the meaning; 0 of all others

    def kind(self, given: str) -> str:
        """The type that T is where the value that it takes has the type `given`; "" without T."""
        if not self.family.generic:
            return ""
        of_main = self.family.parameters[self.main].type == "T"
        return given if of_main else TYPES.get(self.gives, "f32")

    def fits(self, given: str) -> bool:
        """Whether it can take a value of this type."""
        kind = self.family.parameters[self.main].type
        return given in self.family.types if kind == "T" else kind == given

    @property
    def rest(self) -> list[Parameter]:
        """The parameters that none of the values stands for."""
        taken = range(self.main, self.main + len(self.takes))
        return [p for i, p in enumerate(self.family.parameters) if i not in taken]


@cache
def known_steps() -> tuple[tuple[tuple[str, ...], str, int, str], ...]:
    """Steps of steps/meanings.txt: meanings taken, the one given, its place, family@parameter."""
    found: list[tuple[tuple[str, ...], str, int, str]] = []
    heads: list[tuple[tuple[str, ...], str, int]] = []
    text = resource("synth", "steps", "meanings.txt").read_text("utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("  "):
            found += [(*head, name) for head in heads for name in line.split()]
        elif line and not line.startswith("//"):
            match = _HEAD.fullmatch(line)
            if not match:
                raise FileError(f"steps/meanings.txt:{number}: write `a -> b` or `a, b -> c`")
            first, *more = match[1].split(", ")
            heads = [((one, *more), match[2], int(match[3] or 0)) for one in first.split("/")]
    return tuple(found)


@cache
def called_so() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Names of functions and of variables that give a meaning: steps/results.txt."""
    text = resource("synth", "steps", "results.txt").read_text("utf-8")
    lines = (line.partition(": ") for line in text.splitlines() if not line.startswith("//"))
    parts = ((meaning, names.partition(" | ")) for meaning, _, names in lines)
    return {meaning: (tuple(f.split()), tuple(v.split())) for meaning, (f, _, v) in parts}


class Ways:
    """The ways of chosen families, by the meaning that they take first."""

    def __init__(self, families: Sequence[Family]) -> None:
        known = {family.id: family for family in families}
        self.all: list[Way] = []
        self._steps: dict[str, dict[str, list[Way]]] = {}
        for takes, gives, place, text in known_steps():
            name, _, parameter = text.partition("@")
            if family := known.get(name):
                names = [p.names[0] for p in family.parameters]
                main = names.index(parameter) if parameter else 0
                way = Way(family, takes, gives, main, place)
                self.all.append(way)
                self._steps.setdefault(takes[0], {}).setdefault(gives, []).append(way)

    def between(self, taken: str, given: str) -> list[Way]:
        """All ways from one meaning to another."""
        return self._steps.get(taken, {}).get(given, [])

    def next(
        self, taken: str, given: str, left: set[str], draws: Draws, place: int = 0
    ) -> Way | None:
        """A way on from a value of a meaning and type, to none of the meanings in `left`.

        `place` is that of the step before, if it kept the meaning: one that keeps it comes later.
        """
        open_ = [
            (meaning, ways) for meaning, ways in self._steps.get(taken, {}).items()
            if meaning not in left
        ]  # fmt: skip
        open_ += [pair for pair in open_ if pair[0] == taken] * (_AGAIN - 1)
        for _ in range(4 if open_ else 0):
            way = draws.pick(draws.pick(open_)[1])
            if way.fits(given) and (way.place > place or not way.place):
                return way
        return None
