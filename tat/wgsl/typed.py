"""Names with their types, as WGSL spells them: parameters, members, variables, a result.

Texts may be broken: what has no name and colon, or no whole declaration, is left out.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tat.wgsl.declarations import on_one_line, split_module
from tat.wgsl.lexer import Token, code_of
from tat.wgsl.stubs import signature_at, with_stubs

_NESTING = dict.fromkeys("([{<", 1) | dict.fromkeys((")", "]", "}", ">"), -1) | {">>": -2}
_TYPE_ENDS = ("=", ";", ">=", ">>=")  # the last two close a template list and assign
_VALUES = frozenset(("const", "override", "var"))


class Typed(NamedTuple):
    """`attributes name: type`; the type as it is written, on one line, "" where it is not.

    The attributes have no blanks. The address space of a variable counts as one: `<storage,read>`.
    `keyword` is a variable's: var, const, override or let.
    """

    name: str
    type: str
    attributes: str = ""
    keyword: str = ""


class TypedSignature(NamedTuple):
    """A function's name, parameters and result; the result has no name, and no type for none."""

    name: str
    parameters: list[Typed]
    result: Typed


class TypedModule(NamedTuple):
    """The declarations of a module, in its order; functions may lack their bodies."""

    structs: dict[str, list[Typed]]
    variables: list[Typed]
    functions: list[TypedSignature]


def module_of(text: str) -> TypedModule:
    """The structs, variables and functions of `text`.

    >>> module_of("struct S { @size(16) a: array<vec4<f32>, 4> } const N = 4;")
    ... # doctest: +NORMALIZE_WHITESPACE
    TypedModule(structs={'S': [Typed(name='a', type='array<vec4<f32>, 4>', attributes='@size(16)',
     keyword='')]}, variables=[Typed(name='N', type='', attributes='', keyword='const')],
     functions=[])
    """
    module = TypedModule({}, [], [])
    text = with_stubs(text)
    code = code_of(text)
    starts = [token.start for token in code]
    for item in split_module(text):
        tokens = code[bisect_left(starts, item.start) : bisect_left(starts, item.end)]
        if item.kind == "struct":
            opening = next(index for index, token in enumerate(tokens) if token.text == "{")
            module.structs[item.name] = list(_listed(tokens, opening))
        elif item.kind == "fn":
            module.functions.append(_signature(tokens))
        elif item.kind in _VALUES:
            module.variables.extend(variables_in(tokens, _VALUES))
    return module


def signature_of(text: str) -> TypedSignature:
    """The signature of the first function of `text`; empty where there is none."""
    return _signature(code_of(text))


def variables_in(tokens: Sequence[Token], keywords: frozenset[str]) -> Iterator[Typed]:
    """The variables that these keywords declare, at any depth, in their order."""
    for index, token in enumerate(tokens):
        if token.kind == "keyword" and token.text in keywords:
            yield from _variable(tokens, index)


def _signature(tokens: list[Token]) -> TypedSignature:
    keyword = next((i for i, token in enumerate(tokens) if token.text == "fn"), len(tokens))
    name, *opening = [token.text for token in tokens[keyword + 1 : keyword + 3]] or [""]
    parameters = list(_listed(tokens, keyword + 2)) if opening == ["("] else []
    result, end = signature_at(tokens, keyword)
    kind = on_one_line(tokens[result:end]) if result else ""
    arrow = next((i for i in range(result, keyword, -1) if tokens[i].text == "->"), result)
    attributes = "".join(token.text for token in tokens[arrow + 1 : result])
    return TypedSignature(name, parameters, Typed("", kind, attributes))


def _listed(tokens: Sequence[Token], opening: int) -> Iterator[Typed]:
    """The items `attributes name: type` in the bracket that opens at `opening`."""
    first, depth = opening + 1, 1
    for index in range(first, len(tokens)):
        text = tokens[index].text
        depth += _NESTING.get(text, 0)
        if depth <= 0 or (depth == 1 and text == ","):
            yield from _item(tokens[first:index])
            first = index + 1
        if depth <= 0:
            return


def _item(tokens: Sequence[Token]) -> Iterator[Typed]:
    colon = next((i for i, token in enumerate(tokens) if token.text == ":"), 0)
    if colon:
        attributes = "".join(token.text for token in tokens[: colon - 1])
        yield Typed(tokens[colon - 1].text, on_one_line(tokens[colon + 1 :]), attributes)


def _variable(tokens: Sequence[Token], keyword: int) -> Iterator[Typed]:
    """The variable that the keyword at this place declares."""
    places = range(keyword + 1, len(tokens))
    end = next((i for i in places if tokens[i].text in _TYPE_ENDS), len(tokens))
    inside = list(tokens[keyword + 1 : end])
    if end < len(tokens) and (closing := tokens[end].text.rstrip("=;")):
        start = tokens[end].start
        inside.append(Token("operator", closing, start, start + len(closing)))
    items = [*_item(inside)]
    if not items and inside and inside[-1].kind == "identifier":
        attributes = "".join(token.text for token in inside[:-1])
        items = [Typed(inside[-1].text, "", attributes)]
    yield from (item._replace(keyword=tokens[keyword].text) for item in items)
