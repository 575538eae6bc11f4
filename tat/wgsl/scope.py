"""Names in scope while text is written: the bytes that may follow so that all names are declared.

The lexer cuts the text, and whole tokens move the state of scope_state.py. By the specification,
names of a module are in scope before their declaration, too. Here they are only after it, so text
that is written in order is declared in order. Given names are in scope from the start.
"""

import codecs
import re
from functools import lru_cache
from typing import NamedTuple, Self

from tat.wgsl.builtins import Arity
from tat.wgsl.declarations import split_module
from tat.wgsl.lexer import Token, tokenize
from tat.wgsl.scope_state import State
from tat.wgsl.stubs import with_stubs

_WHOLE = frozenset("(){}[],;:@")  # operators that nothing makes longer
_SHORT = 64  # characters of a text whose tokens are remembered
_COMMENT_EDGE = re.compile(r"/\*|\*/")
# Several tokens until a digit or letter makes them one: 1e, 1e+, 0x, 0x., 0x1p-, 1l.
_BROKEN_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*(?:[pP][+-]?|l)?|[0-9]*\.?[0-9]*(?:[eE][+-]?|l)"
)


class Given(State):
    """The state in text that people gave: its names and calls count as right."""

    def may_begin(self, token: Token) -> bool:
        return True

    def may_go_on(self, token: Token | None, partial: bytes) -> bool:
        return True

    def _has_to_call(self, text: str) -> bool:
        return False

    def _knows(self, name: str) -> bool:
        return True

    def _is_declared_here(self, name: str) -> bool:
        return False

    def _arity(self, name: str) -> Arity | None:
        return None


class Scope(NamedTuple):
    """The names in scope after some text; it never changes, so going back costs nothing."""

    state: State
    tail: str = ""  # end of the text that may become part of a longer token
    partial: bytes = b""  # start of a character
    keywords: tuple[
        str, ...
    ] = ()  # one of them has to become of the word at the end; () if any may

    @classmethod
    def given(cls, context: str, text: str = "") -> Self:
        """After `text`, with the declarations of `context`, whole or functions' signatures."""
        scope = cls(Given(_module(context))).after(text.encode("utf-8", "surrogatepass"))
        state = State(*scope.state)
        if scope.tail.isidentifier():  # a word that was given is right too
            state = state._replace(module=state.module | {scope.tail: None})
        return scope._replace(state=state, keywords=())

    def after(self, data: bytes) -> Self | None:
        """The scope after `data`; None where no continuation makes its names right."""
        partial = self.partial
        if partial or not data.isascii():
            written = partial + data
            decoded, used = codecs.utf_8_decode(written, "replace", False)
            text, partial = self.tail + decoded, written[used:]
        else:
            text = self.tail + data.decode("ascii")
        whole, held, tail, last = (_known_cut if len(text) < _SHORT else _cut)(text)
        state = self.state
        for token in whole:
            state = state.after(token)
            if state is None:
                return None
        if held is not None and not state.may_begin(held):
            return None
        keywords = state.keywords_only(held) if last else ()
        if partial and not state.may_go_on(held if tail else None, partial):
            return None
        return type(self)(state, tail, partial, keywords)

    @property
    def whole(self) -> bool:
        """Whether the text may end here, as far as names go."""
        state = self.state
        for token in tokenize(self.tail):
            state = state.after(token)
            if state is None:
                return False
        return True


@lru_cache(maxsize=1 << 10)
def _module(context: str) -> dict[str, Arity | None]:
    """The names of a context; nobody changes them."""
    completed = with_stubs(context)
    module: dict[str, Arity | None] = {}
    for item in split_module(completed):
        module |= _declared(completed[item.start : item.end])
    return module


@lru_cache(maxsize=1 << 12)  # prompts of one file share contexts, and contexts declarations
def _declared(text: str) -> dict[str, Arity | None]:
    """The names that one declaration declares; nobody changes them."""
    state = Given({})
    for token in tokenize(text):
        state = state.after(token)
        if state.module:
            break
    return state.module


def _cut(text: str) -> tuple[list[Token], Token | None, str, bool]:
    """The tokens that more text cannot change, the one behind them, the text from there on, of an
    open comment shortened, and whether that is the last token."""
    tokens = tokenize(text)
    held = _first_open(text, tokens)
    if held == len(tokens):
        return tokens, None, "", False
    tail, last = text[tokens[held].start :], held == len(tokens) - 1
    return tokens[:held], tokens[held], _shortened(tail) if last else tail, last


_known_cut = lru_cache(maxsize=1 << 14)(_cut)  # a vocabulary behind the few ends of a text


def _first_open(text: str, tokens: list[Token]) -> int:
    """Index of the first token that more text may change, the number of tokens if there is none."""
    count = len(tokens)
    if not count or tokens[-1].end < len(text) or tokens[-1].text in _WHOLE:
        return count
    if tokens[-1].kind == "comment" and tokens[-1].text.startswith("/*"):
        return count
    for first in range(max(0, count - 3), count - 1):
        if tokens[first].kind == "number" and _BROKEN_NUMBER.fullmatch(text, tokens[first].start):
            return first
    return count - 1


def _shortened(tail: str) -> str:
    """`tail`; of an open comment only the part that decides its end."""
    if tail.startswith("//"):
        return "//"
    if not tail.startswith("/*"):
        return tail
    edges = list(_COMMENT_EDGE.finditer(tail))
    depth = sum(1 if edge.group() == "/*" else -1 for edge in edges)
    return "/*" * depth + tail[edges[-1].end() :][-1:]
