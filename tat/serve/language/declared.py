"""Reads the declarations of a text that is being written, in one pass over its tokens.

Brackets that nothing closes end where the next function starts, for `fn` and `struct` stand at
module level only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tat.wgsl.adaptation import short_types
from tat.wgsl.comments import comments_above, doc_comment
from tat.wgsl.lexer import Token

_VALUES = frozenset(("let", "const", "var", "override"))
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")


@dataclass(eq=False)
class Symbol:
    """A declared name at `text[start:end]`, visible in `seen` of the text.

    `kind` is fn, struct, alias, const, override, var, let, parameter or member. `type` is that of
    a value, a member or a function's result, in short form, "" where it is not written; then
    `value` are the tokens that it is initialised with. `owner` names the struct or the function
    that it belongs to, "" in the module. `detail` is the declaration on one line.
    """

    kind: str
    name: str
    start: int
    end: int
    detail: str
    type: str = ""
    owner: str = ""
    comment: str = ""
    value: Sequence[Token] = ()
    parameters: Sequence["Symbol"] = ()
    span: tuple[int, int] = (0, 0)  # of the whole declaration
    seen: list[int] = field(default_factory=lambda: [0, 1 << 60])

    @property
    def of_module(self) -> bool:
        """Whether it is declared at module level."""
        return not self.owner


def matching(code: Sequence[Token], opening: int) -> int:
    """Index of the bracket that closes the one at `opening`; len(code) where none does."""
    depth = 0
    for index in range(opening, len(code)):
        text = code[index].text
        depth += (text in _OPEN) - (text in _CLOSE)
        if depth == 0:
            return index
        if index > opening and code[index].kind == "keyword" and text in ("fn", "struct"):
            break
    return len(code)


class Reader:
    """One pass over the tokens of a text."""

    def __init__(self, text: str, tokens: Sequence[Token], code: Sequence[Token]) -> None:
        self._text, self._code = text, code
        self._above = comments_above(list(tokens))
        self._symbols: list[Symbol] = []
        self._blocks: list[list[Symbol]] = []  # of each open brace what is seen inside it
        self._function = ""
        self._coming: list[Symbol] = []  # what the next brace takes in: parameters, loop variables
        self._first = 0  # token that the declaration being read begins with

    def read(self) -> list[Symbol]:
        index = 0
        while index < len(self._code):
            token = self._code[index]
            if token.kind == "keyword" and token.text in ("fn", "struct"):
                self._close_all(token.start)
            if not self._blocks and token.text in (";", "}"):
                self._first = index + 1
            index = self._step(token, index)
        self._close_all(len(self._text))
        return self._symbols

    def _step(self, token: Token, index: int) -> int:
        text = token.text
        if token.kind == "keyword":
            if text == "fn":
                return self._function_at(index)
            if text == "struct":
                return self._struct(index)
            if text == "alias":
                return self._alias(index)
            if text in _VALUES:
                return self._value(index)
            if text == "for":
                return self._loop(index)
        if text == "{":
            for symbol in self._coming:
                symbol.seen[0] = token.start
            self._blocks.append(self._coming)
            self._coming = []
        elif text == "}" and self._blocks:
            self._close(token.start)
        return index + 1

    def _close(self, end: int) -> None:
        for symbol in self._blocks.pop():
            symbol.seen[1] = end
        if not self._blocks:
            self._function = ""
            self._first = self._index_after(end)

    def _close_all(self, end: int) -> None:
        while self._blocks:
            self._close(end)
        for symbol in self._coming:
            symbol.seen[:] = [end, end]
        self._coming, self._function = [], ""

    def _index_after(self, offset: int) -> int:
        return next((i for i in range(self._first, len(self._code))
                     if self._code[i].start > offset), len(self._code))  # fmt: skip

    def _named(self, index: int) -> Token | None:
        token = self._code[index] if index < len(self._code) else None
        return token if token is not None and token.kind == "identifier" else None

    def _add(self, symbol: Symbol) -> Symbol:
        self._symbols.append(symbol)
        return symbol

    def _comment(self) -> str:
        start = self._code[min(self._first, len(self._code) - 1)].start
        return doc_comment(self._text, self._above.get(start, []), start)

    def _function_at(self, index: int) -> int:
        name = self._named(index + 1)
        if name is None or index + 2 >= len(self._code) or self._code[index + 2].text != "(":
            return index + 1
        first = self._first if self._first <= index else index
        close = matching(self._code, index + 2)
        parameters = list(self._list("parameter", index + 2, close, name.text))
        end, kind = close + 1, ""
        if end < len(self._code) and self._code[end].text == "->":
            stop = _until(self._code, end + 1, ("{", ";"))
            kind, end = _type(self._without_attributes(end + 1, stop)), stop
        brace = end < len(self._code) and self._code[end].text == "{"
        last = matching(self._code, end) if brace else end
        signature = _line(self._text, self._code[index:end])
        self._add(Symbol(
            "fn", name.text, name.start, name.end, signature, kind, comment=self._comment(),
            parameters=parameters, span=self._span(first, last),
        ))  # fmt: skip
        self._symbols += parameters
        self._coming, self._function = parameters if brace else [], name.text
        return end

    def _struct(self, index: int) -> int:
        name = self._named(index + 1)
        if name is None or index + 2 >= len(self._code) or self._code[index + 2].text != "{":
            return index + 1
        first = self._first if self._first <= index else index
        close = matching(self._code, index + 2)
        detail = _line(self._text, self._code[index : close + 1])
        self._add(Symbol(
            "struct", name.text, name.start, name.end, detail, comment=self._comment(),
            span=self._span(first, close),
        ))  # fmt: skip
        self._symbols += self._list("member", index + 2, close, name.text)
        self._first = close + 1
        return close + 1

    def _list(self, kind: str, opening: int, close: int, owner: str) -> Iterator[Symbol]:
        """Items `attributes name: type` between two brackets."""
        index = opening + 1
        while index < close:
            stop = _until(self._code, index, (",",), close)
            item = self._without_attributes(index, stop)
            if len(item) > 1 and item[0].kind == "identifier" and item[1].text == ":":
                name, detail = item[0], _line(self._text, self._code[index:stop])
                yield Symbol(kind, name.text, name.start, name.end, detail, _type(item[2:]), owner,
                             self._comment_of(index), span=self._span(index, stop - 1))  # fmt: skip
            index = stop + 1

    def _comment_of(self, index: int) -> str:
        start = self._code[index].start
        return doc_comment(self._text, self._above.get(start, []), start)

    def _without_attributes(self, start: int, stop: int) -> Sequence[Token]:
        while start + 1 < stop and self._code[start].text == "@":
            start += 2
            if start < stop and self._code[start].text == "(":
                start = matching(self._code, start) + 1
        return self._code[start:stop]

    def _alias(self, index: int) -> int:
        name, stop = self._named(index + 1), _until(self._code, index, (";",))
        if name is None:
            return index + 1
        detail = _line(self._text, self._code[index:stop])
        self._add(Symbol("alias", name.text, name.start, name.end, detail,
                         _type(self._code[index + 3 : stop]), comment=self._comment(),
                         span=self._span(self._first, stop)))  # fmt: skip
        return stop

    def _value(self, index: int) -> int:
        """A let, const, var or override; reading goes on inside of what it is initialised with."""
        kind, at = self._code[index].text, index + 1
        if at < len(self._code) and self._code[at].text == "<":
            at = _until(self._code, at, (">", ";")) + 1
        name = self._named(at)
        if name is None:
            return index + 1
        stop = _until(self._code, at, (";", "{", "}"))
        equals = _until(self._code, at, ("=",), stop)
        colon = at + 1 < stop and self._code[at + 1].text == ":"
        local = bool(self._blocks) or bool(self._function)
        symbol = self._add(Symbol(
            kind, name.text, name.start, name.end, _line(self._text, self._code[index:stop]),
            _type(self._code[at + 2 : equals]) if colon else "",
            self._function if local else "", self._comment() if not local else "",
            self._code[equals + 1 : stop],
            span=self._span(index if local else min(self._first, index), stop),
        ))  # fmt: skip
        if local:
            symbol.owner = symbol.owner or " "
            symbol.seen[0] = self._code[stop - 1].end
            if self._blocks:
                self._blocks[-1].append(symbol)
        return at + 1

    def _loop(self, index: int) -> int:
        """A `for`: what its header declares is seen to the end of its block."""
        if index + 1 >= len(self._code) or self._code[index + 1].text != "(":
            return index + 1
        close, at = matching(self._code, index + 1), index + 2
        inside: list[Symbol] = []
        self._blocks.append(inside)
        while at < close:
            token = self._code[at]
            at = self._value(at) if token.text in _VALUES else at + 1
        self._blocks.pop()
        header = inside[0].seen[0] if inside else 0
        for symbol in inside:
            symbol.seen[0] = header
        self._coming = inside
        return close + 1

    def _span(self, first: int, last: int) -> tuple[int, int]:
        last = min(last, len(self._code) - 1)
        return self._code[min(first, last)].start, self._code[last].end


def _until(
    code: Sequence[Token], start: int, ends: Sequence[str], stop: int | None = None
) -> int:  # fmt: skip
    """Index of the first of `ends` outside of brackets from `start` on; else `stop`, the end."""
    stop, depth = len(code) if stop is None else stop, 0
    angle = 0
    for index in range(start, min(stop, len(code))):
        text = code[index].text
        if depth <= 0 and angle <= 0 and text in ends:
            return index
        if text == "<" and index > start and code[index - 1].kind == "identifier":
            angle += 1 if ends == (",",) else 0
        elif text in (">", ">>") and angle:
            angle -= len(text)
        depth += (text in _OPEN) - (text in _CLOSE)
        if code[index].kind == "keyword" and text in ("fn", "struct") and index > start:
            return index
    return min(stop, len(code))


def _type(tokens: Sequence[Token]) -> str:
    """A type without blanks, vectors and matrices in their short form."""
    return short_types("".join(token.text for token in tokens))


def _line(text: str, tokens: Sequence[Token]) -> str:
    """The source of these tokens on one line."""
    if not tokens:
        return ""
    return " ".join(text[tokens[0].start : tokens[-1].end].split())[:400]
