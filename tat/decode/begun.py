"""Gaps whose lines begin or end elsewhere than the model learnt: within a line, or before one.

The model learnt gaps of whole lines, behind their indentation and before a line end. A line that
was begun is therefore written again from its start, held to what stands there already, and with
the rest of it that stands behind the gap (`tat.decode.lines.within`).
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy import ndarray as Array

from tat.data.tokenizer import Tokenizer
from tat.decode.choice import Preference, best, draw_of
from tat.decode.pieces import pieces_of
from tat.draws import Draw
from tat.wgsl.lexer import LINE_ENDS

LONGEST = 160  # characters; a longer line is gone on with where it stands
_COMMENT = re.compile(r"//[^\n]*")
_HEAD = re.compile(r"\b(?:fn|struct)\b[^{}]*\{")
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character, which no token writes
_INDENT = "    "  # where no line of the prefix shows another
_GOES_ON = re.compile(r"[-+*%&|^=<>.,;:)(\[\]]|/(?![/*])")  # what no statement begins with
_LINE_END = re.compile(f"[{LINE_ENDS}]")
_BLANKS = re.compile(r"(?<=\S)[ \t]{2,}\Z")


class Cursor(NamedTuple):
    """How the text of a gap begins and ends.

    `begun` stands before the gap and is written again, and so is `rest`, which stands behind it.
    `lead` is blank space that comes first, `tail` blank space that comes last, so that the text has
    lines of its own.
    """

    begun: str = ""
    lead: str = ""
    tail: str = ""
    rest: str = ""

    @classmethod
    def between(cls, prefix: str, suffix: str) -> "Cursor":
        """The cursor of a gap."""
        above, _, line = prefix.rpartition("\n")
        rest = _rest(suffix)
        following = suffix.partition("\n")[0].strip()
        if not line:  # perhaps before a line that stands there
            return cls(lead=_expected(above, suffix), tail="\n" if above and following else "")
        if not line.strip():
            goes_on = _GOES_ON.match(rest.lstrip())
            return cls(lead=_missing(line, above, suffix), rest=rest if goes_on else "")
        closed = line.endswith("{") and suffix.startswith("}")  # as editors pair brackets
        if closed or (line.rstrip().endswith("{") and not following):
            own = _indentation(line)
            lead = f"\n{own}{_unit(prefix + suffix)}"
            return cls(lead=lead, tail=f"\n{own}" if closed else "")
        return cls(begun=_begun(above, line), rest=rest)


def with_one_blank(prefix: str) -> str:
    """The prefix of a gap as the model reads it: of several blanks behind a word one is left.

    >>> with_one_blank("    let x =  ")
    '    let x = '
    """
    return _BLANKS.sub(" ", prefix)


def sure_tokens(text: str, tokenizer: Tokenizer) -> list[int]:
    """The tokens that a text begins with that has to start with `text`.

    The last one is left out: it may be longer, as a word goes on. So is half a character.
    """
    tokens = tokenizer.encode(text)[:-1]
    while tokens and _splits_a_character(tokenizer.decode(tokens)):
        tokens.pop()
    return tokens


def tokens_within(tokens: Sequence[int], begun: str, pieces: Sequence[bytes]) -> int:
    """How many tokens at the front write nothing but what was begun."""
    room, count = len(begun.encode()), 0
    while count < len(tokens) and room >= len(pieces[tokens[count]]) > 0:
        room -= len(pieces[tokens[count]])
        count += 1
    return count


class Begun:
    """A preference for texts that start with `text`; in all else it is the one that it is given."""

    def __init__(self, preference: Preference, text: str, tokenizer: Tokenizer) -> None:
        self._preference, self._pieces = preference, tokenizer.pieces
        self._along = pieces_of(tokenizer).along
        self._data, self.sure = text.encode(), sure_tokens(text, tokenizer)
        self._written = False  # whether all of it stands there

    def __call__(self, logits: Array, tokens: Sequence[int]) -> Array:
        """As a `Preference`."""
        scores = self._preference(logits, tokens)
        allowed = self._allowed(tokens)
        if allowed is None:
            return scores
        kept = np.full_like(scores, -np.inf)
        kept[allowed] = scores[allowed]
        if not np.isfinite(kept).any():  # a draw that left all of them out
            kept[allowed] = logits[allowed]
        return kept

    def best(self, logits: Array, tokens: Sequence[int]) -> int:
        """The token with the highest score."""
        if self._allowed(tokens) is None:
            return best(self._preference, logits, tokens)
        return int(np.argmax(self(logits, tokens)))

    @property
    def draw(self) -> Draw | None:
        """How a device chooses the same, once it may: None before."""
        return draw_of(self._preference) if self._written else None

    def _allowed(self, tokens: Sequence[int]) -> list[int] | None:
        """The tokens that may follow these; None for all."""
        count = len(tokens)
        if count < len(self.sure) and list(tokens) == self.sure[:count]:
            return [self.sure[count]]
        written = b"".join(self._pieces[token] for token in tokens[: len(self._data)])
        rest = self._data[len(written) :]
        self._written = not rest
        if not rest:
            return None
        return self._along(rest)


class Behind:
    """Cuts what was begun off the front of a text that comes in pieces."""

    def __init__(self, begun: str) -> None:
        self._left = len(begun)

    def __call__(self, piece: str) -> str:
        """The part of the next piece that is behind it."""
        skipped = min(self._left, len(piece))
        self._left -= skipped
        return piece[skipped:]


def _rest(suffix: str) -> str:
    """The part of a suffix in the line before it, up to a comment that may have several lines."""
    return _LINE_END.split(suffix, maxsplit=1)[0].partition("/*")[0].rstrip()


def _begun(above: str, line: str) -> str:
    """The last line of a body, without its indentation, as far as it goes; "" elsewhere."""
    text = line.lstrip()
    comment = "//" in text or "/*" in text
    if not text or len(text) > LONGEST or comment or _SURROGATE.search(text):
        return ""
    code = _COMMENT.sub("", above)
    start = max((found.start() for found in _HEAD.finditer(code)), default=len(code))
    return text if code.count("{", start) > code.count("}", start) else ""


def _expected(above: str, suffix: str) -> str:
    """The indentation of a line between these."""
    last = next((line for line in reversed(above.splitlines()) if line.strip()), "")
    opened = last.rstrip().endswith(("{", "("))
    return _indentation(last) + (_unit(f"{above}\n{suffix}") if opened else "")


def _missing(line: str, above: str, suffix: str) -> str:
    """The rest of the indentation that is expected of a blank line, if other lines have that."""
    expected = _expected(above, suffix)
    others = filter(str.strip, f"{above}\n{suffix}".splitlines())
    found = {_indentation(other) for other in others}
    known = line not in found and expected in found
    return expected.removeprefix(line) if known and expected.startswith(line) else ""


def _unit(text: str) -> str:
    """The indentation of a block's lines in it, as the first block that has some shows it."""
    head = ""
    for line in filter(str.strip, text.splitlines()):
        outer, inner = _indentation(head), _indentation(line)
        if head.rstrip().endswith("{") and not line.lstrip().startswith("}"):
            return inner.removeprefix(outer) if len(inner) > len(outer) else ""
        head = line
    return _INDENT


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _splits_a_character(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return True
    return False
