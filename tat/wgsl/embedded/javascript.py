"""String literals of JavaScript and TypeScript: quotes, templates with holes, none in comments."""

import re
from collections.abc import Iterator

from tat.wgsl.embedded.literals import (
    ESCAPES,
    JOINED,
    Candidate,
    Literal,
    Part,
    candidates,
    joining,
)  # fmt: skip
from tat.wgsl.embedded.placed import Host

RESTARTS = 16  # templates without an end that are passed over; then the rest of a file is

_CODE = re.compile(
    r"""//[^\n\r]*|/\*|/|"|'|`|[{}]""",
)
_STRING = {
    quote: re.compile(
        rf"{quote}([^{quote}\\\n\r]*+(?:\\(?:\r\n|.)[^{quote}\\\n\r]*+)*){quote}", re.DOTALL
    )
    for quote in "\"'"
}  # fmt: skip
_TEMPLATE = re.compile(r"[^`\\$]*+(?:(?:\\.|\$(?!\{))[^`\\$]*+)*(`|\$\{)", re.DOTALL)
_REGEX = re.compile(r"/(?:[^/\\\[\n\r]++|\\[^\n\r]|\[(?:[^\]\\\n\r]++|\\[^\n\r])*\])+/")
_BEFORE_REGEX = frozenset("(,=:[!&|?{};+-*%~^>")
_WORD_BEFORE = re.compile(r"\b(?:return|typeof|case|in|of|void|delete|throw|new|do|else)\s*$")
_RAW = re.compile(r"String\s*\.\s*raw\s*$")
_IN_LIST = re.compile(r"\s*,\s*")
_LINES = re.compile(r"\s*,?\s*\]\s*\.\s*join\(\s*(['\"`])\\n\1")


class _Open:
    """A template that has not ended: its parts so far, and the braces open in its hole."""

    def __init__(self, start: int, raw: bool) -> None:
        self.start, self.raw, self.parts, self.braces = start, raw, list[Part](), 0
        self.hole = 0


class _Scanner:
    """One pass over a text; nested templates are on a stack of its own, however deep they are."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text, self.start, self.end = text, start, end
        self.found: list[Literal] = []
        self._dead = {'"': start, "'": start}  # no such string ends before these offsets

    def scan(self) -> list[Literal]:
        """All literals, in the order of their starts."""
        position = self.start
        for _ in range(RESTARTS):
            position = self._scan(position)
            if position >= self.end:
                break
        return sorted(self.found)

    def _scan(self, position: int) -> int:
        """Scan to the end, or to behind the quote of the first template that does not end."""
        stack: list[_Open] = []
        while found := _CODE.search(self.text, position, self.end):
            position, sign = found.end(), found[0]
            if sign == "`":
                raw = bool(_RAW.search(self.text[max(0, found.start() - 20) : found.start()]))
                stack.append(_Open(found.start(), raw))
                position = self._template(stack, position)
            elif sign == "{" or sign == "}":
                if not stack:
                    continue
                top = stack[-1]
                if sign == "{":
                    top.braces += 1
                elif top.braces:
                    top.braces -= 1
                else:
                    top.parts.append(Part(top.hole, position, True))
                    position = self._template(stack, position)
            elif sign in self._dead:
                position = self._string(sign, found.start())
            elif sign == "/*":
                close = self.text.find("*/", position, self.end)
                position = close + 2 if close >= 0 else self.end
            elif sign == "/":
                position = self._slash(found.start())
            if position < 0:
                break
        return stack[0].start + 1 if stack else self.end

    def _template(self, stack: list[_Open], position: int) -> int:
        """Go on in the text of the innermost template; -1 where it does not end."""
        found = _TEMPLATE.match(self.text, position, self.end)
        if not found:
            return -1
        top = stack[-1]
        top.parts.append(Part(position, found.start(1)))
        if found[1] == "`":
            stack.pop()
            escapes = None if top.raw else ESCAPES
            self.found.append(Literal(top.start, found.end(), tuple(top.parts), escapes))
        else:
            top.hole = found.start(1)
        return found.end()

    def _string(self, quote: str, start: int) -> int:
        if start < self._dead[quote]:
            return start + 1
        found = _STRING[quote].match(self.text, start, self.end)
        if not found:
            line = self.text.find("\n", start, self.end)
            self._dead[quote] = line if line >= 0 else self.end
            return start + 1
        parts = (Part(start + 1, found.end() - 1),)
        self.found.append(Literal(start, found.end(), parts, ESCAPES))
        return found.end()

    def _slash(self, start: int) -> int:
        """Behind a regular expression, or behind the sign of a division."""
        before = start
        while before > self.start and start - before < 200 and self.text[before - 1] in " \t\r\n":
            before -= 1
        sign = self.text[before - 1] if before > self.start else "("
        word = sign.isalpha() and _WORD_BEFORE.search(self.text[max(0, before - 12) : before])
        if sign in _BEFORE_REGEX or word:
            found = _REGEX.match(self.text, start, min(self.end, start + 5000))
            if found:
                return found.end()
        return start + 1


class _Gaps:
    """Text between literals: `+` joins them, and so does a list with join("\\n")."""

    def __init__(self) -> None:
        self._list = (0, 0, False)  # from where to where one was read, and whether it is joined

    def __call__(self, text: str, before: Literal, after: Literal) -> Part | None:
        if after.start - before.end > 400:
            return None
        if (part := joining(text, before.end, after.start, JOINED)) is not None:
            return part
        listed = _IN_LIST.fullmatch(text, before.end, after.start)
        if listed and self._joined(text, after.end):
            return Part(before.end, after.start)
        return None

    def _joined(self, text: str, position: int) -> bool:
        """Whether the list of strings that goes on at `position` is joined by line ends."""
        start, end, verdict = self._list
        if not start <= position <= end:
            start, end, verdict = position, position, False
            while not (verdict := bool(_LINES.match(text, end, end + 80))):
                comma = _IN_LIST.match(text, end)
                quote = text[comma.end() : comma.end() + 1] if comma else ""
                found = _STRING[quote].match(text, comma.end()) if quote in _STRING else None
                if not found:
                    break
                end = found.end()
            self._list = start, end, verdict
        return verdict


def literals(text: str, start: int, end: int) -> list[Literal]:
    """The literals of a part of a text in the order of their starts, those in holes included."""
    return _Scanner(text, start, end).scan()


def strings(host: Host, start: int = 0, end: int | None = None) -> Iterator[Candidate]:
    """Candidates among the strings of JavaScript or TypeScript in a part of a host."""
    found = literals(host.text, start, len(host.text) if end is None else end)
    yield from candidates(host, found, _Gaps())
