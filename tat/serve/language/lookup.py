"""Names in a text: the declaration of one, all its uses, and the words about it for a reader."""

from collections.abc import Iterator
from typing import NamedTuple

from tat.serve.language.declared import Symbol
from tat.serve.language.overloads import ATTRIBUTES, OVERLOADS
from tat.serve.language.symbols import Analysis
from tat.serve.language.types import Types, vector
from tat.wgsl.builtins import NAMES
from tat.wgsl.lexer import Token


class Facts(NamedTuple):
    """The facts about the name at `text[start:end]`."""

    code: str  # its declaration, or the overloads of a built-in function
    words: str
    origin: str  # where it is from
    start: int
    end: int


def symbol_at(analysis: Analysis, offset: int) -> Symbol | None:
    """The symbol that the name at `offset` stands for; None for a built-in or unknown one."""
    index = analysis.word_at(offset)
    return _symbol_of(analysis, index) if index >= 0 else None


def facts_at(analysis: Analysis, offset: int) -> Facts | None:
    """The facts that a hover over `offset` shows."""
    index = analysis.word_at(offset)
    if index < 0:
        return None
    token = analysis.code[index]
    place = token.start, token.end
    symbol = _symbol_of(analysis, index)
    if symbol is not None:
        return Facts(_declared(analysis, symbol), symbol.comment, _origin(analysis, symbol), *place)
    before = analysis.code[index - 1].text if index else ""
    if before == "@" and token.text in ATTRIBUTES:
        return Facts(f"@{token.text}", ATTRIBUTES[token.text][1], "WGSL", *place)
    if before == ".":
        types = Types(analysis)
        base = types.before(index - 1)
        kind = types.member(base, token.text)
        return Facts(f"{base}.{token.text}: {kind}", "", "WGSL", *place) if kind else None
    if overloads := OVERLOADS.get(token.text):
        code = "\n".join(overload.signature for overload in overloads)
        return Facts(code, overloads[0].words, "built into WGSL", *place)
    if token.text in NAMES:
        said = "a vector" if vector(token.text) else "a predeclared name"
        return Facts(token.text, said, "built into WGSL", *place)
    return None


def uses(analysis: Analysis, symbol: Symbol) -> Iterator[Token]:
    """Every token that stands for `symbol`, its declaration among them, in order."""
    for index, token in enumerate(analysis.code):
        if token.kind == "identifier" and token.text == symbol.name:
            declared = token.start == symbol.start
            if declared or _symbol_of(analysis, index) is symbol:
                yield token


def _symbol_of(analysis: Analysis, index: int) -> Symbol | None:
    token = analysis.code[index]
    before = analysis.code[index - 1].text if index else ""
    if before == "@":
        return None
    for symbol in analysis.symbols:
        if symbol.start == token.start:
            return symbol
    if before == ".":
        base = Types(analysis).before(index - 1)
        members = analysis.members.get(base, ())
        return next((member for member in members if member.name == token.text), None)
    return analysis.visible(token.start).get(token.text)


def _declared(analysis: Analysis, symbol: Symbol) -> str:
    """Its declaration, with the type that was found where none is written."""
    if symbol.kind in ("let", "const", "var", "override") and not symbol.type:
        kind = Types(analysis).of_symbol(symbol)
        head, equals, rest = symbol.detail.partition("=")
        return f"{head.rstrip()}: {kind} {equals}{rest}" if kind else symbol.detail
    return symbol.detail


def _origin(analysis: Analysis, symbol: Symbol) -> str:
    line = analysis.text.count("\n", 0, symbol.start) + 1
    of = {"member": "struct", "parameter": "function"}.get(symbol.kind, "function")
    owner = f" of {of} {symbol.owner}" if symbol.owner.strip() else ""
    return f"{symbol.kind}{owner}, line {line} of this file"
