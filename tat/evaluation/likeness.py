"""Likeness of two bodies as texts: lexical tokens without comments."""

from difflib import SequenceMatcher

from tat.wgsl.lexer import code_of

# A text much longer than the reference is unlike it, and would take minutes to match. The longest
# of 4,705 public functions has 4,401 tokens.
_MOST_TIMES, _MOST_MORE, _MOST = 8, 512, 8192


def code_tokens(code: str) -> list[str]:
    """The lexical tokens of `code`, comments dropped."""
    return [token.text for token in code_of(code)]


def similarity(reference: list[str], candidate: list[str]) -> float:
    """Ratcliff and Obershelp's ratio: twice the tokens in matching runs over those of both.

    As Python's difflib finds the runs, with no token taken for junk; 1 is equality. It is 0 for
    candidates of more than 8 times the reference's tokens and 512, or of more than 8,192.
    """
    if len(candidate) > min(_MOST_TIMES * len(reference) + _MOST_MORE, _MOST):
        return 0.0
    return SequenceMatcher(None, reference, candidate, autojunk=False).ratio()
