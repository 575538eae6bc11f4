"""The symbols of a text that is being written, by name, by struct, and by where they are seen."""

from bisect import bisect_right
from functools import cached_property

from tat.serve.language.declared import Reader, Symbol
from tat.wgsl.lexer import tokenize

MODULE_KINDS = frozenset(("fn", "struct", "alias", "const", "override", "var"))


class Analysis:
    """The declarations of a text; made once for a version of it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.code = [token for token in self.tokens if token.kind != "comment"]
        self._starts = [token.start for token in self.code]
        self.symbols = Reader(text, self.tokens, self.code).read()

    @cached_property
    def module(self) -> dict[str, Symbol]:
        """The symbols of the module by name; of several of one name the first."""
        named: dict[str, Symbol] = {}
        for symbol in self.symbols:
            if symbol.of_module:
                named.setdefault(symbol.name, symbol)
        return named

    @cached_property
    def members(self) -> dict[str, list[Symbol]]:
        """The members of each struct."""
        found: dict[str, list[Symbol]] = {}
        for symbol in self.symbols:
            if symbol.kind == "member":
                found.setdefault(symbol.owner, []).append(symbol)
        return found

    def visible(self, offset: int) -> dict[str, Symbol]:
        """The symbols that may be used at `offset`, by name; inner declarations hide outer ones."""
        named = dict(self.module)
        for symbol in self.symbols:
            inside = symbol.seen[0] <= offset <= symbol.seen[1]
            if symbol.owner and symbol.kind != "member" and inside:
                named[symbol.name] = symbol
        return named

    def index_at(self, offset: int) -> int:
        """Index in `code` of the last token that starts at `offset` or before it; -1 for none."""
        return bisect_right(self._starts, offset) - 1

    def word_at(self, offset: int) -> int:
        """Index in `code` of the identifier that `offset` touches; -1 where there is none."""
        for index in (self.index_at(offset), self.index_at(offset - 1)):
            if index >= 0 and self.code[index].kind == "identifier":
                token = self.code[index]
                if token.start <= offset <= token.end:
                    return index
        return -1

    def in_comment(self, offset: int) -> bool:
        """Whether `offset` stands inside a comment, or at the end of a line comment."""
        for token in self.tokens:
            if token.start >= offset:
                return False
            open_block = token.kind == "error" and token.text.startswith("/*")
            line = token.text.startswith("//")
            if token.kind == "comment" and (offset < token.end or (line and offset == token.end)):
                return True
            if open_block:
                return True
        return False
