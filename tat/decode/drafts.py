"""Drafts for speculative decoding: tokens that followed the same tokens before.

A prompt and its neighbours often contain the text that is written next (Yang et al., "Inference
with Reference", 2023). The model checks a draft in one pass over all its tokens, and only tokens
that it would have chosen itself stay. A wrong draft costs time and changes no token.
"""

from collections.abc import Sequence

Place = tuple[Sequence[int], int]  # a text, and the index of the tokens that may follow


class Drafter:
    """Finds the last tokens of a text again, in its sources or earlier in itself."""

    def __init__(self, sources: Sequence[Sequence[int]], match: int, most: int) -> None:
        """At least `match` tokens have to be the same; drafts have at most `most` tokens."""
        self._match, self._most = match, most
        self._in_sources: dict[tuple[int, ...], list[Place]] = {}
        self._in_text: dict[tuple[int, ...], list[Place]] = {}
        self._seen = 0  # tokens of the text that are entered
        self._sources = sources  # until they are entered, where a draft is asked for

    def propose(self, settled: Sequence[int], written: Sequence[int]) -> list[int]:
        """Tokens that may follow `written`, which begins with `settled`.

        The place with the longest agreement counts; the first one of equal places.
        """
        for source in self._sources:
            for end in range(self._match, len(source)):
                self._enter(self._in_sources, source, end)
        self._sources = ()
        for end in range(max(self._match, self._seen), len(settled)):
            self._enter(self._in_text, settled, end)
            self._seen = end + 1
        last = tuple(written[len(written) - self._match :])
        places = self._in_sources.get(last, []) + self._in_text.get(last, [])
        if not places or self._most == 0:
            return []
        text, start = max(places, key=lambda place: _agreement(place, written))
        return list(text[start : start + self._most])

    def known(self, tokens: Sequence[int]) -> list[int]:
        """A draft of tokens that are known to follow."""
        return list(tokens[: self._most])

    def forget_text(self) -> None:
        """Enter the text anew, because part of it was taken back."""
        self._in_text.clear()
        self._seen = 0

    def _enter(
        self, places: dict[tuple[int, ...], list[Place]], text: Sequence[int], end: int
    ) -> None:
        """Enter the tokens before `end`, so that `propose` finds them."""
        places.setdefault(tuple(text[end - self._match : end]), []).append((text, end))


_LONGEST_AGREEMENT = 32  # tokens looked at


def _agreement(place: Place, written: Sequence[int]) -> int:
    """How many tokens before the place are the last of `written`."""
    text, end = place
    longest = min(end, len(written), _LONGEST_AGREEMENT)
    for length in range(longest):
        if text[end - 1 - length] != written[-1 - length]:
            return length
    return longest
