"""String literals of host languages as candidates: their text without escapes, holes marked."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tat.wgsl.embedded.placed import Host, Placed, with_line_feeds


class Part(NamedTuple):
    """A part of a literal in the host: text, or a hole with an expression of the host language."""

    start: int
    end: int
    hole: bool = False


class Literal(NamedTuple):
    """A literal from its first quote to behind its last; `escapes` turns its parts into text."""

    start: int
    end: int
    parts: tuple[Part, ...]
    escapes: re.Pattern[str] | None


class Hole(NamedTuple):
    """`text[start:end]` of a candidate holds a hole as the host writes it."""

    start: int
    end: int
    expression: str


@dataclass(frozen=True)
class Candidate:
    """Text of a host that may be WGSL; holes stand in it as the host writes them.

    `name` is what the host assigns it to, and `start` where it begins there.
    """

    text: Placed
    holes: tuple[Hole, ...] = ()
    name: str = ""
    start: int = 0

    @property
    def hole_texts(self) -> tuple[str, ...]:
        """The different texts of its holes, longest first."""
        texts = {self.text.text[hole.start : hole.end] for hole in self.holes}
        return tuple(sorted(texts, key=lambda text: (-len(text), text)))


_SIMPLE = {
    "n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "a": "\a",
    "\n": "", "\r\n": "", "\r": "",
}  # fmt: skip

# An escape of JavaScript and Python; Rust's line continuation also takes the blanks behind it.
ESCAPES = re.compile(
    r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})"
    r"|(\r\n|.))",
    re.DOTALL,
)
RUST_ESCAPES = re.compile(
    r"\\(?:u\{([0-9a-fA-F_]{1,8})\}|()()x([0-7][0-9a-fA-F])|(\r?\n\s*|.))", re.DOTALL
)


def unescaped(found: re.Match[str]) -> str:
    """The text of one escape."""
    for code in found.groups()[:4]:
        if code:
            number = int(code.replace("_", ""), 16)
            return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else " "
    said = found[5] or ""
    if said[:1] in "\r\n":
        return ""
    return _SIMPLE.get(said, said)


def candidate(
    host: Host, literals: Sequence[Literal], between: Sequence[Part], name: str = ""
) -> Candidate:
    """Literals that the host joins; `between` are the parts between them, one less."""
    parts: list[Placed] = []
    holes: list[Hole] = []
    size = 0

    def add(part: Placed) -> None:
        nonlocal size
        parts.append(part)
        size += len(part.text)

    for number, literal in enumerate(literals):
        for start, end, hole in literal.parts:
            if hole:
                words = host.text[start:end]
                holes.append(Hole(size, size + len(words), _expression(words)))
                add(Placed.of(host, start, end))
            else:
                add(_text(host, start, end, literal.escapes))
        if number < len(between):
            start, end, hole = between[number]
            if hole:
                words = "${" + host.text[start:end] + "}"
                holes.append(Hole(size, size + len(words), words[2:-1]))
                add(Placed.instead(words, host, start, end))
            elif start < end:
                add(Placed.instead("\n", host, start, end))
    return Candidate(Placed.join(parts), tuple(holes), name, literals[0].start)


def whole(host: Host, start: int, end: int) -> Candidate:
    """A part of a host as it stands there, with LF for its line ends."""
    return Candidate(with_line_feeds(Placed.of(host, start, end)), start=start)


_AROUND = re.compile(r"^[$\\]*[({]+|^\$|[)}]+$")


def _expression(words: str) -> str:
    return _AROUND.sub("", words).strip()


def _text(host: Host, start: int, end: int, escapes: re.Pattern[str] | None) -> Placed:
    placed = Placed.of(host, start, end)
    if escapes is not None and "\\" in placed.text:
        found = escapes.finditer(placed.text)
        placed = placed.edited((e.start(), e.end(), unescaped(e)) for e in found)
    return with_line_feeds(placed)


BRACES = re.compile(r"(\{\{|\}\})|\{[^{}\n;]{0,200}\}")
"""Holes `{}` and `{NAME:...}` of a format string; a doubled brace is a brace."""


def with_holes(
    text: str, start: int, end: int, holes: re.Pattern[str] | None
) -> Iterator[Part]:  # fmt: skip
    """Parts of a string with holes; what matches in a group of `holes` is a doubled sign."""
    copied = start
    for found in holes.finditer(text, start, end) if holes else ():
        if found.lastindex:
            yield Part(copied, found.start() + 1)
        else:
            yield Part(copied, found.start())
            yield Part(found.start(), found.end(), True)
        copied = found.end()
    yield Part(copied, end)


# No group with branches is possessive: before Python 3.11.5 it may lose what it matched.
_BLANKS = r"(?:\s++|//[^\n]*+\n|/\*[^*]*+\*/)*"
_TERM = (
    r"(?:(?:[A-Za-z_$][\w$.:]*|\d[\w.]*)(?:\([^()\n]{0,200}\)|\[[^\[\]\n]{0,100}\]|\.[\w$]++)*"
    r"|\((?:[^()\n]|\([^()\n]{0,200}\)){0,200}\))"
)
JOINED = re.compile(
    rf"{_BLANKS}\+{_BLANKS}(?:({_TERM}(?:{_BLANKS}[-+*/]{_BLANKS}{_TERM}){{0,8}}){_BLANKS}\+"
    rf"{_BLANKS})?"
)
"""The text between literals that `+` joins; a group holds an expression in the middle."""
_NEAR = 400  # characters between literals that are joined


def joining(text: str, start: int, end: int, pattern: re.Pattern[str]) -> Part | None:
    """The part between two literals if `pattern` takes it; a hole where it has a group."""
    found = pattern.fullmatch(text, start, end) if end - start <= _NEAR else None
    if not found:
        return None
    return Part(*found.span(1), True) if found[1] else Part(start, start)


Gap = Callable[[str, Literal, Literal], Part | None]
"""The part between two literals that the host joins; None where it does not join them."""

_INSIDE = 3  # literals inside of what is added between two: `+ (wide ? "vec4f" : "f32") +`
_CHAIN = 4000  # literals that are joined, in each direction
_BEFORE = 200  # characters before a literal that say its name
_NAME = re.compile(
    r"([A-Za-z_$][\w$]*)['\"]?\s*(?:\[\w*\]\s*)?(?::[^=;{}()]{0,80})?(?:=|:)\s*(?:/\*[^*]{0,80}\*/\s*)?"
    r"[\w$.!(\[#\s]*$"
)  # fmt: skip

_EVIDENCE = re.compile(
    r"fn\s+(?:[^\W\d]|\$|$)|struct\s+(?:[\w$]|$)|var\s*<|@\w|alias\s+\w|#import|import "
)


def candidates(host: Host, literals: Sequence[Literal], gap: Gap) -> Iterator[Candidate]:
    """The candidates among the literals of a host, those that it joins as one.

    Only literals with a word of WGSL's declarations are looked at further.
    """
    text, index = host.text, 0
    while index < len(literals):
        if not _tells(text, literals[index]):
            index += 1
            continue
        chain, between, index = _chain(text, literals, index, gap)
        named = _NAME.search(text[max(0, chain[0].start - _BEFORE) : chain[0].start])
        yield candidate(host, chain, between, named[1] if named else "")


def _chain(
    text: str, literals: Sequence[Literal], index: int, gap: Gap
) -> tuple[list[Literal], list[Part], int]:
    """The literals that are joined with one, what is between them, and the index behind."""
    chain, between = [literals[index]], list[Part]()
    before = index
    while len(chain) < _CHAIN and (step := _step(text, literals, before, -1, gap)):
        before -= step[0]
        chain.insert(0, literals[before])
        between.insert(0, step[1])
    while len(chain) < 2 * _CHAIN and (step := _step(text, literals, index, 1, gap)):
        index += step[0]
        chain.append(literals[index])
        between.append(step[1])
    return chain, between, index + 1


def _step(
    text: str, literals: Sequence[Literal], index: int, way: int, gap: Gap
) -> tuple[int, Part] | None:  # fmt: skip
    """How far the next literal is that is joined; those between are of what is added there."""
    for far in range(1, _INSIDE + 2):
        other = index + far * way
        if not 0 <= other < len(literals):
            return None
        pair = sorted((literals[index], literals[other]))
        part = gap(text, *pair)
        if part is not None and (far == 1 or part.hole):
            return far, part
        if pair[1].start - pair[0].end > _NEAR:
            return None
    return None


def _tells(text: str, literal: Literal) -> bool:
    return any(_EVIDENCE.search(text, part.start, part.end) for part in literal.parts)
