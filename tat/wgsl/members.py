"""Structs as most people write them: a line for each member."""

import re

# A struct on one line, without its closing bracket. tat/export/page/tokenizer.js has the same.
_ON_ONE_LINE = re.compile(
    r"(^|[\n;}])([ \t]*struct[ \t]+[^ \t\n{}]+[ \t]*\{)((?:(?!//)[^{}\n])*)(?=\})"
)
_DEPTH = {"<": 1, "(": 1, ">": -1, ")": -1}


def members_apart(text: str) -> str:
    """Declarations, of which each struct on one line has a line for each member instead.

    Models read contexts so: with structs on one line the bundled one mostly gives up.

    >>> print(members_apart("struct Hit { t: f32, ids: array<u32, 4> }"))
    struct Hit {
        t: f32,
        ids: array<u32, 4>
    }
    """
    return _ON_ONE_LINE.sub(_apart, text)


def _apart(found: re.Match[str]) -> str:
    members, depth = [""], 0
    for character in found[3]:
        depth += _DEPTH.get(character, 0)
        members[-1] += character
        if character == "," and depth == 0:
            members.append("")
    lines = [f"    {member}\n" for text in members if (member := text.strip(" \t"))]
    return f"{found[1]}{found[2]}\n{''.join(lines)}" if lines else found[0]
