"""Text that remembers where each of its characters comes from: a source map that edits keep up."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

_LINE_END = re.compile(r"\r\n|\n|\r")


class Host:
    """A file as people see it: its name and text, with lines and columns that count from 1."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(end.end() for end in _LINE_END.finditer(self.text))]

    def line_column(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, in characters."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and a column; the reverse of `line_column`."""
        return self._starts[line - 1] + column - 1


class Piece(NamedTuple):
    """`text[start:end]` comes from `host.text[origin:origin_end]`.

    An exact piece is that text character by character. Another stands for it as a whole: an
    escape, a hole, or words that replaced it.
    """

    start: int
    end: int
    host: Host
    origin: int
    origin_end: int
    exact: bool


class Placed:
    """A text in pieces, each with its origin; it never changes."""

    def __init__(self, text: str, pieces: Sequence[Piece]) -> None:
        self.text, self.pieces = text, tuple(pieces)

    @classmethod
    def of(cls, host: Host, start: int = 0, end: int | None = None) -> Placed:
        """A part of a host file as it stands there."""
        end = len(host.text) if end is None else end
        text = host.text[start:end]
        return cls(text, [Piece(0, len(text), host, start, end, True)] if text else [])

    @classmethod
    def instead(cls, words: str, host: Host, start: int, end: int) -> Placed:
        """`words` that stand for a part of a host file."""
        return cls(words, [Piece(0, len(words), host, start, end, False)] if words else [])

    @classmethod
    def join(cls, parts: Iterable[Placed]) -> Placed:
        """The parts one after another."""
        texts: list[str] = []
        pieces: list[Piece] = []
        size = 0
        for part in parts:
            texts.append(part.text)
            for piece in part.pieces:
                moved = piece._replace(start=piece.start + size, end=piece.end + size)
                last = pieces[-1] if pieces else None
                if (
                    last and last.exact and moved.exact and last.host is moved.host
                    and last.origin_end == moved.origin
                ):  # fmt: skip
                    pieces[-1] = last._replace(end=moved.end, origin_end=moved.origin_end)
                else:
                    pieces.append(moved)
            size += len(part.text)
        return cls("".join(texts), pieces)

    @cached_property
    def _starts(self) -> list[int]:
        return [piece.start for piece in self.pieces]

    def piece_at(self, offset: int) -> Piece | None:
        """The piece of a character; behind the end the last one."""
        index = bisect_right(self._starts, offset) - 1
        return self.pieces[index] if index >= 0 else None

    def origin(self, offset: int) -> tuple[Host, int] | None:
        """The host and the offset there of an offset in the text; None in an empty text."""
        piece = self.piece_at(offset)
        if piece is None:
            return None
        if not piece.exact:
            return piece.host, piece.origin_end if offset >= piece.end else piece.origin
        return piece.host, piece.origin + min(offset, piece.end) - piece.start

    def offset_of(self, host: Host, origin: int) -> int | None:
        """The offset in the text that comes from an offset in a host; None for none."""
        stands: int | None = None
        for piece in self.pieces:
            end = max(piece.origin_end, piece.origin + 1)
            if piece.host is host and piece.origin <= origin < end:
                if piece.exact:
                    return piece.start + origin - piece.origin
                stands = piece.start if stands is None else stands
        return stands

    def slice(self, start: int, end: int) -> Placed:
        """`text[start:end]`; a piece that stands for something keeps all of its origin."""
        found = []
        first = max(0, bisect_right(self._starts, start) - 1)
        for piece in self.pieces[first:]:
            low, high = max(piece.start, start), min(piece.end, end)
            if piece.start >= end:
                break
            if low >= high:
                continue
            origin, origin_end = piece.origin, piece.origin_end
            if piece.exact:
                origin, origin_end = origin + low - piece.start, origin + high - piece.start
            moved = (low - start, high - start, piece.host, origin, origin_end, piece.exact)
            found.append(Piece(*moved))
        return Placed(self.text[start:end], found)

    def edited(self, edits: Iterable[tuple[int, int, str | Placed]]) -> Placed:
        """The text with other text in place of `text[start:end]`; edits are in order and apart.

        Words stand for what they replace; a placed text keeps its own origin.
        """
        parts, copied = [], 0
        for start, end, words in edits:
            parts.append(self.slice(copied, start))
            if isinstance(words, Placed):
                parts.append(words)
            elif words and (span := self._span(start, end)):
                parts.append(Placed.instead(words, *span))
            copied = end
        if not copied:
            return Placed.join([*parts, self])
        return Placed.join([*parts, self.slice(copied, len(self.text))])

    def _span(self, start: int, end: int) -> tuple[Host, int, int] | None:
        """The part of one host that `text[start:end]` comes from."""
        first = self.origin(start)
        if first is None:
            return None
        host, low = first
        last = self.piece_at(max(start, end - 1)) if end > start else None
        if last is None or last.host is not host:
            return host, low, low
        inside = last.exact and end < last.end
        high = last.origin + end - last.start if inside else last.origin_end
        return host, low, max(low, high)


def with_line_feeds(placed: Placed) -> Placed:
    """The text with LF in place of CRLF and CR, as training reads texts."""
    if "\r" not in placed.text:
        return placed
    return placed.edited(
        (found.start(), found.end(), "\n") for found in re.finditer(r"\r\n?", placed.text)
    )


class Anchor(NamedTuple):
    """A text comes from a place of a file from `offset` on; character by character if `exact`."""

    offset: int
    file: str
    line: int
    column: int
    exact: bool


def anchors(placed: Placed) -> tuple[Anchor, ...]:
    """The places of a text, as many as say where each of its characters comes from."""
    found = []
    for piece in placed.pieces:
        starts = [piece.start]
        if piece.exact:
            ends = _LINE_END.finditer(placed.text, piece.start, piece.end)
            starts += (end.end() for end in ends if end.end() < piece.end)
        for start in starts:
            place = piece.host.line_column(piece.origin + (start - piece.start) * piece.exact)
            found.append(Anchor(start, piece.host.name, *place, piece.exact))
    return tuple(found)


def place_in(known: Sequence[Anchor], offset: int) -> tuple[str, int, int]:
    """File, line and column of an offset; ("", 0, 0) where nothing is known."""
    index = bisect_right(known, offset, key=lambda anchor: anchor.offset) - 1
    if index < 0:
        return "", 0, 0
    anchor = known[index]
    return anchor.file, anchor.line, anchor.column + (offset - anchor.offset) * anchor.exact
