"""Tokens that are refused for one reason: the answer about one word tells of all other words."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy import ndarray as Array

from tat.wgsl.scope import Scope

_WORD = re.compile(rb"( ?)([A-Za-z0-9_]+)")  # a token: perhaps a space, then a word or more of one
_OPEN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")  # the end of a text, which such a token makes longer
_OPERATORS = re.compile(r"[-+*%&|^~!=<>(){}\[\],;:@]*")  # the end of a text, no part of a number
_BLANKS = (0xC2, 0xE2)  # first bytes of blank space that is not ASCII


class Refusals:
    """The tokens of a vocabulary, in groups that a scope refuses together."""

    def __init__(self, tokens: Sequence[bytes]) -> None:
        """Take the bytes of each token, b"" for one without text."""
        self.tokens = tokens
        self._ids = {text: token for token, text in enumerate(tokens) if text}
        self._own = lru_cache(maxsize=4096)(self._spelled)
        letters, spaced, going_on, ends, high = [], [], [], [], []
        for text, token in self._ids.items():
            found = _WORD.fullmatch(text)
            if found and found[2] != b"_":  # that may discard a value where no name may stand
                group = going_on if found[2][:1].isdigit() else letters
                (spaced if found[1] else group).append(token)
            if text[0] >= 0x80 and text[0] not in _BLANKS:
                high.append(token)
            elif text[0] < 0x80 and not _WORD.fullmatch(text[:1]):
                ends.append(token)
        spaced = [token for token in spaced if not tokens[token][1:2].isdigit()]
        groups = letters, spaced, letters + going_on, ends, high
        self._letters, self._spaced, self._going_on, self._ends, self._high = (
            np.array(group, np.intp) for group in groups
        )

    def rule_out(self, token: int, scope: Scope, logits: Array) -> None:
        """Set the logit of a token that was refused behind `scope` to -inf, and those of others
        that are refused for the same reason; logits are [V]."""
        logits[token] = -np.inf
        text, state, tail = self.tokens[token], scope.state, scope.tail
        if not text or scope.partial:
            return
        found, is_word = _WORD.fullmatch(text), bool(_OPEN.fullmatch(tail))
        if found and not found[1] and is_word:
            self._rule_out_words(self._going_on, b"", state.words(tail), tail, logits)
        elif text[0] >= 0x80:
            words = state.words("") if is_word or not tail else None
            if words and words[1] and all(map(str.isascii, words[0])):
                logits[self._high] = -np.inf
        elif is_word or _OPERATORS.fullmatch(tail):
            ended = scope.after(b" ")
            if ended is None:  # the word may not end here
                logits[self._ends if is_word else []] = -np.inf
            elif found and not ended.tail:
                group = self._spaced if found[1] else self._letters
                self._rule_out_words(group, found[1], ended.state.words(""), "", logits)

    def _rule_out_words(
        self, group: Array, lead: bytes, words: tuple[Sequence[str], tuple[str, ...]] | None,
        start: str, logits: Array,
    ) -> None:  # fmt: skip
        """Keep tokens of the group that begin one of the words: declared ones, the language's own.

        A word begins with `start`, which the text has; a token with `lead`.
        """
        if words is None:  # any may stand
            return
        declared, own = words
        allowed = [*self._spelled(declared, lead, start), *self._own(own, lead, start)]
        kept = logits[allowed]
        logits[group] = -np.inf
        logits[allowed] = kept

    def _spelled(self, words: Iterable[str], lead: bytes, start: str) -> list[int]:
        """The tokens of `lead` and one or more letters of a word behind its `start`."""
        rests = (lead + word[len(start) :].encode() for word in words)
        texts = (rest[:end] for rest in rests for end in range(len(lead) + 1, len(rest) + 1))
        return [self._ids[text] for text in texts if text in self._ids]
