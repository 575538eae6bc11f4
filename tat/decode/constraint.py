"""Constraints on the text for a prompt: the grammar accepts it, and its names are in scope."""

from collections.abc import Sequence
from copy import copy
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np

from tat.data.tokenizer import FIRST_BYTE, Special, Tokenizer
from tat.decode.begun import sure_tokens
from tat.decode.prompt import Prompt
from tat.decode.refusals import Refusals
from tat.wgsl.grammar import Grammar, Matcher
from tat.wgsl.lexer import plain
from tat.wgsl.scope import Scope

_LONGEST_BLANK = 100  # bytes in a row


class Constraint(Protocol):
    """Accepts tokens one by one, and remembers them."""

    def accept(self, tokens: Sequence[int]) -> int:
        """Take tokens from the front of `tokens` while they may follow; returns how many."""

    def mask(self, logits: np.ndarray) -> None:
        """Set logits [V] of tokens that cannot come next to -inf; some such tokens may remain."""

    def rule_out(self, token: int, logits: np.ndarray) -> None:
        """Set the logit of a token that `accept` refused to -inf, and those of others that it would
        refuse for the same reason."""

    def rewind(self, tokens: Sequence[int]) -> None:
        """Go back to where these tokens were taken, the first ones of a text."""

    def copy(self) -> "Constraint":
        """An independent constraint in the same state."""


class _Layout(NamedTuple):
    """The end of a text, as far as comments and blank space go.

    The grammar allows both nearly everywhere and without end, and a model whose tokens are refused
    would drift off into them. Comments can be refused, for models that learnt bodies without.
    """

    comments: bool  # whether they are allowed
    last: bytes = b" "
    blank: int = 0  # bytes of blank space at the end


_ANY = _Layout(comments=True)


@lru_cache(maxsize=1 << 14)  # a vocabulary behind the few ends of a text
def _continued(layout: _Layout, text: bytes) -> _Layout | None:
    """The end after `text`; None if it may not follow."""
    joined = layout.last + text
    if not layout.comments and (b"//" in joined or b"/*" in joined):
        return None
    trailing = len(text) - len(text.rstrip())
    blank = layout.blank + trailing if trailing == len(text) else trailing
    return _Layout(layout.comments, text[-1:], blank) if blank <= _LONGEST_BLANK else None


class _End(NamedTuple):
    """The end of a text, for the next token."""

    scope: Scope
    layout: _Layout
    slash: bool = False  # whether it is a slash that may not begin a comment


class Constraints:
    """Makes constraints for prompts with one tokenizer; optionally refuses comments."""

    def __init__(self, tokenizer: Tokenizer, *, comments: bool = True) -> None:
        self.comments, self._tokenizer = comments, tokenizer
        self.tokens = tuple(tokenizer.pieces)
        self._refusals = Refusals(self.tokens)
        self.grammar = Grammar(self.tokens, Special.EOS)

    def of(self, prompt: Prompt) -> "WgslConstraint | None":
        """The constraint of a prompt; None if its prefix does not start a module."""
        if prompt.is_gap:
            return self._of_gap(prompt)
        scope = Scope.given(prompt.context, prompt.lead)
        matcher = self.grammar.matcher("body" if prompt.lead else "program")
        return WgslConstraint(self._refusals, matcher, scope, layout=_Layout(self.comments))

    def _of_gap(self, prompt: Prompt) -> "WgslConstraint | None":
        """The constraint of a gap; what was begun is given, and nothing asks for its names."""
        again, suffix = sure_tokens(prompt.begun, self._tokenizer), prompt.behind
        prefix = prompt.before + self._tokenizer.decode(again).decode()
        before = _bytes(plain(prefix))
        spelled = dict.fromkeys((suffix, plain(suffix))) if suffix else ()
        after = [_bytes(text) for text in spelled]
        matcher = self.grammar.matcher("module")
        if matcher.accept(before) < len(before):
            return None
        scope = Scope.given(suffix, prefix)
        return WgslConstraint(self._refusals, matcher, scope, after, again=len(again))


class WgslConstraint:
    """Grammar and scope after the tokens taken so far.

    The text of a gap has to continue the prefix, and at its end prefix, text and suffix have to be
    a module. Before its end nothing asks whether the suffix can still follow. It may be spelled in
    several ways, of which one has to.
    """

    def __init__(
        self, refusals: Refusals, matcher: Matcher, scope: Scope,
        suffixes: Sequence[Sequence[int]] = (), layout: _Layout = _ANY,
        again: int = 0,
    ) -> None:  # fmt: skip
        """The first `again` tokens are of the given text already, and are written again."""
        self._refusals, self._matcher, self._suffixes = refusals, matcher, suffixes
        self._end, self._again = _End(scope, layout), again
        self._before, self._ends = matcher.count, [(0, self._end)]  # and each with its tokens

    def copy(self) -> "WgslConstraint":
        """An independent constraint in the same state, for a text with the same beginning."""
        other = copy(self)
        other._matcher, other._ends = self._matcher.copy(), [*self._ends]
        return other

    def rewind(self, tokens: Sequence[int]) -> None:
        """Go back to where these tokens were taken, the first ones of a text (of a gap: none)."""
        while self._ends[-1][0] > len(tokens):
            self._ends.pop()
        known, self._end = self._ends[-1]
        self._matcher.keep(self._before + len(tokens))
        if behind := tokens[known:]:
            self._end = self._after(behind)

    def accept(self, tokens: Sequence[int]) -> int:
        """Take tokens from the front of `tokens` while they may follow; the end token counts."""
        taken = self._accept(tokens)
        self._ends.append((self._matcher.count - self._before, self._end))
        return taken

    def _accept(self, tokens: Sequence[int]) -> int:
        taken = min(self._again, len(tokens))
        self._again -= taken
        if len(tokens) - taken > 1 and self._accepts_all(tokens[taken:]):
            return len(tokens)
        while taken < len(tokens):
            run = self._in_scope(tokens[taken:])
            if not run:
                return taken + (tokens[taken] == Special.EOS and self._may_end())
            count = self._matcher.accept(tokens[taken : taken + len(run)])
            refused = count < len(run)
            if not refused and not self._may_stand(run[-1]):
                self._matcher.rollback(1)
                count, refused = count - 1, True
            taken += count
            if count:
                self._end = run[count - 1]
            if refused:
                return taken
        return taken

    def _accepts_all(self, tokens: Sequence[int]) -> bool:
        """Take all of these tokens, or none: one look at their text where none is refused.

        What would be refused behind one of them would be refused behind the next ones, too.
        """
        end = self._after(tokens)
        if end is None:
            return False
        count = self._matcher.accept(tokens)
        if count < len(tokens) or not self._may_stand(end):
            self._matcher.rollback(count)
            return False
        self._end = end
        return True

    def _after(self, tokens: Sequence[int]) -> "_End | None":
        """The end of the text with these tokens, which the grammar may refuse; None if their names
        or their layout are refused."""
        texts, layout = [], self._end.layout
        for token in tokens:
            texts.append(self._refusals.tokens[token])
            layout = _continued(layout, texts[-1]) if texts[-1] else None
            if layout is None:
                return None
        scope = self._end.scope.after(b"".join(texts))
        slash = texts[-1].endswith(b"/") and not layout.comments
        return _End(scope, layout, slash) if scope is not None else None

    def _in_scope(self, tokens: Sequence[int]) -> list["_End"]:
        """The ends of the text after each token, up to one that needs a look at the grammar, and
        before one whose names are not in scope."""
        ends, end = [], self._end
        for token in tokens:
            text = self._refusals.tokens[token]
            layout = _continued(end.layout, text) if text else None
            scope = end.scope.after(text) if layout else None
            if scope is None:
                break
            end = _End(scope, layout, text.endswith(b"/") and not layout.comments)
            ends.append(end)
            if scope.keywords or end.slash:
                break
        return ends

    def _may_stand(self, end: "_End") -> bool:
        """Whether the grammar, which took the text, takes what has to become of its end."""
        if end.scope.keywords and not self._may_become_keyword(end.scope):
            return False
        return not end.slash or self._may_be_operator(end.scope)

    def mask(self, logits: np.ndarray) -> None:
        """Set the logits of tokens to -inf that the grammar refuses; `accept` checks the scope."""
        allowed = np.frombuffer(self._matcher.allowed(), np.uint8) != 0
        allowed[Special.EOS] = True
        logits[~allowed] = -np.inf

    def rule_out(self, token: int, logits: np.ndarray) -> None:
        """Set the logit of a token that was refused to -inf, and with a word's those of all words
        that begin no name in scope."""
        self._refusals.rule_out(token, self._end.scope, logits)

    def _may_end(self) -> bool:
        if not self._suffixes:
            return self._matcher.whole and self._end.scope.whole
        return any(map(self._may_follow, self._suffixes))

    def _may_follow(self, suffix: Sequence[int]) -> bool:
        rest = self._matcher.copy()
        return rest.accept(suffix) == len(suffix) and rest.whole

    def _may_become_keyword(self, scope: Scope) -> bool:
        """Whether the grammar takes one of the keywords that the last word has to become."""
        for keyword in scope.keywords:
            rest = _bytes(keyword[len(scope.tail) :] + " ")
            if self._matcher.copy().accept(rest) == len(rest):
                return True
        return False

    def _may_be_operator(self, scope: Scope) -> bool:
        """Whether the slash at the end may be a division, where comments are refused."""
        return any(
            scope.after(rest.encode()) is not None
            and self._matcher.copy().accept(_bytes(rest)) == len(rest)
            for rest in (" 1", "= 1")
        )


def _bytes(text: str) -> list[int]:
    """`text` as the tokens of its bytes."""
    return [FIRST_BYTE + byte for byte in text.encode("utf-8", "surrogatepass")]
