"""Holds a text to one line."""

from collections.abc import Sequence

import numpy as np
from numpy import ndarray as Array

from tat.data.tokenizer import Special
from tat.decode.choice import Preference, best


class OneLine:
    """A preference for texts of one line: a line end counts as the end of the text."""

    def __init__(self, preference: Preference, ends: Array) -> None:
        """`ends`: the tokens that have a line end."""
        self._preference, self._ends = preference, ends

    def __call__(self, logits: Array, tokens: Sequence[int]) -> Array:
        """As a `Preference`."""
        return self._preference(self._folded(logits), tokens)

    def best(self, logits: Array, tokens: Sequence[int]) -> int:
        """The token with the highest score."""
        return best(self._preference, self._folded(logits), tokens)

    def _folded(self, logits: Array) -> Array:
        """The logits with the probability of a line's end given to the text's end."""
        folded = logits.copy()
        places = [*self._ends, Special.EOS]
        folded[Special.EOS] = np.logaddexp.reduce(logits[places].astype(np.float64))
        folded[self._ends] = -np.inf
        return folded
