"""Preferences: rules that choose a token from logits.

A preference scores all tokens, and the best allowed token is chosen. Scores depend only on the
logits and the tokens so far, never on masks or on other texts of a batch. So a token that is
decoded again, with a mask or in another batch, is the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy import ndarray as Array

from tat import hashing
from tat.config_tables import GenerateConfig
from tat.draws import Draw, drawn, penalised, scores
from tat.errors import UsageError

Preference = Callable[[Array, Sequence[int]], Array]
"""From logits [V], -inf where a token is never written, and the tokens so far to scores [V]."""

_LIKELIEST = Draw()
_HOTTEST = 1e9  # above this temperature only noise counts; float32 holds both


def greedy(logits: Array, tokens: Sequence[int]) -> Array:
    """The logits themselves: the most likely token wins, of equal ones the lowest id."""
    return logits


@dataclass(frozen=True)
class Sampling:
    """How texts are drawn, each by a `Draw` that has these settings."""

    temperature: float
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    seed: int = 0  # 64 bits count
    draws_first: bool = False  # whether a prompt's first text is drawn, or the most likely one

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < np.inf:
            raise UsageError(f"temperature {self.temperature} is not a number from 0 up")
        if not 0 < self.top_p <= 1:
            raise UsageError(f"top-p {self.top_p} is not above 0 and at most 1")
        if not 0 <= self.min_p <= 1:
            raise UsageError(f"min-p {self.min_p} is not from 0 to 1")
        if not 0 < self.repetition_penalty < np.inf:
            raise UsageError(f"repetition penalty {self.repetition_penalty} is not above 0")

    @classmethod
    def configured(cls, settings: GenerateConfig) -> "Sampling":
        """The sampling that the settings describe."""
        return cls(
            settings.temperature, settings.top_k, settings.top_p, settings.min_p,
            settings.repetition_penalty, settings.seed,
        )  # fmt: skip

    def preference(self, prompt: Sequence[int], number: int = 0) -> Preference:
        """The preference for text `number` of a prompt, given as tokens."""
        if self.temperature > 0 and (number or self.draws_first):
            return Sampler(self, _key(prompt), number)
        if self.repetition_penalty == 1:
            return greedy
        return Sampler(Sampling(0.0, repetition_penalty=self.repetition_penalty))

    def draw(self, key: int, number: int) -> Draw:
        """The draw for text `number` of a prompt with this key of 64 bits."""
        words = (self.seed, self.seed >> 32, key, key >> 32, number)
        (folded,) = hashing.fold(0, words).tolist()
        return Draw(
            min(self.temperature, _HOTTEST), self.top_k, self.top_p, self.min_p,
            self.repetition_penalty, folded,
        )  # fmt: skip


class Sampler:
    """Chooses the tokens of one text as `tat.draws` defines draws.

    Seed, prompt, number of the text, position and token determine the noise.
    """

    def __init__(self, sampling: Sampling, key: int = 0, number: int = 0) -> None:
        self.draw = sampling.draw(key, number)

    def __call__(self, logits: Array, tokens: Sequence[int]) -> Array:
        """Scores of the token at position len(tokens)."""
        logits = penalised(logits, tokens, self.draw.repetition_penalty).astype(np.float64)
        return scores(logits, len(tokens), self.draw)

    def best(self, logits: Array, tokens: Sequence[int]) -> int:
        """The token with the highest score, without computing all."""
        logits = penalised(logits, tokens, self.draw.repetition_penalty)
        return drawn(logits, len(tokens), self.draw)


def exactly(written: Sequence[int]) -> Preference:
    """The preference for these tokens alone, to learn how likely they are."""

    def scores(logits: Array, tokens: Sequence[int]) -> Array:
        only = np.full(logits.shape, -np.inf)
        only[written[len(tokens)]] = 0.0
        return only

    return scores


def best(preference: Preference, logits: Array, tokens: Sequence[int]) -> int:
    """The token that a preference scores highest; of equal ones the lowest id."""
    if chooses := getattr(preference, "best", None):
        return chooses(logits, tokens)
    return int(np.argmax(preference(logits, tokens)))


def draw_of(preference: Preference) -> Draw | None:
    """The parameters with which a device chooses the same; None if only the host can."""
    return _LIKELIEST if preference is greedy else getattr(preference, "draw", None)


def log_probability(logits: Array, token: int) -> float:
    """The log-probability of a token in nats, from logits [V]."""
    highest = logits.max()
    shifted = logits - highest
    return float(logits[token] - highest - np.log(np.exp(shifted, out=shifted).sum()))


def log_softmax(logits: Array) -> Array:
    """Log-probabilities [V] in nats."""
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())


def _key(prompt: Sequence[int]) -> int:
    """A key of 64 bits from the prompt."""
    return int.from_bytes(sha256(np.asarray(prompt, "<i4").tobytes()).digest()[:8], "little")
