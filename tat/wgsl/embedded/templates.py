"""Templates: ggml's variants and `#decl`, `{{TYPE}}`, naga_oil's `#{N}`, `virtual`, `override`."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tat.wgsl.embedded.guesses import Filled, guess
from tat.wgsl.embedded.literals import Hole
from tat.wgsl.embedded.placed import Placed

_OPENING = re.compile(r"^[ \t]*#(define|decl)\((\w+)\)[^\n]*\n", re.MULTILINE)
_MOST = 2000  # sections of a text
_HOLE = re.compile(r"\{\{[ \t]*([^{}\n;]*[^{}\n;\s])[ \t]*\}\}|#\{(\w+)\}|(?<![\w#])#([A-Z]\w*)")
_STATEMENT = re.compile(r"\{\$[^{}\n]*\$\}|\{%[^{}\n]*%\}|<%[^%\n]*%>")
_TAGS = ("{$", "{%", "<%")  # of statements; leaving one out is a guess, too
_VIRTUAL = re.compile(r"^[ \t]*(?:virtual|override)[ \t]+(?=fn\b)", re.MULTILINE)
_OVERRIDES = re.compile(r"\bfn[ \t]+((?:\w+::)+)(?=\w+[ \t]*\()")
_USUAL = {"MATERIAL_BIND_GROUP": "3"}  # Bevy's
_PLACE = re.compile(r"^[ \t]*DECLS\b", re.MULTILINE)

Shared = Callable[[str], Placed | None]
"""A `#decl` of another text, by its name."""


def sections(text: str, kind: str) -> dict[str, tuple[int, int]]:
    """Where the sections `#KIND(NAME)` of a text begin and end, inside, by name."""
    found: dict[str, tuple[int, int]] = {}
    for number, opening in enumerate(_OPENING.finditer(text)):
        if number >= _MOST:
            break
        if opening[1] == kind:
            close = f"#end{'decl' if kind == 'decl' else ''}({opening[2]})"
            end = text.find(close, opening.end())
            if end >= 0:
                found.setdefault(opening[2], (opening.end(), text.rfind("\n", 0, end) + 1))
    return found


def instantiated(
    text: Placed, definitions: Mapping[str, str], shared: Shared = lambda name: None
) -> Placed:
    """A template of ggml's kind as its first variant, or as the one that a definition names."""
    if "#decl(" not in text.text and "#define(SHADER)" not in text.text:
        return text
    parts, own = sections(text.text, "define"), sections(text.text, "decl")
    if "SHADER" not in parts:
        return Placed.join(text.slice(*span) for span in own.values()) if own else text
    variant = _variant(text.text[slice(*parts.get("VARIANTS", (0, 0)))], definitions)
    names = variant.get("DECLS", ())
    decls = [
        text.slice(*own[name]) if name in own else shared(name)
        for name in ([names] if isinstance(names, str) else names)
        if isinstance(name, str)
    ]
    body = text.slice(*parts["SHADER"])
    put = Placed.join(part for part in decls if part is not None)
    body = body.edited((found.start(), found.end(), put) for found in _PLACE.finditer(body.text))
    said = variant.get("REPLS")
    words = {str(k): str(v) for k, v in said.items()} if isinstance(said, dict) else {}
    return body.edited(
        (found.start(), found.end(), words[found[1]])
        for found in _HOLE.finditer(body.text) if found[1] in words
    )  # fmt: skip


def _variant(said: str, definitions: Mapping[str, str]) -> dict[str, Any]:
    """The first variant, or that with the name or suffix that is defined."""
    try:
        listed = json.loads(re.sub(r",(\s*[}\]])", r"\1", said) or "[]")
    except (ValueError, RecursionError):
        listed = []
    variants = [each for each in listed if isinstance(each, dict)] if listed else []
    for key in ("SHADER_NAME", "SHADER_SUFFIX"):
        for each in variants if key in definitions else ():
            if each.get(key) == definitions[key]:
                return each
    return variants[0] if variants else {}


def without_templates(text: Placed, definitions: Mapping[str, str], value: str) -> Filled:
    """A text with words in the holes that a build step would fill, and plain function heads."""
    if "{" not in text.text and "#" not in text.text and "<%" not in text.text:
        return Filled(text, 0)
    edits: list[tuple[int, int, str]] = []
    guessed = 0
    for start, end, name in _holes(text.text):
        guessed += text.text.startswith(_TAGS, start)
        words = definitions.get(name) or _USUAL.get(name, "") if name else ""
        if name and not words:
            words = guess(text.text, Hole(start, end, name), value)
            guessed += 1
        edits.append((start, end, words))
    return Filled(text.edited(edits), guessed)


def _holes(text: str) -> Iterator[tuple[int, int, str]]:
    found = [(m.start(), m.end(), m[1] or m[2] or m[3]) for m in _HOLE.finditer(text)]
    found += [(m.start(), m.end(), "") for m in _STATEMENT.finditer(text)]
    if "virtual" in text or "override" in text:
        found += [(m.start(), m.end(), "") for m in _VIRTUAL.finditer(text)]
        found += [(m.start(1), m.end(1), "") for m in _OVERRIDES.finditer(text)]
    end = 0
    for span in sorted(found):
        if span[0] >= end:
            yield span
            end = span[1]
