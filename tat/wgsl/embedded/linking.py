"""Linking: the declarations that a text takes from others, put in front of it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from tat.wgsl.declarations import Declaration, split_module
from tat.wgsl.embedded.imports import Imports, Path, imports_of
from tat.wgsl.embedded.names import Use, missing, predeclared, uses
from tat.wgsl.embedded.placed import Placed

_MOST = 3000  # declarations that are linked to one text
_NAMESAKES = 50  # modules that declare a name; beyond, a name says nothing
_DECLARES = re.compile(
    r"\b(?:fn|struct|alias|const|override)\s+(\w+)|\bvar\s*(?:<[^<>]*>)?\s*(\w+)"
)


@dataclass(frozen=True)
class Module:
    """A text that others take declarations from; `path` is how they name it.

    `group` is its file: names without a path are looked for there first.
    """

    path: Path
    text: Placed
    group: str = ""

    @cached_property
    def imports(self) -> Imports:
        """Imports of the text."""
        return imports_of(self.text.text)

    @cached_property
    def items(self) -> dict[str, Declaration]:
        """Its declarations by name."""
        text = self.text.text
        for start, end in self.imports.spans:  # blanks keep each offset
            text = text[:start] + " " * (end - start) + text[end:]
        return {item.name: item for item in split_module(text) if item.name}

    @property
    def lacks(self) -> bool:
        """Whether it uses something that it does not declare."""
        return bool(missing(self.text.text)) or "::" in self.text.text

    def item(self, name: str) -> Placed:
        """The text of a declaration."""
        declared = self.items[name]
        return self.text.slice(declared.start, declared.end)


class Target(NamedTuple):
    """A declaration of a module."""

    module: int
    name: str


class Library:
    """The modules of a project, by path and by the names they declare."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self.modules = list(modules)

    @cached_property
    def by_path(self) -> dict[Path, int]:
        """Number of a module by its path; of several the first."""
        found: dict[Path, int] = {}
        for number, module in enumerate(self.modules):
            if module.path:
                found.setdefault(module.path, number)
        return found

    @cached_property
    def by_name(self) -> dict[str, list[int]]:
        """Numbers of the modules that seem to declare a name; only a quick look is taken."""
        found: dict[str, list[int]] = {}
        for number, module in enumerate(self.modules):
            for name in dict.fromkeys(a or b for a, b in _DECLARES.findall(module.text.text)):
                found.setdefault(name, []).append(number)
        return found

    def module_at(self, path: Path, within: Module) -> tuple[int, Path] | None:
        """The module of the longest part of a path, and what is left of the path."""
        for whole in _paths(path, within.path):
            for length in range(len(whole), 0, -1):
                if (number := self.by_path.get(whole[:length])) is not None:
                    return number, whole[length:]
        return None

    def declared(self, name: str, within: Module) -> Target | None:
        """The declaration of a name without a path: in the same file, or one in all folders."""
        seeming = self.by_name.get(name, ())
        if len(seeming) > _NAMESAKES:
            seeming = [n for n in seeming if self.modules[n].group == within.group]
        numbers = [n for n in seeming if name in self.modules[n].items]
        beside = [n for n in numbers if self.modules[n].group == within.group]
        for found in (beside, numbers):
            texts = {self.modules[n].item(name).text for n in found}
            if len(texts) == 1:
                return Target(found[0], name)
        return None


def _paths(path: Path, within: Path) -> Iterator[Path]:
    """The meanings of a path, seen from a module: as it is, of the package, relative."""
    first = path[0]
    if first == "super":
        ups = next((n for n, word in enumerate(path) if word != "super"), len(path))
        yield within[: max(0, len(within) - ups)] + path[ups:]
    elif first in ("package", "self", "crate"):
        yield path[1:]
        for length in range(len(within)):  # the package may begin in a folder of those given
            yield within[:length] + path[1:]
    else:
        yield path
        file = tuple(part for part in first.rsplit(".", 1)[0].split("/") if part not in (".", ""))
        if len(file) > 1 or "." in first:  # #import "dir/file.wgsl"::name
            yield file + path[1:]
            yield within[:-1] + file + path[1:]
        yield within[:-1] + path
        for length in range(len(within)):
            yield within[:length] + path
        yield path[1:]  # the name of a package, as its users write it


@dataclass
class Linked:
    """A text behind `taken` declarations of others, which are its first `front` characters.

    `lacking` are names that nobody declares; `outside` are the paths among what it imports that no
    module of the library has, so that nobody can know whether it is valid.
    """

    text: Placed
    front: int
    taken: int
    lacking: tuple[str, ...]
    outside: tuple[str, ...] = ()


@dataclass
class _Linker:
    library: Library
    root: Module
    names: dict[Target, str] = field(default_factory=dict)
    lacking: dict[str, None] = field(default_factory=dict)
    outside: dict[str, None] = field(default_factory=dict)
    pending: list[Target] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.used = set(self.root.items) | set(predeclared())

    def name_of(self, target: Target) -> str:
        """The name of a declaration in the linked text; asks for it."""
        if target not in self.names:
            name, module = target.name, self.library.modules[target.module]
            if name in self.used:
                prefix = "_".join(part for part in module.path[-2:] if part.isidentifier())
                name = f"{prefix or 'linked'}_{name}"
                while name in self.used:
                    name += "_"
            self.used.add(name)
            self.names[target] = name
            self.pending.append(target)
        return self.names[target]

    def rewritten(self, text: Placed, module: Module, number: int | None) -> Placed:
        """A text of a module, with the names that the linked text has for what it uses."""
        known = {item.name: item.path for item in module.imports.names}
        absent = set(missing(text.text))
        edits = []
        for use in uses(text.text):
            said = self._said(use, known, module, number, absent)
            if said is not None and said != text.text[use.start : use.end]:
                edits.append((use.start, use.end, said))
        return text.edited(edits)

    def _said(
        self, use: Use, known: dict[str, Path], module: Module, number: int | None,
        absent: set[str],
    ) -> str | None:  # fmt: skip
        first = use.path[0]
        if len(use.path) == 1:
            if number is not None and first in module.items:
                return self.name_of(Target(number, first))
            if first in known and first not in module.items:
                return self._resolved(known[first], module)
            target = self.library.declared(first, module) if first in absent else None
            if target and self.library.modules[target.module] is not module:
                return self.name_of(target)
            if first in absent:
                self.lacking[first] = None
            return None
        path = known.get(first, (first,)) + use.path[1:]
        return self._resolved(path, module)

    def _resolved(self, path: Path, module: Module) -> str | None:
        found = self.library.module_at(path, module)
        if found and len(found[1]) == 1 and found[1][0] in self.library.modules[found[0]].items:
            if self.library.modules[found[0]] is module:
                return found[1][0]
            return self.name_of(Target(found[0], found[1][0]))
        self.lacking["::".join(path)] = None
        if found is None or len(found[1]) > 1:
            self.outside["::".join(path)] = None
        return None

    def imported_outside(self) -> tuple[str, ...]:
        """Paths that no module has; a whole module among them may declare what is lacking."""
        if any("::" not in name for name in self.lacking):
            for item in self.root.imports.names:
                if item.path and self.library.module_at(item.path, self.root) is None:
                    self.outside["::".join(item.path)] = None
        return tuple(self.outside)


def linked(root: Module, library: Library) -> Linked:
    """A text without its imports, behind the declarations that it takes from the library."""
    linker = _Linker(library, root)
    body = root.text.edited((start, end, "") for start, end in root.imports.spans)
    body = linker.rewritten(body, root, None)
    parts: list[tuple[Target, Placed]] = []
    while linker.pending and len(parts) < _MOST:
        target = linker.pending.pop(0)
        module = library.modules[target.module]
        text = linker.rewritten(module.item(target.name), module, target.module)
        parts.append((target, text))
    ordered = sorted(parts, key=lambda part: (part[0].module, _place(library, part[0])))
    if not ordered:
        return Linked(body, 0, 0, tuple(linker.lacking), linker.imported_outside())
    lines = [piece for _, text in ordered for piece in (text, _line_end(text))]
    whole = Placed.join([*lines, body])
    front = len(whole.text) - len(body.text)
    outside = linker.imported_outside()
    return Linked(whole, front, len(ordered), tuple(linker.lacking), outside)


def _place(library: Library, target: Target) -> int:
    return library.modules[target.module].items[target.name].start


def _line_end(text: Placed) -> Placed:
    origin = text.origin(len(text.text))
    return Placed.instead("\n", origin[0], origin[1], origin[1]) if origin else Placed("", ())
