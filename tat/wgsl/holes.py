"""Text for a preprocessor or a template in WGSL: directives, `{NAME}` and all that is no token."""

import re
from collections.abc import Sequence
from functools import lru_cache

from tat.errors import one_line
from tat.wgsl.lexer import Token, code_of

_STRANGE = re.compile(r"[^\w\s.,;:()\[\]{}<>@+\-*/%&|^!~=]")  # no token of WGSL has these
# Braces around words without a statement or a member.
_BRACES = re.compile(r"\{[^;:{}]*[^\s;:{}][^;:{}]*\}")
_TAGS = ("<%", "{%", "%>", "%}")  # of ERB and Jinja
_NEVER_WITHIN = frozenset((";", ":", "{", "@"))


@lru_cache(maxsize=1 << 12)  # functions of a module share their context
def first_hole(text: str, of_host: Sequence[str] = ()) -> str:
    """The first text that a preprocessor or a template would replace; "" where there is none.

    `of_host`: texts of holes that count as words, longest first.

    >>> first_hole("fn f() {\\n#ifdef FAST\\n    g();\\n#endif\\n}")
    '#ifdef FAST'
    >>> first_hole("@workgroup_size({SIDE}, 1)")
    '{SIDE}'
    """
    for known in of_host:
        text = text.replace(known, "1")
    if not ("/*" in text or "%" in text or _STRANGE.search(text) or _BRACES.search(text)):
        return ""
    tokens = code_of(text)
    for index, token in enumerate(tokens):
        if token.kind == "error":
            line = text[token.start :].splitlines()
            return one_line(line[0] if line else token.text, 60)
        if text.startswith(_TAGS, token.start):
            return one_line(text[token.start :].splitlines()[0], 60)
        if token.text == "{" and (end := hole_end(tokens, index)):
            return one_line(text[token.start : tokens[end - 1].end], 60)
    return ""


def hole_end(tokens: Sequence[Token], index: int) -> int:
    """Index after the hole `{NAME}` whose brace is at `index`; 0 where that begins a block.

    A block is empty, or has a statement, which ends with a semicolon or a block; a struct has
    colons.
    """
    for after in range(index + 1, len(tokens)):
        token = tokens[after]
        if token.text == "}":
            return after + 1 if after > index + 1 else 0
        if token.text in _NEVER_WITHIN or token.kind == "keyword":
            return 0
    return 0
