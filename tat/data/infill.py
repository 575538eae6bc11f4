"""Choosing gaps in function bodies for fill-in-the-middle samples (Bavarian et al., 2022).

A gap is a run of whole lines, or of tokens where the body has no line of its own. It begins and
ends where an editor's cursor would stand: behind the indentation of its first line and before the
end of its last one. The tokenizer cuts text at the same places, so that no gap splits a token.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise

from tat.wgsl.lexer import tokenize

_LINE = re.compile(r"[^\s].*")  # a line without its indentation and its end


def cut_gaps(body: str, count: float, key: str) -> Iterator[slice]:
    """`count` gaps of `body`, or as many on average, drawn by `key` alone; none in an empty body.

    The draws are SHA-256 of the key and a counter: the same everywhere, and independent of other
    draws.
    """
    pieces = lines_of(body) or _tokens(body)
    if not pieces:
        return
    rest = _draw(key, 0) / 2**64 < count % 1
    for number in range(1, int(count) + rest + 1):
        first, last = sorted(_draw(key, 2 * number + side) % len(pieces) for side in (0, 1))
        yield slice(pieces[first].start, pieces[last].stop)


def lines_of(body: str) -> list[slice]:
    """The lines between the first and the last line of the body, without blank ones."""
    start, stop = body.find("\n"), body.rfind("\n")
    return [slice(*line.span()) for line in _LINE.finditer(body, start, stop)] if start >= 0 else []


def _tokens(body: str) -> list[slice]:
    """The tokens between the braces, each with the space before it."""
    tokens = tokenize(body)
    return [slice(a.end, b.end) for a, b in pairwise(tokens[:-1])]


def _draw(key: str, counter: int) -> int:
    """An integer in 0..2^64-1."""
    return int.from_bytes(sha256(f"{key}/{counter}".encode()).digest()[:8], "little")
