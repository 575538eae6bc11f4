"""Bodies for functions of which only the signature is known, so that callers can be validated.

A stub returns the zero value of its result type. Every type that a function may return has one
(specification, "Zero Value Built-in Functions").
"""

from tat.wgsl.declarations import after_attributes
from tat.wgsl.lexer import Token, code_of, spliced


def stub(signature: str) -> str:
    """`signature`, with or without a closing semicolon, as a whole function of zero value."""
    return with_stubs(signature)


def with_stubs(text: str) -> str:
    """`text` with a body behind each function signature without one; the rest stays."""
    first = text.find("fn")
    if first < 0:
        return text
    start = text.rfind("\n", 0, first) + 1
    if "/*" in text[:start]:  # without one, a token begins where a line does
        start = 0
    tokens = code_of(text[start:])
    edits = []
    for index, token in enumerate(tokens):
        if token.kind != "keyword" or token.text != "fn":
            continue
        result, end = signature_at(tokens, index)
        body = after_attributes(tokens, end)
        if end == index or [item.text for item in tokens[body : body + 1]] == ["{"]:
            continue
        stop = start + tokens[end - 1].end
        kind = text[start + tokens[result].start : stop] if result else ""
        closed = end < len(tokens) and tokens[end].text == ";"
        words = f" {{ return {kind}(); }}" if kind else " { }"
        edits.append((stop, start + tokens[end].end if closed else stop, words))
    return spliced(text, edits)


def signature_at(tokens: list[Token], keyword: int) -> tuple[int, int]:
    """Index of the result type, 0 for none, and the index after the signature at `keyword`.

    The second is `keyword` itself where there is no whole signature.
    """
    if [token.text for token in tokens[keyword + 2 : keyword + 3]] != ["("]:
        return 0, keyword
    end = _after_bracket(tokens, keyword + 2, "(", ")")
    if end == len(tokens) or tokens[end].text != "->":
        return 0, end or keyword
    kind = after_attributes(tokens, end + 1)
    if kind == len(tokens) or tokens[kind].kind != "identifier":
        return 0, keyword
    end = kind + 1
    if end < len(tokens) and tokens[end].text == "<":
        end = _after_bracket(tokens, end, "<", ">")
    return kind, end or keyword


def _after_bracket(tokens: list[Token], index: int, opening: str, closing: str) -> int:
    """Index after the bracket that closes the one at `index`, or 0; `>>` closes two lists."""
    depth = 0
    for after in range(index, len(tokens)):
        kind, text, *_ = tokens[after]
        if kind == "operator" and text != "->":
            depth += text.count(opening) - text.count(closing)
        if depth <= 0:
            return after + 1
    return 0
