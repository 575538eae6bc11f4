"""The grammar as a mask over the tokens of a byte-level vocabulary: those that may come next.

The work is llguidance's: an Earley parser over lexemes found by derivatives of regular expressions.
"""

from collections.abc import Sequence
from copy import copy
from typing import Literal, NamedTuple

from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper

from tat.errors import one_line
from tat.resources import resource
from tat.wgsl.lexer import plain, tokenize

# The texts to write: a whole module; declarations that end with a function; the body of a function,
# which is all text behind `fn f(...) -> T`.
Start = Literal["module", "program", "body"]

_SILENT = 0


def grammar_text(start: Start) -> str:
    """The grammar in Lark's notation, from one start symbol."""
    rules = resource("wgsl", "grammar.lark").read_text("utf-8")
    return f"start: {start}\n\n{rules}"


class Grammar:
    """The grammar for one vocabulary; a symbol is compiled when it is first asked for."""

    def __init__(self, tokens: Sequence[bytes], end: int) -> None:
        """Take the bytes of each token (b"" for one without text) and the id of the end token."""
        self.end = end
        self._tokenizer = LLTokenizer(TokenizerWrapper(_Vocabulary(tokens, end)), slices=[])
        self._compiled: dict[Start, LLMatcher] = {}

    @classmethod
    def of_bytes(cls) -> "Grammar":
        """A grammar for the vocabulary of the 256 bytes, with an end token of id 256."""
        return cls([*(bytes([byte]) for byte in range(256)), b""], 256)

    def matcher(self, start: Start) -> "Matcher":
        """A matcher before its first token."""
        if start not in self._compiled:
            source = LLMatcher.grammar_from_lark(grammar_text(start))
            self._compiled[start] = LLMatcher(self._tokenizer, source, log_level=_SILENT)
            assert not self._compiled[start].is_error(), self._compiled[start].get_error()
        return Matcher(self._compiled[start], self.end)


class Matcher:
    """The grammar's state after some tokens.

    It refuses text that exceeds the parser's limits (thousands of nested template lists).
    """

    def __init__(self, start: LLMatcher, end: int) -> None:
        self._start, self._end = start, end  # the start stays as it is
        self._matcher, self._taken = start.deep_copy(), list[int]()

    def accept(self, tokens: Sequence[int]) -> int:
        """Take tokens from the front of `tokens` while they fit; returns how many were taken.

        It never takes the end token: `whole` says whether the text may end.
        """
        tokens = list(tokens)
        if self._end in tokens:
            tokens = tokens[: tokens.index(self._end)]
        count = self._matcher.try_consume_tokens(tokens)
        if self._matcher.is_error():  # a limit, which does not say at which token
            self._matcher, count = self._start.deep_copy(), 0
            for token in self._taken:
                self._matcher.consume_token(token)
        self._taken += tokens[:count]
        return count

    def rollback(self, count: int) -> None:
        """Take back the last `count` tokens."""
        if count and not self._matcher.rollback(count):
            raise RuntimeError(f"grammar: {self._matcher.get_error()}")
        del self._taken[len(self._taken) - count :]

    @property
    def count(self) -> int:
        """The tokens that were taken so far."""
        return len(self._taken)

    def keep(self, count: int) -> None:
        """Take back all but the first `count` tokens."""
        self.rollback(len(self._taken) - count)

    def copy(self) -> "Matcher":
        """A matcher of its own in the same state."""
        other = copy(self)
        other._matcher, other._taken = self._matcher.deep_copy(), [*self._taken]
        return other

    @property
    def whole(self) -> bool:
        """Whether the text may end here."""
        return self._matcher.is_accepting()

    def allowed(self) -> bytes:
        """A byte for each token: 0 where it may not come next."""
        return self._matcher.compute_logit_bias()


class Unexpected(NamedTuple):
    """The place at which the grammar refuses a text; line and column count from 1."""

    line: int
    column: int
    reason: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.reason}"

    @classmethod
    def at(cls, text: str, offset: int) -> "Unexpected":
        """The place of the first token of `text` at or after `offset`, or of its end."""
        token = next((token for token in tokenize(text) if token.end > offset), None)
        reason = one_line(f"unexpected {token.text!r}", 80) if token else "unexpected end"
        offset = token.start if token else offset
        line_start = text.rfind("\n", 0, offset) + 1
        return cls(text.count("\n", 0, offset) + 1, offset - line_start + 1, reason)


def refused_at(grammar: Grammar, module: str) -> int | None:
    """Offset of the first character that the grammar refuses in a module; None for a valid one.

    It is the length of the text where the text is incomplete. The lexer reads comments and blank
    space, of which the language has more than the grammar.
    """
    data = plain(module).encode("utf-8", "surrogatepass")
    matcher = grammar.matcher("module")
    taken = matcher.accept(data)
    if taken == len(data) and matcher.whole:
        return None
    return len(data[:taken].decode("utf-8", "ignore"))


class _Vocabulary:
    """The interface of a tokenizer for llguidance."""

    bos_token_id = None

    def __init__(self, tokens: Sequence[bytes], end: int) -> None:
        self.eos_token_id = end
        self.special_token_ids = [number for number, text in enumerate(tokens) if not text]
        self.tokens = [text or b"<%d>" % number for number, text in enumerate(tokens)]
        self._bytes = {text[0]: number for number, text in enumerate(tokens) if len(text) == 1}

    def __call__(self, text: bytes) -> list[int]:
        """Ids of `text`; llguidance asks for some when it is built, and masks do not use them."""
        return [self._bytes[byte] for byte in text]
