"""Cuts any text into tokens of WGSL; text that is not WGSL becomes error tokens."""

import re
from collections.abc import Iterable
from typing import NamedTuple

# fmt: off
KEYWORDS = frozenset((
    "alias", "break", "case", "const", "const_assert", "continue", "continuing", "default",
    "diagnostic", "discard", "else", "enable", "false", "fn", "for", "if", "let", "loop",
    "override", "requires", "return", "struct", "switch", "true", "var", "while",
))
# fmt: on

_BLANK = " \t\n\v\f\r\u0085\u200e\u200f\u2028\u2029"
LINE_ENDS = "\n\v\f\r\u0085\u2028\u2029"

# Longest first where one operator starts another. The lexer does not decide whether < and > enclose
# a template list: that takes the whole token list (specification, "Template lists"). Suffixes li,
# lu and lf are naga's, for 64-bit literals.
_TOKEN = re.compile(
    rf"""(?P<blank>[{_BLANK}]+)
    | (?P<word>[A-Za-z_][A-Za-z_0-9]*)
    | (?P<number>
        0[xX](?:[0-9a-fA-F]*\.[0-9a-fA-F]+|[0-9a-fA-F]+\.[0-9a-fA-F]*)(?:[pP][+-]?[0-9]+[fh]?)?
      | 0[xX][0-9a-fA-F]+(?:[pP][+-]?[0-9]+[fh]?|[iu]|l[iu])?
      | (?:[0-9]*\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][+-]?[0-9]+)?(?:[fh]|lf)?
      | [0-9]+(?:[eE][+-]?[0-9]+(?:[fh]|lf)?|[iufh]|l[iuf])?
      )
    | (?P<comment>//[^{LINE_ENDS}]*)
    | (?P<block>/\*)
    | (?P<operator>
        <<=|>>=|->|<<|>>|<=|>=|==|!=|&&|\|\||\+\+|--|[-+*/%&|^]=|[-+*/%&|^~!=<>(){{}}\[\],;:.@]
      )
    | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


class Token(NamedTuple):
    """`text[start:end]` of the source, offsets in characters.

    `kind` is identifier, keyword, number, operator, comment or error.
    """

    kind: str
    text: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """All tokens of `text` in order, comments included and blank space not; in linear time.

    >>> [(token.kind, token.text) for token in tokenize("let a = 2u; // two")]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('keyword', 'let'), ('identifier', 'a'), ('operator', '='), ('number', '2u'),
     ('operator', ';'), ('comment', '// two')]
    """
    tokens: list[Token] = []
    match, position, size = _TOKEN.match, 0, len(text)
    while position < size:
        found = match(text, position)
        kind, end = found.lastgroup, found.end()
        if kind == "word":
            kind, end = _word(text, position, end)
        elif kind == "block":
            kind, end = _block_comment(text, end)
        elif kind == "other":
            kind, end = _other(text, position, end)
        if kind != "blank":
            tokens.append(Token(kind, text[position:end], position, end))
        position = end
    return tokens


def code_of(text: str) -> list[Token]:
    """The tokens of `text` without comments."""
    return [token for token in tokenize(text) if token.kind != "comment"]


def plain(text: str) -> str:
    """`text` with a space for each character of comments, and of blank space that is not ASCII.

    To the language it is the same, with each token where it was. A comment that does not end within
    the text stays: what follows may be part of it.
    """
    if text.isascii() and "/*" not in text:
        return text
    parts, end = [], 0
    for token in tokenize(text):
        parts.append(_plain_blank(text[end : token.start]))
        ends = token.text.startswith("/*") or token.end < len(text)
        parts.append(" " * len(token.text) if token.kind == "comment" and ends else token.text)
        end = token.end
    return "".join((*parts, _plain_blank(text[end:])))


def _plain_blank(text: str) -> str:
    return text if text.isascii() else re.sub(r"[^\x00-\x7f]", " ", text)


def spliced(text: str, edits: Iterable[tuple[int, int, str]]) -> str:
    """`text` with other words in place of `text[start:end]`; edits are in order and apart."""
    parts, copied = [], 0
    for start, end, words in edits:
        parts += text[copied:start], words
        copied = end
    return "".join([*parts, text[copied:]])


def _word(text: str, start: int, end: int) -> tuple[str, int]:
    """Kind and end of the word whose ASCII part is `text[start:end]`."""
    end = _identifier_end(text, end)
    word = text[start:end]
    if word in KEYWORDS:
        return "keyword", end
    return ("operator" if word == "_" else "identifier"), end  # "_" alone only discards a value


def _other(text: str, start: int, end: int) -> tuple[str, int]:
    """Kind and end of a token that starts outside the ASCII characters of the language."""
    if text[start].isidentifier():
        return "identifier", _identifier_end(text, end)
    return "error", end


def _identifier_end(text: str, end: int) -> int:
    """End of the identifier that reaches `end`; like WGSL's, Python's follow Unicode's XID."""
    while end < len(text) and ("_" + text[end]).isidentifier():
        end += 1
    return end


def _block_comment(text: str, position: int) -> tuple[str, int]:
    """Kind and end of the block comment whose opening ends at `position`; block comments nest."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(text, position):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return "comment", edge.end()
    return "error", len(text)
