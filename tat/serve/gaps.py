"""Text at a cursor: what may be proposed there, and whether it fits what stands around it."""

import re
from typing import NamedTuple

from tat.decode.begun import Cursor
from tat.serve.ending import Ending
from tat.serve.judge import Judge
from tat.wgsl.lexer import tokenize

_INDENT = "    "
_HIDDEN = re.compile(r"\S.*?(?://|/\*)")  # code before a comment


class Gap(NamedTuple):
    """A cursor between two texts.

    `tail` is the brace to be written last, where a `block` is asked for that nothing behind the
    cursor closes. `closers` close what else stands open, for the model and for naga.
    """

    prefix: str
    suffix: str
    tail: str
    closers: str
    block: bool

    @property
    def behind(self) -> str:
        """The text that the model writes before; what goes on with the line comes first."""
        end = len(self._rest)
        return self.tail + self.suffix[:end] + self.closers + self.suffix[end:]

    @property
    def within(self) -> bool:
        """Whether the line goes on behind the cursor."""
        return bool(self._rest)

    @property
    def without_line(self) -> str:
        """The module without the line of the cursor, blank instead."""
        above, end, _ = self.prefix.rpartition("\n")
        return above + end + self.behind[len(self._rest) :]

    @property
    def _rest(self) -> str:
        return Cursor.between(self.prefix, self.suffix).rest

    def ending(self, deadline: float) -> Ending:
        """One line, or the block that stands open."""
        return Ending(line=not self.block, block=self.block, deadline=deadline)

    def fitting(self, text: str) -> str:
        """The text without trailing blanks; "" for one that says what follows anyway, or hides the
        rest of a line in a comment."""
        text = text.rstrip()
        lines = (self.prefix.rpartition("\n")[2] + text).splitlines()
        following = next((line for line in self.suffix.splitlines() if line.strip()), "")
        hidden = any(map(_HIDDEN.search, lines))
        return "" if hidden or text.strip() == following.strip() else text


def gap_at(prefix: str, suffix: str, *, line: bool = False) -> Gap:
    """The gap of a cursor: behind an opening brace a block is asked for, else, or if `line` says
    so, a line, or what fits before the rest of one."""
    within = Cursor.between(prefix, suffix).rest
    block = not (line or within) and prefix.rstrip().endswith("{")
    missing, tail = max(0, _opened(prefix) - _closed(suffix)), ""
    if block and missing:
        opened = next(line for line in reversed(prefix.splitlines()) if line.strip())
        tail, missing = f"\n{_indentation(opened)}}}", missing - 1
    closers = "".join(f"\n{_INDENT * level}}}" for level in reversed(range(missing)))
    return Gap(prefix, suffix, tail, closers, block)


def fits(judge: Judge, gap: Gap, text: str) -> bool:
    """Whether naga finds nothing wrong with the text where it stands.

    The module may be broken elsewhere, for it is being written: what is wrong above the text does
    not count, unless it is the whole function that became invalid; nor what is wrong behind it
    where that is so without the text, too. Within a line all counts that is not so without it.
    """
    problem = judge.validate(gap.prefix + text + gap.behind)
    if problem is None or problem.line == 0:
        return problem is None
    if gap.within:
        return problem == judge.validate(gap.without_line)
    first = gap.prefix.count("\n") + 1
    last = first + (text + gap.tail).count("\n")
    if problem.line > last:
        without = judge.validate(gap.prefix + gap.behind)
        return without is not None and without.message == problem.message
    if first <= problem.line:
        return False
    return not re.search(r"is invalid", problem.message)


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _opened(prefix: str) -> int:
    """Braces of the last function that stand open."""
    depth = 0
    for token in tokenize(prefix):
        if token.kind == "keyword" and token.text in ("fn", "struct"):
            depth = 0
        depth = max(0, depth + (token.text == "{") - (token.text == "}"))
    return depth


def _closed(suffix: str) -> int:
    """Braces that the text behind the cursor closes before another function begins."""
    depth = least = 0
    for token in tokenize(suffix):
        if token.kind == "keyword" and token.text in ("fn", "struct"):
            break
        depth += (token.text == "{") - (token.text == "}")
        least = min(least, depth)
    return -least
