"""Similarity of two pieces of WGSL: the Jaccard index of their runs of five lexical tokens.

A. Broder, "On the resemblance and containment of documents", 1997.
"""

from functools import lru_cache

from tat.wgsl.adaptation import short_types
from tat.wgsl.lexer import code_of

Shingles = frozenset[tuple[str, ...]]

NEAR = 0.8  # share of runs from which two pieces count as one

_LENGTH = 5  # tokens in a run


@lru_cache(maxsize=1 << 13)  # one of two compared texts often comes again
def shingles(code: str) -> Shingles:
    """All runs of five tokens of `code` without comments; fewer tokens are one short run."""
    # A copy must not hide behind the other spelling of a type.
    tokens = [t.text for t in code_of(short_types(code))]
    starts = range(max(1, len(tokens) - _LENGTH + 1))
    return frozenset(tuple(tokens[start : start + _LENGTH]) for start in starts)


def jaccard(one: Shingles, other: Shingles) -> float:
    """Share of all runs that both have: 0 for none in common, 1 for the same runs."""
    common = len(one & other)
    return common / ((len(one) + len(other) - common) or 1)


def near_duplicate(a: str, b: str) -> bool:
    """Whether `a` and `b` differ only in details: a Jaccard index of 0.8 or more."""
    return jaccard(shingles(a), shingles(b)) >= NEAR


def gives_away(text: Shingles, secret: Shingles) -> bool:
    """Whether `text` is a near-duplicate of `secret`, or holds it or nearly all of it."""
    contained = len(text & secret) / (len(secret) or 1)
    return contained >= NEAR or jaccard(text, secret) >= NEAR
