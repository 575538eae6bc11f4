"""WESL's conditions: `@if`, `@elif` and `@else` before declarations, statements and members."""

import re
from collections.abc import Mapping

from tat.wgsl.embedded.conditions import ConditionError, holds
from tat.wgsl.embedded.placed import Placed
from tat.wgsl.lexer import Token, code_of

_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")


def evaluated(
    text: Placed, definitions: Mapping[str, str]
) -> tuple[Placed, tuple[tuple[int, str], ...]]:  # fmt: skip
    """A text without its conditions and what they exclude, and the problems met, with offsets."""
    if not re.search(r"@\s*(?:if|elif|else)\b", text.text):
        return text, ()
    tokens = code_of(text.text)
    edits: list[tuple[int, int, str]] = []
    problems: list[tuple[int, str]] = []
    index, depth, chosen = 0, 0, dict[int, bool]()  # by depth, whether a branch was taken
    while index + 1 < len(tokens):
        word, here = tokens[index + 1].text, tokens[index].text
        if here != "@" or word not in ("if", "elif", "else"):
            depth += (here in _OPEN) - (here in _CLOSE)
            index += 1
            continue
        start, after = tokens[index].start, index + 2
        taken = word != "if" and chosen.get(depth, False)
        counts = not taken
        if word != "else":
            after = _closed(tokens, index + 2)
            condition = text.text[tokens[index + 1].end : tokens[after - 1].end]
            try:
                counts = counts and holds(condition, definitions)
            except ConditionError as error:
                problems.append((start, f"@{word}{condition[:60]}: {error}; it counts as false"))
                counts = False
        chosen[depth] = counts or taken
        if counts:
            edits.append((start, tokens[after - 1].end, ""))
            index = after
        else:
            last = _thing_end(tokens, after)
            edits.append((start, tokens[last - 1].end, ""))
            index = last
    return text.edited(edits), tuple(problems)


def _closed(tokens: list[Token], index: int) -> int:
    """Index behind the parenthesis that closes the one at `index`."""
    depth = 0
    for after in range(index, len(tokens)):
        depth += (tokens[after].text == "(") - (tokens[after].text == ")")
        if depth == 0:
            return after + 1
    return len(tokens)


def _thing_end(tokens: list[Token], index: int) -> int:
    """Index behind the declaration, statement, member or parameter that begins at `index`."""
    depth = angle = 0
    while index < len(tokens):
        text = tokens[index].text
        if text in _OPEN:
            depth += 1
        elif text in _CLOSE:
            depth -= 1
            if depth < 0:
                return index
            following = tokens[index + 1].text if index + 1 < len(tokens) else ""
            if depth == 0 and text == "}" and following not in ("else", ";", ","):
                return index + 1
        elif text == "<":
            angle += 1
        elif text in (">", ">>"):
            angle = max(0, angle - len(text))
        elif depth == 0 and (text == ";" or (text == "," and angle == 0)):
            return index + 1
        index += 1
    return index
