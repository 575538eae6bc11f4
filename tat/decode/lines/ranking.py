"""Choosing the line that is right most often: a conditional logit over what a line says.

The weights were fitted to gaps of public functions that are in no evaluation, and checked on
projects left out of the fit: bench/line_ranking.py. The model's probability alone chooses half as
well, for it knows generated functions, and few names of others.
"""

import math
import re
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from tat.decode.lines.rows import rows
from tat.decode.lines.site import Site, words_of
from tat.retrieval.words import words

_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
_PART = re.compile(r"[A-Za-z_]\w*")
_FILLED = re.compile(r"\((?:0\.0|1\.0|[01]u?)?\);|return (?:0\.0|1\.0|[01]u?|-1);")
_MEMBER = re.compile(r"(?:let|var)\s+\w+\s*=\s*\w+\.\w+;")
_ALIAS = re.compile(r"(?:let|var)\s+\w+\s*=\s*\w+;")
_TYPED = re.compile(r"var\s+\w+\s*:\s*[\w<>, ]+;")
_BARE = re.compile(r"return;|discard;|break;|continue;|\} else \{|\w+Barrier\(\);")
_VARIABLE = re.compile(r"return\s+(\w+);")


class Line(NamedTuple):
    """A text that validates, and what the model says of it."""

    text: str
    score: float  # mean log-probability of its tokens and the end, in nats
    tokens: int  # without the end
    times: int  # that the model drew it


class Ranking:
    """The lines of one gap."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def votes(self, lines: Sequence[Line]) -> list[float]:
        """The probability of each line to be the right one, if one of them is."""
        return shares([self.value(line) for line in lines])

    def value(self, line: Line) -> float:
        """How far a line is preferred, as a logarithm of odds."""
        return sum(WEIGHTS[name] * value for name, value in self.features(line).items())

    def features(self, line: Line) -> dict[str, float]:
        """The values of `WEIGHTS` for a line: what speaks for it or against it."""
        site, text = self._site, line.text.strip()
        says, length = " ".join(words_of(text)), line.tokens + 1
        returned, variable = text.startswith("return"), _VARIABLE.fullmatch(text)
        names = set(_NAME.findall(text))
        value = text.removeprefix("return")
        value = text.partition("=")[2] if "=" in text and not returned else value
        spoken = set(words(" ".join(_PART.findall(value))))
        fresh = sum(name in names for name in site.fresh)
        typed = _TYPED.fullmatch(text)
        return {
            "sum": line.score * length / 10,
            "mean": line.score,
            "tokens": length / 10,
            "form": not line.times,
            "times": math.log1p(line.times),
            "unused names": min(fresh, 3),
            "unused names left": min(len(site.fresh) - fresh, 3),
            "names": len(names) / 5,
            "words of its name": _shared(words(site.missing), spoken),
            "again": says in self._around,
            "of a row": says in self._rows and says not in self._around,
            "returns a variable": bool(variable and variable[1] in self._changing),
            "filled": returned and bool(_FILLED.search(text)),
            "calls": any(re.search(rf"\b{c.name}\s*\(", text) for c in site.callees),
            "samples": "textureSample" in text,
            "member": bool(_MEMBER.fullmatch(text)),
            "alias": bool(_ALIAS.fullmatch(text)),
            "typed": bool(typed),
            "var": text.startswith("var ") and not typed,
            "return not asked": returned and not (site.missing or site.lacks_result),
            "bare": bool(_BARE.fullmatch(text)),
        }

    @cached_property
    def _around(self) -> set[str]:
        return {" ".join(words_of(line)) for line in (*self._site.above, *self._site.below)}

    @cached_property
    def _rows(self) -> set[str]:
        return {" ".join(words_of(line)) for line in rows(self._site)}

    @cached_property
    def _changing(self) -> set[str]:
        return set(re.findall(r"\bvar\s+(\w+)", self._site.body))


def shares(values: Sequence[float]) -> list[float]:
    """Logarithms of odds as probabilities."""
    most = max(values, default=0.0)
    odds = [math.exp(value - most) for value in values]
    return [one / sum(odds) for one in odds]


def _shared(one: Sequence[str], other: set[str]) -> float:
    """Jaccard's coefficient of the words of two texts."""
    return len({*one} & other) / max(1, len({*one} | other)) if one else 0.0


WEIGHTS = {
    "sum": -0.1, "mean": 0.12, "tokens": 0.06, "form": 1.73, "times": 2.2, "unused names": 0.27,
    "unused names left": -1.94, "names": -0.1, "words of its name": 0.86, "again": 0.17,
    "of a row": 1.8, "returns a variable": 1.99, "filled": -0.23, "calls": 2.56, "samples": 3.43,
    "member": 0.78, "alias": 0.22, "typed": 0.12, "var": -2.27, "return not asked": -1.13,
    "bare": 0.74,
}  # fmt: skip
