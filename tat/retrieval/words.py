"""Cuts text into words to search by, identifiers where their spelling shows words.

Chinese, Japanese, Thai and others put no blanks between words, and Korean joins particles to them.
Two neighbouring letters of such a run are a word (a bigram, as in search engines): a part of a
sentence is found without a dictionary.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

# Thai to Burmese, jamo, Khmer; kana, bopomofo, han; hangul, half-width kana, further han.
_UNSPACED = (
    "\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff"
    "\u3005-\u3007\u3040-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_UNSPACED_RUN = re.compile(f"[{_UNSPACED}]+")
# Longer runs are cut, in index and query alike: no word is then too long for SQLite.
_RUN = re.compile(rf"([{_UNSPACED}]+)|((?:(?![{_UNSPACED}])\w){{1,64}})")
_RUN_OF_VERSION_1 = re.compile(r"\w{1,64}")
_TYPE = re.compile(r"[fiu]32|f16|vec[234][fhiu]?|mat[234]x[234][fh]?")  # these are words already
_EDGE = re.compile(
    r"""_+
    | (?<=[a-z])(?=[A-Z])           # sd|Box
    | (?<=[A-Z])(?=[A-Z][a-z])      # HSV|To
    | (?<=\d)(?=[^\W\d_])           # 2|d
    | (?<=[^\W\d_])(?=\d)           # noise|2""",
    re.VERBOSE,
)


def words(text: str) -> Iterator[str]:
    """Words of `text` in lower case; those of an identifier are followed by all of it as one.

    `sdRoundedBox` and `sd_rounded_box` both give sd, rounded, box, sdroundedbox.
    """
    return _words(text, letters=False)


def parts(text: str) -> Iterator[str]:
    """The words of `text` alone: `sdRoundedBox` gives sd, rounded, box."""
    composed = text if text.isascii() else unicodedata.normalize("NFC", text)
    for unspaced, spelled in _RUN.findall(composed):
        found = _parts(spelled) if spelled else ()
        yield from found[:-1] or found  # the last of several is all of them as one
        yield from _bigrams(unspaced)


def words_to_index(text: str) -> Iterator[str]:
    """The words of `text`, and letters of runs without blanks, for a query of one letter."""
    return _words(text, letters=True)


def words_of_version_1(text: str) -> Iterator[str]:
    """The words of an index of tat 1.0, where a run without blanks is one word."""
    for run in _RUN_OF_VERSION_1.findall(text):
        yield from _parts(run)


def count_words(text: str) -> int:
    """The number of words; two letters of a run without blanks count as one word."""
    pieces = text.split()
    return len(pieces) if text.isascii() else sum(map(_words_in, pieces))


def _words_in(piece: str) -> int:
    """The number of words between two blanks, at least one."""
    runs = [run for run in map(_letters, _UNSPACED_RUN.findall(piece)) if run]
    found = sum((len(letters) + 1) // 2 for run in runs for letters in run)
    spelled = any(letter.isalnum() for letter in _UNSPACED_RUN.sub("", piece))
    return max(1, found + spelled)


def _words(text: str, letters: bool) -> Iterator[str]:
    composed = text if text.isascii() else unicodedata.normalize("NFC", text)
    for unspaced, spelled in _RUN.findall(composed):
        if spelled:
            yield from _parts(spelled)
        yield from _bigrams(unspaced, letters)


def _bigrams(unspaced: str, letters: bool = False) -> Iterator[str]:
    for run in _letters(unspaced):
        yield from map("".join, pairwise(run))
        if letters or len(run) == 1:
            yield from run


def _letters(run: str) -> list[str]:
    """Letters and digits that stand together, composed; vowel signs and tones are left out."""
    kept = []
    for letter in unicodedata.normalize("NFC", run):
        kind = unicodedata.category(letter)[0]
        if kind != "M":
            kept.append(letter if kind in "LN" else " ")
    return "".join(kept).split()


@lru_cache(maxsize=1 << 16)
def _parts(run: str) -> tuple[str, ...]:
    if _TYPE.fullmatch(run):
        return (run,)
    parts = [part.lower() for part in _EDGE.split(run) if part]
    return (*parts, "".join(parts)) if len(parts) > 1 else tuple(parts)
