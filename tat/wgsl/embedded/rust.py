"""String literals of Rust: raw and ordinary ones, holes where a macro formats them."""

import re
from collections.abc import Iterator

from tat.wgsl.embedded.literals import (
    BRACES,
    RUST_ESCAPES,
    Candidate,
    Literal,
    Part,
    candidates,
    with_holes,
)  # fmt: skip
from tat.wgsl.embedded.placed import Host

_TOKEN = re.compile(
    r"""//[^\n]*|/\*|(?<![A-Za-z0-9_])(?:b|c)?r(\#*)"|"|'(?:[^'\\\n]|\\[^\n][^'\n]{0,10})'"""
)
_STRING = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL)
_EDGE = re.compile(r"/\*|\*/")
_FORMATS = re.compile(r"\b(?:format|print|println|write|writeln|formatdoc|format_args)!\s*[(\[{]\s*"
                      r"(?:&?(?:mut\s+)?[\w.]+\s*,\s*)?$")  # fmt: skip
_COMMA = re.compile(r"(?:\s|//[^\n]*\n)*,(?:\s|//[^\n]*\n)*")


def strings(host: Host, start: int = 0, end: int | None = None) -> Iterator[Candidate]:
    """Candidates among the strings of Rust in a part of a host."""
    literals = list(_literals(host.text, start, len(host.text) if end is None else end))
    yield from candidates(host, literals, _gap)


def _literals(text: str, position: int, end: int) -> Iterator[Literal]:
    while found := _TOKEN.search(text, position, end):
        position, sign = found.end(), found[0]
        if sign == "/*":
            position = _comment_end(text, position, end)
        elif sign.endswith('"'):
            start = found.start()
            if "r" in sign:
                close = text.find('"' + found[1], position, end)
                body = (position, close)
                position = close + 1 + len(found[1])
                if close < 0:
                    return
            else:
                string = _STRING.match(text, start, end)
                if not string:
                    return
                body, position = string.span(1), string.end()
            before = text[max(0, start - 80) : start]
            formats = _FORMATS.search(before)
            parts = tuple(with_holes(text, *body, BRACES if formats else None))
            yield Literal(start, position, parts, None if "r" in sign else RUST_ESCAPES)


def _comment_end(text: str, position: int, end: int) -> int:
    depth = 1
    for edge in _EDGE.finditer(text, position, end):
        depth += 1 if edge[0] == "/*" else -1
        if not depth:
            return edge.end()
    return end


def _gap(text: str, before: Literal, after: Literal) -> Part | None:
    """concat!("...", "...") joins literals."""
    if after.start - before.end > 400 or not _COMMA.fullmatch(text, before.end, after.start):
        return None
    opening = max(text.rfind("concat!", max(0, before.start - 20_000), before.start), 0)
    closed = text.find(")", opening, before.start)
    inside = text.startswith("concat!", opening) and (closed < 0 or '"' in text[opening:closed])
    return Part(before.end, before.end) if inside else None
