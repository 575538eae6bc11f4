"""Choosing the text for a gap within a line: a conditional logit over what a text says.

The weights were fitted to gaps of public functions that are in no evaluation, and checked on
projects left out of the fit: bench/line_ranking.py.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property

from tat.decode.lines.ranking import Line, shares
from tat.decode.lines.site import Site, Value, words_of
from tat.wgsl.lexer import code_of
from tat.wgsl.values import values_in

_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
_NUMBER = re.compile(r"-?[\d.][\w.]*")


class WithinRanking:
    """The texts of one gap."""

    def __init__(self, site: Site, begun: str) -> None:
        """`begun`: what stands before the gap in its line."""
        self._site, self._begun = site, begun

    def votes(self, lines: Sequence[Line]) -> list[float]:
        """The probability of each text to be the right one, if one of them is; its likelihood is
        that of the whole line."""
        return shares([self.value(line) for line in lines])

    def value(self, line: Line) -> float:
        """How far a text is preferred, as a logarithm of odds."""
        return sum(WEIGHTS[name] * value for name, value in self.features(line).items())

    def features(self, line: Line) -> dict[str, float]:
        """The values of `WEIGHTS` for a text: what speaks for it or against it."""
        site, text = self._site, line.text.strip()
        said, names, parameter = words_of(text), set(_NAME.findall(text)), self._parameter
        left = len(set(site.fresh) - names)
        return {
            "sum": line.score * (line.tokens + 1),
            "tokens": len(said) / 5,
            "again": math.log1p(self._around[" ".join(said)]),
            "unused names left": min(left, 3),
            "parameter's name": bool(parameter) and text.rpartition(".")[2] == parameter.text,
            "calls": any(re.search(rf"\b{c.name}\s*\(", text) for c in site.callees),
            "number": bool(_NUMBER.fullmatch(text)),
        }

    @cached_property
    def _around(self) -> Counter[str]:
        """How many lines of the function have each value."""
        lines = (*self._site.above, *self._site.below)
        return Counter(text for line in lines for text in set(_values(line)))

    @cached_property
    def _parameter(self) -> Value | None:
        """The parameter that an argument in the gap is for, of a function of the module."""
        tokens, depth, place = code_of(self._begun), 0, 0
        for index in range(len(tokens) - 1, 0, -1):
            text = tokens[index].text
            if text in "([" and depth == 0:
                name = tokens[index - 1].text
                callee = next((c for c in self._site.callees if c.name == name), None)
                parameters = callee.parameters if callee and text == "(" else ()
                return parameters[place] if place < len(parameters) else None
            depth += (text in ")]") - (text in "([")
            place += text == "," and depth == 0
        return None


def _values(line: str) -> Iterator[str]:
    for start, stops in values_in(line).items():
        yield from (" ".join(words_of(line[start:stop])) for stop in stops)


WEIGHTS = {
    "sum": 0.21, "tokens": -1.42, "again": 0.59, "unused names left": -1.19,
    "parameter's name": 2.71, "calls": 2.13, "number": -0.84,
}  # fmt: skip
