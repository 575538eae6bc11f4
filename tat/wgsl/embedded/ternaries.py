"""Holes that choose between texts of the host, as one of these texts.

${deep ? "var depth: texture_depth_2d;" : ""}    ->    var depth: texture_depth_2d;
"""

import re

from tat.wgsl.embedded.javascript import literals
from tat.wgsl.embedded.literals import Candidate, Hole, Literal, candidate

_LONGEST = 20_000  # characters of a hole that is looked into
_NEAR = 200  # characters before a text that say what it is for
_CHOOSES = re.compile(r"\?(?![.?])")
_BETWEEN = re.compile(r"(?:[\s(]|/\*[^*]*\*/)*$")


def branch(whole: Candidate, hole: Hole, *, otherwise: bool = False) -> Candidate | None:
    """The first text that a hole chooses where its condition holds, or with `otherwise` the last
    one; None where it chooses between no texts. A text behind `??` counts as chosen, too."""
    words = whole.text.text[hole.start : hole.end]
    if len(words) > _LONGEST or not _CHOOSES.search(words):
        return None
    origin = whole.text.origin(hole.start)
    expression = words[2:-1]
    if origin is None or not expression:
        return None
    host, start = origin
    if host.text.startswith(words, start):
        start += 2
    elif not host.text.startswith(expression, start):
        return None
    found = _outermost(literals(host.text, start, start + len(expression)))
    chosen = [
        (sign, literal) for literal in found
        if (sign := _sign_before(host.text, start, literal)) in ("?", ":")
    ]  # fmt: skip
    if not any(sign == "?" for sign, _ in chosen):
        return None
    last = chosen[-1][1] if chosen[-1][0] == ":" else None
    first = next(literal for sign, literal in chosen if sign == "?")
    taken = last if otherwise else first
    return candidate(host, [taken], []) if taken else None


def _outermost(found: list[Literal]) -> list[Literal]:
    """The literals that stand in no other one."""
    kept: list[Literal] = []
    for literal in found:
        if not kept or literal.start >= kept[-1].end:
            kept.append(literal)
    return kept


def _sign_before(text: str, start: int, literal: Literal) -> str:
    """The sign before a literal, blanks, brackets and comments aside."""
    return _BETWEEN.sub("", text[max(start, literal.start - _NEAR) : literal.start])[-1:]
