"""Reviews texts as they are written: a statement that naga refuses is drawn again.

So is a statement that shows a lost model: a name that keeps growing, calls that nest without end.

    let a = f(x);   a statement ends: naga takes it, and the next one begins here
    let b = a.zz;   naga refuses: the tokens go back to where this statement began
    let b = a.xz;   drawn again, with other noise

A review depends on the text alone, so no batch, block or device changes a token.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import NamedTuple, Protocol

from tat.decode.prompt import Prompt
from tat.wgsl.lexer import Token, code_of, tokenize
from tat.wgsl.sandbox import Diagnostic, Sandbox
from tat.wgsl.stubs import stub

# Limits of a meaningful text; 1.8 % of 4,202 public functions break one.
_LONGEST_NAME = 40  # characters
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")  # of a name: camel or snake case
_MOST_REPEATED_PART = 2  # times that a name may have the same part
_DEEPEST = 8  # round brackets inside each other
_LONGEST_STATEMENT = 120  # lexical tokens without an end
_LONGEST_TEXT = 600  # characters of a statement, blank space and comments too
_LONGEST_COMMENT = 200  # characters: the grammar allows anything in one
_BLANKS = re.compile(  # that nobody writes in a statement; 2 of those functions have many in a line
    r"[^ \t\r\n][ \t]{17,}[^ \t\r\n/]|[\v\f\x85\u200e\u200f\u2028\u2029]"
    r"|^[^\n/]*[^\s;{}/][ \t]*\n[ \t]*\n",
    re.MULTILINE,
)
_MOST_EQUAL = 4  # times that the same statement may stand in a function, if it has 5 tokens or more
_LEAST_COUNTED = 5
_MOST_UNUSED = 10  # declarations that nothing used so far

_IDLE = frozenset(("{", "}", ";", "return"))  # of a body that does nothing
_ROUND = {"(": 1, ")": -1}
_CURLY = {"{": 1, "}": -1}
_MARK = re.compile(rb"[(;{}]")  # in a token that ends a statement, or nests deeper
_END = re.compile(rb"[;{}]")
_LOOK = 16  # tokens after which a statement without an end is looked at
_PATIENCE = 8  # refusals at one place, before the previous statement goes, too
_IN_VAIN = 1024, 512  # tokens that the most likely text, and a draw, may take back in all

EMPTY = "a function's body does nothing"


class Reviewer(Protocol):
    """Decides after each token whether a part of the text has to be written again."""

    def take(self, tokens: Sequence[int]) -> int | None:
        """After one more token, or more: how many tokens stay, or None where all may."""

    def until_look(self, settled: int, coming: Sequence[int]) -> int:
        """How many of the tokens behind so many settled ones can be taken in one call."""

    def attempts(self) -> int:
        """Times that it took text back; the next draws depend on it."""

    @property
    def reason(self) -> str:
        """Why it took text back the last time, in words."""

    def gave_up(self) -> bool:
        """Whether it took text back so often that the text ends where it is."""

    def may_wait(self, tokens: Sequence[int]) -> bool:
        """Whether taking these tokens may wait for naga."""


class _End(NamedTuple):
    """The end of a statement that was taken, where the next one begins."""

    tokens: int
    characters: int  # of the text, without half a character at its end
    code: int  # lexical tokens


@dataclass(eq=False)
class Review:
    """The review of one text; `pieces` are the bytes of each token of the vocabulary."""

    prompt: Prompt
    sandbox: Sandbox
    pieces: Sequence[bytes]
    most: int  # statements to draw again; then the text ends, unfinished
    number: int = 0  # of the text among those of its prompt
    refusals: Counter[int] = field(default_factory=Counter)
    taken_back: int = 0  # tokens
    reason: str = ""  # in words, why the last refused statement was refused
    _ends: list[_End] = field(default_factory=list)
    _code: list[Token] = field(default_factory=list)  # the lexical tokens up to the last end
    _silent: bool = False  # naga refuses the context: no statement would help

    def __post_init__(self) -> None:
        lead = self.prompt.lead
        self._code = code_of(lead)
        self._ends = [_End(0, len(lead), len(self._code))]

    def attempts(self) -> int:
        """Statements that were refused so far."""
        return self.refusals.total()

    def gave_up(self) -> bool:
        """Whether as many statements were refused, or as many tokens taken back, as may be."""
        return self.attempts() >= self.most or self.taken_back >= _IN_VAIN[self.number > 0]

    def may_wait(self, tokens: Sequence[int]) -> bool:
        """Whether one of these tokens may end a statement, so that naga is asked."""
        pieces = self.pieces
        return not self._silent and any(_END.search(pieces[token]) for token in tokens)

    def until_look(self, settled: int, coming: Sequence[int]) -> int:
        """How many of the coming tokens there are up to the first after which the text is looked
        at: one with a mark, or the last of so many."""
        begun = settled - self._ends[-1].tokens
        for count, token in enumerate(coming, 1):
            if (begun + count) % _LOOK == 0 or _MARK.search(self.pieces[token]):
                return count
        return len(coming)

    def take(self, tokens: Sequence[int]) -> int | None:
        """After one more token, or more: how many tokens stay, or None where all may."""
        kept = self._kept(tokens)
        self.taken_back += 0 if kept is None else len(tokens) - kept
        return kept

    def _kept(self, tokens: Sequence[int]) -> int | None:
        marked = _MARK.search(self.pieces[tokens[-1]])
        if self._silent or not (marked or (len(tokens) - self._ends[-1].tokens) % _LOOK == 0):
            return None
        written = b"".join([self.pieces[token] for token in tokens]).decode("utf-8", "replace")
        text, begin = self.prompt.lead + written, self._ends[-1].characters
        statement = code_of(text[begin:])
        if is_lost(statement) or rambles(text[begin:]):
            return self._back("it has no end, or a name that grows")
        if not ends(statement) or begin + statement[-1].end != len(text.rstrip()):
            return None
        moved = (t._replace(start=t.start + begin, end=t.end + begin) for t in statement)
        tokens_so_far = [*self._code[: self._ends[-1].code], *moved]
        if wanders(tokens_so_far):
            return self._back("it stands behind a return, repeats, or declares what nothing uses")
        if does_nothing(tokens_so_far):
            return self._back(EMPTY)
        if problem := self._problem(text, tokens_so_far):
            return self._back(problem.message)
        self._code = tokens_so_far
        self._ends.append(_End(len(tokens), len(text), len(tokens_so_far)))
        return None

    def _back(self, reason: str) -> int | None:
        """The place to go on from after a refusal: this statement's beginning or an earlier one."""
        place = self._ends[-1].tokens
        if place == 0 and not self.attempts():
            opened = f"{self.prompt.lead}{{"
            if self._problem(opened, code_of(opened)):
                self._silent = True
                return None
        self.refusals[place] += 1
        self.reason = reason
        if self.refusals[place] % _PATIENCE == 0 and len(self._ends) > 1:
            self._ends.pop()
        return self._ends[-1].tokens

    def _problem(self, text: str, tokens: Sequence[Token]) -> Diagnostic | None:
        """naga's problem with the text so far, however it is closed; None without one."""
        module, problem = f"{self.prompt.head}{text}", None
        for closing in closings(tokens, text):
            problem = self.sandbox.validate(f"{module}{closing}")
            if problem is None or _is_behind(problem, module):
                return None
        return problem


def ends(statement: Sequence[Token]) -> bool:
    """Whether a statement, or the head of a block, or a block, is whole with its last token."""
    texts = [token.text for token in statement]
    return texts[-1:] in (["{"], ["}"], [";"]) and texts.count("(") <= texts.count(")")


def is_lost(statement: Sequence[Token]) -> bool:
    """Whether a statement goes on without end, nests without end, or has a name that grew."""
    deepest = max(accumulate((_ROUND.get(token.text, 0) for token in statement), initial=0))
    long = deepest > _DEEPEST or len(statement) > _LONGEST_STATEMENT
    return long or any(map(_grew, _declared(statement)))


def rambles(statement: str) -> bool:
    """Whether a statement, a comment or blank space in it is very long, or the blank space is an
    empty line or no ASCII; it may have no end yet."""
    if _BLANKS.search(statement):
        return True
    if len(statement) <= _LONGEST_COMMENT:
        return False
    if len(statement) > _LONGEST_TEXT:
        return True
    if "//" not in statement and "/*" not in statement:
        return False
    tokens = tokenize(statement)
    comments = (t for t in tokens if t.kind == "comment" or t.text.startswith("/*"))
    return any(len(token.text) > _LONGEST_COMMENT for token in comments)


def wanders(tokens: Sequence[Token]) -> bool:
    """Whether a text goes on behind a return, repeats a statement, or declares unused names."""
    each = [tuple(one) for one in _statements([token.text for token in tokens])]
    if any(a[0] == "return" and b != ("}",) for a, b in pairwise(each)):
        return True
    statements = Counter(each)
    if any(n > _MOST_EQUAL and len(s) >= _LEAST_COUNTED for s, n in statements.items()):
        return True
    seen = Counter(token.text for token in tokens if token.kind == "identifier")
    return sum(seen[name] == 1 for name in _declared(tokens)) > _MOST_UNUSED


def does_nothing(tokens: Sequence[Token]) -> bool:
    """Whether a whole function has an empty body, or one without anything to do."""
    body: list[str] | None = None
    depth = 0
    for token in tokens:
        if token.text == "fn":
            body, depth = [], 0
        elif body is not None and (depth or token.text == "{"):
            depth += _CURLY.get(token.text, 0)
            body.append(token.text)
            if depth == 0 and _IDLE.issuperset(body):
                return True
            body = body if depth else None
    return False


def closings(tokens: Sequence[Token], text: str) -> list[str]:
    """Texts that make a module of a text that stops between two statements; none where no text
    does, as inside of a `switch` or a `struct`.

    A function is closed with a return of the zero value, and without, should it return already.
    """
    heads: list[str] = []  # of the open blocks: the keyword that each begins with
    head, start = "", 0
    for token in tokens:
        if token.text == "{":
            heads.append(head)
            head = ""
        elif token.text == "}":
            heads = heads[:-1]
            head = ""
        elif token.text == ";":
            head = ""
        elif token.kind == "keyword" and token.text in ("fn", "struct", "switch", "case"):
            head = token.text
            start = token.start if head == "fn" else start
    if not heads:
        return [""]
    if heads[0] != "fn" or {"switch", "case"} & {*heads}:
        return []
    zero = _zero(text[start : text.index("{", start)].rstrip())
    inner = "\n" + "}" * (len(heads) - 1)
    return [f"{inner}{zero}}}", f"{inner}}}"] if zero.strip() else [f"{inner}}}"]


@lru_cache(1024)  # asked at each statement of a function
def _zero(signature: str) -> str:
    """The body of a function of zero value, without its brackets."""
    whole = stub(signature)
    return whole[whole.rindex("{") + 1 : -1]


def _declared(tokens: Sequence[Token]) -> set[str]:
    """The names behind `let` and `var`."""
    pairs = pairwise(tokens)
    return {b.text for a, b in pairs if a.text in ("let", "var") and b.kind == "identifier"}


def _statements(texts: Sequence[str]) -> Iterator[list[str]]:
    statement: list[str] = []
    for text in texts:
        statement.append(text)
        if text in (";", "{", "}"):
            yield statement
            statement = []


def _grew(name: str) -> bool:
    parts = Counter(part.lower() for part in _PARTS.findall(name))
    return len(name) > _LONGEST_NAME or max(parts.values(), default=0) > _MOST_REPEATED_PART


def _is_behind(problem: Diagnostic, written: str) -> bool:
    """Whether a problem is in what was added to the text."""
    line = written.count("\n") + 1
    column = len(written) - written.rfind("\n")
    return (problem.line, problem.column) >= (line, column)
