"""Choosing a token from logits.

A preference scores all tokens, and the token is the best scored of those that are allowed. Scores
depend on the logits and the tokens so far alone, never on what is allowed or on other texts of a
batch: a token decoded again, with some masked, or in other company, is chosen alike.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy import ndarray as Array

from tat.config import GenerateConfig
from tat.errors import UsageError

Preference = Callable[[Array, Sequence[int]], Array]
"""From logits [V], -inf where a token is never written, and the tokens so far to scores [V]."""


def greedy(logits: Array, tokens: Sequence[int]) -> Array:
    """The logits: the most likely token, the lowest id of equals."""
    return logits


@dataclass(frozen=True)
class Sampling:
    """How draws are made; filters that are off are 0 (top_k, min_p) or 1 (top_p)."""

    temperature: float  # 0 takes the most likely token
    top_k: int = 0  # only the k most likely tokens, and those as likely as the last of them
    top_p: float = 1.0  # only the fewest tokens that have this probability together
    min_p: float = 0.0  # only tokens with this share of the most likely one's probability
    repetition_penalty: float = 1.0  # above 1 makes what was written less likely
    seed: int = 0
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
        """As the settings have it."""
        return cls(
            settings.temperature, settings.top_k, settings.top_p, settings.min_p,
            settings.repetition_penalty, settings.seed,
        )  # fmt: skip

    def preference(self, prompt: Sequence[int], number: int = 0) -> Preference:
        """Of text `number` for a prompt, given as tokens."""
        if self.temperature > 0 and (number or self.draws_first):
            return Sampler(self, _key(prompt), number)
        if self.repetition_penalty == 1:
            return greedy
        return lambda logits, tokens: penalised(logits, tokens, self.repetition_penalty)


class Sampler:
    """Draws from softmax(logits / temperature), of the tokens that the filters keep.

    The draw is the maximum of logits with Gumbel noise (Maddison et al., "A* Sampling", 2014):
    masking another token than the one that is drawn does not change it, and the next best is the
    draw from the rest. The filters see the distribution at temperature 1, each the whole of it; a
    token that they drop is scored below all that they keep. The noise is counted by seed, prompt,
    position and number of the text (Salmon et al., "Parallel random numbers", 2011).
    """

    def __init__(self, sampling: Sampling, key: int = 0, number: int = 0) -> None:
        self._sampling, self._number = sampling, number
        self._key = sampling.seed | key << 64

    def __call__(self, logits: Array, tokens: Sequence[int]) -> Array:
        """Scores of the token at position len(tokens)."""
        sampling = self._sampling
        logits = penalised(logits, tokens, sampling.repetition_penalty).astype(np.float64)
        counter = len(tokens) << 64 | self._number << 128
        generator = np.random.Generator(np.random.Philox(key=self._key, counter=counter))
        scores = logits / sampling.temperature + generator.gumbel(size=logits.size)
        dropped = logits < threshold(logits, sampling)
        if dropped.any():
            finite = scores[np.isfinite(scores)]
            scores[dropped] -= finite.max() - finite.min() + 1
        return scores


def threshold(logits: Array, sampling: Sampling) -> float:
    """The lowest logit that all filters keep: top-k (Fan et al. 2018), top-p (Holtzman et al. 2020)
    and min-p (Nguyen et al. 2024)."""
    lowest = -np.inf
    if 0 < sampling.top_k < logits.size:
        lowest = np.partition(logits, -sampling.top_k)[-sampling.top_k]
    if sampling.min_p > 0:
        lowest = max(lowest, logits.max() + np.log(sampling.min_p))
    if sampling.top_p < 1:
        ordered = np.sort(logits)[::-1]
        shares = np.cumsum(np.exp(ordered - ordered[0]))
        count = int(np.searchsorted(shares, sampling.top_p * shares[-1]))
        lowest = max(lowest, ordered[min(count, ordered.size - 1)])
    return float(lowest)


def penalised(logits: Array, tokens: Sequence[int], penalty: float) -> Array:
    """Logits of tokens written before, divided by `penalty`, or times it where they are negative.

    After Keskar et al., "CTRL", 2019; the tokens of the prompt do not count.
    """
    if penalty == 1 or not len(tokens):
        return logits
    logits, written = logits.copy(), np.unique(tokens)
    values = logits[written]
    logits[written] = np.where(values > 0, values / penalty, values * penalty)
    return logits


def log_softmax(logits: Array) -> Array:
    """Log-probabilities [V] in nats."""
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())


def _key(prompt: Sequence[int]) -> int:
    """64 bits that differ from prompt to prompt."""
    return int.from_bytes(sha256(np.asarray(prompt, "<i4").tobytes()).digest()[:8], "little")
