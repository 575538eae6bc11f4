"""String literals of C, C++, Objective-C, Go, Java, Kotlin, Scala, Swift, C#, Dart and Zig."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tat.wgsl.embedded.literals import (
    BRACES,
    ESCAPES,
    JOINED,
    Candidate,
    Literal,
    Part,
    candidates,
    joining,
    with_holes,
)  # fmt: skip
from tat.wgsl.embedded.placed import Host

Strings = Callable[[Host, int, int | None], Iterator[Candidate]]

_LINE = r'(?:[^"\\\n\r]++|\\(?:\r\n|.))*"'
_BLOCK = r'(?:[^"\\]++|\\.|"(?!""))*"""'
_DOUBLED = r'[^"]*+(?:""[^"]*+)*+"'
_DOLLAR = re.compile(r"(?<!\\)\$\{[^{}\n]{0,200}\}|(?<!\\)\$[A-Za-z_]\w*")
_SWIFT = re.compile(r"(?<!\\)\\\((?:[^()\n]|\([^()\n]{0,100}\)){0,200}\)")
_PRINTF = re.compile(r"(%%)|%[-+#0 ]*\d*(?:\.\d+)?(?:hh?|ll?|z)?[sdvfgiuqxtc]")
_QUOTES = re.compile(r'("")')
_PRINTS = re.compile(r"\b(?:[A-Za-z]*[Pp]rintf|StrFormat|String\s*\.\s*format|Fprintf)\s*\(\s*"
                     r"(?:&?[\w.:]+(?:\([^()\n]{0,40}\))?\s*,\s*){0,2}$")  # fmt: skip
_FORMATS = re.compile(
    r"\b(?:format|vformat|comptimePrint|allocPrint|bufPrint|print)\s*\(\s*"
    r"(?:&?[\w.:]+\s*,\s*){0,2}$",
    re.IGNORECASE,
)
_FORMATTED = re.compile(r"\s*\.\s*formatted\s*\(")
_BAR = re.compile(r"\s*\.\s*(?:trim|strip)Margin\b")
_CHARACTER = r"'(?:[^'\\\n]|\\[^\n][^'\n]{0,10})'"
_EDGE = re.compile(r"/\*|\*/")


class _Form(NamedTuple):
    """A kind of literal: how it begins and ends, and what is special in it.

    `end` is a pattern, or says from the opening what ends it. `margin` is what stands before each
    line: "indent" for the blanks that all have, or a pattern.
    """

    opening: str
    end: str | Callable[[str], str]
    escapes: re.Pattern[str] | None = None
    holes: re.Pattern[str] | None = None
    margin: str = ""


class _Language(NamedTuple):
    """The literals of a language, which comments nest in it, and whether neighbours are joined."""

    forms: tuple[_Form, ...]
    characters: bool = True
    nests: bool = False
    beside: bool = False


def _raw_end(opening: str) -> str:
    return f"){opening[opening.index(chr(34)) + 1 : -1]}{chr(34)}"


_PLAIN = _Form('"', _LINE, ESCAPES)
_TRIPLE = _Form('"""', lambda opening: '"""', None, _DOLLAR)
_C = _Language((
    _Form(r'(?:u8|[uUL])?R"[^\s()\\"]{0,16}\(', _raw_end), _Form('(?:u8|[uUL])?"', _LINE, ESCAPES),
), beside=True)  # fmt: skip
_GO = _Language((_Form("`", lambda opening: "`"), _PLAIN))
_JAVA = _Language((_Form('"""', _BLOCK, ESCAPES, None, "indent"), _PLAIN))
_KOTLIN = _Language((_TRIPLE, _PLAIN._replace(holes=_DOLLAR)), nests=True)
_SWIFT_LANGUAGE = _Language((
    _Form('#{1,8}"""', lambda opening: opening[::-1], None, None, "indent"),
    _Form('#{1,8}"', lambda opening: opening[::-1]),
    _Form('"""', _BLOCK, ESCAPES, _SWIFT, "indent"), _PLAIN._replace(holes=_SWIFT),
), characters=False, nests=True)  # fmt: skip
_SHARP = _Language((
    _Form(r'\$\$"{3,8}', lambda opening: opening.lstrip("$"), None,
          re.compile(r"\{\{[^{}\n;]{0,200}\}\}"), "indent"),
    _Form(r'\$?"{3,8}', lambda opening: opening.lstrip("$"), None, None, "indent"),
    _Form(r'(?:\$@|@\$)"', _DOUBLED, None, re.compile(f"{BRACES.pattern}|{_QUOTES.pattern}")),
    _Form('@"', _DOUBLED, None, _QUOTES), _Form(r'\$"', _LINE, ESCAPES, BRACES), _PLAIN,
))  # fmt: skip
_DART = _Language((
    _Form("r\"\"\"|r'''", lambda opening: opening[1:]), _TRIPLE._replace(escapes=ESCAPES),
    _Form("'''", lambda opening: "'''", ESCAPES, _DOLLAR),
    _PLAIN._replace(holes=_DOLLAR), _Form("'", _LINE.replace('"', "'"), ESCAPES, _DOLLAR),
), characters=False, nests=True, beside=True)  # fmt: skip
_ZIG = _Language((
    _Form(r"\\\\", r"[^\n]*+(?:\n[ \t]*+\\\\[^\n]*+)*+", None, None, r"^[ \t]*\\\\"), _PLAIN,
))  # fmt: skip


def _reader(language: _Language) -> Strings:
    openings = "|".join(f"(?P<f{n}>{form.opening})" for n, form in enumerate(language.forms))
    characters = f"|(?P<character>{_CHARACTER})" if language.characters else ""
    token = re.compile(rf"(?P<line>//[^\n]*)|(?P<block>/\*){characters}|{openings}")

    def strings(host: Host, start: int = 0, end: int | None = None) -> Iterator[Candidate]:
        stop = len(host.text) if end is None else end
        literals = list(_Scanner(language, token, host.text).scan(start, stop))
        yield from candidates(host, literals, _beside if language.beside else _added)

    return strings


class _Scanner:
    def __init__(self, language: _Language, token: re.Pattern[str], text: str) -> None:
        self.language, self.token, self.text = language, token, text
        self._dead: dict[str, int] = {}  # no literal with this end closes before these offsets

    def scan(self, position: int, end: int) -> Iterator[Literal]:
        """All literals in order; what does not end is passed over."""
        while found := self.token.search(self.text, position, end):
            kind, position = found.lastgroup or "", found.end()
            if kind == "block":
                position = self._comment_end(position, end)
            elif kind[:1] == "f":
                form = self.language.forms[int(kind[1:])]
                closed = self._closed(form, found, end)
                if closed is not None:
                    body, position = (found.end(), closed[0]), closed[1]
                    yield self._literal(form, found.start(), body, position)

    def _closed(self, form: _Form, found: re.Match[str], end: int) -> tuple[int, int] | None:
        """Where the text of a literal ends, and the literal itself."""
        start = found.end()
        key = form.end if isinstance(form.end, str) else form.end(found[0])
        if start < self._dead.get(key, 0):
            return None
        if isinstance(form.end, str):
            closed = _compiled(key).match(self.text, start, end)
            if closed:
                quotes = 3 if key == _BLOCK else 0 if form.margin else 1
                return closed.end() - quotes, closed.end()
            line = self.text.find("\n", start, end) if "\\n" in key else -1
            self._dead[key] = line if line >= 0 else end
            return None
        at = self.text.find(key, start, end)
        if at < 0:
            self._dead[key] = end
            return None
        return at, at + len(key)

    def _comment_end(self, position: int, end: int) -> int:
        if not self.language.nests:
            close = self.text.find("*/", position, end)
            return close + 2 if close >= 0 else end
        depth = 1
        for edge in _EDGE.finditer(self.text, position, end):
            depth += 1 if edge[0] == "/*" else -1
            if not depth:
                return edge.end()
        return end

    def _literal(self, form: _Form, start: int, body: tuple[int, int], end: int) -> Literal:
        text, margin, holes = self.text, form.margin, form.holes
        if form.end is _TRIPLE.end and _BAR.match(text, end):
            margin = r"^[ \t]*\|"
        before = text[max(0, start - 120) : start]
        if _PRINTS.search(before) or _FORMATTED.match(text, end):
            holes = _PRINTF
        elif holes is None and _FORMATS.search(before):
            holes = BRACES
        lines = list(_without_margin(text, body, margin)) if margin else [body]
        parts = [part for line in lines for part in with_holes(text, *line, holes)]
        return Literal(start, end, tuple(parts), form.escapes)


_patterns: dict[str, re.Pattern[str]] = {}


def _compiled(pattern: str) -> re.Pattern[str]:
    if pattern not in _patterns:
        _patterns[pattern] = re.compile(pattern, re.DOTALL)
    return _patterns[pattern]


def _without_margin(text: str, body: tuple[int, int], margin: str) -> Iterator[tuple[int, int]]:
    """The lines of a text without what its language takes off their beginnings."""
    lines = [line.span() for line in re.compile(r"[^\n]*\n|[^\n]+").finditer(text, *body)]
    if margin != "indent":
        marks = re.compile(margin.removeprefix("^"))
        for start, end in lines:
            mark = marks.match(text, start, end)
            yield mark.end() if mark else start, end
        return
    if len(lines) > 1 and not text[slice(*lines[0])].strip():
        lines = lines[1:]  # the line of the opening quotes
    blanks = [re.compile(r"[ \t]*").match(text, *line) for line in lines]
    widths = [m.end() - m.start() for m, line in zip(blanks, lines, strict=True)
            if m and text[slice(*line)].strip()]  # fmt: skip
    indent = min(widths, default=0)
    for start, end in lines:
        if text[start:end].strip() or end < body[1]:
            yield min(start + indent, max(start, end - 1)), end


_SPACE = r"(?:\s++|\\\n|//[^\n]*+\n|/\*[^*]*+\*/)*"
_NEAR = re.compile(rf"{_SPACE}(?:([A-Z_]\w*(?:\([^()\n]{{0,100}}\))?){_SPACE})?")


def _added(text: str, before: Literal, after: Literal) -> Part | None:
    """`+` joins literals, and what is added between them is a hole."""
    return joining(text, before.end, after.start, JOINED)


def _beside(text: str, before: Literal, after: Literal) -> Part | None:
    """Literals beside each other are one; a macro between them is a hole."""
    return joining(text, before.end, after.start, _NEAR) or _added(text, before, after)


_LANGUAGES: Sequence[tuple[_Language, tuple[str, ...]]] = (
    (_C, (".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".inl", ".m", ".mm")),
    (_GO, (".go",)), (_JAVA, (".java",)), (_KOTLIN, (".kt", ".kts", ".scala")),
    (_SWIFT_LANGUAGE, (".swift",)), (_SHARP, (".cs",)), (_DART, (".dart",)), (_ZIG, (".zig",)),
)  # fmt: skip

READERS: dict[str, Strings] = {
    suffix: reader
    for language, suffixes in _LANGUAGES
    for reader in [_reader(language)]
    for suffix in suffixes
}
"""The reader of a file's strings, by the file's suffix."""
