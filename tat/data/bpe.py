"""Learns BPE merges from counted pieces; totals of pairs stay up to date in a heap.

While it learns, a piece is a string with one character for each token, so that replacing and
cutting are done by the interpreter's own compiled code.
"""

from collections import defaultdict
from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from itertools import pairwise

Pair = tuple[int, int]


def learn_merges(counts: Mapping[bytes, int], first_byte: int, limit: int) -> list[Pair]:
    """At most `limit` merges for pieces that occur `counts` times; stops when no pair occurs twice.

    Ids: byte b is first_byte + b, merge i is first_byte + 256 + i. The most frequent pair comes
    first; of equally frequent ones the one whose bytes sort first, so that the order of pieces,
    dicts or sets does not matter. No two merges spell the same token: the merges inside a string
    do not depend on its surroundings as long as nothing merges across its ends.
    """
    learner = _Learner(counts)
    merges: list[Pair] = []
    while len(merges) < limit and (pair := learner.pop_best()) is not None:
        learner.merge(pair)
        first, second = map(ord, pair)
        merges.append((first_byte + first, first_byte + second))
    return merges


class _Learner:
    """Tokens are characters: byte b is chr(b), merge i is chr(256 + i); a pair is two of them."""

    def __init__(self, counts: Mapping[bytes, int]) -> None:
        self.text = {chr(byte): bytes([byte]) for byte in range(256)}
        self.pieces = [piece.decode("latin-1") for piece in counts]
        self.weights = list(counts.values())
        self.totals: dict[str, int] = defaultdict(int)
        self.where: dict[str, set[int]] = defaultdict(set)  # pieces that hold, or once held, it
        for index, (piece, weight) in enumerate(zip(self.pieces, self.weights)):
            for first, second in pairwise(piece):
                self.totals[first + second] += weight
                self.where[first + second].add(index)
        self.heap = [self._entry(pair) for pair in self.totals]
        heapify(self.heap)

    def _entry(self, pair: str) -> tuple[int, bytes, bytes, str]:
        return -self.totals[pair], self.text[pair[0]], self.text[pair[1]], pair

    def pop_best(self) -> str | None:
        """The next pair to merge, or None when none occurs twice."""
        while self.heap:
            negative, _, _, pair = heappop(self.heap)
            if self.totals[pair] < 2:
                continue
            if self.totals[pair] == -negative:
                return pair
            # Totals of a known pair only fall, so an outdated entry is too high.
            heappush(self.heap, self._entry(pair))
        return None

    def merge(self, pair: str) -> None:
        """Replace `pair` by a new token in every piece."""
        token = chr(len(self.text))
        self.text[token] = self.text[pair[0]] + self.text[pair[1]]
        created: set[str] = set()
        for index in self.where.pop(pair):
            parts = self.pieces[index].split(pair)
            if len(parts) > 1:
                self.pieces[index] = token.join(parts)
                fresh = self._count_anew(pair, token, parts, self.weights[index])
                for new in fresh:
                    self.where[new].add(index)
                created |= fresh
        self.totals[pair] = 0
        for new in created:
            heappush(self.heap, self._entry(new))

    def _count_anew(self, pair: str, token: str, parts: list[str], weight: int) -> set[str]:
        """Totals around the places between `parts` where `token` replaces `pair`; new pairs."""
        totals, (first, second), fresh = self.totals, pair, set[str]()
        for number, part in enumerate(parts):
            if number:  # behind a place
                old, new = second + (part[:1] or first), token + (part[:1] or token)
                if part or number + 1 < len(parts):
                    totals[old] -= weight
                    totals[new] += weight
                    fresh.add(new)
            if part and number + 1 < len(parts):  # before a place
                totals[part[-1] + first] -= weight
                totals[part[-1] + token] += weight
                fresh.add(part[-1] + token)
        return fresh
