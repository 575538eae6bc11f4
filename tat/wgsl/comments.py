"""Doc comments: the comment that describes a declaration, as text without its markers."""

import re
import textwrap

from tat.wgsl.lexer import LINE_ENDS, Token, tokenize

_LICENCE = re.compile(
    r"copyright|licen[cs]e|spdx|all rights reserved|permission is hereby granted", re.IGNORECASE
)
_CODE_LINE = re.compile(
    r".*[;{}]$|(?:fn|let|var|const|struct|override|alias)\s+\w+\s*[=:(<{]"
    r"|@(?:vertex|fragment|compute|group|binding|location|builtin|workgroup_size)\b"
)
_SAYS_SOMETHING = re.compile(r"[^\W_]|[(){}]")  # a drawing's other lines go, a formula's stay
_LEFT_STARS = re.compile(r"^[ \t]*\*+ ?", re.MULTILINE)
_LINE_END = re.compile(rf"\r\n|[{LINE_ENDS}]")
_LAST_LINE_END = re.compile(rf"(?:\r\n|[{LINE_ENDS}])\Z")
_RULE = "-=*#_~+─━═"  # three or more at an end of a line set off a heading


def comments_above(tokens: list[Token]) -> dict[int, list[Token]]:
    """The comments before each token, by the offset of the token."""
    above: dict[int, list[Token]] = {}
    pending: list[Token] = []
    for token in tokens:
        if token.kind == "comment":
            pending.append(token)
        elif pending:
            above[token.start], pending = pending, []
    return above


def doc_comment(text: str, comments: list[Token], start: int) -> str:
    """The text of the comment directly above offset `start`; `comments` are those before it.

    A comment counts if it begins its line and no blank line follows. The text is "" without such a
    comment, and for separators, licences and code that was commented out.
    """
    lines: list[str] = []
    for comment in reversed(comments):
        below = _LINE_END.findall(text, comment.end, start)
        if len(below) > 1 or not _begins_line(text, comment.start):
            break
        lines += reversed(_content(comment.text))
        start = comment.start
    said = [line for line in map(_without_rules, reversed(lines)) if _SAYS_SOMETHING.search(line)]
    code = sum(bool(_CODE_LINE.match(line.strip())) for line in said)
    if 2 * code > len(said) or any(_LICENCE.search(line) for line in said):
        return ""
    return "\n".join(said).strip()


def without_comments(text: str) -> str:
    """`text` without its comments, and without lines that held only comments."""
    kept, end = [], 0
    for comment in tokenize(text):
        if comment.kind != "comment":
            continue
        before = text[end : comment.start]
        end = comment.end
        line_ends = text[end : end + 1] in {"", *LINE_ENDS}
        if line_ends and _begins_line(text, comment.start):
            before = _LAST_LINE_END.sub("", before.rstrip(" \t"))
        elif line_ends:
            before = before.rstrip(" \t")
        elif not before[-1:].isspace():
            before += " "  # a block comment may be all that separates two words
        kept.append(before)
    return "".join((*kept, text[end:]))


def _begins_line(text: str, start: int) -> bool:
    while start and text[start - 1] in " \t":
        start -= 1
    return start == 0 or text[start - 1] in LINE_ENDS


def _content(comment: str) -> list[str]:
    """Lines of one comment without //, ///, /** or the stars down the left of a block."""
    if comment.startswith("//"):
        return [comment.lstrip("/").removeprefix("!").removeprefix(" ")]
    first, *others = _LINE_END.split(comment[2:-2].strip("*!"))
    return [first.strip(), *textwrap.dedent(_LEFT_STARS.sub("", "\n".join(others))).split("\n")]


def _without_rules(line: str) -> str:
    """`line` without rules of dashes and the like; the indentation of its text is kept."""
    if len(line.strip()) - len(line.strip().lstrip(_RULE)) >= 3:
        line = line.strip().lstrip(_RULE).lstrip()
    line = line.rstrip()
    return line.rstrip(_RULE).rstrip() if len(line) - len(line.rstrip(_RULE)) >= 3 else line
