"""Learns BPE merges from counted pieces; totals of pairs stay up to date in a heap."""

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
    learner = _Learner(counts, first_byte)
    merges: list[Pair] = []
    while len(merges) < limit and (pair := learner.pop_best()) is not None:
        learner.merge(pair)
        merges.append(pair)
    return merges


class _Learner:
    def __init__(self, counts: Mapping[bytes, int], first_byte: int) -> None:
        self.text = {first_byte + byte: bytes([byte]) for byte in range(256)}
        self.next_token = first_byte + 256
        self.pieces = [[first_byte + byte for byte in piece] for piece in counts]
        self.weights = list(counts.values())
        self.totals: dict[Pair, int] = defaultdict(int)
        self.where: dict[Pair, set[int]] = defaultdict(set)  # pieces that hold, or once held, it
        for index, piece in enumerate(self.pieces):
            for pair in pairwise(piece):
                self.totals[pair] += self.weights[index]
                self.where[pair].add(index)
        self.heap = [self._entry(pair) for pair in self.totals]
        heapify(self.heap)

    def _entry(self, pair: Pair) -> tuple[int, bytes, bytes, Pair]:
        return -self.totals[pair], self.text[pair[0]], self.text[pair[1]], pair

    def pop_best(self) -> Pair | None:
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

    def merge(self, pair: Pair) -> None:
        """Replace `pair` by a new token in every piece."""
        token = self.next_token
        self.next_token += 1
        self.text[token] = self.text[pair[0]] + self.text[pair[1]]
        created: set[Pair] = set()
        for index in self.where.pop(pair):
            old, weight = self.pieces[index], self.weights[index]
            new = self.pieces[index] = _replace(old, pair, token)
            for stale in pairwise(old):
                self.totals[stale] -= weight
            for fresh in pairwise(new):
                self.totals[fresh] += weight
                if token in fresh:
                    self.where[fresh].add(index)
                    created.add(fresh)
        for fresh in created:
            heappush(self.heap, self._entry(fresh))


def _replace(piece: list[int], pair: Pair, token: int) -> list[int]:
    """`piece` with every occurrence of `pair`, from the left, replaced by `token`."""
    out: list[int] = []
    at = 0
    while at < len(piece):
        if piece[at] == pair[0] and at + 1 < len(piece) and piece[at + 1] == pair[1]:
            out.append(token)
            at += 2
        else:
            out.append(piece[at])
            at += 1
    return out
