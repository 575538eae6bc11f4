"""Candidates for completion: names in scope, members, built-in functions, types and so on."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tat.serve.language.declared import Symbol
from tat.serve.language.overloads import (
    ACCESS_MODES,
    ADDRESS_SPACES,
    ATTRIBUTES,
    BUILTIN_VALUES,
    OVERLOADS,
    snippet,
)
from tat.serve.language.symbols import Analysis
from tat.serve.language.types import Types, vector, vector_type
from tat.wgsl.builtins import ENUMERANTS, FUNCTIONS, GENERATORS, NAMES, TYPES
from tat.wgsl.lexer import KEYWORDS

_WORD = re.compile(r"[^\W\d]\w*$|\w*$")
_DECLARING = frozenset(("fn", "let", "const", "override", "struct", "alias"))
_MODULE_KEYWORDS = ("fn", "struct", "const", "var", "override", "alias", "enable", "const_assert")
_MORE_TYPES = NAMES - FUNCTIONS.keys() - TYPES.keys()


class Candidate(NamedTuple):
    """A name to complete with. `kind` as a symbol's, or function, type, keyword, swizzle,
    attribute or enumerant; `insert` is a snippet, "" for the name itself."""

    name: str
    kind: str
    detail: str = ""
    words: str = ""
    insert: str = ""
    near: int = 3  # 0 for the nearest: locals before the module's, these before built-in ones


def word_before(text: str, offset: int) -> str:
    """The start of a word that stands before `offset`."""
    return _WORD.search(text[max(0, offset - 200) : offset])[0]


def candidates(analysis: Analysis, offset: int) -> list[Candidate]:
    """Everything that begins with the word before `offset`, whatever its case; names sorted."""
    word = word_before(analysis.text, offset).lower()
    if analysis.in_comment(offset) or word[:1].isdigit():
        return []
    place = offset - len(word)
    found = (c for c in _all(analysis, place) if c.name.lower().startswith(word))
    return sorted(found, key=lambda candidate: (candidate.near, candidate.name))


def _all(analysis: Analysis, place: int) -> Iterator[Candidate]:
    code, last = analysis.code, analysis.index_at(place - 1)
    before = code[last].text if last >= 0 else ""
    if before == "@":
        yield from (Candidate(name, "attribute", f"@{name}", words, insert)
                    for name, (insert, words) in ATTRIBUTES.items())  # fmt: skip
    elif before == ".":
        yield from _members(analysis, last)
    elif before in _DECLARING or (before == "var" and code[last].end != place):
        return
    elif before == "(" and last > 1 and code[last - 2].text == "@":
        if code[last - 1].text == "builtin":
            yield from (Candidate(name, "enumerant", near=0) for name in BUILTIN_VALUES)
    elif (opening := _template(analysis, last)) >= 0:
        yield from _in_template(analysis, opening, place)
    elif before in (":", "->"):
        yield from _types(analysis)
    elif not _inside_function(analysis, place):
        yield from (Candidate(word, "keyword") for word in _MODULE_KEYWORDS)
        if before not in (";", "}", ""):
            yield from _values(analysis, place)
    else:
        yield from _values(analysis, place)
        yield from (Candidate(word, "keyword", near=4) for word in sorted(KEYWORDS))


def _members(analysis: Analysis, dot: int) -> Iterator[Candidate]:
    types = Types(analysis)
    type_ = types.before(dot)
    for member in analysis.members.get(type_, ()):
        yield Candidate(member.name, "member", member.detail, member.comment, near=0)
    if found := vector(type_):
        size, scalar = found
        for order, letters in enumerate(("xyzw", "rgba")):
            names = [*letters[:size], *(letters[:count] for count in range(2, size + 1))]
            yield from (_swizzle(name, scalar, order) for name in names)
    if type_ == "__frexp_result":
        yield from (Candidate(name, "member", near=0) for name in ("fract", "exp"))
    if type_ == "__modf_result":
        yield from (Candidate(name, "member", near=0) for name in ("fract", "whole"))


def _swizzle(name: str, scalar: str, order: int) -> Candidate:
    detail = vector_type(len(name), scalar)
    return Candidate(name, "swizzle", detail, near=2 * (len(name) > 1) + order)


def _template(analysis: Analysis, last: int) -> int:
    """Index of the "<" of a template list that stands open behind the token `last`; or -1."""
    for index in range(last, max(-1, last - 12), -1):
        text = analysis.code[index].text
        if text == "<" and index > 0:
            name = analysis.code[index - 1].text
            return index if name == "var" or name in GENERATORS else -1
        if text not in (",", ">") and analysis.code[index].kind not in ("identifier", "number"):
            return -1
    return -1


def _in_template(analysis: Analysis, opening: int, place: int) -> Iterator[Candidate]:
    name = analysis.code[opening - 1].text
    last = analysis.index_at(place - 1)
    first = last == opening
    if name == "var" or (name == "ptr" and first):
        words = ADDRESS_SPACES if first else ACCESS_MODES
        yield from (Candidate(word, "enumerant", near=0) for word in words)
    elif name.startswith("texture_storage"):
        formats = (word for word in sorted(ENUMERANTS) if any(map(str.isdigit, word)))
        words = formats if first else ACCESS_MODES
        yield from (Candidate(word, "enumerant", near=0) for word in words)
    else:
        yield from _types(analysis)


def _types(analysis: Analysis) -> Iterator[Candidate]:
    for symbol in analysis.module.values():
        if symbol.kind in ("struct", "alias"):
            yield _of_symbol(symbol)
    yield from (Candidate(name, "type") for name in sorted(TYPES))
    yield from (Candidate(name, "type", near=4) for name in sorted(_MORE_TYPES))


def _values(analysis: Analysis, place: int) -> Iterator[Candidate]:
    for symbol in analysis.visible(place).values():
        yield _of_symbol(symbol)
    for name in sorted(FUNCTIONS):
        overloads = OVERLOADS.get(name, ())
        detail = "\n".join(overload.signature for overload in overloads)
        words = overloads[0].words if overloads else ""
        insert = snippet(name, overloads[0].parameters) if overloads else f"{name}($1)"
        yield Candidate(name, "function", detail, words, insert)
    yield from (Candidate(name, "type") for name in sorted(TYPES))


def _of_symbol(symbol: Symbol) -> Candidate:
    insert = ""
    if symbol.kind == "fn":
        insert = snippet(symbol.name, [parameter.name for parameter in symbol.parameters])
    near = 1 if symbol.of_module else 0
    return Candidate(symbol.name, symbol.kind, symbol.detail, symbol.comment, insert, near)


def _inside_function(analysis: Analysis, place: int) -> bool:
    """Whether a brace stands open before `place`, or a declaration has begun."""
    depth = 0
    for token in analysis.code[: analysis.index_at(place - 1) + 1]:
        if token.kind == "keyword" and token.text in ("fn", "struct"):
            depth = 0
        depth += (token.text in ("{", "(")) - (token.text in ("}", ")"))
    return depth > 0
