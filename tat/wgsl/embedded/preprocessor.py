"""Preprocessors of naga_oil, Babylon and ggml: conditionals, definitions and includes."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from tat.wgsl.embedded.conditions import ConditionError, holds
from tat.wgsl.embedded.macros import Macro, expanded, macro_of
from tat.wgsl.embedded.placed import Placed

_DIRECTIVE = re.compile(r"[ \t]*#[ \t]*(else[ \t]+if(?:n?def)?|[A-Za-z_]+)\b[ \t]*(.*)")
_IMPORT = re.compile(r"[ \t]*#[ \t]*import\b")
_INCLUDE = re.compile(r"""\s*(?:<([^<>]+)>|"([^"]+)"|'([^']+)')""")
ABSENT = "not in the given folders"
"""The end of a problem of a text that includes what nobody has."""
_DEEPEST = 32  # files that include one another
_LARGEST = 2_000_000  # characters of what comes out
_KNOWN = frozenset((
    "if", "ifdef", "ifndef", "elif", "elseif", "elifdef", "elifndef", "else", "endif", "define",
    "undef", "include", "define_import_path", "pragma", "extension", "error", "warning", "line",
))  # fmt: skip
_SHORT = {"else if": "elif", "else ifdef": "elifdef", "else ifndef": "elifndef", "elseif": "elif",
          "elsif": "elif"}  # fmt: skip

Include = Callable[[str], Placed | None]
"""The text of an included file, as a text names it; None where there is none."""


class Processed(NamedTuple):
    """A text after its preprocessor: what it is called, and what could not be done, with offsets.

    Offsets of problems are of the text before.
    """

    text: Placed
    import_path: str
    problems: tuple[tuple[int, str], ...]
    changed: bool
    absent: tuple[str, ...] = ()  # files that it includes, and nobody has


class _Branch:
    """An #if that has not ended: whether its lines count, and whether one of its branches did."""

    def __init__(self, start: int, outer: bool, now: bool) -> None:
        self.start, self.outer, self.now, self.taken = start, outer, outer and now, now


def preprocessed(
    text: Placed, definitions: Mapping[str, str], include: Include = lambda name: None
) -> Processed:
    """Evaluate the directives of a text; #import lines stay, the linker reads them."""
    if "#" not in text.text:
        return Processed(text, "", (), False)
    return _Pass(definitions, include).run(text)


class _Pass:
    def __init__(self, definitions: Mapping[str, str], include: Include) -> None:
        self.macros = {name: Macro((), value, False) for name, value in definitions.items()}
        self.include, self.import_path = include, ""
        self.problems: list[tuple[int, str]] = []
        self.absent: dict[str, None] = {}
        self.parts: list[Placed] = []
        self.size, self.within, self.changed = 0, list[str](), False
        self._offset = 0

    def run(self, text: Placed) -> Processed:
        self._lines(text)
        return Processed(
            Placed.join(self.parts), self.import_path, tuple(self.problems), self.changed,
            tuple(self.absent),
        )  # fmt: skip

    def _problem(self, message: str) -> None:
        self.problems.append((self._offset, message))

    def _lines(self, text: Placed) -> None:
        """Go through the lines of a text, or of one that it includes."""
        branches: list[_Branch] = []
        position, size, kept = 0, len(text.text), 0
        while position < size:
            if not self.within:
                self._offset = position
            end = text.text.find("\n", position)
            end = size if end < 0 else end + 1
            while end < size and text.text.endswith("\\\n", position, end):
                following = text.text.find("\n", end)
                end = size if following < 0 else following + 1
            line = text.text[position:end]
            counts = not branches or branches[-1].now
            found = _DIRECTIVE.match(line) if "#" in line else None
            word = _SHORT.get(" ".join(found[1].split()), found[1]) if found else ""
            if found and word in _KNOWN:
                self._add(text, kept, position)
                kept, self.changed = end, True
                rest = line[found.start(2) :].replace("\\\n", " ").strip()
                if not self._branch(word, rest, branches) and counts:
                    self._do(word, rest)
            elif not counts:
                kept = end
            elif self.macros and self._worth(line) and not _IMPORT.match(line):
                self._add(text, kept, position)
                self._push(expanded(text.slice(position, end), self.macros, self._problem))
                kept = end
            position = end
            if self.size > _LARGEST:
                self._problem(f"more than {_LARGEST} characters come out")
                return
        self._add(text, kept, size)
        for branch in branches:
            self._offset = branch.start
            self._problem("an #if without #endif")

    def _worth(self, line: str) -> bool:
        return any(word in self.macros for word in re.findall(r"[A-Za-z_$]\w*", line))

    def _add(self, text: Placed, start: int, end: int) -> None:
        if end > start:
            self._push(text.slice(start, end))

    def _push(self, part: Placed) -> None:
        self.parts.append(part)
        self.size += len(part.text)

    @property
    def _definitions(self) -> dict[str, str]:
        return {name: macro.text for name, macro in self.macros.items()}

    def _holds(self, condition: str) -> bool:
        try:
            return holds(re.sub(r"//.*|/\*.*?\*/", "", condition), self._definitions)
        except ConditionError as error:
            self._problem(f"#if {condition[:60]}: {error}; it counts as false")
            return False

    def _condition(self, word: str, rest: str) -> bool:
        if word.endswith("ndef"):
            return rest.split()[:1] != [] and rest.split()[0] not in self.macros
        if word.endswith("def"):
            names = re.sub(r"//.*", "", rest).split()
            single = len(names) < 2
            return bool(names) and names[0] in self.macros if single else self._holds(rest)
        return self._holds(rest)

    def _branch(self, word: str, rest: str, branches: list[_Branch]) -> bool:
        """Whether the directive was one of a conditional."""
        if word in ("if", "ifdef", "ifndef"):
            outer = not branches or branches[-1].now
            branches.append(_Branch(self._offset, outer, outer and self._condition(word, rest)))
        elif word in ("elif", "elifdef", "elifndef", "else", "endif"):
            if not branches:
                self._problem(f"#{word} without #if")
            elif word == "endif":
                branches.pop()
            else:
                top = branches[-1]
                may = top.outer and not top.taken
                top.now = may and (word == "else" or self._condition(word, rest))
                top.taken = top.taken or top.now
        else:
            return False
        return True

    def _do(self, word: str, rest: str) -> None:
        if word == "define":
            if made := macro_of(rest):
                self.macros[made[0]] = made[1]
            else:
                self._problem(f"#define {rest[:40]}: no name")
        elif word == "undef":
            self.macros.pop(rest, None)
        elif word == "define_import_path":
            self.import_path = self.import_path or ("" if self.within else rest)
        elif word == "include":
            self._include(rest)
        elif word == "error":
            self._problem(f"#error {rest[:80]}")

    def _include(self, rest: str) -> None:
        found = _INCLUDE.match(rest)
        name = next(filter(None, found.groups()), "") if found else ""
        text = self.include(name) if name else None
        if text is None:
            self._problem(f"#include {rest[:80]}: {ABSENT}")
            self.absent[rest[:80]] = None
        elif len(self.within) >= _DEEPEST or name in self.within:
            self._problem(f"#include {rest[:80]}: it includes itself")
        else:
            self.within.append(name)
            for repeated in self._repeated(text, rest[found.end() :] if found else ""):
                self._lines(repeated)
            self.within.pop()

    def _repeated(self, text: Placed, rest: str) -> Iterator[Placed]:
        """An included text with what Babylon puts behind its name: `(word,other)`, `[0..COUNT]`."""
        if pairs := re.match(r"\s*\(([^()]*)\)", rest):
            words = pairs[1].split(",")
            for old, new in zip(words[::2], words[1::2], strict=False):
                whole = re.compile(re.escape(old.strip()) if old.strip() else "(?!)")
                spans = [found.span() for found in whole.finditer(text.text)]
                text = text.edited((start, end, new.strip()) for start, end in spans)
        span = re.search(r"\[\s*(\d+)\s*\.\.\s*(\w+)\s*\]", rest)
        if not span:
            yield text
            return
        said = self._definitions.get(span[2], span[2])
        last = int(said) if said.isdecimal() and len(said) < 3 else int(span[1]) + 1
        for number in range(int(span[1]), max(last, int(span[1]))):
            found = re.finditer(r"\{X\}", text.text)
            yield text.edited((f.start(), f.end(), str(number)) for f in found)
