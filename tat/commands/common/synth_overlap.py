"""`tat synth --near` and `--without`: which given functions the generator has, and what to omit."""

import argparse
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from tat.cookbook.library import load
from tat.data.json_lines import read_json_lines, utf8_text
from tat.data.overlap import Nearest, Target, overlap_of
from tat.errors import FileError, UsageError, did_you_mean, one_line
from tat.files import atomic_file, require_place
from tat.synth.generator import COMPOSED, Generator
from tat.synth.tables import all_families

SAMPLE = 50_000  # functions that --near draws: of each family about 20
THRESHOLD = 0.7  # the same formula with another detail has about 0.7, a copy 1
_COMPOSED = "composed/"


class _Line(msgspec.Struct):
    body: str
    id: str | int = ""


class Found(msgspec.Struct):
    """The outcome of --near: the file that --without and evaluations read."""

    threshold: float
    functions: int  # drawn
    seed: int
    overlapping: list[str]  # ids of FILE
    families: list[str]  # of the tables, with a function near one of FILE
    composed: list[str]  # kinds of composed functions likewise
    nearest: list[Nearest]


def near(options: argparse.Namespace) -> int:
    """Compare drawn functions with those of a file, or with the cookbook's test split."""
    if options.output != Path("-"):
        require_place(options.output)
    targets = _targets(options.near)
    count = options.count or SAMPLE
    limit = THRESHOLD if options.threshold is None else options.threshold
    generator = Generator(options.only, left_out(options.without), options.seed)
    overlap = overlap_of(targets, islice(generator.stream(), count), limit)
    nearest = sorted(overlap.nearest(), key=lambda n: (-n.similarity, n.id))
    over = [n for n in nearest if n.similarity >= limit]
    families = overlap.near_families()
    found = Found(
        limit, count, options.seed, [n.id for n in over],
        [f for f in families if not f.startswith(_COMPOSED)],
        [f for f in families if f.startswith(_COMPOSED)], over,
    )  # fmt: skip
    if options.output != Path("-"):
        with atomic_file(options.output) as file:
            file.write(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    elif options.json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    else:
        for item in over:
            print(f"{item.similarity:.2f}  {item.id}  {item.family}")
    if not options.quiet:
        said = f"{len(over)} of {len(targets)} functions are near one of {count} drawn"
        print(f"tat: {said} (similarity from {limit:g})", file=sys.stderr)
    return 0


def _targets(name: Path) -> list[Target]:
    if str(name) == "cookbook" and not name.exists():
        return [Target(e.name, e.code[e.code.rfind("fn ") :]) for e in load() if e.split == "test"]
    wanted = "function with `id` and `body`"
    return [
        Target(str(line.id) or place, line.body)
        for place, line in read_json_lines(name, _Line, wanted)
    ]


class _Families(msgspec.Struct):
    families: list[str]


def left_out(text: str) -> frozenset[str]:
    """The families to leave out: ids with commas between, or a file of --near; else an error."""
    if not text:
        return frozenset()
    path = Path(text)
    named = _of_file(path) if path.is_file() else [name.strip() for name in text.split(",")]
    known = {family.id for family in all_families()} | {_COMPOSED + kind for kind in COMPOSED}
    for name in named:
        if name not in known:
            hint = did_you_mean(name, known, "; `tat synth --families --only AREA` lists them")
            raise UsageError(f"--without: no family and no file: {one_line(name)!r}{hint}")
    return frozenset(named)


def _of_file(path: Path) -> list[str]:
    try:
        text: Any = utf8_text(path.read_bytes(), str(path))
        return msgspec.json.decode(text, type=_Families).families
    except ValueError as error:
        wanted = "give a file of `tat synth --near FILE -o`"
        raise FileError(f"{path}: no list of families: {one_line(str(error))}; {wanted}") from None
