"""Cuts modules into declarations, and gives each function the declarations that it needs."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tat.errors import FileError
from tat.wgsl.comments import comments_above, doc_comment
from tat.wgsl.holes import hole_end
from tat.wgsl.lexer import Token, tokenize

# Keywords that start a declaration. The first group occurs nowhere else: one of them inside another
# declaration shows that the other is broken. The second group also occurs in function bodies.
_MODULE_ONLY = frozenset(("fn", "struct", "override", "alias", "enable", "requires"))
_STARTERS = _MODULE_ONLY | frozenset(("const", "var", "const_assert", "diagnostic"))
_NAMED = frozenset(("fn", "struct", "override", "alias", "const", "var"))
_DECLARES = _NAMED | {"let"}
_CLOSER = {"(": ")", "[": "]", "{": "}"}

# Characters of all contexts of one module. Real modules stay under 50 thousand, but n constants in
# a chain and n functions that each use one make n * n: a file of 1 MB could fill the memory.
_CONTEXT_LIMIT = 16_000_000


class Declaration(NamedTuple):
    """`text[start:end]` of a module, attributes included; directives and assertions have no name.

    `kind` is the keyword: fn, struct, const, override, var, alias, const_assert, enable, requires
    or diagnostic. `comment` is the doc comment directly above, without its markers.
    """

    kind: str
    name: str
    start: int
    end: int
    comment: str


class Function(NamedTuple):
    """A function and the parts of its module it needs; `signature` and `body` are exact text.

    `context` holds the enable directives and the structs, aliases, constants, overrides and
    variables that it needs, directly or through one another; `calls` the signatures of the module's
    functions that it calls, each on one line without comments.
    """

    name: str
    comment: str
    signature: str
    body: str
    context: str
    calls: tuple[str, ...]


def split_module(text: str) -> list[Declaration]:
    """The whole declarations of `text` in order; garbage and broken ones are passed over."""
    return _declarations(text, tokenize(text))


def declared_names(tokens: list[Token]) -> list[str]:
    """Names behind fn, struct, let and the like, in functions too."""
    keywords = (
        place + 1
        for place, token in enumerate(tokens)
        if token.kind == "keyword" and token.text in _DECLARES
    )
    return [name for start in keywords if (name := _name(tokens, start, len(tokens)))]


def functions(text: str) -> list[Function]:
    """The functions of `text` in order, each with the declarations that it needs.

    Raises FileError where these add up to far more than any shader uses.
    """
    module = _Module(text)
    found, size = [], 0
    for item in module.declarations:
        if item.kind == "fn":
            found.append(module.function(item))
            size += len(found[-1].context) + sum(map(len, found[-1].calls))
        if size > _CONTEXT_LIMIT:
            raise FileError(
                "wgsl: the declarations that functions of this module need add up to more than "
                f"{_CONTEXT_LIMIT} characters; split the module"
            )
    return found


def broken_functions(text: str, whole: int) -> int:
    """How many functions start in `text` besides the `whole` ones; comments do not count."""
    if text.count("fn") <= whole:
        return 0
    return sum(token.text == "fn" for token in tokenize(text)) - whole


class _Module:
    """The declarations of a text by name, and the names that each of them mentions."""

    def __init__(self, text: str) -> None:
        tokens = tokenize(text)
        self.text = text
        self.declarations = _declarations(text, tokens)
        self._tokens = _without_comments(tokens)
        self._starts = [token.start for token in self._tokens]
        self._by_name = {item.name: item for item in self.declarations if item.name}
        self._enables = [item for item in self.declarations if item.kind == "enable"]
        self._mentions: dict[Declaration, list[Declaration]] = {}

    def function(self, item: Declaration) -> Function:
        """`item`, a function of this module, in the form of training pairs."""
        open_brace = self._body(item)
        calls = [other for other in self._mentioned(item) if other.kind == "fn" and other != item]
        return Function(
            item.name,
            item.comment,
            self._signature(item),
            self.text[open_brace : item.end],
            "\n".join(self.text[needed.start : needed.end] for needed in self._needed(item)),
            tuple(on_one_line(self._span(other.start, self._body(other))) for other in calls),
        )

    def _needed(self, item: Declaration) -> list[Declaration]:
        """Declarations that `item` mentions, directly or through others, in the module's order."""
        needed: set[Declaration] = set()
        pending = [item]
        while pending:
            for other in self._mentioned(pending.pop()):
                if other.kind != "fn" and other not in needed:
                    needed.add(other)
                    pending.append(other)
        return sorted(needed.union(self._enables), key=lambda other: other.start)

    def _mentioned(self, item: Declaration) -> list[Declaration]:
        """The declarations that `item` names, each once, in the order of its text."""
        if item not in self._mentions:
            named = _names(self._span(item.start, item.end))
            found = ((self._by_name.get(name), called) for name, called in named)
            kept = (other for other, called in found if other and (called or other.kind != "fn"))
            self._mentions[item] = list(dict.fromkeys(kept))
        return self._mentions[item]

    def _span(self, start: int, end: int) -> list[Token]:
        """The tokens of `text[start:end]`, without comments."""
        return self._tokens[bisect_left(self._starts, start) : bisect_left(self._starts, end)]

    def _body(self, item: Declaration) -> int:
        """Start of the body of `item`: its first brace that is not of a hole."""
        tokens = self._span(item.start, item.end)
        braces = [index for index, token in enumerate(tokens) if token.text == "{"]
        found = next((index for index in braces if not hole_end(tokens, index)), braces[0])
        return tokens[found].start

    def _signature(self, item: Declaration) -> str:
        return self.text[item.start : self._span(item.start, self._body(item))[-1].end]


def _declarations(text: str, tokens: list[Token]) -> list[Declaration]:
    above, code = comments_above(tokens), _without_comments(tokens)
    found = []
    for first, keyword, last in _pieces(code):
        kind, start = code[keyword].text, code[first].start
        name = _name(code, keyword + 1, last) if kind in _NAMED else ""
        if name or kind not in _NAMED:
            comment = doc_comment(text, above.get(start, []), start)
            found.append(Declaration(kind, name, start, code[last].end, comment))
    return found


def _without_comments(tokens: list[Token]) -> list[Token]:
    return [token for token in tokens if token.kind != "comment"]


def on_one_line(tokens: Sequence[Token]) -> str:
    """The text of `tokens` with one space where anything stood between two of them."""
    parts, end = [], tokens[0].start if tokens else 0
    for token in tokens:
        parts.append(" " if token.start > end else "")
        parts.append(token.text)
        end = token.end
    return "".join(parts)


def _names(tokens: list[Token]) -> Iterator[tuple[str, bool]]:
    """Identifiers that are no member's or attribute's name, and whether a parenthesis follows."""
    texts = ["", *(token.text for token in tokens), ""]
    for index, token in enumerate(tokens):
        if token.kind == "identifier" and texts[index] not in (".", "@"):
            yield token.text, texts[index + 2] == "("


def _name(tokens: list[Token], start: int, end: int) -> str:
    """The name behind the keyword, or behind its template list (`var<storage> x`); else ""."""
    if start < end and tokens[start].text == "<":
        start = next((i + 1 for i in range(start, end) if tokens[i].text == ">"), end)
    return tokens[start].text if start < end and tokens[start].kind == "identifier" else ""


def _pieces(tokens: list[Token]) -> Iterator[tuple[int, int, int]]:
    """Indices of the first token, the keyword and the last token of each whole declaration."""
    first = 0
    while first < len(tokens):
        keyword = after_attributes(tokens, first)
        if keyword == len(tokens):
            return
        if _starts(tokens[keyword], _STARTERS):
            end, whole = _scan(tokens, keyword)
            if whole:
                yield first, keyword, end - 1
            first = end
        elif tokens[keyword].text == "{":  # a stray block: it holds no declarations of the module
            first = _scan(tokens, keyword)[0]
        else:
            first = keyword + 1


def _starts(token: Token, starters: frozenset[str]) -> bool:
    return token.kind == "keyword" and token.text in starters


def _scan(tokens: list[Token], opening: int) -> tuple[int, bool]:
    """Index after the piece that starts at `opening`, and whether that piece is whole.

    A broken piece ends where the next declaration starts, or at the bracket that does not fit.
    """
    kind = tokens[opening].text
    last = "}" if kind in ("fn", "struct", "{") else ";"
    stops = _MODULE_ONLY if kind in ("fn", "{") else _STARTERS
    closers = ["}"] if kind == "{" else []
    index = opening + 1
    while index < len(tokens):
        token = tokens[index]
        if token.kind == "keyword" or token.text == "@":
            after = after_attributes(tokens, index)
            if after < len(tokens) and _starts(tokens[after], stops):
                return index, False
            index = max(after, index + 1)
            continue
        index += 1
        if token.text in _CLOSER:
            closers.append(_CLOSER[token.text])
        elif token.text in (")", "]", "}"):
            if not closers or closers.pop() != token.text:
                return index, False
            if token.text == last == "}" and not closers:
                return index, True
        elif token.text == ";" and not closers:
            return index, last == ";"
    return index, False


def after_attributes(tokens: Sequence[Token], index: int) -> int:
    """Index after a run of attributes (`@name` or `@name(...)`) that starts at `index`."""
    while index + 1 < len(tokens) and tokens[index].text == "@":
        index += 2
        if index < len(tokens) and tokens[index].text == "(":
            index = _after_arguments(tokens, index)
    return index


def _after_arguments(tokens: Sequence[Token], index: int) -> int:
    """Index after the parenthesis that closes the one at `index`; `index` where none does."""
    depth, after = 0, index
    while after < len(tokens):
        text = tokens[after].text
        if text == "{" and (end := hole_end(tokens, after)):  # @workgroup_size({SIDE}, 1)
            after = end
            continue
        if text in ("@", "{", "}", ";"):
            break
        depth += {"(": 1, ")": -1}.get(text, 0)
        after += 1
        if depth == 0:
            return after
    return index
