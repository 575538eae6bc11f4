"""The tokens of a vocabulary in the order of their bytes, to find those along some text."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache

from tat.data.tokenizer import Tokenizer


class Pieces:
    """The tokens of a vocabulary in the order of their bytes."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._ordered = sorted((piece, token) for token, piece in enumerate(pieces) if piece)

    def along(self, data: bytes) -> list[int]:
        """The tokens that start with `data`, and those that it starts with."""
        found = []
        for length in range(1, len(data)):
            found += self._equal(data[:length])
        place = bisect_left(self._ordered, (data, -1))
        while place < len(self._ordered) and self._ordered[place][0].startswith(data):
            found.append(self._ordered[place][1])
            place += 1
        return found

    def _equal(self, data: bytes) -> Iterable[int]:
        place = bisect_left(self._ordered, (data, -1))
        while place < len(self._ordered) and self._ordered[place][0] == data:
            yield self._ordered[place][1]
            place += 1


@lru_cache(maxsize=4)
def pieces_of(tokenizer: Tokenizer) -> Pieces:
    """The pieces of a tokenizer, ordered once."""
    return Pieces(tokenizer.pieces)
