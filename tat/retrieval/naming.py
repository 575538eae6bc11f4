"""Names of functions, compared: how alike two are, and whether they contradict each other.

srgb_to_linear    srgbToLinear1     alike
srgb_to_linear    linear_to_srgb    contrary: the other way round
pqDecode          pq_encode         contrary: one word in the place of another
"""

from collections.abc import Mapping, Sequence

from tat.retrieval.words import words

# Words that exclude each other; those of one meaning are joined by a slash.
_EXCLUSIVE = tuple(
    {word: meaning.split("/")[0] for meaning in group.split() for word in meaning.split("/")}
    for group in """
    x y z w
    red green blue
    in out
    encode/encoded decode/decoded
    pack/packed unpack/unpacked
    compress decompress
    premultiply unpremultiply
    min/minimum/smallest max/maximum/largest
    sin/sine cos/cosine tan/tangent
    asin acos atan
    add sub/subtract mul/multiply div/divide
    union intersection/intersect difference/subtraction
    left right
    up down
    front back
    horizontal vertical
    row column
    first last
    next previous
    floor ceil round
    inner outer
    inside outside
    near far
    lighten darken
    dodge burn
    log exp
    forward inverse/backward
    clockwise counterclockwise
    even odd
    less greater
    """.strip().splitlines()
)


def likeness(one: str, other: str) -> float:
    """Dice's coefficient of the words of two names, 0 to 1."""
    first, second = set(words(_spelled(one))), set(words(_spelled(other)))
    return 2 * len(first & second) / max(1, len(first) + len(second))


def contrary(one: str, other: str) -> bool:
    """Whether two names say that their functions do different things."""
    first, second = _parts(one), _parts(other)
    return _reversed(_ways(first), _ways(second)) or any(
        (ours := _meanings(first, group))
        and (theirs := _meanings(second, group))
        and ours != theirs
        for group in _EXCLUSIVE
    )


def _meanings(parts: Sequence[str], group: Mapping[str, str]) -> set[str]:
    return {group[part] for part in parts if part in group}


def _parts(name: str) -> list[str]:
    return list(words(_spelled(name).replace("_", " ")))


def _spelled(name: str) -> str:
    """A name with sRGB as one word: linearTosRGB is about `to`, and not about `tos`."""
    return name.replace("sRGB", "Srgb")


def _ways(parts: Sequence[str]) -> tuple[set[str], set[str]]:
    """The source and the target that a name has; both empty where it is no conversion."""
    for place, part in enumerate(parts):
        before, behind = set(parts[:place]), set(parts[place + 1 :])
        if behind and part in ("to", "into", "2"):
            return before, behind
        if behind and part == "from":
            return behind, before
    return set(), set()


def _reversed(one: tuple[set[str], set[str]], other: tuple[set[str], set[str]]) -> bool:
    (source, target), (its_source, its_target) = one, other
    crossed = source & its_target or target & its_source
    return bool(crossed) and not (source & its_source or target & its_target)
