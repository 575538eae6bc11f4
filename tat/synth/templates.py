"""Texts with draws in them: `«a¦b»` is one of both, `«k:a¦b»` keeps it as k, `«k»` repeats it."""

import re
from typing import Union

from tat.synth.draws import Draws

Template = Union[str, list["Template"], "Choice"]

_MARK = re.compile(r"([«»¦])")
_KEY = re.compile(r"([a-z]\w*):")


class Choice:
    """Alternatives of which one is drawn, or what was drawn before where there are none."""

    __slots__ = ("alternatives", "key")

    def __init__(self, key: str, alternatives: list[Template]) -> None:
        self.key, self.alternatives = key, alternatives


def compiled(text: str) -> Template:
    """A text with its draws taken apart; a text without any is itself."""
    if "«" not in text:
        return text
    parts: list[Template] = []
    outer: list[tuple[list[Template], list[Template]]] = []
    for part in _MARK.split(text):
        if part == "«":
            outer.append((parts, []))
            parts = []
        elif part == "¦" and outer:
            outer[-1][1].append(parts)
            parts = []
        elif part == "»":
            if not outer:
                raise ValueError(f"» without «: {text}")
            around, alternatives = outer.pop()
            alternatives.append(parts)
            around.append(_choice(alternatives))
            parts = around
        elif part:
            parts.append(part)
    if outer:
        raise ValueError(f"« without »: {text}")
    return parts


def _choice(alternatives: list[Template]) -> Choice:
    first = alternatives[0]
    if isinstance(first, list) and first and isinstance(first[0], str):
        if key := _KEY.match(first[0]):
            first[0] = first[0][key.end() :]
            return Choice(key[1], alternatives)
        if len(alternatives) == 1:
            return Choice(first[0].strip(), [])
    return Choice("", alternatives)


def expanded(template: Template, draws: Draws, kept: dict[str, str]) -> str:
    """The text with its draws made; `kept` is read and gets what has a key."""
    if isinstance(template, str):
        return template
    if isinstance(template, list):
        return "".join([
            part if isinstance(part, str) else expanded(part, draws, kept) for part in template
        ])  # fmt: skip
    if not template.alternatives:
        return kept[template.key]
    text = expanded(draws.pick(template.alternatives), draws, kept)
    if template.key:
        kept[template.key] = text
    return text
