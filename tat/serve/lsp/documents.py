"""Open documents as the features need them: regions, analyses, places."""

import re
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property

from lsprotocol import types
from pygls.workspace import PositionCodec, TextDocument

from tat.serve.language.symbols import Analysis
from tat.serve.regions import Region, found_in, region_at

LARGEST = 400_000  # characters of a region that is analysed; a larger one is validated alone
_LINE_END = re.compile(r"\r\n|\n|\r")  # those that LSP knows, fewer than Python's
_KEPT = 32  # versions of documents


class View:
    """A version of a document."""

    def __init__(self, document: TextDocument) -> None:
        self.uri, self.version = document.uri, document.version
        self.text = document.source
        self._codec: PositionCodec = document.position_codec
        language, path = document.language_id or "", document.path or ""
        self.regions: Sequence[Region]
        self.regions, self.project = found_in(language, path, self.text)
        self._analyses: dict[int, Analysis] = {}

    def analysis(self, region: Region) -> Analysis:
        """The analysis of a region; an empty one for a region that is too large."""
        if region.start not in self._analyses:
            text = region.text if len(region.text) <= LARGEST else ""
            self._analyses[region.start] = Analysis(text)
        return self._analyses[region.start]

    def at(self, position: types.Position) -> tuple[Region, Analysis, int] | None:
        """The region of a position, its analysis, and the offset in it; None outside of WGSL."""
        offset = self.offset(position)
        region = region_at(self.regions, offset)
        if region is None or len(region.text) > LARGEST:
            return None
        return region, self.analysis(region), offset - region.start

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(end.end() for end in _LINE_END.finditer(self.text))]

    def offset(self, position: types.Position) -> int:
        """Where a position is, or the nearest place that is in the text."""
        if position.line >= len(self._starts):
            return len(self.text)
        start = self._starts[position.line]
        following = [*self._starts[position.line + 1 : position.line + 2], len(self.text)][0]
        line = self.text[start:following]
        visible = len(line.rstrip("\r\n"))
        if line.isascii():
            return start + min(position.character, visible)
        units = 0
        for count, character in enumerate(line[:visible]):
            if units >= position.character:
                return start + count
            units += self._codec.client_num_units(character)
        return start + visible

    def position(self, offset: int) -> types.Position:
        """The position of an offset in the units that the client counts."""
        offset = max(0, min(offset, len(self.text)))
        line = min(bisect_right(self._starts, offset) - 1, max(0, len(self._starts) - 1))
        before = self.text[self._starts[line] : offset]
        count = len(before) if before.isascii() else self._codec.client_num_units(before)
        return types.Position(line, count)

    def range(self, start: int, end: int, region: Region | None = None) -> types.Range:
        """The range between two offsets, of a region or of the whole document."""
        base = region.start if region else 0
        return types.Range(self.position(base + start), self.position(base + end))


class Views:
    """The views of open documents, the newest version of each."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, View] = OrderedDict()

    def of(self, document: TextDocument) -> View:
        """The view of a document as it is now."""
        view = self._kept.get(document.uri)
        if view is None or view.version != document.version or view.text != document.source:
            view = View(document)
        self._kept[document.uri] = view
        self._kept.move_to_end(document.uri)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return view

    def forget(self, uri: str) -> None:
        """The document was closed."""
        self._kept.pop(uri, None)
