"""Drafts: tokens that may follow, guessed from texts that went the same way before.

What was read, a prompt and its neighbours, often says what is written next (Yang et al., "Inference
with Reference", 2023). A guess is checked by the model in one pass over all its tokens, and only
what the model would have chosen stays: it costs time where it is wrong, and never a token.
"""

from collections.abc import Sequence

Place = tuple[Sequence[int], int]  # a text, and where in it the tokens stand that may follow


class Drafter:
    """Finds the last tokens of a text in the sources, or earlier in the text itself."""

    def __init__(self, sources: Sequence[Sequence[int]], match: int, most: int) -> None:
        """`match` tokens at least have to be the same; drafts have `most` tokens at most."""
        self._match, self._most = match, most
        self._in_sources: dict[tuple[int, ...], list[Place]] = {}
        self._in_text: dict[tuple[int, ...], list[Place]] = {}
        self._seen = 0  # tokens of the text up to which it is entered
        for source in sources:
            for end in range(match, len(source)):
                self._enter(self._in_sources, source, end)

    def propose(self, settled: Sequence[int], written: Sequence[int]) -> list[int]:
        """What may follow `written`, which begins with `settled`.

        Of several places the one that agrees for longest, the first of equals.
        """
        for end in range(max(self._match, self._seen), len(settled)):
            self._enter(self._in_text, settled, end)
            self._seen = end + 1
        last = tuple(written[len(written) - self._match :])
        places = self._in_sources.get(last, []) + self._in_text.get(last, [])
        if not places or self._most == 0:
            return []
        text, start = max(places, key=lambda place: _agreement(place, written))
        return list(text[start : start + self._most])

    def forget_text(self) -> None:
        """The text was taken back in part: enter it anew."""
        self._in_text.clear()
        self._seen = 0

    def _enter(
        self, places: dict[tuple[int, ...], list[Place]], text: Sequence[int], end: int
    ) -> None:
        """Make the tokens before `end` findable."""
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
