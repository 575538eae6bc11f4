"""New names for canonical ones, none twice, and their use in a text."""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from tat.synth.draws import Draws
from tat.synth.words import RESERVED, camel_case, decorated, snake_case

# A name (with the dot before it, if it is a member's), a number, an attribute or a comment.
_TOKEN = re.compile(
    r"([A-Za-z_]\w*|\.[A-Za-z_]\w*|\d[\w.]*|@(?:builtin|interpolate)\([^)]*\)|@\w+|//[^\n]*)",
    re.A,
)
_SWIZZLE = re.compile(r"[xyzw]{1,4}|[rgba]{1,4}")
_PLAIN_FLOAT = re.compile(r"(\d+)\.(\d+)")
_TRIES = range(6)  # to find a name that is free
LONG_TYPES = {
    **{f"vec{n}{short}": f"vec{n}<{kind}>" for n in (2, 3, 4)
       for short, kind in (("f", "f32"), ("i", "i32"), ("u", "u32"), ("h", "f16"))},
    **{f"mat{c}x{r}{short}": f"mat{c}x{r}<{kind}>" for c in (2, 3, 4) for r in (2, 3, 4)
       for short, kind in (("f", "f32"), ("h", "f16"))},
}  # fmt: skip


def chosen_names(
    alternatives: Mapping[str, Sequence[str]],
    used: Collection[str],
    draws: Draws,
    snake: bool,
    siblings: Collection[str] = (),
) -> dict[str, str]:
    """A name for each canonical one; none is that of another, or anything else in `used`.

    `siblings` take alternatives of the same place, so that start goes with end.
    """
    mapping: dict[str, str] = {}
    taken: set[str] = set()
    random = draws.random
    shared = random() if siblings else 0.0
    novelty = 0.5 if random() < 0.1 else 0.04
    cased = snake_case if snake else camel_case
    for name, names in alternatives.items():
        count = len(names)
        share = shared if name in siblings else random()
        for _ in _TRIES:
            pick = names[int(share * count)] if count > 1 else names[0]
            share = random()
            if random() < novelty and len(pick) > 1 and pick[0].islower():
                pick = decorated(pick, draws)
            pick = cased(pick)
            if pick not in taken and pick not in RESERVED and (pick == name or pick not in used):
                break
        else:
            pick = cased(names[0])
            stem, number = pick.rstrip("0123456789"), 1
            while pick in taken or pick in RESERVED or (pick != name and pick in used):
                number += 1
                pick = f"{stem}{number}"
        taken.add(pick)
        mapping[name] = pick
    return mapping


def token_table(mapping: Mapping[str, str], long_types: bool) -> dict[str, str]:
    """The new form of each token: names and members by `mapping`, and long forms of types.

    A member that could be a swizzle stays. `m_x` is a member that may be called as the parameter
    x is, whatever that looks like.
    """
    table = LONG_TYPES.copy() if long_types else {}
    table.update(mapping)
    for name, new in mapping.items():
        parameter, of_parameter, member = _tokens(name)
        table[parameter] = new
        table[of_parameter] = table[member] = "." + new
    return table


@lru_cache(maxsize=1 << 14)
def _tokens(name: str) -> tuple[str, str, str]:
    """The forms of a name besides itself; as a member `.m_x` alone where it could be a swizzle."""
    member = ".m_" + name
    return "m_" + name, member, member if _SWIZZLE.fullmatch(name) else "." + name


def renamed(text: str, table: Mapping[str, str], literal: str = "") -> str:
    """`text` with each token as `table` has it, and floats in the form `literal`."""
    if text.isidentifier():
        return table.get(text, text)
    parts = _TOKEN.split(text)
    tokens = parts[1::2]
    parts[1::2] = map(table.get, tokens, tokens)
    if literal:
        parts[1::2] = [_literal(token, literal) for token in parts[1::2]]
    return "".join(parts)


def _literal(token: str, form: str) -> str:
    match = _PLAIN_FLOAT.fullmatch(token)
    if not match:
        return token
    if form == "f":
        return token + "f"
    if form == ".":
        return f"{match[1]}." if match[2] == "0" else token
    return f".{match[2]}" if match[1] == "0" else token
