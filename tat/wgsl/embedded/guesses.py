"""Typed guesses for holes: words that may stand where a host language puts a value."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tat.wgsl.embedded.literals import Candidate, Hole
from tat.wgsl.embedded.placed import Placed
from tat.wgsl.embedded.ternaries import branch

_LARGEST = 400_000  # characters of a text with its holes filled in
_EACH = 400  # characters that a text in a hole counts besides its own
_DEEPEST = 16  # texts within texts
_NUMBER = re.compile(r"-?(?:\d[\d_]*\.?\d*(?:e[+-]?\d+)?|0x[\da-f]+)", re.IGNORECASE)
_DEFINED = re.compile(
    rf"^[ \t]*\#[ \t]*define[ \t]+([A-Za-z_]\w*)[ \t]+({_NUMBER.pattern})[uUlLf]*[ \t]*(?://.*)?\r?$",
    re.IGNORECASE | re.MULTILINE,
)
_CALLED = re.compile(r"[\w:.]+\((\w+)\)")
_WORD = re.compile(r"\w")
_ASSIGNED = re.compile(
    rf"(?<![\w$.])([A-Za-z_$][\w$]*)\s*+(?::\s*[\w<> ]{{1,40}}+)?=\s*+({_NUMBER.pattern})"
    r"[ \t]*+(?=[;,)\n\r]|as\b|//|$)",
    re.IGNORECASE,
)
_TYPE_FOLLOWS = re.compile(
    r"(?:->|\bbitcast\s*<|\balias\s+\w+\s*=|\bvec\d\s*<|\bmat\dx\d\s*<|\barray\s*<|\bptr\s*<\s*\w+\s*,|\batomic\s*<"
    r"|texture_\w+\s*<)$"
)

_PLACES = tuple((re.compile(pattern), words) for pattern, words in (
    (r"\b(?:fn|struct|let|var|const|alias|override)$", "NAME"),
    (r"\bvar\s*<\s*\w*\s*,$", "read"), (r"\bvar\s*<$", "private"),
    (r"\btexture_storage_\w+\s*<$", "rgba8unorm"),
    (r"\benable$", "f16"), (r"\d\.$", "0"), (r"\.$", "x"),
))  # fmt: skip
_BUILTIN_OF = {"vec4f": "position", "vec4<f32>": "position", "vec3u": "global_invocation_id",
               "vec3<u32>": "global_invocation_id", "bool": "front_facing", "f32": "frag_depth",
               }  # fmt: skip
_PARAMETERS = re.compile(r"\bfn\s+\w+\s*\((?:[^(){}]|\([^(){}]*\))*$")
_MEMBERS = re.compile(r"\bstruct\s+\w+\s*\{[^{}]*$")
_WORD_BEFORE_VALUE = re.compile(r"\b(?:return|case|if|else|while|switch)$")

_CHOOSING = ("1 ", "0 ")  # values with which holes that choose between texts are one of these
ALTERNATIVES = (
    "1",
    *_CHOOSING,
    "1.0",
    "1u",
    "0",
    "true",
    "4",
    "vec4f(1.0)",
)  # for values, tried in turn


class Filled(NamedTuple):
    """A text with words in its holes; `guessed` counts those that the host does not say."""

    text: Placed
    guessed: int


def filled(
    candidate: Candidate, known: Mapping[str, Candidate | str], value: str = "1"
) -> Filled:  # fmt: skip
    """A candidate whose holes have what `known` says of their names, or else guesses."""
    return _filled(candidate, known, value, (), [_LARGEST])


def _filled(
    candidate: Candidate, known: Mapping[str, Candidate | str], value: str,
    within: tuple[str, ...], room: list[int],
) -> Filled:  # fmt: skip
    edits: list[tuple[int, int, str | Placed]] = []
    guessed = 0
    room[0] -= len(candidate.text.text) + _EACH
    for hole in candidate.holes:
        said = known.get(hole.expression)
        if said is None and value in _CHOOSING:
            said = branch(candidate, hole, otherwise=value == _CHOOSING[1])
            guessed += said is not None
        words: str | Placed
        if isinstance(said, Candidate) and said is not candidate and hole.expression not in within:
            if len(within) >= _DEEPEST or room[0] < 0:
                words, guessed = "", guessed + 1
            else:
                inner = _filled(said, known, value, (*within, hole.expression), room)
                words, guessed = inner.text, guessed + inner.guessed
        elif isinstance(said, str):
            words = said
        else:
            words = guess(candidate.text.text, hole, value)
            guessed += not _NUMBER.fullmatch(hole.expression)
        edits.append((hole.start, hole.end, words))
    return Filled(candidate.text.edited(edits), guessed)


def guess(text: str, hole: Hole, value: str = "1") -> str:
    """Words for a hole, by what stands around it; `value` where any value may stand.

    >>> guess("var<private> a: array<f32, ${N}>;", Hole(27, 31, "N"))
    '1'
    >>> guess("fn f(x: ${kind}) {}", Hole(8, 15, "kind"))
    'f32'
    """
    if _NUMBER.fullmatch(hole.expression):
        return hole.expression.replace("_", "")
    touching = text[hole.start - 1 : hole.start], text[hole.end : hole.end + 1]
    if _WORD.match(touching[0] or " "):
        return _end_of_word(text[max(0, hole.start - 40) : hole.start])
    if _WORD.match(touching[1] or " "):
        return "1" if re.match(r"[iufh]\b", text[hole.end : hole.end + 3]) else "x"
    before = text[max(0, hole.start - 300) : hole.start].rstrip()
    after = text[hole.end : hole.end + 100].lstrip()
    return _by_place(before, after, hole, text, value)


def _end_of_word(before: str) -> str:
    word = re.search(r"[\w$]*$", before)[0]
    if word in ("vec", "mat"):
        return "4" if word == "vec" else "4x4"
    return "0"


def _by_place(before: str, after: str, hole: Hole, text: str, value: str) -> str:
    last, following = before[-1:], after[:1]
    for there, words in _PLACES:
        if there.search(before):
            return words if words != "NAME" else f"hole_{hole.start}"
    if last in ("{", ",", ";") and _MEMBERS.search(before):
        return _member(after, hole)
    if last == "@":
        return "compute" if "workgroup_size" in after[:60] else "fragment"
    if before.endswith("@builtin("):
        kind = re.match(r"\)[^:]*:\s*([\w<>]*)", after)
        return _BUILTIN_OF.get(kind[1] if kind else "", "vertex_index")
    if _TYPE_FOLLOWS.search(before):
        return "f32" if "atomic" not in before[-10:] else "u32"
    if last == ":" and not re.search(r"\b(?:case|default)\b[^;{}]*:$", before[-60:]):
        return "f32"
    if _PARAMETERS.search(before) or (last == ")" and following == "{"):
        return ""
    if last in ("", ";", "{", "}") and following not in tuple("=+-*/.,)<>[("):
        return ""
    operand = (last.isalnum() or last in "_)]") and not _WORD_BEFORE_VALUE.search(before)
    if operand and (following.isalnum() or following in "_(") and last:
        return "+"
    if operand and following in ("", ";", "}") and last == ")":
        return ""
    return _called(after) if following == "(" else value


def _member(after: str, hole: Hole) -> str:
    """A member of a struct, or nothing where an attribute may stand before one."""
    if re.match(r"\w+\s*:|@", after):
        return ""
    return f"hole_{hole.start}: f32{'' if after[:1] in ('}', ',') else ','}"


def _called(after: str) -> str:
    """A function of as many arguments as stand behind it."""
    depth = commas = 0
    for sign in re.finditer(r"[()\[\],]", after):
        depth += (sign[0] in "([") - (sign[0] in ")]")
        commas += sign[0] == "," and depth == 1
        if depth == 0:
            break
    return ("abs", "max", "mix")[min(commas, 2)]


def constants(text: str, names: Sequence[str]) -> dict[str, str]:
    """Numbers that the host gives some names: `const N = 64;`, `N: u32 = 64;`, `#define N 64`.

    A name may stand in a call, as in `String(N)`.
    """
    inner = {name: called[1] if (called := _CALLED.fullmatch(name)) else name for name in names}
    wanted = set(inner.values())
    found: dict[str, set[str]] = {}
    for assigned in (*_ASSIGNED.finditer(text), *_DEFINED.finditer(text)):
        if assigned[1] in wanted:
            found.setdefault(assigned[1], set()).add(assigned[2].replace("_", ""))
    sure = {name: min(values) for name, values in found.items() if len(values) == 1}
    return {name: sure[word] for name, word in inner.items() if word in sure}
