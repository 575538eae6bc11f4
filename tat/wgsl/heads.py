"""Function heads in requests: `brightness: fn luma(c: vec3f) -> f32` has words and a head."""

import re

from tat.wgsl.declarations import after_attributes
from tat.wgsl.lexer import code_of
from tat.wgsl.stubs import signature_at
from tat.wgsl.typed import signature_of

_HEAD = re.compile(r"(?:@\w+(?:\([^()]*\))?\s*)*\bfn\s+\w+\s*\(")
_ROUND = " \t\r\n/:,;-`"  # between words and a head: blanks, marks of a comment, punctuation
_OPEN = re.compile(r"\s*(?:\{\s*\}?|;)?(?:\s*`+)?\s*")  # what may follow a head, and nothing does


def words_and_head(text: str) -> tuple[str, str]:
    """The words of a request, and the whole head of a function among them, "" for none.

    A brace or a semicolon behind the head is no part of it; a whole function is no request.

    >>> words_and_head("brightness of a colour: fn luma(c: vec3f) -> f32 {")
    ('brightness of a colour', 'fn luma(c: vec3f) -> f32')
    >>> words_and_head("what a fn is (in words)")
    ('what a fn is (in words)', '')
    """
    for found in _HEAD.finditer(text):
        tokens = code_of(text[found.start() :])
        keyword = after_attributes(tokens, 0)
        if keyword >= len(tokens) or tokens[keyword].text != "fn":
            continue
        _, end = signature_at(tokens, keyword)
        if end == keyword:
            continue
        stop = found.start() + tokens[end - 1].end
        head, behind = text[found.start() : stop], text[stop:]
        typed = signature_of(head).parameters or tokens[keyword + 3].text == ")"
        if typed and (_OPEN.fullmatch(behind) or not behind.lstrip().startswith("{")):
            behind = "" if _OPEN.fullmatch(behind) else behind.strip(_ROUND)
            before = text[: found.start()].strip(_ROUND).removesuffix("wgsl").strip(_ROUND)
            return " ".join(filter(None, (before, behind))), head
    return text, ""
