"""Names of functions in many dresses, as projects have them: the core is the family's.

    sdBox       sdfBox  sd_box_3d  rovSdBox          an area, a width, a project
    luminance   getLuminance  lum  luminance_vec3    a verb, short words, a type
    rgbToHsv    rgb2hsv  hsvFromRgb  rgbToHSV        turned around, in capitals

Nothing is untrue of the function: a type is the one that was drawn, a width that of its first
place, and a prefix belongs to its area or to no one.
"""

import re
from collections.abc import Collection, Sequence
from functools import cache
from typing import NamedTuple

from tat.resources import resource
from tat.synth.draws import Draws, Weighted
from tat.synth.family import Family, with_type
from tat.synth.words import RESERVED, begins_with_verb, camel_words, in_case, listed, titled

_VERBS = listed("get get get compute compute calc eval calculate")
_GETS = _VERBS.count("get")  # at the beginning; what returns nothing gets nothing
_BEHIND = listed("Impl 2 1 Fn Helper Internal")
_OF_TYPE = {  # a digit stands for a type where everything is of it
    "f32": listed("F32 F32 Scalar Float F 1"), "i32": listed("I32 Int"), "u32": listed("U32 Uint"),
    **{f"mat{n}x{n}f": listed(f"{n}x{n} Mat{n} Mat{n}x{n}") for n in (2, 3, 4)},
    **{f"vec{n}f": listed(f"Vec{n} Vec{n} Vec{n} Vec{n}f V{n} {n}") for n in (2, 3, 4)},
    **{f"vec{n}{kind}": (f"Vec{n}{kind}",) for n in (2, 3, 4) for kind in "iu"},
}  # fmt: skip
_WIDTHS = {"vec2f": listed("2D 2D 2d 2"), "vec3f": listed("3D 3D 3d 3")}
_TYPED = frozenset(listed("vec mat vector matrix scalar float int uint color"))
_PLACED = frozenset(listed("sdf noise geometry uv vector curves raytracing particles"))
_LINKS = frozenset(listed("of the and to from by in on at for with as or per over under"))
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"
_WAYS = Weighted(
    ("", 60), ("verb", 14), ("behind", 2), ("type", 5), ("short", 5), ("ends", 4), ("fewer", 10),
)  # fmt: skip
_PREFIXES = Weighted(("", 84), ("area", 10), ("project", 6))
_TURNED = 0.3  # share of turned ones among rgbToHsv and the like
_FRONT, _END = 0.006, 0.012  # shares of names with _ before or behind them
_CAPITAL = 0.08  # share of camelCase names that begin with a capital
_PARAMETERS = 0.03  # share of functions whose parameters have names of one form:
_FORMS = (("_", ""), ("", "_"), ("in_", ""), ("input_", ""), ("p_", ""), ("", "_in"), ("arg_", ""))
_TURNING = re.compile(r"[a-z0-9](?:To[A-Z]|_?2_?[a-zA-Z])")  # rgbToHsv, rgb2hsv: nothing to get
_PASCAL = re.compile(r"(?<=[a-z0-9])[A-Z][a-z]+")


class About(NamedTuple):
    """Facts of a function that its name may say."""

    area: str
    kind: str  # T of a generic family
    kinds: tuple[str, ...]  # types of its first parameter, if that is a vector, and of its result
    place: str  # the name of its first parameter


class Dress(NamedTuple):
    """A prefix of the names of a module's functions, and how it is joined to them."""

    prefix: str = ""
    low: bool = False  # by a _, in camelCase, too

    def on(self, name: str, snake: bool) -> str:
        """`name` with the prefix; one that has it already stays."""
        prefix = self.prefix
        if not prefix or prefix in name.lower():
            return name
        if snake or self.low or name[0] == "_":
            return f"{prefix}_{name.lstrip('_')}"
        return prefix + name[0].upper() + name[1:]


PLAIN = Dress()


def about(family: Family, kind: str, moved: bool = False) -> About:
    """The facts of a family's function, with the type that stands for T, if there is one.

    Its first parameter says nothing where it is `moved` out of the signature.
    """
    first = [] if moved else family.parameters[:1]
    types = [with_type(p.type, kind) for p in first]
    vectors = [kind for kind in types if kind[:3] in ("vec", "mat")]
    place = first[0].names[0] if vectors else ""
    return About(family.area, kind, (*vectors, with_type(family.result, kind)), place)


@cache
def _lines(block: str) -> tuple[tuple[str, ...], ...]:
    """The lines of a block of dresses.txt, each as its words."""
    text = resource("synth", "dresses.txt").read_text("utf-8")
    heads = (part.partition("\n") for part in text.split("\n\n") if not part.startswith("//"))
    return next(tuple(map(listed, lines.splitlines())) for head, _, lines in heads if head == block)


@cache
def _words(block: str) -> frozenset[str]:
    return frozenset(word for line in _lines(block) for word in line)


@cache
def _prefixes(block: str) -> dict[str, tuple[str, ...]]:
    return {line[0]: line[1:] for line in _lines(block)}


@cache
def _others() -> dict[str, str]:
    """Words with their short forms, and some short forms with the word."""
    shorter = dict(_lines("short"))  # type: ignore[arg-type]
    longer = {short: word for word, short in reversed(shorter.items())}
    return shorter | {short: longer[short] for short in sorted(_words("written"))}


def drawn_dress(draws: Draws, area: str, name: str) -> Dress:
    """A prefix of what a family of this area and name is about, of an invented project, or none."""
    way = draws.weighted(_PREFIXES)
    if way == "area":
        by_word = _prefixes("words")
        known = [word for word in map(str.lower, camel_words(name)) if word in by_word]
        prefixes = by_word[known[0]] if known else _prefixes("areas").get(area)
        return Dress(draws.pick(prefixes), draws.chance(0.3)) if prefixes else PLAIN
    return Dress(_project(draws), draws.chance(0.4)) if way == "project" else PLAIN


def _project(draws: Draws) -> str:
    """A name of two to five letters that says nothing, and that no project is known by."""
    while True:
        first, last = draws.pick(_CONSONANTS), draws.pick(_CONSONANTS)
        vowel = draws.pick(_VOWELS)
        forms = (first + last, first + vowel, first + vowel + last, first + vowel + last,
                 first + vowel + last + draws.pick(_VOWELS),
                 first + vowel + last + draws.pick(_VOWELS) + draws.pick(_CONSONANTS))  # fmt: skip
        name = draws.pick(forms)
        if name not in _words("unfit"):
            return name


def dressed(name: str, facts: About, dress: Dress, snake: bool, draws: Draws) -> str:
    """A family's name in a dress of its own beside that of its module."""
    way = draws.weighted(_WAYS)
    behind = ""
    if ("To" in name or "From" in name) and draws.chance(_TURNED):
        name = _turned(name, draws)
    if way == "verb":
        if not begins_with_verb(name) and facts.kinds[-1] != "bool" and not _TURNING.search(name):
            verbs = _VERBS if facts.kinds[-1] else _VERBS[_GETS:]
            name = draws.pick(verbs) + name[0].upper() + name[1:]
    elif way == "behind":
        behind = draws.pick(_BEHIND)
    elif way == "type":
        behind = _type(name, facts, draws)
    elif way:
        name = reworded(name, way, draws)
    prefix = dress.prefix
    if prefix in ("sd", "sdf") and name.startswith(("sd", "sdf")):
        core = name.removeprefix("sdf") if name.startswith("sdf") else name[2:]
        if core[:1].isupper():
            name = core[0].lower() + core[1:]
    if behind[:1].isdigit() and camel_words(name)[-1].lower() in _words("numbered"):
        behind = ""
    return dress.on(_ended(in_case(name, snake), behind, snake, draws), snake)


def _ended(name: str, behind: str, snake: bool, draws: Draws) -> str:
    """`name` in its case with a word behind it."""
    if not behind:
        return name
    low = name[-1].isdigit() or name[-1].isupper() or draws.chance(0.3)
    if behind[0].isdigit():
        return name + ("_" if low else "") + (behind.lower() if snake else behind)
    return f"{name}_{behind.lower()}" if snake or low else name + behind


def _type(name: str, facts: About, draws: Draws) -> str:
    """A type or a width that is true of the function, or nothing."""
    words = [word.lower() for word in camel_words(name)]
    if any(map(str.isdigit, name)) or words[-1] in _LINKS or not _TYPED.isdisjoint(words):
        return ""
    spatial = facts.place in _words("places") and facts.area in _PLACED
    if spatial and facts.kinds[0] in _WIDTHS and draws.chance(0.6):
        return draws.pick(_WIDTHS[facts.kinds[0]])
    result = facts.kinds[-1]
    kinds = (result,) if result[:3] in ("vec", "mat") else facts.kinds  # not of what it is made of
    kind = facts.kind or draws.pick(kinds)
    words = _OF_TYPE.get(kind, ("",))
    word = draws.pick(words)
    return word if facts.kind or not word.isdigit() else words[0]


def reworded(name: str, way: str, draws: Draws) -> str:
    """A name with other or fewer words, or another order; itself where that does not go."""
    if "_" in name or name[0].isupper():
        return name
    words = [word.lower() for word in camel_words(name)]
    linked = not _LINKS.isdisjoint(words)
    if way == "short":
        others = _others()
        known = [place for place, word in enumerate(words) if word in others]
        if not known:
            return name
        place = draws.pick(known)
        words[place] = others[words[place]]
        if words == ["diff"]:  # a difference
            return name
    elif way == "ends":
        terms = _words("terms")
        heads = _words("heads") & {words[0], words[-1]}
        if heads or linked or len(words) > 3 or name[-1].isdigit():
            return name
        if (words[0] in terms) == (words[-1] in terms):
            return name
        words = [*words[1:], words[0]] if words[0] in terms else [words[-1], *words[:-1]]
    else:
        words = _fewer(words)
    return _joined(words) if words[0][0].isalpha() else name


def _fewer(words: list[str]) -> list[str]:
    """Words without one that says little; areaOfDisk as diskArea."""
    if "of" in words[1:-1]:
        left, right = words[: words.index("of")], words[words.index("of") + 1 :]
        linked = begins_with_verb(left[0]) or not _LINKS.isdisjoint(left + right)
        return words if linked else right + left
    fewer = words
    if words[0] in _words("leading"):
        fewer = words if words[0] in ("sd", "sdf") and len(words) > 2 else words[1:]
    elif words[-1] in _words("trailing"):
        fewer = words if begins_with_verb(words[0]) and len(words) == 2 else words[:-1]
    vague = not fewer or (fewer[0] in _words("vague") and (len(fewer) == 1 or fewer[0] in _LINKS))
    return words if vague else fewer


def _joined(words: Sequence[str]) -> str:
    """Words as a name in camelCase."""
    return words[0] + "".join(word[0].upper() + word[1:] for word in words[1:])


def _turned(name: str, draws: Draws) -> str:
    """rgbToHsv as hsvFromRgb or rgb2hsv, where it says what becomes of what."""
    words = [word.lower() for word in camel_words(name)]
    for turn, back in (("to", "From"), ("from", "To")):
        place = words.index(turn) if words.count(turn) == 1 else 0
        left, right = words[:place], words[place + 1 :]
        if not (left and right and {left[-1], right[0]} <= _words("nouns")):
            continue
        if draws.chance(0.4) and len(left) == 1 == len(right):
            return right[0] + back + titled(left[0])
        if turn == "from":
            left, right = right, left
        first, second = _joined(left), _joined(right)
        if first[-1].isdigit() or second[0].isdigit():
            continue
        middle = draws.pick(("2", "2", "2", "_2_"))
        return first + middle + (titled(second) if draws.chance(0.25) else second)
    return name


def finished(name: str, snake: bool, draws: Draws) -> str:
    """A name with capitals, and with a _ before or behind it, as few have."""
    share = draws.random()
    if share < _FRONT and name[0] != "_":
        return "_" + name
    if share < _FRONT + _END and name[-1] != "_":
        return name + "_"
    if snake or share > 0.3:
        return name
    if share > 0.2:
        capitals = _words("capitals")
        return _PASCAL.sub(lambda m: m[0].upper() if m[0].lower() in capitals else m[0], name)
    return name[0].upper() + name[1:] if share < _FRONT + _END + _CAPITAL else name


def with_parameters_dressed(
    mapping: dict[str, str], names: Sequence[str], used: Collection[str], snake: bool, draws: Draws
) -> None:
    """Give the parameters `names`, at times, names of one form: _x, x_, inX; in place."""
    if not names or not draws.chance(_PARAMETERS):
        return
    before, behind = draws.pick(_FORMS)
    taken = {*mapping.values(), *used}
    for name in names:
        old = mapping.get(name, "")
        if not old or "_" in (old[0], old[-1]):
            continue
        new = before + old + behind
        if len(before) > 1 or len(behind) > 1:
            new = in_case(new, snake)
        if new not in taken and new not in RESERVED:
            taken.add(new)
            mapping[name] = new
