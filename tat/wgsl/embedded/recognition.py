"""Whether a text is WGSL: the lexer cuts it, and the grammar takes its declarations."""

import re
from collections.abc import Iterator
from functools import cache

from tat.wgsl.declarations import Declaration, split_module
from tat.wgsl.embedded.neutral import neutral
from tat.wgsl.grammar import Grammar, refused_at
from tat.wgsl.lexer import code_of

_MOST_CHECKED = 4  # declarations that the grammar reads; it takes 3 seconds for a megabyte
_LONGEST_CHECKED = 8_000  # characters of one of them
_SHARE = 0.6  # of the tokens, in whole declarations
_SAYS = frozenset(("fn", "struct", "alias", "override"))  # const and var are also JavaScript's
_EVIDENCE = re.compile(
    r"\bfn\s+[^\W\d]\w*(?:\{\w+\})?\s*\(|\bstruct\s+\w+\s*\{|\bvar\s*<|\balias\s+\w+\s*="
    r"|\boverride\s+\w+\s*[:=]|@group\b"
)

# Types that no other language calls so, or attributes of a stage.
_TYPES = re.compile(r"\b(?:vec[234](?:<|[fiuh]\b)|mat[234]x[234]|texture_\w+)|@\w+")


@cache
def _grammar() -> Grammar:
    return Grammar.of_bytes()


def accepts(text: str) -> bool:
    """Whether the grammar takes a text as a module."""
    return refused_at(_grammar(), text) is None


def is_wgsl(text: str, *, draft: bool = False, told: bool = False) -> bool:
    """Whether a text is WGSL, or of one of its dialects.

    Most of its tokens are in whole declarations, and the grammar takes those of them that no other
    language has. Text that holds several languages, or another one, is not. Of a `draft`, which
    somebody is writing, a function's body does not count where its head has types that only WGSL
    has, or where the host has `told` that it is a shader.
    """
    if not _EVIDENCE.search(text):
        return False
    text = neutral(text)
    tokens = code_of(text)
    declared = list(_telling(text))
    if not tokens or not declared:
        return False
    taken = [
        item for item in declared[:_MOST_CHECKED]
        if item.end - item.start <= _LONGEST_CHECKED
        and (accepts(text[item.start : item.end]) or (draft and _has_head(text, item, told)))
    ]  # fmt: skip
    if 2 * len(taken) < len(declared[:_MOST_CHECKED]) or not taken:
        return False
    spans = [(item.start, item.end) for item in split_module(text)]
    errors = sum(token.kind == "error" for token in tokens)
    return errors <= len(tokens) // 50 and _covered(tokens, spans) >= _SHARE * len(tokens)


def _has_head(text: str, item: Declaration, told: bool) -> bool:
    """Whether a function has a head of WGSL, whatever its body."""
    head, brace, _ = text[item.start : item.end].partition("{")
    surely = item.kind == "fn" and brace and (told or _TYPES.search(head))
    return bool(surely) and accepts(f"{head}{{}}")


def _covered(tokens: list, spans: list[tuple[int, int]]) -> int:
    count = index = 0
    for token in tokens:
        while index < len(spans) and spans[index][1] <= token.start:
            index += 1
        count += index < len(spans) and spans[index][0] <= token.start
    return count


def _telling(text: str) -> Iterator[Declaration]:
    """The declarations that only WGSL has: functions, structs, variables with an address space."""
    for item in split_module(text):
        code = text[item.start : item.end]
        if item.kind in _SAYS or (
            item.kind == "var" and ("<" in code.split("=")[0] or "@" in code)
        ):
            yield item
