"""The shaders of several files: preprocessed, and linked with what they take from others."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath

from tat.errors import one_line
from tat.wgsl.embedded.babylon import declared_members, in_wgsl
from tat.wgsl.embedded.imports import imports_of
from tat.wgsl.embedded.linking import Library, Linked, Module, linked
from tat.wgsl.embedded.placed import Placed
from tat.wgsl.embedded.preprocessor import ABSENT, Processed, preprocessed
from tat.wgsl.embedded.regions import Region
from tat.wgsl.embedded.templates import instantiated, sections, without_templates
from tat.wgsl.embedded.wesl import evaluated


@dataclass(frozen=True)
class Shader:
    """A region on its way: with holes filled, after its preprocessor, and linked.

    `front` characters of the linked text are declarations of others; `problems` are what could not
    be done, each at an offset of the host. `outside` is what it imports or includes, and no
    given file has.
    """

    region: Region
    filled: Placed
    guessed: int
    processed: Placed
    linked: Placed
    front: int
    taken: int
    lacking: tuple[str, ...]
    problems: tuple[tuple[int, str], ...]
    outside: tuple[str, ...] = ()

    @property
    def notes(self) -> list[str]:
        """The problems in words, each with its place."""
        host = self.region.host
        return [
            one_line(f"{host.name}:{line}:{column}: {message}")
            for offset, message in self.problems
            for line, column in [host.line_column(offset)]
        ]

    @property
    def asks_at(self) -> int:
        """Where in the host it first asks for something outside; else where it starts."""
        told = [offset for offset, message in self.problems if message.endswith(ABSENT)]
        for start, end in imports_of(self.processed.text).spans:
            names = imports_of(self.processed.text[start:end]).names
            origin = self.processed.origin(start)
            asked = any(_within(item.path, self.outside) for item in names)
            if asked and origin and origin[0] is self.region.host:
                told.append(origin[1])
        return min(told, default=self.region.candidate.start)

    @property
    def plain(self) -> bool:
        """Whether the text as it stands is all there is to it."""
        return self.linked is self.filled or self.linked.text == self.filled.text


class Project:
    """The regions of files; what they take from one another is found by paths and names."""

    def __init__(self, regions: Sequence[Region], definitions: Mapping[str, str]) -> None:
        self.regions, self.definitions = list(regions), dict(definitions)

    def shaders(self, value: str = "1") -> Iterator[Shader]:
        """All regions in order; `value` is the guess for a hole where any value may stand."""
        for number in range(len(self.regions)):
            yield self.shader(number, value)

    def shader(self, number: int, value: str = "1") -> Shader:
        """One region, as far as it can be resolved."""
        region = self.regions[number]
        filled = region.filled(value)
        if value == "1":
            processed, path, guessed = self._all[number]
        else:
            processed, path, guessed = self._processed_of(filled.text, region, value)
        root = Module(path, processed.text, region.host.name)
        found = linked(root, self._library) if _asks(root) else Linked(processed.text, 0, 0, ())
        front = found.front
        return Shader(
            region, filled.text, filled.guessed + guessed, processed.text, found.text, front,
            found.taken, found.lacking, processed.problems, processed.absent + found.outside,
        )  # fmt: skip

    @cached_property
    def _all(self) -> list[tuple[Processed, tuple[str, ...], int]]:
        return [self._processed_of(region.filled().text, region) for region in self.regions]

    @cached_property
    def _library(self) -> Library:
        return Library([
            Module(path, processed.text, region.host.name)
            for (processed, path, _), region in zip(self._all, self.regions, strict=True)
        ])  # fmt: skip

    def _processed_of(
        self, text: Placed, region: Region, value: str = "1"
    ) -> tuple[Processed, tuple[str, ...], int]:
        """A text after its templates, conditions and directives, its path, and the guesses."""
        text = instantiated(text, self.definitions, self._shared.get)
        chosen, told = evaluated(text, self.definitions)
        done = preprocessed(chosen, self.definitions, lambda name: self._included(name, region))
        words = without_templates(done.text, self.definitions, value)
        problems = [*_at(text, told, region), *_at(chosen, done.problems, region)]
        done = done._replace(text=in_wgsl(words.text, self._members), problems=tuple(problems))
        named = tuple(part for part in done.import_path.split("::") if part)
        return done, named or _path_of(region), words.guessed

    @cached_property
    def _shared(self) -> dict[str, Placed]:
        """By name, what texts declare for the templates of others; names of one meaning only."""
        found: dict[str, list[Placed]] = {}
        for region in self.regions:
            text = region.text
            if "#decl(" in text.text:
                for name, span in sections(text.text, "decl").items():
                    found.setdefault(name, []).append(text.slice(*span))
        return {name: texts[0] for name, texts in found.items()}

    @cached_property
    def _members(self) -> dict[str, str]:
        """The types of what Babylon's texts declare, where all agree."""
        found: dict[str, set[str]] = {}
        for region in self.regions:
            for name, kind in declared_members(region.text.text):
                found.setdefault(name, set()).add(kind)
        return {name: min(kinds) for name, kinds in found.items() if len(kinds) == 1}

    def _included(self, name: str, region: Region) -> Placed | None:
        """The text that an #include names: a file by its path, or a string by its name."""
        wanted = PurePath(name.strip().replace("\\", "/"))
        found = self._names.get(wanted.stem, [])
        folder = PurePath(region.host.name).parent
        same = [r for r in found if _ends_with(PurePath(r.host.name), wanted)]
        near = [r for r in same or found if PurePath(r.host.name).parent == folder]
        chosen = next(iter(near or same or found), None)
        return chosen.filled().text if chosen is not None and chosen is not region else None

    @cached_property
    def _names(self) -> dict[str, list[Region]]:
        found: dict[str, list[Region]] = {}
        for region in self.regions:
            for name in {PurePath(region.host.name).stem, region.candidate.name} - {""}:
                found.setdefault(name, []).append(region)
        return found


def _within(path: Sequence[str], names: Sequence[str]) -> bool:
    """Whether one of the names is a path, or begins with it."""
    whole = "::".join(path)
    return any(name == whole or name.startswith(f"{whole}::") for name in names)


def _ends_with(path: PurePath, wanted: PurePath) -> bool:
    parts = [part for part in wanted.parts if part not in (".", "..")]
    return list(path.parts[-len(parts) :]) == parts


def _path_of(region: Region) -> tuple[str, ...]:
    """The path by which others import a whole file: its folders and its name."""
    if region.candidate.name:
        return ()
    path = PurePath(region.host.name)
    if path.suffix.lower() not in (".wgsl", ".wesl", ".fx", ".tmpl"):
        return ()
    return tuple(part for part in path.with_suffix("").parts if part not in ("/", ".", ".."))


def _at(
    text: Placed, problems: Sequence[tuple[int, str]], region: Region
) -> Iterator[tuple[int, str]]:
    """Problems of a text at offsets of the host."""
    for offset, message in problems:
        origin = text.origin(offset)
        inside = origin is not None and origin[0] is region.host
        yield origin[1] if origin and inside else region.candidate.start, message


def _asks(module: Module) -> bool:
    """Whether a text takes something from others."""
    return bool(module.imports.spans or module.lacks)
