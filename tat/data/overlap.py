"""Overlap of generated functions with given ones: the nearest by body, whatever its names.

Nearness is the Jaccard index of runs of five tokens, as in tat.retrieval.similarity, where every
name that the language does not declare is the same token, and so are 1.0, 1. and 1.0f.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tat.retrieval.similarity import NEAR
from tat.synth.generator import Made
from tat.wgsl.adaptation import short_types
from tat.wgsl.builtins import ENUMERANTS, NAMES
from tat.wgsl.lexer import Token, code_of

_RUN = 5  # tokens
_DECLARED = NAMES | ENUMERANTS
_SWIZZLE = re.compile(r"[xyzw]{1,4}|[rgba]{1,4}")


class Target(NamedTuple):
    """A function that is given: its id and body."""

    id: str
    body: str


@dataclass(frozen=True)
class Nearest:
    """The nearest generated function of a target."""

    id: str
    similarity: float  # Jaccard index
    family: str
    number: int  # in the stream


def abstracted(body: str) -> list[str]:
    """The tokens of a body without comments, every name of its own as N."""
    tokens = code_of(short_types(body))
    before = [None, *tokens]
    return [_abstract(token, previous) for previous, token in zip(before, tokens)]


def _abstract(token: Token, previous: Token | None) -> str:
    if token.kind == "number":
        return _plain_number(token.text)
    if token.kind != "identifier":
        return token.text
    member = previous is not None and previous.text == "."
    known = _SWIZZLE.fullmatch(token.text) if member else token.text in _DECLARED
    return token.text if known else "N"


def _plain_number(text: str) -> str:
    if text[:2].lower() == "0x":
        return text.lower().rstrip("u")
    digits = text.rstrip("fhiu")
    whole = digits == text.rstrip("iu") and digits.isdecimal()
    try:
        return digits if whole else repr(float(digits))
    except ValueError:  # no number of WGSL, such as 10lf
        return text


def runs(body: str) -> frozenset[tuple[str, ...]]:
    """All runs of five abstracted tokens; fewer tokens are one short run."""
    tokens = abstracted(body)
    starts = range(max(1, len(tokens) - _RUN + 1))
    return frozenset(tuple(tokens[start : start + _RUN]) for start in starts)


class Overlap:
    """The nearest of all generated functions that were shown, for each target.

    It holds the targets' runs alone, whatever number is shown.
    """

    def __init__(self, targets: Sequence[Target]) -> None:
        self._ids = [target.id for target in targets]
        sets = [runs(target.body) for target in targets]
        self._sizes = list(map(len, sets))
        self._places: dict[tuple[str, ...], list[int]] = {}
        for place, found in enumerate(sets):
            for run in found:
                self._places.setdefault(run, []).append(place)
        self._best: dict[int, Nearest] = {}
        self._families: Counter[str] = Counter()

    def show(self, made: Made, threshold: float = NEAR) -> None:
        """Compare a generated function with every target."""
        found = runs(made.written.body)
        common = Counter(place for run in found for place in self._places.get(run, ()))
        near = False
        for place, shared in common.items():
            similarity = shared / (len(found) + self._sizes[place] - shared)
            near = near or similarity >= threshold
            best = self._best.get(place)
            if best is None or similarity > best.similarity:
                name = self._ids[place]
                self._best[place] = Nearest(name, similarity, made.family, made.number)
        self._families[made.family] += near

    def nearest(self) -> Iterator[Nearest]:
        """The nearest of each target that shares anything, in the order of the targets."""
        yield from (self._best[place] for place in sorted(self._best))

    def near_families(self) -> list[str]:
        """Families of which a shown function was near a target."""
        return sorted(family for family, times in self._families.items() if times)


def overlap_of(
    targets: Sequence[Target], stream: Iterable[Made], threshold: float = NEAR
) -> Overlap:
    """The overlap of all functions of `stream` with the targets."""
    overlap = Overlap(targets)
    for made in stream:
        overlap.show(made, threshold)
    return overlap
