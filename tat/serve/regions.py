"""Which parts of a document are WGSL: all of a .wgsl file, and regions of other languages."""

from collections.abc import Sequence
from typing import NamedTuple

from tat.wgsl.embedded.aligned import aligned
from tat.wgsl.embedded.placed import Host
from tat.wgsl.embedded.project import Project
from tat.wgsl.embedded.regions import READERS, is_dialect, may_hold, suffix_of
from tat.wgsl.embedded.regions import regions as regions_in

LARGEST_HOST = 4_000_000  # characters of a document that is looked through

SUFFIXES = {
    "typescript": ".ts", "typescriptreact": ".tsx", "javascript": ".js", "javascriptreact": ".jsx",
    "rust": ".rs", "python": ".py", "html": ".html", "vue": ".vue", "svelte": ".svelte",
    "markdown": ".md", "mdx": ".mdx", "wesl": ".wesl", "c": ".c", "cpp": ".cpp",
    "objective-c": ".m", "objective-cpp": ".mm", "go": ".go", "java": ".java", "kotlin": ".kt",
    "scala": ".scala", "swift": ".swift", "csharp": ".cs", "dart": ".dart", "zig": ".zig",
}  # fmt: skip
"""The suffix of files by their language, as LSP names it."""


class Region(NamedTuple):
    """WGSL that stands at `start` of a document, each character where it stands there."""

    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class Found(NamedTuple):
    """The WGSL of a document; `project` has it where it is more than plain text of its own."""

    regions: Sequence[Region]
    project: Project | None


def found_in(language: str, path: str, text: str) -> Found:
    """The WGSL in a document: all of it for the language or the suffix wgsl."""
    if language == "wgsl" or path.lower().endswith(".wgsl"):
        whole = [Region(0, text)]
        if len(text) > LARGEST_HOST or not is_dialect(text.encode("utf-8", "replace")):
            return Found(whole, None)
        return Found(whole, Project(regions_in(Host(path, text), ".wgsl"), {}))
    suffix = SUFFIXES.get(language, suffix_of(path))
    if suffix not in READERS or len(text) > LARGEST_HOST:
        return Found([], None)
    if suffix == ".wesl":
        return Found([Region(0, text)], Project(regions_in(Host(path, text), suffix), {}))
    if not may_hold(text.encode("utf-8", "replace")):
        return Found([], None)
    project = Project(regions_in(Host(path, text), suffix, draft=True), {})
    return Found([Region(*aligned(region)) for region in project.regions], project)


def regions(language: str, path: str, text: str) -> Sequence[Region]:
    """The regions of a document."""
    return found_in(language, path, text).regions


def region_at(found: Sequence[Region], offset: int) -> Region | None:
    """The region that `offset` stands in or at an edge of; of several the innermost."""
    around = [region for region in found if region.start <= offset <= region.end]
    return min(around, key=lambda region: len(region.text), default=None)
