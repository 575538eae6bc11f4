"""`tat index`: makes or renews the index of WGSL files, or of the bundled cookbook."""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tat.config import resolve
from tat.cookbook.documents import cookbook_documents
from tat.data.module_text import ModuleText
from tat.data.sources import FunctionText, left_out_lines, read_sources
from tat.errors import one_line
from tat.retrieval.chunks import Document
from tat.retrieval.index_file import update_index
from tat.wgsl.embedded.placed import place_in

_JSON_LINE = re.compile(r"(.*\.jsonl):([0-9]+)", re.IGNORECASE | re.DOTALL)


def run(options: argparse.Namespace) -> int:
    notes: list[str] = []
    if options.paths:
        documents = list(_file_documents(options.paths, options.define, notes))
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


def _file_documents(
    paths: Sequence[Path], defines: Sequence[str], notes: list[str]
) -> Iterator[Document]:
    """The modules and functions in files; `notes` gets what was skipped, by reason."""
    data = resolve().config.data
    sources = read_sources(paths, data.max_file_bytes, [*data.defines, *defines])
    notes += left_out_lines(sources.skipped, sources.others)
    yield from map(_document, (*sources.modules, *sources.functions))


def _document(source: ModuleText | FunctionText) -> Document:
    in_json = _JSON_LINE.fullmatch(source.origin)
    file, line = (in_json[1], int(in_json[2])) if in_json else (source.origin, 1)
    if isinstance(source, ModuleText) and source.places:
        own = place_in(source.places, source.front)
        name = source.name or Path(own[0]).stem
        return Document(
            own[0], own[1], name, source.text, source.license, places=source.places,
            front=source.front,
        )  # fmt: skip
    if isinstance(source, ModuleText):
        name = source.id or Path(file).stem
        return Document(file, line, name, source.text, source.license, embedded=bool(in_json))
    return Document.of_function(
        file, line, source.signature, source.body, comment=source.comment,
        context=source.context, license=source.license,
    )  # fmt: skip
