"""Words by what they mean: endings off, and those marked that mean little by themselves.

does a ray hit boxes    ~does ~a ray hit box
rayHitsBox              ray hit box
"""

import re
from functools import lru_cache

from tat.retrieval.words import parts

_STOP = re.compile(
    "a|an|the|of|to|in|on|at|by|for|from|with|as|is|are|be|been|being|it|"
    "its|this|that|these|those|and|or|not|no|if|whether|where|when|which|what|"
    "how|does|do|did|has|have|had|i|me|my|we|our|you|your|one|ones|into|"
    "onto|out|up|down|over|under|against|versus|vs|between|per|each|every|any|"
    "some|all|both|than|then|there|their|them|they|so|such|can|could|should|"
    "would|may|might|must|will|via|about|true|false|returns|return|gives|give|"
    "get|compute|computes|computed|calculate|calculates|make|makes|function|method|"
    "wgsl|shader"
)
_LITTLE = 0.25  # of what another word counts
_VOWEL = re.compile("[aeiouy]")
_ENDINGS = ("ing", "ed", "ion")


@lru_cache(maxsize=1 << 13)  # functions that are found have many lines in common
def terms(text: str) -> tuple[str, ...]:
    """The terms of a text or an identifier, one for each of its words, in their order.

    >>> terms("Whether rays hit a tiledBox")
    ('~whether', 'ray', 'hit', '~a', 'til', 'box')
    """
    return tuple(f"~{word}" if _STOP.fullmatch(word) else _stem(word) for word in parts(text))


def meaning(term: str) -> float:
    """How much a term counts beside others."""
    return _LITTLE if term.startswith("~") else 1.0


@lru_cache(maxsize=1 << 13)
def _stem(word: str) -> str:
    """A word without the endings of number and tense; words of other scripts stay as they are."""
    if len(word) < 4 or not (word.isascii() and word.isalpha()):
        return word
    if word.endswith("ies"):
        word = f"{word[:-3]}y"
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    ending = next((ending for ending in _ENDINGS if word.endswith(ending)), "")
    begin = word.removesuffix(ending)
    if ending and len(begin) >= 2 and _VOWEL.search(begin) and not word.endswith("eed"):
        doubled = len(begin) > 3 and begin[-1] == begin[-2] and begin[-1] not in "lsz"
        word = begin[:-1] if doubled else begin
    word = word[:-1] if len(word) > 3 and word.endswith("e") else word
    return f"{word[:-1]}i" if len(word) > 3 and word.endswith("y") else word
