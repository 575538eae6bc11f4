"""The shaders of a person's files as modules: resolved, linked, with the places of their texts."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tat.data.hosts import Licences, read_regions
from tat.data.input_files import display_name, open_regular
from tat.data.module_text import ModuleText
from tat.wgsl.embedded.placed import Placed, anchors
from tat.wgsl.embedded.project import Project, Shader
from tat.wgsl.embedded.recognition import accepts
from tat.wgsl.embedded.regions import SUFFIXES, is_dialect, suffix_of

_IN_VAIN = "directives that cannot be followed"
_LIBRARY = 256_000_000  # characters of files that others may import from
_LOOKED_AT = 1_000_000  # bytes of a .wgsl file in which a directive makes it a dialect


def in_dialect(path: Path) -> bool:
    """Whether a file is of another language than plain WGSL, or has directives and imports."""
    suffix = suffix_of(path.name)
    if suffix != ".wgsl":
        return suffix in SUFFIXES
    try:
        with open_regular(path) as file:
            return is_dialect(file.read(_LOOKED_AT))
    except OSError:
        return False


class Shaders:
    """The shaders of those files that are no plain WGSL; plain ones are what they import from."""

    def __init__(
        self, paths: Sequence[Path], max_file_bytes: int, definitions: Mapping[str, str],
        *, draft: bool = False,
    ) -> None:  # fmt: skip
        self.skipped: list[tuple[str, str]] = []
        self.vain: list[tuple[str, str]] = []  # of the modules that were read: places, reasons
        self.numbers: dict[Path, list[int]] = {}
        self.licences = Licences()
        regions, size = [], 0
        self.asking = asking = {path for path in paths if in_dialect(path)}
        for path in paths if asking else ():
            said = self.skipped if path in asking else list[tuple[str, str]]()
            if path not in asking and (size > _LIBRARY or suffix_of(path.name) != ".wgsl"):
                continue
            found = list(
                read_regions(
                    path, max_file_bytes, lambda *why, said=said: said.append(why), draft=draft
                )
            )
            if path in asking:
                self.numbers[path] = list(range(len(regions), len(regions) + len(found)))
            regions += found
            size += sum(len(region.text.text) for region in found)
        self.project = Project(regions, definitions)

    def of(self, path: Path) -> Iterator[Shader]:
        """The shaders of one file, in order."""
        return map(self.project.shader, self.numbers.get(path, ()))

    def modules(self, path: Path) -> Iterator[ModuleText]:
        """The shaders of one file as modules, with guesses where the grammar takes them.

        Else a text stands as its host has it, with the holes of that.
        """
        for shader in self.of(path):
            region = shader.region
            for offset, message in shader.problems:
                line, column = region.host.line_column(offset)
                place = f"{display_name(path)}:{line}:{column}"
                self.vain.append((place, f"{_IN_VAIN}: {message}"))
            text, front, holes = shader.linked, shader.front, ()
            if shader.guessed and not accepts(text.text):
                text, front, holes = region.text, 0, region.candidate.hole_texts
            yield self._module(path, shader, text, front, holes)

    def _module(
        self, path: Path, shader: Shader, text: Placed, front: int, holes: tuple[str, ...]
    ) -> ModuleText:  # fmt: skip
        region = shader.region
        line, column = region.place
        return ModuleText(
            f"{display_name(path)}:{line}:{column}", text.text, "",
            self.licences.of(path, region.host.text), anchors(text), front, holes,
            region.candidate.name,
        )  # fmt: skip
