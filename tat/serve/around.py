"""The function around a gap, and the declarations that it needs, even where text is broken."""

from typing import NamedTuple

from tat.wgsl.declarations import functions
from tat.wgsl.lexer import Token, code_of, tokenize


class Around(NamedTuple):
    """The text of a gap's function before and behind the gap, below what it needs of its module.

    That is how training has its gaps: declarations, signature and body.
    """

    prefix: str
    suffix: str


def around(prefix: str, suffix: str) -> Around | None:
    """The text around the gap in its function; None where the gap is outside of all functions."""
    tokens = code_of(prefix)
    start = _function_start(tokens)
    if start is None:
        return None
    end = _function_end(suffix, _depth(tokens, start))
    before, after = prefix[start:], suffix[:end]
    # Which names it mentions decides what it needs, so a body of names alone does for a broken one.
    names = [token.text for token in tokenize(before + " " + after) if token.kind == "identifier"]
    module = f"{prefix[:start]}\n{suffix[end:]}\nfn _gap() {{ {' '.join(names)} }}"
    context = next((found.context for found in functions(module) if found.name == "_gap"), "")
    head = f"{context}\n\n" if context else ""
    return Around(head + before, after)


def _function_start(tokens: list[Token]) -> int | None:
    """Offset of the last function, attributes included, if a brace of it is still open."""
    for index in range(len(tokens) - 1, -1, -1):
        if tokens[index].text == "fn" and tokens[index].kind == "keyword":
            if _depth(tokens, tokens[index].start) <= 0:
                return None
            return tokens[_before_attributes(tokens, index)].start
    return None


def _before_attributes(tokens: list[Token], index: int) -> int:
    """Index of the first token of the attributes that end before `index`."""
    while index > 1:
        at = index - 1
        if tokens[at].text == ")":
            while at > 0 and tokens[at].text != "(":
                at -= 1
            at -= 1
        if at < 1 or tokens[at - 1].text != "@":
            return index
        index = at - 1
    return index


def _depth(tokens: list[Token], start: int) -> int:
    """Braces that stand open behind offset `start`."""
    texts = [token.text for token in tokens if token.start >= start]
    return texts.count("{") - texts.count("}")


def _function_end(suffix: str, depth: int) -> int:
    """Offset behind the brace that closes the function, of which `depth` braces stand open."""
    for token in tokenize(suffix):
        depth += (token.text == "{") - (token.text == "}")
        if depth == 0:
            return token.end
        if token.kind == "keyword" and token.text in ("fn", "struct"):
            return token.start
    return len(suffix)
