"""The history of a machine's benchmarks: a line of medians for each call of `tat bench`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tat import provenance
from tat.benchmarks.autobench import Measurement
from tat.errors import FileError
from tat.files import writing
from tat.resources import checkout, user_folder


class HistoryEntry(msgspec.Struct, frozen=True):
    """One call of `tat bench`."""

    run: dict[str, Any]  # date, commit, version, device, model
    seconds: dict[str, float]  # of one unit of work
    ratios: dict[str, float]  # to the reference workload


def history_path() -> Path:
    """bench/results/MACHINE.jsonl in a checkout, elsewhere in the user's state folder."""
    root = checkout()
    folder = root / "bench" / "results" if root else user_folder("state") / "bench"
    return folder / f"{provenance.machine_slug()}.jsonl"


def append_history(
    path: Path, measurements: Sequence[Measurement], metadata: Mapping[str, Any]
) -> None:
    """Add a line for one call; FileError if it cannot be written."""
    entry = HistoryEntry(
        run=dict(metadata),
        seconds={m.name: m.result.timings.median for m in measurements},
        ratios={m.name: m.ratio for m in measurements},
    )
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab") as file:
            file.write(msgspec.json.encode(entry) + b"\n")


def read_history(path: Path) -> list[HistoryEntry]:
    """The lines of a history without a torn last one; FileError for a wrong line."""
    entries = []
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
        if not line.endswith(b"\n"):
            break
        try:
            entries.append(msgspec.json.decode(line, type=HistoryEntry))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise FileError(f"{path}, line {number}: no line of `tat bench`: {error}") from None
    return entries
