"""Names: which are taken by the language, synonyms, cases, plurals and decorations."""

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from tat.resources import resource
from tat.synth.draws import Draws
from tat.wgsl.builtins import ENUMERANTS, NAMES
from tat.wgsl.lexer import KEYWORDS


def listed(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


# Words that the specification reserves ("Reserved Words").
_RESERVED_WORDS = listed("""NULL Self abstract active alignas alignof as asm asm_fragment async
    attribute auto await become cast catch class co_await co_return co_yield coherent column_major
    common compile compile_fragment concept const_cast consteval constexpr constinit crate
    debugger decltype delete demote demote_to_helper do dynamic_cast enum explicit export extends
    extern external fallthrough filter final finally friend from fxgroup get goto groupshared
    highp impl implements import inline instanceof interface layout lowp macro macro_rules match
    mediump meta mod module move mut mutable namespace new nil noexcept noinline nointerpolation
    non_coherent noncoherent noperspective null nullptr of operator package packoffset partition
    pass patch pixelfragment precise precision premerge priv protected pub public readonly ref
    regardless register reinterpret_cast require resource restrict self set shared sizeof smooth
    snorm static static_assert static_cast std subroutine super target template this thread_local
    throw trait try type typedef typeid typename typeof union unless unorm unsafe unsized use
    using varying virtual volatile wgsl where with writeonly yield""")
RESERVED = frozenset((*_RESERVED_WORDS, *KEYWORDS, *NAMES, *ENUMERANTS)) - {"A", "B", "C"}
"""Words that no declaration may have as its name, or had better not."""

# Nothing that would be untrue of the value: no min, next, prev, world, scaled, light.
_BEFORE = listed("my the")
_BEHIND = listed("0 1 2 3 0 1 2 Val A B _")
_NUMBERED = listed("""pi len length dist distance radius speed noise hash random rand fbm perlin
    worley voronoi rotate""")  # a digit says more: pi2 is two pi, len2 a square
_FIRST_WORD = re.compile(r"[a-z]+")
_CAPITALS = re.compile(
    r"(?<=[a-z0-9])(?!(?<=\d)D)(?:YC[bo]C[rg]|[A-Z]+(?![a-z])|[A-Z])|(?<=[A-Z])[A-Z](?=[a-z])"
)


@cache
def synonyms() -> dict[str, tuple[str, ...]]:
    """A canonical name and all that it may be called, itself first."""
    text = resource("synth", "synonyms.txt").read_text("utf-8")
    lines = [tuple(line.split()) for line in text.splitlines()]
    return {names[0]: names for names in lines if names}


@cache
def word_list(name: str) -> frozenset[str]:
    """A list of word_lists.txt."""
    blocks = resource("synth", "word_lists.txt").read_text("utf-8").split("\n\n")
    heads = (block.partition("\n") for block in blocks if not block.startswith("//"))
    return next(frozenset(words.split()) for head, _, words in heads if head == name)


def names_for(names: Sequence[str]) -> tuple[str, ...]:
    """The alternatives of a name: those that are given, or its synonyms where it stands alone.

    A canonical name that ends in _ is for the texts alone, where others are given.
    """
    if len(names) > 1:
        return tuple(names[1:] if names[0].endswith("_") else names)
    return synonyms().get(names[0], tuple(names))


def in_case(name: str, snake: bool) -> str:
    """A name in snake_case or camelCase; one that begins with a capital stays as it is."""
    return snake_case(name) if snake else camel_case(name)


@lru_cache(maxsize=1 << 13)
def snake_case(name: str) -> str:
    """A name in snake_case; one that begins with a capital stays as it is."""
    if not name[0].islower():
        return name
    return _CAPITALS.sub(r"_\g<0>", name).lower()


@lru_cache(maxsize=1 << 13)
def camel_case(name: str) -> str:
    """A name in camelCase; one that begins with a capital stays as it is."""
    head, *tail = name.split("_")
    if not (tail and name[0].islower()):
        return name
    return head + "".join(word[:1].upper() + word[1:] for word in tail)


@lru_cache(maxsize=1 << 13)
def camel_words(name: str) -> tuple[str, ...]:
    """The words of a camelCase name."""
    return tuple(_CAPITALS.sub(r" \g<0>", name).split())


def upper_case(name: str) -> str:
    """A camelCase name in UPPER_CASE."""
    return _CAPITALS.sub(r"_\g<0>", name).upper()


def titled(name: str) -> str:
    """A name with a capital at its beginning and behind each underscore, which goes."""
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


def begins_with_verb(name: str) -> bool:
    """Whether a function of this name needs no get or compute before it."""
    first = _FIRST_WORD.match(name)
    return bool(first and first[0] in word_list("verbs"))


def decorated(name: str, draws: Draws) -> str:
    """Another name with the same core."""
    if draws.chance(0.04):
        before = draws.pick(_BEFORE)
        known = name.startswith((*_BEFORE, before))
        return name if known else before + name[0].upper() + name[1:]
    behind = draws.pick(_BEHIND)
    if behind in ("2", "3") and name in _NUMBERED:
        behind = "0"
    numbered = name[-1].isdigit() or name[-1].isupper()
    known = name.lower().endswith(behind.lower())
    return name if numbered or known else name + behind


def plural(word: str) -> str:
    """The plural of a name; of a short one, or one with a number, what a buffer of it is called."""
    if len(word) < 3 or not word[-1].isalpha():
        return word + "Values"
    if word.endswith(("ex", "ix")):
        return word[:-2] + "ices"
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "sh", "ch")) else "s")
