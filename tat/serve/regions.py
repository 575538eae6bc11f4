"""Which parts of a document are WGSL: all of a .wgsl file.

Here is the place where a reader of WGSL inside other files, such as strings of TypeScript or Rust,
says where its regions are: `regions` asks each of READERS whose languages hold the document's.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Region(NamedTuple):
    """WGSL that stands at `start` of a document, character by character as it stands there."""

    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)


Reader = Callable[[str, str], Sequence[Region]]
"""The regions in a text of a language."""

READERS: dict[str, Reader] = {}
"""By language, as LSP names it, who finds WGSL in its documents."""


def regions(language: str, path: str, text: str) -> Sequence[Region]:
    """The WGSL in a document: all of it for the language or the suffix wgsl."""
    if language == "wgsl" or path.lower().endswith(".wgsl"):
        return [Region(0, text)]
    reader = READERS.get(language)
    return reader(language, text) if reader else []


def region_at(found: Sequence[Region], offset: int) -> Region | None:
    """The region that `offset` stands in or at an edge of."""
    return next((region for region in found if region.start <= offset <= region.end), None)
