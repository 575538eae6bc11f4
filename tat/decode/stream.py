"""One text as it grows: it feeds a token to the model and chooses the next by the logits."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy import ndarray as Array

from tat.data.tokenizer import Special
from tat.decode.choice import Preference, greedy
from tat.decode.constraint import Constraint
from tat.decode.drafts import Drafter
from tat.decode.offers import Logits, Ranked
from tat.decode.review import Reviewer

_UNMASKED = 4  # tokens that are tried before the grammar's mask, which takes as long as they do

_END = int(Special.EOS)

Offer = Logits | Ranked


class _Chosen(NamedTuple):
    """A token of the block, and what the model offers in its place."""

    token: int
    offer: Offer


@dataclass(eq=False)
class Stream:
    """Tokens after some sources, up to EOS (included), `limit`, or where none is allowed.

    The tokens equal those of masking at every token. A block is chosen without masks, and decoded
    again from the first token that the constraint refuses: the logits at that token depend only on
    the text before it, and the caches behind it are overwritten. Blocks double, up to
    `longest_block`, until a token is refused, because tokens behind it are decoded in vain.
    """

    sources: Sequence[Sequence[int]]  # tokens of the prompt, then of each of its neighbours
    limit: int
    longest_block: int
    constraint: Constraint | None = None
    preference: Preference = greedy
    drafter: Drafter | None = None
    again: Sequence[int] = ()  # tokens that the preference is sure to make the first ones
    tokens: list[int] = field(default_factory=list)  # settled: the constraint accepted them
    ended: bool = False
    _scores: list[float] = field(default_factory=list)  # the model's log-probability of each token
    _block: list[_Chosen] = field(default_factory=list)
    _size: int = 1  # of a whole block

    def __post_init__(self) -> None:
        self.ended = self.limit == 0
        self._reviewer: Reviewer | None = None
        self._refused: _Chosen | None = None  # a token that is to be replaced
        self._ruled_out = np.zeros(0, np.float32)  # [V]: -inf where the constraint refuses others

    def review(self, reviewer: Reviewer | None, redraw: Callable[[int], Preference] | None) -> None:
        """Review the text from its beginning; `redraw` gives the preference after refusals."""
        if reviewer is not None and redraw is not None:
            self._reviewer, self._redraw = reviewer, redraw

    @property
    def refusal(self) -> str:
        """Why the last statement that the reviewer refused was; "" without one."""
        return self._reviewer.reason if self._reviewer is not None else ""

    @property
    def score(self) -> float:
        """Sum of the model's log-probabilities of `tokens`, in nats."""
        return sum(self._scores)

    @property
    def position(self) -> int:
        """The position of the token that is chosen next."""
        return len(self.tokens) + len(self._block)

    @property
    def last(self) -> int:
        """The token to feed: the next logits follow it."""
        if self._block:
            return self._block[-1].token
        return self.tokens[-1] if self.tokens else int(Special.BOS)

    @property
    def written(self) -> list[int]:
        """The settled tokens, and those that the constraint has not seen yet."""
        return [*self.tokens, *(chosen.token for chosen in self._block)]

    def drafted(self) -> list[int]:
        """Drafted next tokens, fewer than may still be written; none without a drafter."""
        room = self.limit - self.position - 1
        if self.drafter is None or room < 1:
            return []
        if self.position < len(self.again):
            return self.drafter.known(self.again[self.position :])[:room]
        return self.drafter.propose(self.tokens, self.written)[:room]

    def take(self, logits: Array) -> None:
        """Choose the next token by its logits [V], which it keeps and changes."""
        self._choose(Logits(logits))

    def follow(self, offers: Iterable[tuple[Ranked, int]]) -> None:
        """Choose next tokens from what a device offers, as long as it drew the same ones."""
        block, preference = self._block, self.preference
        most = self.limit - len(self.tokens)
        for offer, drawn in offers:
            token = offer.best(preference, self._all)
            block.append(_Chosen(token, offer))
            if token != drawn or token == _END or len(block) >= most:
                return

    def _choose(self, offer: Offer) -> None:
        self._block.append(_Chosen(offer.best(self.preference, self._all), offer))

    def _all(self) -> list[int]:
        return self.written

    @property
    def whole(self) -> bool:
        """Whether the block is as long as it may be, and has to be settled."""
        return self.full or len(self._block) >= self._size

    @property
    def full(self) -> bool:
        """Whether the text has no room behind its block."""
        at_end = bool(self._block) and self._block[-1].token == Special.EOS
        return at_end or self.position >= self.limit

    @property
    def reviewed(self) -> bool:
        """Whether settling the block may wait for a reviewer."""
        reviewer = self._reviewer
        return reviewer is not None and reviewer.may_wait([chosen.token for chosen in self._block])

    def settle(self) -> None:
        """Check the block as far as it is chosen: tokens of it stay, or one is replaced.

        If that one `lacks` its logits, it is replaced in the next call.
        """
        if self._refused is not None:
            self._replace()
            return
        block, self._block = self._block, []
        taken = len(block)
        if self.constraint is not None and block:
            taken = self.constraint.accept([chosen.token for chosen in block])
            self._size = min(2 * self._size, self.longest_block)
        start = 0
        while start < taken:
            end = start + self._unseen(block[start:taken])
            self._append(block[start:end])
            if self._taken_back():
                return
            start = end
        if taken < len(block):
            self._size, self._refused = 1, block[taken]
            self._ruled_out = np.zeros(self._refused.offer.size, np.float32)
            self.constraint.rule_out(self._refused.token, self._ruled_out)
            self._replace()

    def _unseen(self, block: Sequence[_Chosen]) -> int:
        """How many of the next tokens are settled before the reviewer looks at the text."""
        if self._reviewer is None:
            return len(block)
        return self._reviewer.until_look(len(self.tokens), [token for token, _ in block])

    @property
    def lacks(self) -> Ranked | None:
        """The offer whose logits have to be read before the next call of `settle`."""
        return self._refused.offer if self._refused is not None else None

    def _replace(self) -> None:
        """Take the best token that the constraint accepts; the text ends where there is none."""
        offer = self._refused.offer
        found = self._accepted(offer.few(self.preference, len(self.tokens)))
        if found is None and offer.whole:
            found = self._accepted(self._others(offer))
            self.ended = found is None
        if found is not None:
            self._append([_Chosen(found, offer)])
            self._taken_back()
        if found is not None or self.ended:
            self._refused = None

    def _accepted(self, tokens: Iterable[int]) -> int | None:
        """The first of these tokens that the constraint accepts."""
        for token in tokens:
            if self._ruled_out[token] == 0:
                if self.constraint.accept([token]):
                    return token
                self.constraint.rule_out(token, self._ruled_out)
        return None

    def _others(self, offer: Offer) -> Iterator[int]:
        """All tokens that are not ruled out, the best first."""
        scores = self.preference(offer.logits, self.tokens)
        for count in range(scores.size):
            if count == _UNMASKED:
                self.constraint.mask(self._ruled_out)
            left = scores + self._ruled_out
            token = int(left.argmax())
            if not np.isfinite(left[token]):
                return
            yield token

    def _append(self, several: Sequence[_Chosen]) -> None:
        """Settle tokens, of which the last alone may be the end."""
        self.tokens += [token for token, _ in several]
        self._scores += [offer.log_probability(token) for token, offer in several]
        self.ended = several[-1].token == _END or len(self.tokens) == self.limit

    def _taken_back(self) -> bool:
        """Whether the reviewer refuses the last statement, which is then drawn again."""
        if self._reviewer is None or self.tokens[-1] == Special.EOS:
            return False
        kept = self._reviewer.take(self.tokens)
        if kept is None:
            return False
        del self.tokens[kept:], self._scores[kept:]
        self.ended, self._size = self._reviewer.gave_up(), 1
        if self.drafter is not None:
            self.drafter.forget_text()
        if self.constraint is not None:
            self.constraint.rewind(self.tokens)
        self.preference = self._redraw(self._reviewer.attempts())
        return True
