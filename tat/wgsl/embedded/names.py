"""Names in declarations: which are used, and where, so that they can be found or renamed."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from tat.wgsl import builtins
from tat.wgsl.lexer import Token, code_of

_WITH_WORDS = frozenset(("builtin", "interpolate", "diagnostic"))  # attributes of words, no names


class Use(NamedTuple):
    """A name or a path of names (`a::b::c`) in a text, where it starts and ends."""

    path: tuple[str, ...]
    start: int
    end: int


def uses(text: str) -> list[Use]:
    """Identifiers that are no member's or attribute's name, paths of them as one."""
    tokens = code_of(text)
    found, index = [], 0
    while index < len(tokens):
        token = tokens[index]
        before = tokens[index - 1].text if index else ""
        index += 1
        if before == "@" and token.text in _WITH_WORDS:
            while index < len(tokens) and tokens[index - 1].text != ")":
                index += 1
        if token.kind != "identifier" or before in (".", "@"):
            continue
        path, end = [token.text], token.end
        while _goes_on(tokens, index):
            path.append(tokens[index + 2].text)
            end = tokens[index + 2].end
            index += 3
        found.append(Use(tuple(path), token.start, end))
    return found


def _goes_on(tokens: list[Token], index: int) -> bool:
    """Whether `::name` follows."""
    return (
        index + 2 < len(tokens) and tokens[index].text == tokens[index + 1].text == ":"
        and tokens[index].end == tokens[index + 1].start
        and tokens[index + 2].kind == "identifier"
    )  # fmt: skip


@cache
def predeclared() -> frozenset[str]:
    """All names that the language declares."""
    return frozenset(builtins.NAMES) | frozenset(builtins.ENUMERANTS)


_DECLARED = re.compile(
    r"\b(?:fn|struct|alias|let|const|override)\s+(\w+)|\bvar\s*(?:<[^<>]*>)?\s*(\w+)"
)
_TYPED = re.compile(r"\b(\w+)\s*:(?!:)")


def missing(text: str) -> list[str]:
    """Names that a text uses and neither it nor the language declares, each once."""
    known = {a or b for a, b in _DECLARED.findall(text)} | set(_TYPED.findall(text))
    found = (use.path[0] for use in uses(text) if len(use.path) == 1)
    return list(dict.fromkeys(
        name for name in found if name not in known and name not in predeclared()
    ))  # fmt: skip


def chained(text: str) -> Iterator[Use]:
    """The paths of more than one name."""
    return (use for use in uses(text) if len(use.path) > 1)
