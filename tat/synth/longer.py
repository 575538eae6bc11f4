"""Names of two words for parameters, by the word that one is called by, its type and area."""

from collections.abc import Collection, Iterable
from functools import cache, lru_cache

from tat.resources import resource
from tat.synth.draws import Draws
from tat.synth.words import RESERVED, in_case

_FUNCTIONS = 0.65  # share of functions some of whose parameters have such names
_PARAMETERS = 0.65  # share of the parameters of these
_KINDS = {
    "F": ("f32",), "V": ("vec2f", "vec3f", "vec4f"), "I": ("i32", "u32"),
    "G": tuple(f"vec{n}{kind}" for n in (2, 3, 4) for kind in "iu"),
    "M": ("mat2x2f", "mat3x3f", "mat4x4f"),
    "P": tuple(f"ptr<function, {kind}>" for kind in ("f32", "vec2f", "vec3f", "vec4f")),
}  # fmt: skip


def with_longer_names(
    mapping: dict[str, str],
    parameters: Iterable[tuple[str, str, Collection[str]]],
    area: str,
    used: Collection[str],
    snake: bool,
    draws: Draws,
) -> None:
    """Give parameters, at times, names of two words; in place.

    `parameters` are canonical names, types, and the alternatives that tell what a letter stands
    for. Alternatives of the same place are drawn for all, so that startPoint goes with endPoint.
    """
    random = draws.random
    if random() >= _FUNCTIONS:
        return
    share = random()
    taken = {*mapping.values(), *used}
    for name, kind, alternatives in parameters:
        if random() >= _PARAMETERS or name not in mapping:
            continue
        names = longer_names(mapping[name], kind, area, tuple(alternatives))
        if not names:
            continue
        new = in_case(names[int(share * len(names))], snake)
        if new not in taken and new not in RESERVED:
            taken.add(new)
            mapping[name] = new


@lru_cache(maxsize=1 << 14)
def longer_names(
    name: str, kind: str, area: str, alternatives: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """The names of two words for a parameter that is called `name`; none where none is known true.

    A letter stands for the first whole word among its `alternatives`.
    """
    table = names_by_word()
    known = table.get((name, kind, area)) or table.get((name, kind, ""))
    if known is None and len(name) == 1:
        word = next((other for other in alternatives if len(other) > 1), "")
        known = table.get((word, kind, area)) or table.get((word, kind, ""))
    return known or ()


@cache
def names_by_word() -> dict[tuple[str, str, str], tuple[str, ...]]:
    """The names of two words by word, type and area, which is "" for any."""
    table: dict[tuple[str, str, str], tuple[str, ...]] = {}
    for line in resource("synth", "longer.txt").read_text("utf-8").splitlines():
        if not line or line.startswith("//"):
            continue
        left, _, names = line.partition(": ")
        left, _, areas = left.partition(" @")
        *words, letters = left.split()
        kinds = (letters,)
        if letters.isupper():
            kinds = tuple(kind for letter in letters for kind in _KINDS[letter])
        for word in words:
            for kind in kinds:
                for area in areas.split(",") if areas else ("",):
                    table[word, kind, area] = tuple(names.split())
    return table
