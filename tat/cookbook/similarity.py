"""How near two pieces of WGSL are: the Jaccard index of their runs of lexical tokens."""

import re

from tat.wgsl.lexer import tokenize

Shingles = frozenset[tuple[str, ...]]

_LENGTH = 5  # tokens in a run

# vec3<f32> and vec3f are one type in two spellings; a copy must not hide behind the other.
_LONG_TYPE = re.compile(r"\b(vec[234]|mat[234]x[234])\s*<\s*([fiu])32\s*>")


def shingles(code: str) -> Shingles:
    """All runs of five tokens of `code`, comments left out."""
    tokens = [t.text for t in tokenize(_LONG_TYPE.sub(r"\1\2", code)) if t.kind != "comment"]
    return frozenset(tuple(tokens[i : i + _LENGTH]) for i in range(len(tokens) - _LENGTH + 1))


def jaccard(one: Shingles, other: Shingles) -> float:
    """Share of the runs of both that they have in common: 0 for none, 1 for the same runs."""
    common = len(one & other)
    return common / ((len(one) + len(other) - common) or 1)
