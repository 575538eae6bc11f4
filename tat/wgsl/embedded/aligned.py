"""A region as an editor sees it: its text over that of the host, each character in its place."""

from tat.wgsl.embedded.guesses import guess
from tat.wgsl.embedded.literals import Candidate
from tat.wgsl.embedded.placed import Host, Piece
from tat.wgsl.embedded.regions import Region


def aligned(region: Region) -> tuple[int, str]:
    """Where a region begins in its host, and its text, as long as that of the host.

    An escape becomes blanks and its character; a hole its guess, or what fits of it; and what the
    host has between joined strings becomes blanks, so that every offset is the host's.
    """
    candidate, host = region.candidate, region.host
    pieces = sorted(candidate.text.pieces, key=lambda piece: piece.origin)
    if not pieces:
        return candidate.start, ""
    start = pieces[0].origin
    parts: list[str] = []
    copied = start
    for piece in pieces:
        parts.append(_blank(host.text[copied : piece.origin]))
        text = candidate.text.text[piece.start : piece.end]
        parts.append(text if piece.exact else _fitted(text, host, piece))
        copied = piece.origin_end
    return start, _with_guesses(candidate, region, start, "".join(parts))


def _blank(text: str) -> str:
    return "".join(sign if sign in "\r\n" else " " for sign in text)


def _fitted(text: str, host: Host, piece: Piece) -> str:
    """Words as long as what they stand for, which keeps its line ends if the words have one."""
    size = piece.origin_end - piece.origin
    if text == "\n" and host.text[piece.origin : piece.origin_end].endswith("\n"):
        return _blank(host.text[piece.origin : piece.origin_end])
    return (" " * size + text)[-size:] if size else ""


def _with_guesses(candidate: Candidate, region: Region, start: int, text: str) -> str:
    for hole in reversed(candidate.holes):
        origin, last = candidate.text.origin(hole.start), candidate.text.piece_at(hole.end - 1)
        if origin is None or last is None:
            continue
        low = origin[1] - start
        size = hole.end - hole.start if last.exact else last.origin_end - origin[1]
        said = region.known.get(hole.expression)
        words = said if isinstance(said, str) else guess(candidate.text.text, hole)
        words = "" if isinstance(said, Candidate) else words[:size]
        text = text[:low] + words.ljust(size) + text[low + size :]
    return text
