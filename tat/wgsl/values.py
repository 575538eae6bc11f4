"""Where values stand in a line of code: right-hand sides, arguments and operands."""

from collections.abc import Sequence
from itertools import pairwise

from tat.wgsl.lexer import Token, code_of

_SIGNS = frozenset(("+", "-", "*", "/", "%", "==", "!=", "&&", "||", "|", "&", "^"))
_BEFORE = _SIGNS | {"=", "+=", "-=", "*=", "/=", "(", "[", ",", "return"}  # `<` also opens types
_BEHIND = _SIGNS | {";", ",", ")", "]"}


def values_in(line: str) -> dict[int, list[int]]:
    """Where values of `line` begin, and where each may end, in characters.

    Brackets of a value are whole. Several values with signs between them are one, too.

    >>> line = "let a = b + c;"
    >>> [line[start:stop] for start, stops in values_in(line).items() for stop in stops]
    ['b', 'b + c', 'c']
    """
    tokens = code_of(line)
    found = {}
    for first in range(1, len(tokens)):
        if tokens[first - 1].text in _BEFORE and (stops := _stops(tokens[first:])):
            found[tokens[first].start] = stops
    return found


def _stops(tokens: Sequence[Token]) -> list[int]:
    """Where a value that begins with these tokens may end."""
    depth, found = 0, []
    for token, following in pairwise(tokens):
        depth += (token.text in "([") - (token.text in ")]")
        if depth < 0 or token.text in ("{", "}", ";") or (depth == 0 and token.text == ","):
            break
        if depth == 0 and token.text not in _SIGNS and following.text in _BEHIND:
            found.append(token.end)
    return found
