"""Reads training files safely; a file that cannot be read is named and skipped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from tat.data.given_text import as_read, record_as_read, without_mark
from tat.data.hosts import READ, Licences, definitions
from tat.data.input_files import display_name, failure_reason, left_out, list_files, open_regular
from tat.data.json_lines import wrong_line
from tat.data.module_text import ModuleText
from tat.data.shaders import Shaders
from tat.errors import CorpusError, one_line

SUFFIXES = (*READ, ".jsonl")  # read in folders; a named file is read with any suffix
_READ = "WGSL and .jsonl"
BROKEN_LINES = 100  # in one file, before it counts as no JSON Lines

_BINARY = "binary: it holds a NUL byte"


@dataclass(frozen=True)
class Skipped:
    """Something left out: its path, with the line in JSON Lines, and why.

    The part of the reason before a colon is its kind.
    """

    path: str
    reason: str


@dataclass(frozen=True)
class FunctionText:
    """A function from a JSON line with `signature` and `body`."""

    origin: str  # path:line
    module_id: str  # "" if the line has none
    comment: str
    signature: str
    body: str
    context: str
    license: str
    calls: tuple[str, ...] = ()  # signatures


@dataclass(frozen=True)
class Sources:
    """The texts that were read, in the order of the paths."""

    modules: tuple[ModuleText, ...]
    functions: tuple[FunctionText, ...]
    skipped: tuple[Skipped, ...]
    files: int  # files that could be opened and read
    others: tuple[Path, ...] = ()  # files in folders of other kinds, which may hold shaders


class _JsonLine(msgspec.Struct):
    wgsl: str | None = None
    signature: str | None = None
    body: str | None = None
    context: str = ""
    comment: str = ""
    calls: tuple[str, ...] = ()
    id: str | int = ""
    module_id: str | int = ""
    license: Any = ""  # a licence that is no text counts as none; the line stays


def read_sources(
    paths: Sequence[Path], max_file_bytes: int, defines: Sequence[str] = ()
) -> Sources:
    """Read files and, recursively and in sorted order, those of folders that may hold WGSL.

    In other languages it is in strings and the like; `defines` are NAME or NAME=VALUE for
    preprocessors.
    A .wgsl file or a JSON line of more than `max_file_bytes` is skipped. Line ends become LF.
    CorpusError if nothing is left.
    """
    reader = SourceReader(max_file_bytes, defines)
    found = list(reader.stream(paths))
    sources = Sources(
        tuple(item for item in found if isinstance(item, ModuleText)),
        tuple(item for item in found if isinstance(item, FunctionText)),
        tuple(reader.skipped), reader.files, tuple(reader.others),
    )  # fmt: skip
    if not sources.modules and not sources.functions:
        raise CorpusError(nothing_usable(paths, sources.skipped, sources.others))
    return sources


def skipped_by_reason(skipped: Sequence[Skipped]) -> dict[str, list[Skipped]]:
    """The skipped, by kind of reason in order of first occurrence."""
    kinds: dict[str, list[Skipped]] = {}
    for item in skipped:
        kinds.setdefault(item.reason.partition(":")[0], []).append(item)
    return kinds


def left_out_lines(skipped: Sequence[Skipped], others: Sequence[Path]) -> list[str]:
    """A line for each kind of reason, and one for all files of other kinds."""
    kinds = skipped_by_reason(skipped).items()
    lines = [f"{len(of)} skipped: {kind}; first {of[0].path}" for kind, of in kinds]
    return [*lines, *([left_out(others, _READ)] if others else [])]


def nothing_usable(
    paths: Sequence[Path], skipped: Sequence[Skipped], others: Sequence[Path] = ()
) -> str:
    """A line for an empty result: the paths, then each kind of reason with an example."""
    where = ", ".join(map(display_name, paths))
    if [item.path for item in skipped] == [where]:
        return one_line(f"{where}: {skipped[0].reason}", 1000)
    reasons = "; ".join(
        f"{len(items)} skipped ({items[0].path}: {items[0].reason})"
        for items in skipped_by_reason(skipped).values()
    )
    why = f"nothing usable: {reasons}" if reasons else "no WGSL and no .jsonl is there"
    why += f"; {left_out(others, _READ)}" if others else ""
    return one_line(f"{where}: {why}; give other files", 1000)


class SourceReader:
    """Reads the texts of files, one after another; only `skip` leaves something out."""

    def __init__(self, max_file_bytes: int, defines: Sequence[str] = ()) -> None:
        self.limit, self.definitions = max_file_bytes, definitions(defines)
        self.skipped: list[Skipped] = []
        self.others: list[Path] = []
        self.files = 0
        self._first_origin: dict[bytes, str] = {}

    def stream(self, paths: Sequence[Path]) -> Iterator[ModuleText | FunctionText]:
        """The texts that read_sources() finds, in the order of paths and lines."""
        files = list(list_files(paths, SUFFIXES, self.skip, self.others.append))
        shaders = Shaders(files, self.limit, self.definitions)
        for skipped in shaders.skipped:
            self.skip(*skipped)
        for path in files:
            if path in shaders.asking:
                yield from self._shaders(path, shaders)
            else:
                yield from self.read_file(path, shaders.licences)

    def skip(self, origin: str, reason: str) -> None:
        self.skipped.append(Skipped(origin, one_line(reason)))

    def _shaders(self, path: Path, shaders: Shaders) -> Iterator[ModuleText]:
        """The modules of a file that is no plain WGSL."""
        self.files += path in shaders.numbers
        for module in shaders.modules(path):
            if self._is_new(module):
                yield module
        for told in shaders.vain:
            self.skip(*told)
        shaders.vain.clear()

    def read_file(
        self, path: Path, licences: Licences | None = None
    ) -> Iterator[ModuleText | FunctionText]:
        """Read one file, or skip it with the reason; it may have vanished since it was listed."""
        try:
            with open_regular(path) as file:
                if path.suffix.lower() == ".jsonl":
                    yield from self._lines(file, display_name(path))
                elif module := self._read_module(file, path, licences or Licences()):
                    yield module
                self.files += 1
        except OSError as error:
            self.skip(display_name(path), failure_reason(error))

    def _read_module(self, file: BinaryIO, path: Path, licences: Licences) -> ModuleText | None:
        origin = display_name(path)
        # The reported size proves nothing: the file may grow, and /proc reports 0.
        data = file.read(self.limit + 1)
        if len(data) > self.limit:
            self.skip(origin, self._too_large())
            return None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            binary = b"\0" in data
            self.skip(origin, _BINARY if binary else f"not UTF-8: byte {error.start}")
            return None
        return self._module(origin, text, license=licences.of(path, text))

    def _too_large(self) -> str:
        return f"larger than {self.limit} bytes (data.max_file_bytes)"

    def _module(
        self, origin: str, text: str, name: str = "", license: str = ""
    ) -> ModuleText | None:
        text = as_read(text)
        module = ModuleText(origin, text, name, license)
        return module if self._is_new(module) else None

    def _is_new(self, module: ModuleText) -> bool:
        """Whether the module has a text that no other had; one that is left out is named."""
        origin, content = module.origin, bytes.fromhex(module.content_hash)
        if not module.text.strip():
            self.skip(origin, "empty")
        elif "\0" in module.text:
            self.skip(origin, _BINARY)
        elif content in self._first_origin:
            self.skip(origin, f"duplicate: same text as {self._first_origin[content]}")
        else:
            self._first_origin[content] = origin
            return True
        return False

    def _lines(self, file: BinaryIO, path: str) -> Iterator[ModuleText | FunctionText]:
        broken = 0
        for number in count(1):
            line = file.readline(self.limit + 1)
            if not line:
                break
            origin = f"{path}:{number}"
            if len(line.rstrip(b"\r\n")) > self.limit:
                problem = self._too_large()
                while line and not line.endswith(b"\n"):
                    line = file.readline(1 << 16)
            else:
                found = self._read_line(origin, line)
                problem = found if isinstance(found, str) else ""
                if found and not problem:
                    yield found
            if problem:
                self.skip(origin, problem)
                broken += 1
            if broken >= BROKEN_LINES:
                self.skip(path, f"not JSON Lines: given up after {broken} unusable lines")
                break
        if number == 1:
            self.skip(path, "empty")

    def _read_line(self, origin: str, line: bytes) -> ModuleText | FunctionText | str | None:
        """A JSON line, or its problem; None where there is nothing new in it."""
        if not without_mark(line).strip():
            return None
        try:
            record = record_as_read(msgspec.json.decode(without_mark(line), type=_JsonLine))
        except (ValueError, RecursionError) as error:  # ValueError: msgspec's and bad UTF-8
            return f"broken JSON: {wrong_line(error, _JsonLine)}"
        license = record.license if isinstance(record.license, str) else ""
        if record.wgsl is not None:
            return self._module(origin, record.wgsl, str(record.id), license)
        if not record.signature or not record.body:
            return "broken JSON: neither `wgsl` nor `signature` and `body`"
        texts = [record.comment, record.signature, record.body, record.context, *record.calls]
        if any("\0" in text for text in texts):
            return _BINARY
        return FunctionText(origin, str(record.module_id), *texts[:4], license, record.calls)
