"""The folder of a run: its files on disk, and the lock of its writer.

config.toml      the resolved configuration; a folder without it is no run
metrics.jsonl    one object per step
log              all notes, with times
checkpoints/     step-00000500.safetensors ...: the last few and the best one
latest, best     lead to checkpoints: symbolic links, or files with a path where a drive has none
lock             held by the process that writes; the kernel frees it, however that process ends
"""

import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from tat.checkpoint import Checkpoint, inspect, load, save
from tat.errors import BusyError, CheckpointError, FileError, UsageError, one_line
from tat.files import atomic_file, point, pointed, sync_folder, writing
from tat.locks import acquire, note, release

_CHECKPOINT_NAME = re.compile(r"step-[0-9]{8,}\.safetensors")


class _Line(msgspec.Struct):
    """The field of a line of metrics.jsonl that counts when a run goes back to an earlier step."""

    step: int = 0


class RunFolder:
    """One run on disk. Writers hold its lock until `close` or the end of a `with` block."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None
        self._made: list[Path] = []  # folders that it made, the innermost first

    @classmethod
    def create(cls, path: Path | None, *, parent: Path = Path("runs")) -> "RunFolder":
        """A new run, locked; without `path`, PARENT/<date>-<time>.

        Raises UsageError if `path` holds anything already or is being written.
        """
        place = path or parent
        missing = [folder for folder in (place, *place.parents) if not folder.exists()]
        run = cls(path or _new_folder(parent))
        run._made = missing if path else [run.path, *missing]
        try:
            with writing(run.path):
                run.path.mkdir(parents=True, exist_ok=True)
                for folder in run._made:
                    sync_folder(folder.parent)
            run._require_unused()
            run._acquire()
            run._require_unused()  # again: another process may have held the lock until now
        except BaseException:
            run._withdraw()
            run.close()
            raise
        return run

    @classmethod
    def open(cls, path: Path, *, write: bool = True) -> "RunFolder":
        """An existing run; to write, it takes the lock and removes files of a killed writer.

        Raises FileError if `path` is no run and BusyError if another process writes it.
        """
        if not os.path.isfile(path / "config.toml"):
            why = "no config.toml in it" if os.path.isdir(path) else "no such folder"
            raise FileError(f"{path} is not a run: {why}; name a folder that `tat train` made")
        run = cls(path)
        if write:
            run._acquire()
            with writing(path):
                for stale in [*path.glob(".*.tmp"), *(path / "checkpoints").glob(".*.tmp")]:
                    stale.unlink(missing_ok=True)
        return run

    def close(self) -> None:
        """Free the lock, if it is held."""
        if self._lock is not None:
            release(self._lock)
            self._lock = None

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._withdraw()
        self.close()

    def _withdraw(self) -> None:
        """Remove what a start made that was refused before it became a run."""
        if os.path.lexists(self.path / "config.toml"):
            return
        if self._lock is not None:  # else the files are another's
            with suppress(OSError):
                for name in ("log", "lock"):
                    (self.path / name).unlink(missing_ok=True)
        for folder in self._made:
            with suppress(OSError):
                folder.rmdir()  # fails, rightly, if something else is in it

    def write_config(self, text: str) -> None:
        """Replace config.toml."""
        with atomic_file(self.path / "config.toml") as file:
            file.write(text.encode())

    def log(self, text: str) -> None:
        """Append a line to the log, with the local time."""
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        self._append("log", f"{stamp} {one_line(text, limit=4000)}\n".encode())

    def append_metrics(self, record: msgspec.Struct | Mapping[str, Any]) -> None:
        """Append the object of one step, before the checkpoint of that step is saved."""
        self._append("metrics.jsonl", msgspec.json.encode(record) + b"\n")

    def truncate_metrics(self, step: int) -> None:
        """Drop the metrics of the steps after `step`, which will be run again, and a torn line."""
        path = self.path / "metrics.jsonl"
        with writing(path), suppress(FileNotFoundError), open(path, "r+b") as file:
            end = 0
            for line in file:
                if not line.endswith(b"\n") or _step_of_line(line) > step:
                    break
                end += len(line)
            file.truncate(end)

    def save(self, checkpoint: Checkpoint, *, keep: int, best: bool = False) -> Path:
        """Save `checkpoint`, link it as latest (and `best`), and keep the last `keep` and the best.

        Checkpoints of later steps, from before the run went back, are neither counted nor removed.
        """
        self._sync_metrics()
        path = self.path / "checkpoints" / f"step-{checkpoint.step:08}.safetensors"
        with writing(path):
            path.parent.mkdir(exist_ok=True)
        save(path, checkpoint)
        if best:
            point(self.path / "best", path)
        point(self.path / "latest", path)
        with writing(self.path):
            past = [p for p in self.checkpoints() if _step_of(p) <= checkpoint.step]
            best_name = pointed(self.path / "best").name
        for old in past[:-keep]:
            if old.name != best_name:
                with writing(old):
                    old.unlink(missing_ok=True)
        return path

    def checkpoints(self) -> list[Path]:
        """All checkpoints, the earliest step first."""
        files = (self.path / "checkpoints").glob("step-*.safetensors")
        return sorted(filter(_is_checkpoint, files), key=_step_of)

    def newest(self) -> Path:
        """The checkpoint saved last; if that was deleted, the one of the latest step.

        Raises CheckpointError if there is none.
        """
        latest = pointed(self.path / "latest")
        if os.path.exists(latest):
            return latest
        checkpoints = self.checkpoints()
        if not checkpoints:
            raise CheckpointError(
                f"{self.path} has no checkpoint yet; wait for the first, or start anew elsewhere"
            )
        return checkpoints[-1]

    def latest_good(self) -> tuple[Path, Checkpoint]:
        """The newest checkpoint and where it lies.

        Raises CheckpointError if it cannot be used; the message offers the last good one. Using
        that without being asked would lose steps unnoticed.
        """
        newest = self.newest()
        try:
            return newest, load(newest)
        except CheckpointError as error:
            good = self._last_intact(besides=newest)
            offer = "no other good one is here"
            if good:
                offer = f"delete it to go on from {good.name}, the last good one"
            raise CheckpointError(f"{error}; {offer}") from error

    def _last_intact(self, besides: Path) -> Path | None:
        for path in reversed(self.checkpoints()):
            with suppress(CheckpointError):
                if path.name != besides.name and inspect(path).intact:
                    return path
        return None

    def _append(self, name: str, line: bytes) -> None:
        with writing(self.path / name), open(self.path / name, "ab") as file:
            file.write(line)

    def _sync_metrics(self) -> None:
        """Put the metrics on disk: resuming cannot restore those before a checkpoint."""
        path = self.path / "metrics.jsonl"
        with writing(path), open(path, "ab") as file:
            os.fsync(file.fileno())

    def _require_unused(self) -> None:
        with writing(self.path):
            # A run that failed before its configuration was written leaves these two.
            names = {entry.name for entry in self.path.iterdir()} - {"lock", "log"}
        if any(not name.endswith(".tmp") for name in names):
            raise UsageError(
                f"{self.path} is not empty; add --resume to continue a run, or choose another --run"
            )

    def _acquire(self) -> None:
        path = self.path / "lock"
        with writing(path):
            try:
                self._lock = acquire(path)
            except BlockingIOError as error:
                raise BusyError(
                    f"{self.path} is being written by process {error or 'unknown'}; "
                    "wait, stop it or choose another --run"
                ) from error
            note(self._lock, f"{os.getpid()}\n")


def _new_folder(parent: Path) -> Path:
    """Make PARENT/<date>-<time>, with -2, -3 ... behind it where that is taken."""
    name = time.strftime("%Y%m%d-%H%M%S")
    with writing(parent):
        parent.mkdir(parents=True, exist_ok=True)
        for number in count(1):
            folder = parent / (name if number == 1 else f"{name}-{number}")
            with suppress(FileExistsError):  # of several processes one makes it, without a race
                folder.mkdir()
                return folder
    raise AssertionError("counting does not end")


def _is_checkpoint(path: Path) -> bool:
    return _CHECKPOINT_NAME.fullmatch(path.name) is not None


def _step_of(path: Path) -> int:
    return int(path.stem.removeprefix("step-"))


def _step_of_line(line: bytes) -> int:
    """The step of a line of metrics; 0 if it has none, so that such a line stays."""
    try:
        return msgspec.json.decode(line, type=_Line).step
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 0
