"""Tokens that a model offers behind a text: all logits, or a device's record of the best few.

A device that draws tokens ahead leaves the logits where they are. It tells the token that it drew,
the best ones in its place, and what makes log-probabilities of their logits. The host reads the
logits of a place only where that is not enough.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy import ndarray as Array
from numpy.typing import ArrayLike

from tat import hashing
from tat.data.tokenizer import Special
from tat.decode.choice import Preference, best, draw_of, log_probability
from tat.draws import Draw, gumbel

RANKS = 8  # best tokens of a place that a device tells
_MARGIN = 1e-4  # of a score: far above what a device's noise and sums may be off

Read = Callable[[Sequence[tuple[int, int]]], Array]
"""From steps and rows to their logits [N, V], waiting for them."""


class Logits:
    """All logits of a place, -inf for tokens that are never written."""

    whole = True

    def __init__(self, logits: Array) -> None:
        """Take logits [V], which are changed."""
        logits[: Special.EOS] = -np.inf  # PAD and BOS
        self.logits, self.size = logits, logits.size

    def best(self, preference: Preference, written: Callable[[], Sequence[int]]) -> int:
        """The token that a preference scores highest."""
        return best(preference, self.logits, written())

    def few(self, preference: Preference, position: int) -> Sequence[int]:
        """Tokens that are known to be the best ones without a look at all: none."""
        return ()

    def log_probability(self, token: int) -> float:
        """The model's log-probability of a token, in nats."""
        return log_probability(self.logits, token)


class Ranked:
    """A device's record of a place, and its logits once they are read."""

    __slots__ = "_offers", "_place", "_token"

    def __init__(self, offers: "Offers", step: int, row: int, token: int | None) -> None:
        """`token` is the best one, None if that takes the logits."""
        self._offers, self._place, self._token = offers, (step, row), token

    @property
    def whole(self) -> bool:
        """Whether the logits are read."""
        return self._place in self._offers.known

    @property
    def logits(self) -> Array:
        """Logits [V], which have to be read, -inf for tokens that are never written."""
        return self._offers.known[self._place]

    @property
    def place(self) -> tuple[int, int]:
        """The step and the row, to read the logits of."""
        return self._place

    def best(self, preference: Preference, written: Callable[[], Sequence[int]]) -> int:
        """The token that a preference scores highest."""
        if self._token is None:
            return best(preference, self.logits, written())
        return self._token

    def log_probability(self, token: int) -> float:
        """The model's log-probability of a token, in nats."""
        return self._offers.log_probability(self._place, token)

    @property
    def size(self) -> int:
        """Tokens of the vocabulary."""
        return self._offers.vocabulary

    def few(self, preference: Preference, position: int) -> Sequence[int]:
        """Tokens that are known to be the best ones, the best first."""
        return self._offers.few(self._place, draw_of(preference), position)


class Offers:
    """The records of a block: of its steps [N], in the rows [B] of a batch.

    Scores of tokens that are drawn without filters are computed anew from their logits, as the
    host does it, for a device's noise differs in its last bits. They are the best ones if they are
    above the score of the last one in the record, which no other token exceeds, by a margin.
    """

    def __init__(self, records: Array, vocabulary: int, read: Read) -> None:
        """`records` [N, B, W] are those of `tat.ops.decoding.rank_tokens`."""
        self.steps, self.vocabulary, self._read = len(records), vocabulary, read
        ranks = (records.shape[-1] - 3) // 3
        self.drawn = records[..., 0].astype(np.int32)
        self._drawn = self.drawn.T.tolist()
        best = records[..., 1:-2]
        self._tokens = best[..., :ranks].astype(np.int32)
        self._scores, self._logits = best[..., ranks : 2 * ranks], best[..., 2 * ranks :]
        self._highest, self._total = records[..., -2], records[..., -1]
        logs = self._logits - self._highest[..., None] - self._total[..., None]
        self._likeliest = logs[..., 0].T.tolist(), self._tokens[..., 0].T.tolist()
        self.known: dict[tuple[int, int], Array] = {}
        self._chosen: dict[int, list[int | None]] = {}  # of each row

    def choose(self, texts: Mapping[int, tuple[Draw | None, int]]) -> None:
        """Find the best tokens in the places of these rows: how a row draws, and the position that
        the first place is for. Reads the logits of places whose record does not tell."""
        drawn = {}
        for row, (draw, position) in texts.items():
            self._chosen[row] = self._likeliest[1][row]
            if not is_ranked(draw):
                self._chosen[row] = [None] * self.steps
            elif draw.temperature > 0:
                drawn[row] = draw, position
        if drawn:
            self._draw([*drawn], *zip(*drawn.values(), strict=True))

    def of(self, row: int) -> Iterator[tuple[Ranked, int]]:
        """Each place of a row, in order, and the token that the device drew there."""
        for step, (token, drawn) in enumerate(
            zip(self._chosen[row], self._drawn[row], strict=True)
        ):
            yield Ranked(self, step, row, token), drawn

    def _draw(self, rows: Sequence[int], draws: Sequence[Draw], positions: Sequence[int]) -> None:
        """The best tokens of rows that draw, all at once."""
        at, steps = (slice(None), rows), np.arange(self.steps)[:, None]
        keys, temperatures = zip(*((draw.key, draw.temperature) for draw in draws), strict=True)
        scores, sure = self._exact(at, keys, temperatures, positions + steps)
        best = scores == scores.max(-1, keepdims=True)
        tokens = np.where(best, self._tokens[at], self.vocabulary).min(-1).T.tolist()
        certain = (best & sure).any(-1).T.tolist()
        for row, its, known in zip(rows, tokens, certain, strict=True):
            self._chosen[row] = [t if k else None for t, k in zip(its, known, strict=True)]
        if not all(map(all, certain)):
            chosen = ((step, row) for row in rows for step in range(self.steps))
            self.fetch([place for place in chosen if self._chosen[place[1]][place[0]] is None])

    def _exact(
        self, at: tuple, keys: ArrayLike, temperatures: ArrayLike, positions: ArrayLike
    ) -> tuple[Array, Array]:
        """The scores of the tokens recorded there, and whether no other may exceed them."""
        tokens, bound = self._tokens[at], self._scores[at][..., -1:].astype(np.float64)
        base = np.asarray(keys, np.uint32) ^ np.asarray(positions, np.uint32)
        base, temperature = hashing.mix(base[..., None]), np.asarray(temperatures)[..., None]
        noise = gumbel(hashing.mix((tokens.astype(np.uint32) * hashing.STRIDE) ^ base))
        scores = self._logits[at].astype(np.float64) + temperature * noise
        return scores, scores > bound + _MARGIN * (1 + temperature + np.abs(bound))

    def few(self, place: tuple[int, int], draw: Draw | None, position: int) -> Sequence[int]:
        """The tokens that are known to be the best ones there, the best first."""
        if not is_ranked(draw):
            return ()
        tokens = self._tokens[place]
        if draw.temperature > 0:
            scores, sure = self._exact(place, draw.key, draw.temperature, position)
            order = np.lexsort((tokens, -scores))
            tokens = tokens[order[sure[order]]]
        return tokens.tolist()

    def log_probability(self, place: tuple[int, int], token: int) -> float:
        """The log-probability of a token, in nats: one of the record, or with the logits read."""
        step, row = place
        if token == self._likeliest[1][row][step]:
            return self._likeliest[0][row][step]
        ranks = np.flatnonzero(self._tokens[place] == token)
        logit = self._logits[place][ranks[0]] if ranks.size else self.known[place][token]
        return float(logit - self._highest[place] - self._total[place])

    def fetch(self, places: Sequence[tuple[int, int]]) -> None:
        """Read the logits of places (steps and rows), all of them together."""
        places = [place for place in places if place not in self.known]
        if places:
            self.put(places, self._read(places))

    def put(self, places: Sequence[tuple[int, int]], logits: Array) -> None:
        """Keep the logits [N, V] of places."""
        logits[:, : Special.EOS] = -np.inf
        self.known.update(zip(places, logits, strict=True))


def is_ranked(draw: Draw | None) -> bool:
    """Whether the best tokens by their logits and noise alone are the best ones of a draw."""
    if draw is None:
        return False
    filtered = draw.top_k > 0 or draw.top_p < 1 or draw.min_p > 0
    return not filtered and draw.repetition_penalty == 1
