"""Remarks around a description, as people leave them: headings, parameters, notes to themselves.

A model that has read descriptions alone takes every word of a comment for a wish. People's
comments say much that tells nothing of the body, and some say nothing else.
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from tat.resources import resource
from tat.synth.draws import Draws, Weighted
from tat.synth.words import camel_words

_PLAIN = 0.58  # share of comments that are the description alone
_VAGUE, _NAMED, _LABELLED = 0.05, 0.08, 0.11  # shares of others; the rest has remarks behind it
_MORE = Weighted(("aside", 0.42), ("parameters", 0.3), ("gives", 0.1), ("facts", 0.18))
_TYPES = {
    "f32": ("float", "number", "scalar", "f32"), "i32": ("integer", "int", "signed integer"),
    "u32": ("unsigned integer", "uint", "integer"), "bool": ("boolean", "bool", "flag"),
    "vec2f": ("2D vector", "vec2", "vector"), "vec3f": ("3D vector", "vec3", "vector"),
    "vec4f": ("4D vector", "vec4", "vector"), "mat2x2f": ("2x2 matrix", "matrix"),
    "mat3x3f": ("3x3 matrix", "matrix"), "mat4x4f": ("4x4 matrix", "matrix"),
}  # fmt: skip
_AN = re.compile(r"f32|i32|int|unsigned|array")
_RANGE = re.compile(r"(\w+) in \[(-?1|0), ?1\]")
_UNIT = re.compile(r"unit (\w+)")


class Told(NamedTuple):
    """A function as its comment may speak of it, with the names that it has got."""

    name: str
    area: str  # "" where the description alone says what it is
    attributes: str
    parameters: Sequence[tuple[str, str]]  # names and types
    result: str
    facts: Sequence[
        tuple[str, str]
    ]  # names; the lower end of a range to 1, or "" for a unit vector


def with_remarks(text: str, told: Told, draws: Draws) -> str:
    """A description as it is, with remarks around it, or at times something else in its place."""
    share = draws.random() - _PLAIN
    if share < 0:
        return text
    if share < _VAGUE:
        return _vague(told, draws) if told.area else text
    if share < _VAGUE + _NAMED:
        return _name_in_words(told, draws) if told.area and not told.attributes else text
    if share < _VAGUE + _NAMED + _LABELLED:
        labels = _phrases("area_labels" if told.area and draws.chance(0.5) else "labels")
        return f"{_filled(draws.pick(labels), told)} {text}"
    before = ""
    for _ in range(draws.between(1, 2)):
        if (kind := draws.weighted(_MORE)) != before:
            text = _joined(text, _remark(kind, told, draws), kind, draws)
        before = kind
    return text


@lru_cache(maxsize=1 << 13)
def facts_of(domain: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Facts that `~` lines state: names from 0 or -1 to 1, and that end; unit vectors, and ""."""
    lines = ", ".join(domain)
    ranges = ((match[1], match[2]) for match in _RANGE.finditer(lines))
    return (*ranges, *((match[1], "") for match in _UNIT.finditer(lines)))


@cache
def _phrases(name: str) -> tuple[str, ...]:
    blocks = resource("synth", "remarks.txt").read_text("utf-8").split("\n\n")
    heads = (block.partition("\n") for block in blocks if not block.startswith("//"))
    lines = next(phrases for head, _, phrases in heads if head == name).splitlines()
    return tuple(line.strip() for line in lines)


def _vague(told: Told, draws: Draws) -> str:
    for stage in ("vertex", "fragment", "compute"):
        if "@" + stage in told.attributes:
            return draws.pick(_phrases(stage))
    if draws.chance(0.5):
        text = _filled(draws.pick(_phrases("in_area")), told)
        return text.capitalize() if draws.chance(0.6) else text
    return draws.pick(_phrases("vague"))


def _name_in_words(told: Told, draws: Draws) -> str:
    words = _title(told.name)
    return draws.pick((words, words, words.lower(), f"{words}.", f"{words} function"))


def _title(name: str) -> str:
    words = " ".join(camel_words(name.strip("_"))).replace("_", " ")
    return words[:1].upper() + words[1:]


def _filled(text: str, told: Told) -> str:
    if "{" not in text:
        return text
    return text.format(area=told.area, name=told.name, title=_title(told.name))


def _remark(kind: str, told: Told, draws: Draws) -> str:
    if kind == "facts" and told.facts:
        name, low = draws.pick(told.facts)
        return draws.pick(_phrases("ranges" if low else "units")).format(x=name, low=low)
    if kind == "parameters" and told.parameters and not told.attributes:
        return _parameters(told, draws)
    if kind == "gives" and told.result and not told.attributes:
        return _gives(told.result, draws)
    return draws.pick(_phrases("asides"))


def _parameters(told: Told, draws: Draws) -> str:
    """The parameters, one by one, in words that say little more than their names."""
    if draws.chance(0.15):
        names = ", ".join(name for name, _ in told.parameters)
        return draws.pick(_phrases("listed")).format(words=names)
    form = draws.pick(_phrases("parameters"))
    lines = [
        form.format(x=name, words=_worded(name, kind, draws), kind=_type_words(kind, draws))
        for name, kind in told.parameters
    ]
    return "\n".join([*lines, _gives(told.result, draws)] if draws.chance(0.3) else lines)


def _worded(name: str, kind: str, draws: Draws) -> str:
    words = _title(name).lower()
    if len(words) == 1 or draws.chance(0.2):
        words = _type_words(kind, draws)
        return f"{_article(words)} {words}" if draws.chance(0.6) else words
    return draws.pick(("the ", "The ", "", "the given ", "input ")) + words


def _type_words(kind: str, draws: Draws) -> str:
    return draws.pick(_TYPES.get(kind) or (kind or "nothing",))


def _article(words: str) -> str:
    return "an" if _AN.match(words) else "a"


def _gives(result: str, draws: Draws) -> str:
    words = _type_words(result, draws)
    return draws.pick(_phrases("gives")).format(kind=words, a=_article(words))


def _joined(text: str, more: str, kind: str, draws: Draws) -> str:
    if kind == "parameters":
        return f"{text}\n{more}"
    if kind == "aside" and draws.chance(0.25):
        return f"{more}{draws.pick(('. ', chr(10), ': ', ' - '))}{text}"
    if draws.chance(0.15) and "\n" not in text:
        return f"{text.rstrip('.')} ({more})"
    stop = "" if text.endswith((".", ":", "]", ")")) else "."
    return f"{text}{stop} {more}" if draws.chance(0.5) else f"{text}\n{more}"
