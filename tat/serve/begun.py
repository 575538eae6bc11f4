"""A line that was begun: written again from its start, held to what stands there already.

The model learnt gaps of whole lines, and none that begin inside of a line or of a token.
"""

from collections.abc import Sequence

import numpy as np
from numpy import ndarray as Array

from tat.data.tokenizer import Tokenizer
from tat.decode.choice import Preference

_LONGEST = 160  # characters; a longer line is gone on with where it stands


def begun_line(prefix: str) -> str:
    """The last line of a body, without its indentation, as far as it goes; "" elsewhere."""
    above, _, line = prefix.rpartition("\n")
    text = line.lstrip()
    inside = above.rfind("{") > max(above.rfind("\nfn "), 0) and above.count("{") > above.count("}")
    return text if inside and len(text) <= _LONGEST and "//" not in text else ""


class Begun:
    """A preference for texts that start with `text`; in all else it is the one that it is given.

    The tokens are those of the text, but for the last one: that may be longer than what stands
    there, as a word goes on.
    """

    def __init__(self, preference: Preference, text: str, tokenizer: Tokenizer) -> None:
        self._preference, self._pieces = preference, tokenizer.pieces
        self._data, self.sure = text.encode("utf-8"), tokenizer.encode(text)[:-1]

    def __call__(self, logits: Array, tokens: Sequence[int]) -> Array:
        """As a `Preference`."""
        scores = self._preference(logits, tokens)
        allowed = self._allowed(tokens)
        if allowed is None:
            return scores
        kept = np.full_like(scores, -np.inf)
        kept[allowed] = scores[allowed]
        if not np.isfinite(kept).any():  # a draw that left all of them out
            kept[allowed] = logits[allowed]
        return kept

    def _allowed(self, tokens: Sequence[int]) -> list[int] | None:
        """The tokens that may follow these; None for all."""
        count = len(tokens)
        if count < len(self.sure) and list(tokens) == self.sure[:count]:
            return [self.sure[count]]
        written = b"".join(self._pieces[token] for token in tokens)
        rest = self._data[len(written) :]
        if not rest:
            return None
        return [
            token for token, piece in enumerate(self._pieces)
            if piece and (piece.startswith(rest) or rest.startswith(piece))
        ]  # fmt: skip
