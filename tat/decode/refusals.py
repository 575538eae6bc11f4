"""Tokens that are refused for one reason: the answer about one word tells of all other words."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy import ndarray as Array

from tat.data.tokenizer import Special
from tat.wgsl.scope import Scope
from tat.wgsl.scope_state import State

_LETTERS = re.compile(rb"[A-Za-z0-9_]+")
_WORD = re.compile(rb"( ?)([A-Za-z_][A-Za-z0-9_]*)")  # a token: perhaps a space, then a word
_OPEN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")  # the end of a text, which such a token makes longer
_OPERATORS = re.compile(r"[-+*%&|^~!=<>(){}\[\],;:@]*")  # the end of a text, no part of a number
_BLANKS = (0xC2, 0xE2)  # first bytes of blank space that is not ASCII
_ASCII_BLANKS = b" \t\n\v\f\r"


class Refusals:
    """The tokens of a vocabulary, in groups that a scope refuses together."""

    def __init__(self, tokens: Sequence[bytes]) -> None:
        """Take the bytes of each token, b"" for one without text."""
        self.tokens = tokens
        self._ids = {text: token for token, text in enumerate(tokens) if text}
        self._own = lru_cache(maxsize=4096)(self._spelled)
        self._declared = lru_cache(maxsize=1024)(self._spelled)
        self._headed = lru_cache(maxsize=64)(self._with_other_heads)
        self._starting = lru_cache(maxsize=1024)(self._with_start)
        self._numbers: dict[bytes, list[int]] = {}  # "1.0f" ends a word that "1" makes longer
        for text, token in self._ids.items():
            found = _LETTERS.match(text)
            if found and found.end() < len(text):
                self._numbers.setdefault(found[0], []).append(token)
        self._textless = self._where(lambda text: not text)
        self._textless[Special.EOS] = np.inf
        self._going_on = self._where(_LETTERS.match)
        self._ends = self._where(lambda text: text and text[0] < 0x80 and not _LETTERS.match(text))
        self._ending = self._where(lambda text: _LETTERS.match(text) or text[:1] == b" ")
        self._uncommented = self._where(lambda text: text and text[:1] not in b"/*=")
        self._high = self._where(lambda text: text[:1] >= b"\x80")
        self._odd = self._where(lambda text: text[:1] >= b"\x80" and text[0] not in _BLANKS)
        words = [(token, _WORD.fullmatch(text)) for text, token in self._ids.items()]
        # A single _ may discard a value where no name may stand.
        words = [(token, found[1]) for token, found in words if found and found[2] != b"_"]
        self._words = {
            lead: self._dense([token for token, its in words if its == lead])
            for lead in (b"", b" ")
        }

    def _where(self, applies: Callable[[bytes], object]) -> Array:
        return self._dense([i for i, text in enumerate(self.tokens) if applies(text)])

    def _dense(self, group: Sequence[int]) -> Array:
        """A group as values for all tokens [V]: to take the lower ones is ten times as fast as to
        set those of the group."""
        values = np.full(len(self.tokens), np.inf, np.float32)
        values[list(group)] = -np.inf
        return values

    def rule_out(self, token: int, scope: Scope, logits: Array) -> None:
        """Set the logit of a token that was refused behind `scope` to -inf, and those of others
        that are refused for the same reason; logits are [V]."""
        logits[token] = -np.inf
        text = self.tokens[token]
        if not text:
            if token != Special.EOS:
                _leave_out(self._textless, logits)
        elif scope.partial:
            return
        elif _OPEN.fullmatch(scope.tail):
            self._behind_word(text, scope, logits)
        elif _OPERATORS.fullmatch(scope.tail) or scope.tail == "/":
            self._behind_operator(text, scope, logits)

    def _behind_word(self, text: bytes, scope: Scope, logits: Array) -> None:
        words, ended = scope.state.words(scope.tail), scope.after(b" ")
        if words is not None:
            self._keep_words(self._going_on, b"", words, scope.tail, logits)
            if any(words) and all(map(str.isascii, words[0])):
                _leave_out(self._high, logits)
        if ended is None:  # the word may not end here
            _leave_out(self._ends, logits)
        elif not ended.tail and not _LETTERS.match(text):
            self._next(text, ended.state, logits, touching=False)

    def _behind_operator(self, text: bytes, scope: Scope, logits: Array) -> None:
        ended = scope.after(b" ")
        if ended is None:
            _leave_out(self._uncommented if scope.tail == "/" else self._ending, logits)
        if ended is None or ended.tail:
            return
        if text[0] >= 0x80 and not scope.tail:
            words = scope.state.words("")
            if words and words[1] and all(map(str.isascii, words[0])):
                _leave_out(self._odd, logits)
            return
        self._next(text, ended.state, logits, touching=True)
        if not scope.tail and not _LETTERS.match(text.strip(_ASCII_BLANKS)):
            start = text[: 1 + len(text) - len(text.lstrip(_ASCII_BLANKS))]
            if scope.after(start) is None:
                _leave_out(self._starting(start), logits)

    def _next(self, text: bytes, state: State, logits: Array, touching: bool) -> None:
        """Rule out tokens that begin the token behind `state`: behind a space, and with `touching`
        words and numbers without one."""
        heads = state.heads()
        if heads:
            _leave_out(self._headed(heads, touching), logits)
        elif _WORD.fullmatch(text):
            words = state.words("")
            if words is not None:
                for lead in (b"", b" ") if touching else (b" ",):
                    self._keep_words(self._words[lead], lead, words, "", logits)

    def _keep_words(
        self, group: Array, lead: bytes, words: tuple[Sequence[str], tuple[str, ...]],
        start: str, logits: Array,
    ) -> None:  # fmt: skip
        """Keep tokens of the group that begin one of the words: declared ones, the language's own.

        A word begins with `start`, which the text has; a token with `lead`.
        """
        declared, own = words
        allowed = self._declared(tuple(declared), lead, start), self._own(own, lead, start)
        kept = [logits[tokens] for tokens in allowed]
        _leave_out(group, logits)
        for tokens, values in zip(allowed, kept, strict=True):
            logits[tokens] = values

    def _spelled(self, words: Iterable[str], lead: bytes, start: str) -> Array:
        """The tokens of `lead` and one or more letters of a word behind its `start`, and those that
        end it with a point."""
        rests = [lead + word[len(start) :].encode() for word in words]
        texts = (rest[:end] for rest in rests for end in range(len(lead) + 1, len(rest) + 1))
        found = [self._ids[text] for text in texts if text in self._ids]
        found += [token for rest in rests for token in self._numbers.get(rest, ())]
        return np.array(found, np.intp)

    def _with_other_heads(self, heads: bytes, touching: bool) -> Array:
        """Tokens behind blank space, and with `touching` words and numbers without, that begin with
        none of these characters."""
        found = []
        for token, text in enumerate(self.tokens):
            rest = text.lstrip(_ASCII_BLANKS)
            begins = len(rest) < len(text) or (touching and _LETTERS.match(rest))
            if begins and rest and rest[0] < 0x80 and rest[:1] not in heads:
                found.append(token)
        return self._dense(found)

    def _with_start(self, start: bytes) -> Array:
        return self._where(lambda text: text.startswith(start))


def _leave_out(group: Array, logits: Array) -> None:
    """Set the logits of a group, as `_dense` gives it, to -inf."""
    np.minimum(logits, group, out=logits)
