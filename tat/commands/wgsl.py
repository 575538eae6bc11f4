"""`tat wgsl extract`: the shaders of a project, with their places and whether they are valid."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tat.commands.common.modules import print_notes
from tat.config import resolve
from tat.data.hosts import READ, Licences, definitions, read_regions
from tat.data.input_files import display_name, list_files
from tat.errors import FileError, one_line
from tat.files import atomic_file, writing
from tat.wgsl.declarations import split_module
from tat.wgsl.embedded.judging import FORMS, Judged, judged
from tat.wgsl.embedded.project import Project
from tat.wgsl.embedded.recognition import accepts
from tat.wgsl.embedded.regions import Region
from tat.wgsl.sandbox import Diagnostic, Sandbox

_MOST_SOURCES = 20  # other files that a written module names
_NAMES = 3  # functions that a line of the table names


def run(options: argparse.Namespace) -> int:
    data = resolve().config.data
    known = definitions([*data.defines, *options.define])
    notes: list[str] = []
    regions = list(_regions(options.paths, data.max_file_bytes, notes))
    project = Project(regions, known)
    if options.output:
        with writing(options.output):
            options.output.mkdir(parents=True, exist_ok=True)
    forms: Counter[str] = Counter()
    unjudged = 0
    licences, written = Licences(), 0
    rows = []
    with Sandbox() as sandbox:
        check = _by_grammar if options.no_validate else sandbox.validate
        for found in judged(project, check):
            forms[found.form] += 1
            unjudged += bool(found.unjudged)
            if options.output:
                written += _write(options.output, found, forms.total(), licences)
            if options.json:
                sys.stdout.write(msgspec.json.encode(_record(found, licences)).decode() + "\n")
            else:
                rows.append(_row(found))
                notes += found.shader.notes
    if not options.json:
        _print_table(rows)
    if not options.quiet:
        print_notes(notes)
        more = f"; {written} files written" if options.output else ""
        print(f"tat: {_summary(forms, unjudged)}{more}", file=sys.stderr)
    if not regions and not any(map(_is_there, options.paths)):
        raise FileError(f"{notes[0].removeprefix('skipped ')}" if notes else "nothing to read")
    return 0


def _is_there(path: Path) -> bool:
    return path.exists()


def _regions(paths: Sequence[Path], limit: int, notes: list[str]) -> Iterator[Region]:
    def skip(name: str, reason: str) -> None:
        notes.append(one_line(f"skipped {name}: {reason}"))

    for path in list_files(paths, READ, skip):
        yield from read_regions(path, limit, skip, draft=True)


def _by_grammar(text: str) -> Diagnostic | None:
    return None if accepts(text) else Diagnostic("the grammar does not accept it")


def _own_functions(found: Judged) -> list[str]:
    """Names of the functions of a region, without those linked to it."""
    shader = found.shader
    text = shader.linked.text
    return [i.name for i in split_module(text) if i.kind == "fn" and i.start >= shader.front]


def _why(found: Judged) -> str:
    """Why a region does not validate as a whole, with its place; "" where it does."""
    if found.problem is None:
        return ""
    name, line, column = found.where
    place = f"{name}:{line}:{column}: " if line else ""
    return one_line(f"{place}{found.reason}", 300)


def _record(found: Judged, licences: Licences) -> dict[str, Any]:
    shader = found.shader
    region = shader.region
    line, column = region.place
    problems = [
        {"message": message, "line": at[0], "column": at[1]}
        for offset, message in shader.problems
        for at in [region.host.line_column(offset)]
    ]
    where = found.where
    return {
        "file": region.host.name, "line": line, "column": column, "name": region.candidate.name,
        "dialect": region.dialect, "form": found.form,
        "valid": None if found.unjudged else found.form in FORMS[:3],
        "functions": _own_functions(found), "linked": shader.taken, "holes": len(
            region.candidate.holes), "guessed": shader.guessed, "lacking": list(shader.lacking),
        "outside": list(shader.outside),
        "license": licences.of(Path(region.host.name), region.host.text),
        "problem": found.problem and {
            "message": found.unjudged or found.problem.message, "file": where[0], "line": where[1],
            "column": where[2],
        },
        "notes": problems, "wgsl": found.text.text or region.text.text,
    }  # fmt: skip


def _row(found: Judged) -> tuple[str, ...]:
    region = found.shader.region
    line, column = region.place
    names = _own_functions(found)
    more = f" +{len(names) - _NAMES}" if len(names) > _NAMES else ""
    verdict = "valid" if found.form in FORMS[:3] else _why(found)
    return (
        f"{region.host.name}:{line}:{column}", region.dialect, str(len(names)),
        one_line(" ".join(names[:_NAMES]) + more, 60), found.form, verdict,
    )  # fmt: skip


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    if not rows:
        return
    table = [("region", "dialect", "fns", "functions", "form", "verdict"), *rows]
    widths = [min(60, max(len(row[c]) for row in table)) for c in range(5)]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row[:5], widths, strict=True))
        print("  ".join((*cells, row[5])).rstrip())


def _summary(forms: Counter[str], unjudged: int) -> str:
    counts = ", ".join(f"{forms[form]} {form}" for form in FORMS if forms[form])
    counts += f"; {unjudged} cannot be judged" * bool(unjudged)
    return f"{forms.total()} regions{f': {counts}' if counts else '; no WGSL was found'}"


def _write(folder: Path, found: Judged, number: int, licences: Licences) -> int:
    """Write a region; one that is not valid as it stands, with its holes as the host has them."""
    region = found.shader.region
    line, column = region.place
    path = Path(region.host.name)
    text = found.text.text or region.text.text
    head = [f"from {display_name(path)}:{line}:{column} ({found.form})"]
    if license := licences.of(path, region.host.text):
        head.append(f"SPDX-License-Identifier: {license}")
    others = sorted({piece.host.name for piece in found.text.pieces} - {region.host.name})
    for other in others[:_MOST_SOURCES]:
        said = licences.of(Path(other), next(
            p.host.text for p in found.text.pieces if p.host.name == other))  # fmt: skip
        head.append(f"with declarations of {display_name(Path(other))}{f' ({said})' * bool(said)}")
    with atomic_file(folder / f"{number:04}-{path.name.replace('.', '_')}-{line}.wgsl") as file:
        said = "".join(f"// {one_line(words)}\n" for words in head)
        file.write(f"{said}\n{text.strip()}\n".encode("utf-8", "replace"))
    return 1
