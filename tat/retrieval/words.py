"""Cuts text into words to search by, identifiers where their spelling shows words."""

import re
from collections.abc import Iterator
from functools import lru_cache

# Longer runs are cut, in index and query alike: no word is then too long for SQLite.
_RUN = re.compile(r"\w{1,64}")
_TYPE = re.compile(r"[fiu]32|f16|vec[234][fhiu]?|mat[234]x[234][fh]?")  # these are words already
_EDGE = re.compile(
    r"""_+
    | (?<=[a-z])(?=[A-Z])           # sd|Box
    | (?<=[A-Z])(?=[A-Z][a-z])      # HSV|To
    | (?<=\d)(?=[^\W\d_])           # 2|d
    | (?<=[^\W\d_])(?=\d)           # noise|2""",
    re.VERBOSE,
)


def words(text: str) -> Iterator[str]:
    """Words of `text` in lower case; those of an identifier are followed by all of it as one.

    `sdRoundedBox` and `sd_rounded_box` both give sd, rounded, box, sdroundedbox.
    """
    for run in _RUN.findall(text):
        yield from _parts(run)


@lru_cache(maxsize=1 << 16)
def _parts(run: str) -> tuple[str, ...]:
    if _TYPE.fullmatch(run):
        return (run,)
    parts = [part.lower() for part in _EDGE.split(run) if part]
    return (*parts, "".join(parts)) if len(parts) > 1 else tuple(parts)
