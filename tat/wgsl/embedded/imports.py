"""Imports of naga_oil (`#import a::b`) and WESL (`import a::b;`): which names stand for what."""

import re
from collections.abc import Iterator
from typing import NamedTuple

NESTED = r"\{(?:[^{};]++|\{(?:[^{};]++|\{[^{};]*+\})*\})*\}"  # three deep
_NAGA = re.compile(
    rf"^[ \t]*#[ \t]*import\b[ \t]*((?:[^\n{{]*{NESTED})|[^\n;]*)[ \t]*;?", re.MULTILINE
)
_WESL = re.compile(r"^[ \t]*import\s+([^;{]*(?:\{[^;]*\})?)\s*;", re.MULTILINE)
_TOKEN = re.compile(r"""\s*(::|[{},]|as\b|"[^"\n]*"|[A-Za-z_][\w\-./]*)""")
_MOST = 2000  # names of one import

Path = tuple[str, ...]


class Import(NamedTuple):
    """A name of this text and the path that it stands for."""

    name: str
    path: Path


class Imports(NamedTuple):
    """The imports of a text, and the spans that say so."""

    names: tuple[Import, ...]
    spans: tuple[tuple[int, int], ...]


def imports_of(text: str) -> Imports:
    """All imports of a text.

    >>> imports_of("#import a::{b, c as d}").names
    (Import(name='b', path=('a', 'b')), Import(name='d', path=('a', 'c')))
    """
    if "import" not in text:
        return Imports((), ())
    found = sorted([*_NAGA.finditer(text), *_WESL.finditer(text)], key=lambda f: f.start())
    names = [item for f in found for item in _listed(f[1])]
    return Imports(tuple(names), tuple(f.span() for f in found))


def _listed(words: str) -> list[Import]:
    tokens = _TOKEN.findall(re.sub(r"//[^\n]*", "", words))[::-1]
    found: list[Import] = []
    for item in _paths(tokens):
        found.append(item)
        if len(found) >= _MOST:
            break
    return found


def _paths(tokens: list[str]) -> Iterator[Import]:
    """The paths of a tree, without recursion: prefixes are on a stack."""
    prefixes: list[Path] = [()]
    path: Path = ()
    name = ""
    while tokens or path:
        token = tokens.pop() if tokens else ","
        if token == "{":
            prefixes.append(path)
            path, name = prefixes[-1], ""
        elif token in (",", "}"):
            if path != prefixes[-1] or (path and not tokens and len(prefixes) == 1):
                yield Import(name or path[-1], path)
            if token == "}" and len(prefixes) > 1:
                prefixes.pop()
                path = prefixes[-1]
                if tokens and tokens[-1] == ",":
                    tokens.pop()
            if not tokens and token == ",":
                return
            path, name = prefixes[-1], ""
            if token == "}" and not tokens:
                return
        elif token == "as" and tokens:
            name = tokens.pop()
        elif token != "::":
            path = (*path, token.strip('"'))
            if len(path) > 100:
                return
