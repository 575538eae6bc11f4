"""Whether the name of a value says what another name asks for: words of names, compared.

mass         body.mass           yes
near         camera.near_plane   yes
mass         camera.near         no
view_proj    camera.view         no: nothing says `proj`
view_proj    camera.viewProjection    yes
m            anything            no: a letter says nothing
"""

import re
from collections.abc import Iterator, Sequence

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_PLAIN = re.compile(r"bool|[fiu]32|f16|vec[234]\w|mat[234]x[234]\w")
_PROJECTION, _VIEW = "projection", "view"
_CHANGED = frozenset(
    ("inv", "inverse", "inverted", "prev", "previous", "last", "old", "transposed")
)


def is_plain(kind: str) -> bool:
    """Whether a type in its short spelling is that of numbers, which many values share."""
    return bool(_PLAIN.fullmatch(kind))


def means(asked: str, name: str) -> bool:
    """Whether each word of the name `asked` stands in `name`, in full or short for it, and no word
    of `name` tells of an inverse or an earlier value that is not asked for."""
    wanted, said = _words(asked), _words(name)
    whole = [word for word in wanted if len(word) > 1]
    changed = _CHANGED.intersection(said) - set(wanted)
    return bool(whole) and not changed and all(_stands_in(word, said) for word in whole)


def product_of(asked: str, matrices: Sequence[str]) -> Iterator[str]:
    """The product of projection and view where a name asks for both and each is a matrix."""
    if means(_VIEW, asked) and means(_PROJECTION, asked):
        projections = [name for name in matrices if means(_PROJECTION, name)]
        views = [name for name in matrices if means(_VIEW, name) and name not in projections]
        if projections and views:
            yield f"({projections[0]} * {views[0]})"


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def _stands_in(word: str, said: Sequence[str]) -> bool:
    """Whether a word, or its beginning of three letters or more, is one of these, or begins one."""
    return any(
        word == other
        or (min(len(word), len(other)) > 2 and (word.startswith(other) or other.startswith(word)))
        for other in said
    )
