"""How well functions fit a request in words: what of it they say, and what they say besides.

does a ray hit a box
  ray_box_hit  "Whether a ray hits an axis-aligned box"    all of it, and little else
  box_visible  "False if a box lies behind the frustum"    lacks `ray`, which is rarer than `box`
  ray_box      "Near and far distance of a ray and a box"  lacks `hit`

A function is described by several lines: its names, other words for it, and the beginning of its
comment. Of the request it says what any of them says. What it says besides counts in the line that
agrees best, so that a long comment, where any word may stand, is no advantage. The score is a
conditional logit over seven measures: bench/results/bundled_model.md says how it was fitted.
"""

import math
import re
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from itertools import pairwise

from tat.retrieval.naming import contrary
from tat.retrieval.query import Hit
from tat.retrieval.terms import meaning, terms
from tat.retrieval.words import parts

_COVERED = 3.2  # the share of the request that is said
_NAME = 1.8  # the agreement of the best name
_OWN_NAME = 0.7  # that of its own name
_LINE = 3.5  # the agreement of the best line
_FOUND = 3.8  # its BM25 score beside the best one
_PAIRS = 1.9  # the share of neighbouring words that are neighbours in one line, too
_CONTRARY = -1.3  # the share of its names that say the opposite
_EXACT = 2.0  # whether a line or a name is all that is asked, to the letter
_HEAD = 1.5  # factor of words before the first preposition: `drag force` on a moving object
_PREPOSITIONS = re.compile(
    "~(of|to|in|on|at|by|for|from|with|into|onto|against|versus|vs|between|about)|around"
)
_WAYS = ("~to", "~from")  # cartesian to spherical is the other way round
_SHORT = 0.05  # how much a term of up to two letters counts that is not asked
_SENTENCE = re.compile(r"(?<=[.;:])\s")
# A comma ends what is said, but not before where a value comes from: `box, from distances of faces`
_CLAUSE = re.compile(r"[.:;(]|,(?! (?:from|of|with|given|between|by)\b)")


class Request:
    """A request in words."""

    def __init__(self, text: str, frequency: Callable[[str], int], count: int) -> None:
        """`frequency` says how many of `count` chunks hold a word; rare ones count more."""
        self._terms, self._name = terms(text), "_".join(re.findall(r"\w+", text))
        self._words = _words(text)
        self._exact = _EXACT if len(self._words) > 1 else 0.0  # a lone word may mean many things
        self._weights = {
            term: meaning(term) * math.log((count + 1) / max(1, frequency(word)))
            for term, word in zip(self._terms, parts(text), strict=True)
        }
        for term in _head(self._terms):
            self._weights[term] *= _HEAD
        self._whole = sum(self._weights.values()) or 1.0
        self._pairs = set(pairwise(self._terms))

    def fit(self, hit: Hit, best: float) -> float:
        """The score of a hit, the higher the better; `best` is the highest BM25 score of all."""
        names = [terms(name) for name in hit.names]
        described = _lines(hit)
        lines = [*names, *map(terms, described), *(terms(_CLAUSE.split(d)[0]) for d in described)]
        said = {term for line in lines for term in line}
        pairs = max(_meant(self._pairs.intersection(pairwise(line))) for line in lines)
        return (
            _COVERED * self._share(said)
            + _NAME * max(map(self._agreement, names))
            + _OWN_NAME * self._agreement(names[0])
            + _LINE * max(map(self._agreement, lines))
            + (_FOUND * hit.score / best if best > 0 else 0.0)
            + (_PAIRS * pairs / _meant(self._pairs) if self._pairs else 0.0)
            + _CONTRARY * sum(contrary(self._name, name) for name in hit.names) / len(names)
            + self._exact * any(_words(line) == self._words for line in (*hit.names, *described))
        )

    def _share(self, said: Collection[str]) -> float:
        """The share of the request that these terms say."""
        return sum(w for term, w in self._weights.items() if term in said) / self._whole

    def _agreement(self, line: Sequence[str]) -> float:
        """The harmonic mean of the shares that a line says of the request, and that is asked of the
        line, where such as `sd` counts little."""
        own = set(line)
        asked = sum(meaning(term) for term in own if term in self._weights)
        if not asked:
            return 0.0
        besides = sum(
            meaning(term) if len(term) > 2 else _SHORT for term in own if term not in self._weights
        )
        share, of_own = self._share(own), asked / (asked + besides)
        return 2 * share * of_own / (share + of_own)


@lru_cache(maxsize=1 << 13)
def _words(text: str) -> tuple[str, ...]:
    """The words that mean something, as they are spelled: translation is not translate."""
    spelled = zip(parts(text), terms(text), strict=True)
    return tuple([w for w, term in spelled if term in _WAYS or not term.startswith("~")])


def _head(asked: Sequence[str]) -> set[str]:
    """The terms of a request that stand before its first preposition, but for those of little
    meaning."""
    found: set[str] = set()
    for term in asked:
        if found and _PREPOSITIONS.fullmatch(term):
            break
        found.update([] if term.startswith("~") else [term])
    return found


def _meant(pairs: Collection[tuple[str, str]]) -> float:
    """How much pairs of terms count."""
    return sum(meaning(one) * meaning(other) for one, other in pairs)


def _lines(hit: Hit) -> list[str]:
    """The descriptions of a function; of its comment the first sentence."""
    sentence = _SENTENCE.split(" ".join(hit.comment.split()))[0]
    said = (line for line in hit.topics.splitlines() if not line.isidentifier())
    return [*dict.fromkeys((sentence, *said))]
