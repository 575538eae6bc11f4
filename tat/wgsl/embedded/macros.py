"""Definitions of a preprocessor: names that stand for text, with parameters or without."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tat.wgsl.embedded.placed import Placed

_WORD = re.compile(r"//[^\n]*|#\{([A-Za-z_]\w*)\}|#?[A-Za-z_]\w*")
_DEFINE = re.compile(r"([A-Za-z_$][\w$]*)(\(([^()]*)\))?[ \t]*(.*)", re.DOTALL)
_DEEPEST = 16  # names that stand for others
_LARGEST = 100_000  # characters of a line with its names replaced


class Macro(NamedTuple):
    """The meaning of a name; `called` where it takes arguments."""

    parameters: tuple[str, ...]
    text: str
    called: bool


def macro_of(definition: str) -> tuple[str, Macro] | None:
    """Name and meaning of what follows #define; None without a name."""
    found = _DEFINE.match(definition)
    if not found:
        return None
    names = tuple(name.strip() for name in (found[3] or "").split(",") if name.strip())
    text = re.sub(r"\s*//.*", "", found[4]).strip()
    return found[1], Macro(names, text, found[2] is not None)


def expanded(
    line: Placed, macros: Mapping[str, Macro], problem: Callable[[str], None]
) -> Placed:  # fmt: skip
    """A line with its names replaced; a name that was defined without a value stays."""
    edits, end = [], 0
    for found in _WORD.finditer(line.text):
        if found.start() < end or found[0].startswith("//"):
            continue
        name = found[1] or found[0].lstrip("#")
        macro = macros.get(name)
        if macro is None or (not macro.text and not macro.called):
            continue
        words, end = _replaced(line.text, found.end(), macro, macros, (name,))
        if words is None:
            continue
        if sum(len(edit[2]) for edit in edits[-1:]) + len(words) > _LARGEST:
            problem(f"{name}: its definition makes a line too long")
            break
        edits.append((found.start(), end, words))
    return line.edited(edits)


def _replaced(
    text: str, end: int, macro: Macro, macros: Mapping[str, Macro], within: tuple[str, ...]
) -> tuple[str | None, int]:
    """The words for a name, and where what they replace ends; None where nothing is replaced."""
    words = macro.text
    if macro.called:
        arguments, after = _arguments(text, end)
        if arguments is None or len(arguments) != max(1, len(macro.parameters)):
            return None, end
        given = dict(zip(macro.parameters, arguments, strict=False))
        words = re.sub(r"[A-Za-z_]\w*", lambda m: given.get(m[0], m[0]), words).replace("##", "")
        end = after
    return _again(words, macros, within), end


def _again(words: str, macros: Mapping[str, Macro], within: tuple[str, ...]) -> str:
    """Words in which other names are replaced, too."""
    if len(within) >= _DEEPEST or len(words) > _LARGEST:
        return words
    parts, copied = [], 0
    for found in re.finditer(r"[A-Za-z_]\w*", words):
        macro = macros.get(found[0])
        if found.start() < copied or macro is None or found[0] in within:
            continue
        if not macro.text and not macro.called:
            continue
        inner, end = _replaced(words, found.end(), macro, macros, (*within, found[0]))
        if inner is not None:
            parts += words[copied : found.start()], inner
            copied = end
        if sum(map(len, parts[-2:])) > _LARGEST:
            break
    return "".join((*parts, words[copied:]))[: 2 * _LARGEST]


def _arguments(text: str, start: int) -> tuple[list[str] | None, int]:
    """The arguments in parentheses behind a name, and where they end."""
    opening = re.compile(r"[ \t]*\(").match(text, start)
    if not opening:
        return None, start
    found, depth, begin = [], 1, opening.end()
    for sign in re.compile(r"[()\[\],]").finditer(text, begin):
        if sign[0] in "([":
            depth += 1
        elif sign[0] in ")]":
            depth -= 1
        if depth == 0 or (sign[0] == "," and depth == 1):
            found.append(text[begin : sign.start()].strip())
            begin = sign.end()
        if depth == 0:
            return found, begin
    return None, start
