"""Renamed copies of samples, from which a model learns to take names from its sources.

The names of parameters, variables and neighbours do not change the meaning of a function. But a
model trained on few functions knows their names by heart, and writes them where nothing declares
them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import pairwise

from tat.data.samples import Sample
from tat.wgsl.builtins import ENUMERANTS, NAMES
from tat.wgsl.declarations import declared_names
from tat.wgsl.lexer import Token, tokenize

_SPELLED_AS_CODE = re.compile(r"`([^`\s]+)`|\b(\w*[a-z0-9][A-Z_]\w*)\b")
_OWN_WORDS = frozenset(
    ("builtin", "interpolate", "diagnostic")
)  # attributes whose words are no names
PREDECLARED = NAMES | ENUMERANTS  # names of the language: never changed, never given
_DRAWS = 8  # of a new name, until one is free


@dataclass(frozen=True)
class _Code:
    """A text in pieces: each is fixed, or an index of `names`, a name that may change."""

    tokens: list[Token]  # comments left out
    pieces: list[str]
    names: list[int]
    comments: list[int]

    @classmethod
    def of(cls, text: str) -> "_Code":
        tokens = tokenize(text)
        code = [token for token in tokens if token.kind != "comment"]
        members = _member_starts(code)
        pieces: list[str] = []
        names: list[int] = []
        comments: list[int] = []
        end = 0
        for token in tokens:
            pieces += (text[end : token.start], token.text)
            end = token.end
            if token.kind == "comment":
                comments.append(len(pieces) - 1)
            elif token.kind == "identifier" and token.start not in members:
                names.append(len(pieces) - 1)
        return cls(code, [*pieces, text[end:]], names, comments)

    def renamed(self, new: Mapping[str, str]) -> str:
        """The text with names changed, in comments where they are spelled as code."""
        pieces = self.pieces.copy()
        for place in self.names:
            pieces[place] = new.get(pieces[place], pieces[place])
        for place in self.comments:
            pieces[place] = _in_comment(pieces[place], new)
        return "".join(pieces)


class _Renamable:
    """A completion whose names can be replaced."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.comment = dict(sample.source).get("comment", "")
        self.parts = {m: _Code.of(text) for m, text in sample.source if m != "comment"}
        self.target = _Code.of(sample.target)
        texts = (*self.parts.values(), self.target)
        self.used = {token.text for text in texts for token in text.tokens}
        declared = [*_parameters(self.parts["signature"].tokens)]
        for text in texts:
            declared += declared_names(text.tokens)
        # A local may have the name of a built-in, and be made by calling it: `let length =
        # length(at);`. Which is meant takes scopes to say, so such names stay.
        self.declared = [name for name in dict.fromkeys(declared) if name not in PREDECLARED]

    def renamed(self, names: Sequence[str], number: int) -> Sample:
        """The sample with other names of `names` in place of those that it declares.

        Members stay, because `.x` may be a member or a swizzle, and so do undeclared names.
        """
        new = self._new_names(names, number)
        renamed = {mark: code.renamed(new) for mark, code in self.parts.items()}
        renamed["comment"] = _in_comment(self.comment, new)
        source = tuple((mark, renamed[mark]) for mark, _ in self.sample.source)
        target = self.target.renamed(new)
        return replace(
            self.sample, source=source, target=target, code=f"{renamed['signature']} {target}"
        )

    def _new_names(self, names: Sequence[str], number: int) -> dict[str, str]:
        """New names for the declared ones; none is in use, and none is given twice."""
        taken, new = set(self.used), {}
        for name in self.declared:
            for attempt in range(_DRAWS):
                key = f"{self.sample.digest}/{number}/{name}/{attempt}"
                drawn = names[_draw(key, len(names))]
                if drawn not in taken:
                    taken.add(drawn)
                    new[name] = drawn
                    break
        return new


def with_renamings(samples: Sequence[Sample], count: int) -> Iterator[Sample]:
    """The samples; `count` renamed copies follow each completion of the training split.

    New names are those that functions of the training split declare. A draw depends only on the
    sample and the number of the copy.
    """
    names = sorted({name for s in samples if s.is_trained_completion for name in declared_in(s)})
    for sample in samples:
        yield sample
        if sample.is_trained_completion:
            yield from renamed_copies(sample, names, count)


def declared_in(sample: Sample) -> list[str]:
    """The names that a completion declares and that may change."""
    return _Renamable(sample).declared


def renamed_copies(sample: Sample, names: Sequence[str], count: int) -> Iterator[Sample]:
    """`count` copies of a completion under other of the names; none where there are no names."""
    if names:
        renamable = _Renamable(sample)
        yield from (renamable.renamed(names, number) for number in range(count))


def _parameters(tokens: list[Token]) -> list[str]:
    return [a.text for a, b in pairwise(tokens) if a.kind == "identifier" and b.text == ":"]


def _member_starts(tokens: list[Token]) -> set[int]:
    """Starts of identifiers that name a member or are a word of an attribute."""
    starts = set()
    in_struct = in_attribute = False
    edge = Token("operator", "", 0, 0)
    for before, token, after in zip([edge, *tokens], tokens, [*tokens[1:], edge]):
        in_struct = token.text == "struct" or (in_struct and token.text != "}")
        if token.text in "()":
            in_attribute = token.text == "(" and before.text in _OWN_WORDS
        if before.text in (".", "@") or in_attribute or (in_struct and after.text == ":"):
            starts.add(token.start)
    return starts


def _in_comment(text: str, new: Mapping[str, str]) -> str:
    """`text` with names replaced where they are spelled as code: `x`, box_size, boxSize."""

    def other(match: re.Match[str]) -> str:
        if match[1]:
            return f"`{new.get(match[1], match[1])}`"
        return new.get(match[2], match[2])

    return _SPELLED_AS_CODE.sub(other, text)


def _draw(key: str, count: int) -> int:
    return int.from_bytes(sha256(key.encode()).digest()[:8], "little") % count
