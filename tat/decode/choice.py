"""Choosing a token from logits.

A choice depends on the logits and the position alone, so that a position that is decoded again, or
with some tokens masked, draws the same.
"""

from collections.abc import Callable

import numpy as np

from tat.errors import UsageError

Choose = Callable[[np.ndarray, int], int]
"""From logits [V], where -inf is masked, and a position to a token that is not masked."""


def greedy(logits: np.ndarray, position: int) -> int:
    """The most likely token; the lowest id of equals."""
    return int(np.argmax(logits))


class Sampler:
    """Draws from softmax(logits / temperature).

    The draw is the maximum of logits with Gumbel noise (Maddison et al., "A* Sampling", 2014):
    masking another token than the one that is drawn does not change it.
    """

    def __init__(self, seed: int, temperature: float) -> None:
        if not temperature > 0:
            raise UsageError(f"temperature {temperature} is not above 0; greedy choice needs none")
        self._seed, self._temperature = seed, temperature

    def __call__(self, logits: np.ndarray, position: int) -> int:
        """A token drawn by seed and position."""
        generator = np.random.Generator(np.random.Philox(key=self._seed, counter=position << 64))
        noise = generator.gumbel(size=logits.size)
        return int(np.argmax(logits / self._temperature + noise))
