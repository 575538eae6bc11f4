"""The language's own words, and which of them begin with some letters."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache

from tat.wgsl.builtins import ENUMERANTS as _ENUMERANTS
from tat.wgsl.builtins import NAMES
from tat.wgsl.lexer import KEYWORDS as _KEYWORDS

PREDECLARED, KEYWORDS, ENUMERANTS = map(sorted, (NAMES, _KEYWORDS, _ENUMERANTS))


def begins_any(words: Sequence[str], start: str) -> bool:
    """Whether one of the sorted `words` starts with `start`."""
    place = bisect_left(words, start)
    return place < len(words) and words[place].startswith(start)


def begins_one(words: Iterable[str], start: str) -> bool:
    """Whether one of the words starts with `start`; `any` of them takes twice as long."""
    for word in words:  # noqa: SIM110
        if word.startswith(start):
            return True
    return False


@lru_cache(maxsize=1024)
def keywords(start: str) -> tuple[str, ...]:
    """The keywords that start with `start`."""
    return tuple(word for word in KEYWORDS if word.startswith(start))


@lru_cache(maxsize=1024)
def beginning(start: str, template: bool) -> tuple[str, ...]:
    """All words that start with `start`; enumerants only in a `template` list."""
    words = (*PREDECLARED, *KEYWORDS, *(ENUMERANTS if template else ()))
    return tuple(word for word in words if word.startswith(start))
