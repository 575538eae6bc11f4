"""`tat index`: makes or renews the index of WGSL files, or of the bundled cookbook."""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from tat.config import resolve
from tat.cookbook.library import Entry, load
from tat.data.input_files import display_name, list_files, open_regular
from tat.data.sources import FunctionText, ModuleText, read_sources, skipped_by_reason
from tat.errors import one_line
from tat.resources import resource
from tat.retrieval.chunks import Document
from tat.retrieval.index_file import update_index

_JSON_LINE = re.compile(r"(.*\.jsonl):([0-9]+)", re.IGNORECASE | re.DOTALL)
_FUNCTION_NAME = re.compile(r"\bfn\s+(\w+)")
_COOKBOOK_LICENSE = "MIT"  # tat's own


class _Licensed(msgspec.Struct):
    """What a JSON line says of its licence."""

    license: str = ""


def run(options: argparse.Namespace) -> int:
    notes: list[str] = []
    if options.paths:
        documents = list(_file_documents(options.paths, notes))
    else:
        notes.append("no PATH: indexing the bundled cookbook")
        documents = list(cookbook_documents())
    changes = update_index(options.output, documents)
    notes += [f"skipped {place}: {reason}" for place, reason in changes.refused]
    if not options.quiet:
        for note in notes:
            print(f"tat: {one_line(note)}", file=sys.stderr)
        texts = changes.added + changes.moved + changes.kept
        print(
            f"{options.output}: {texts} texts ({changes.added} new, {changes.moved} moved, "
            f"{changes.removed} removed), {changes.chunks} chunks"
        )
    return 0


def cookbook_documents() -> Iterator[Document]:
    """The bundled functions, to be found by the words of their requests too."""
    for entry in load():
        yield Document(
            f"cookbook/{entry.area}/{entry.name}.wgsl", _first_line(entry), entry.name, entry.code,
            license=_COOKBOOK_LICENSE, topics="\n".join((entry.request, *entry.paraphrases)),
        )  # fmt: skip


def _first_line(entry: Entry) -> int:
    """The line of its file where the code of an entry starts."""
    path = resource("cookbook", "entries", entry.area, f"{entry.name}.wgsl")
    whole = path.read_text("utf-8")
    return whole.count("\n", 0, max(0, whole.find(entry.code.rstrip()))) + 1


def _file_documents(paths: Sequence[Path], notes: list[str]) -> Iterator[Document]:
    """The modules and functions in files; `notes` gets what was skipped, by reason."""
    limit = resolve().config.data.max_file_bytes
    sources = read_sources(paths, limit)
    for kind, of in skipped_by_reason(sources.skipped).items():
        notes.append(f"{len(of)} skipped: {kind}; first {of[0].path}")
    licenses = _licenses(paths, limit)
    for text in (*sources.modules, *sources.functions):
        yield _document(text, licenses.get(text.origin, ""))


def _document(source: ModuleText | FunctionText, license_id: str) -> Document:
    in_json = _JSON_LINE.fullmatch(source.origin)
    file, line = (in_json[1], int(in_json[2])) if in_json else (source.origin, 1)
    if isinstance(source, ModuleText):
        name = source.id or Path(file).stem
        return Document(file, line, name, source.text, license_id, embedded=bool(in_json))
    named = _FUNCTION_NAME.search(source.signature)
    return Document(
        file, line, named[1] if named else "", f"{source.signature} {source.body}", license_id,
        embedded=True, signature=source.signature, comment=source.comment, context=source.context,
    )  # fmt: skip


def _licenses(paths: Sequence[Path], limit: int) -> dict[str, str]:
    """The `license` of each JSON line that has one, by the origin of the line."""
    found: dict[str, str] = {}
    for path in list_files(paths, (".jsonl",), lambda *_: None):
        if path.suffix.lower() != ".jsonl":
            continue
        with suppress(OSError), open_regular(path) as file:  # what is unreadable is skipped already
            for number, line in enumerate(_lines(file, limit), 1):
                with suppress(ValueError, RecursionError):
                    record = msgspec.json.decode(line, type=_Licensed)
                    found[f"{display_name(path)}:{number}"] = record.license
    return found


def _lines(file: BinaryIO, limit: int) -> Iterator[bytes]:
    """The lines of a file, of each no more than `limit` bytes and its end."""
    while line := file.readline(limit + 2):
        yield line
        while line and not line.endswith(b"\n"):
            line = file.readline(1 << 16)
