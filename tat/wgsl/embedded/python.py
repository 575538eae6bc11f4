"""String literals of Python: triple and single quotes, holes of f-strings and of format()."""

import re
from collections.abc import Iterator

from tat.wgsl.embedded.literals import (
    BRACES,
    ESCAPES,
    Candidate,
    Literal,
    Part,
    candidates,
    with_holes,
)  # fmt: skip
from tat.wgsl.embedded.placed import Host

_TOKEN = re.compile(r"""\#[^\n]*|(?:(?<![A-Za-z0-9_])([A-Za-z]{1,2}))?("{3}|'{3}|"|')""")
_ENDS = {
    quote: re.compile(
        rf"[^{quote[0]}\\{'' if len(quote) == 3 else chr(92) + 'n'}]*+"
        rf"(?:(?:\\.|{quote[0]}(?!{quote[1:]}){'' if len(quote) == 3 else '(?!)'})"
        rf"[^{quote[0]}\\{'' if len(quote) == 3 else chr(92) + 'n'}]*+)*{quote}",
        re.DOTALL,
    )
    for quote in ('"""', "'''", '"', "'")
}
_PREFIXES = frozenset(("", "r", "b", "u", "f", "t", "rb", "br", "rf", "fr", "rt", "tr"))
_FORMAT = re.compile(r"\s*\.\s*format\s*\(")
_JOINED = re.compile(r"(?:\s++|\\\n|\#[^\n]*+\n)*(?:\+(?:\s++|\\\n|\#[^\n]*+\n)*)?")


def strings(host: Host, start: int = 0, end: int | None = None) -> Iterator[Candidate]:
    """Candidates among the strings of Python in a part of a host."""
    literals = list(_literals(host.text, start, len(host.text) if end is None else end))
    yield from candidates(host, literals, _gap)


def _literals(text: str, position: int, end: int) -> Iterator[Literal]:
    dead: dict[str, int] = {}
    while found := _TOKEN.search(text, position, end):
        position, quote = found.end(), found[2]
        if quote is None or found.start() < dead.get(quote, 0):
            continue
        close = _ENDS[quote].match(text, position, end)
        if not close:
            line = text.find("\n", position, end) if len(quote) == 1 else -1
            dead[quote] = line if line >= 0 else end
            continue
        body = position, close.end() - len(quote)
        position = close.end()
        prefix = (found[1] or "").lower()
        raw, formats = "r" in prefix, "f" in prefix or _FORMAT.match(text, close.end())
        if prefix not in _PREFIXES:
            raw = formats = False
        parts = tuple(with_holes(text, *body, BRACES if formats else None))
        yield Literal(found.start(), close.end(), parts, None if raw else ESCAPES)


def _gap(text: str, before: Literal, after: Literal) -> Part | None:
    """Literals beside each other, or with `+` between them, are one."""
    near = after.start - before.end <= 400
    joined = near and _JOINED.fullmatch(text, before.end, after.start)
    apart = joined and "\n\n" in text[before.end : after.start]
    return Part(before.end, before.end) if joined and not apart else None
