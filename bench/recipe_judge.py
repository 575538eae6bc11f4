"""The judging of bench/recipes.py: `tat eval` of parts of a file, each on a core of its own."""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import msgspec
from recipe_training import Variant
from result_file import write

from tat.data.input_files import open_regular
from tat.errors import FileError
from tat.evaluation.functions import module_file_of
from tat.evaluation.result_file import Report, figures, read_report
from tat.evaluation.selection import spread
from tat.machine import own_cores


class Judges:
    """Judges models, one after another or side by side, with so many processes in all."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._pool = ThreadPoolExecutor(options.parts, "judge")
        cores = own_cores()[::-1]  # the first ones are left to what trains
        self._cores: SimpleQueue[int] = SimpleQueue()
        for number in range(options.parts):
            self._cores.put(cores[number % len(cores)])
        self._parts = {file: _parts(file, options) for file in options.files}

    def judge(self, variant: Variant, model: Path) -> None:
        """Makes the result files of a model, where they are not there.

        CalledProcessError where an evaluation fails; its output is in a log beside the result.
        """
        folder = variant.folder(self._options.work)
        for file in self._options.files:
            result = result_of(variant, file, self._options.work)
            if not result.exists():
                (folder / "parts").mkdir(parents=True, exist_ok=True)
                jobs = [
                    (file, part, folder / "parts" / f"{part.stem}.json", model)
                    for part in self._parts[file]
                ]
                done = [*self._pool.map(lambda job: self._one(*job), jobs)]
                joined = _joined([read_report(path) for path in done], file.name)
                write(result, msgspec.json.encode(joined).decode())

    def _one(self, file: Path, part: Path, result: Path, model: Path) -> Path:
        """One part of a file, on a core that no other has."""
        if result.exists():
            return result
        options, core = self._options, self._cores.get()
        modules = module_file_of(file)
        more = ["--modules", modules] if modules else []
        more += ["--without", options.without] if options.without else []
        words = [
            *pinned(core), sys.executable, "-m", "tat", "eval", part, "--run", model, "-q",
            "--validate", options.validate, "--device", "cpu", *more, "-o", result,
        ]  # fmt: skip
        try:
            with open(result.with_suffix(".log"), "w") as log:
                subprocess.run([*map(str, words)], check=True, stdout=log, stderr=log)
        finally:
            self._cores.put(core)
        return result

    def __enter__(self) -> "Judges":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)


def result_of(variant: Variant, file: Path, work: Path) -> Path:
    """Where a variant's result on a file is kept."""
    return variant.folder(work) / f"result-{file.stem}.json"


def pinned(core: int) -> Sequence[object]:
    """The beginning of a command that stays on a core; nothing where the system has no such."""
    return ("taskset", "-c", core) if shutil.which("taskset") else ()


def _parts(path: Path, options: argparse.Namespace) -> list[Path]:
    """The functions of a file that are judged, dealt out to files of equal size."""
    with open_regular(path) as file:
        lines = [line for line in file.read().splitlines() if line.strip()]
    if options.testable:
        lines = [line for line in lines if msgspec.json.decode(line).get("testable")]
    if not lines:
        raise FileError(f"{path}: has no function to judge")
    lines = spread(lines, options.limit)
    count, folder = min(options.parts, len(lines)), options.work / "functions"
    folder.mkdir(parents=True, exist_ok=True)
    parts = [folder / f"{path.stem}-{number:02}-of-{count}.jsonl" for number in range(count)]
    for number, part in enumerate(parts):
        write(part, "".join(f"{line.decode()}\n" for line in lines[number::count]))
    return parts


def _joined(reports: Sequence[Report], data: str) -> Report:
    """One report of all parts."""
    outcomes = tuple(outcome for report in reports for outcome in report.outcomes)
    return msgspec.structs.replace(
        reports[0], data=data, outcomes=outcomes, figures=figures(outcomes)
    )
