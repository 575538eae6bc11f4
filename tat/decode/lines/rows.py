"""Lines that go on with a row: `m.x = a.x;` and `m.y = a.y;` ask for `m.z = a.z;`."""

import re
from collections.abc import Collection, Iterator, Sequence

from tat.decode.lines.site import Site, words_of
from tat.wgsl.lexer import code_of

_COMPONENTS = ("xyzw", "rgba")
_NUMBER = re.compile(r"(\d+)([uif]?)")
_NUMBERED = re.compile(r"(.*?[A-Za-z_])(\d+)(\w*)")
_NEAR = 3  # lines on each side that are taken as they are


def rows(site: Site) -> Iterator[str]:
    """The line between two of a row, the next of one, and the lines near the gap."""
    above, below = site.above[::-1], site.below
    if above and below and (line := _between(above[0], below[0])):
        yield line
    yield from _following(above, 1)
    yield from _following(below, -1)
    yield from above[:_NEAR]
    yield from below[:_NEAR]


def _between(one: str, other: str) -> str:
    first, last = words_of(one), words_of(other)
    if len(first) != len(last):
        return ""
    found = []
    for a, b in zip(first, last, strict=True):
        middle = a if a == b else _stepped(a, 1)
        if not middle or (a != b and _stepped(middle, 1) != b):
            return ""
        found.append(middle)
    return _spelled(one, found)


def _following(lines: Sequence[str], step: int) -> Iterator[str]:
    """The line beside the first of these, as those behind it or numbers in it say."""
    words = [words_of(line) for line in lines[:2]]
    if len(words) == 2 and len(words[0]) == len(words[1]):
        pairs = zip(words[1], words[0], strict=True)
        changed = {place for place, (a, b) in enumerate(pairs) if a != b}
        if 0 < len(changed) <= max(2, len(words[0]) // 2):
            yield from _moved(lines[0], words[0], changed, step)
    if words:
        places = [place for place, word in enumerate(words[0]) if _stepped(word, step)]
        for chosen in (places, *([place] for place in places[:4])):
            yield from _moved(lines[0], words[0], chosen, step)


def _moved(line: str, words: Sequence[str], places: Collection[int], step: int) -> Iterator[str]:
    """The line with the words at these places one step further, if all can."""
    moved = [_stepped(w, step) if place in places else w for place, w in enumerate(words)]
    if places and all(moved):
        yield _spelled(line, moved)


def _stepped(word: str, step: int) -> str:
    """A number, a numbered name or a component, one further; "" for all else."""
    if found := _NUMBER.fullmatch(word):
        number = int(found[1]) + step
        return f"{number}{found[2]}" if number >= 0 else ""
    if found := _NUMBERED.fullmatch(word):
        number = int(found[2]) + step
        return f"{found[1]}{number}{found[3]}" if number >= 0 else ""
    for names in _COMPONENTS:
        if len(word) == 1 and word in names and 0 <= names.index(word) + step < len(names):
            return names[names.index(word) + step]
    return ""


def _spelled(line: str, words: Sequence[str]) -> str:
    """The line with its tokens replaced one by one."""
    parts, end = [], 0
    tokens = code_of(line)
    for token, word in zip(tokens, words, strict=True):
        parts += line[end : token.start], word
        end = token.end
    return "".join(parts)
