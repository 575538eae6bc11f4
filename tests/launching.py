"""Starting `tat` as several processes by the launchers of two MPI libraries."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("mpi4py", reason="training over MPI needs mpi4py")

MAIN = Path(__file__).with_name("ranks_main.py")
# Several slices (65536 elements each), several roots a rank, dropout and an average.
SETTINGS = (
    "model.layers=1", "model.width=64", "model.heads=2", "model.feed_forward=128",
    "model.max_length=256", "model.dropout=0.1", "data.vocabulary=600",
    "data.buckets=[[96,64],[192,128],[256,256]]", "data.validation_share=0.3",
    "train.batch_tokens=64", "train.micro_batches=6", "train.warmup_steps=2", "train.lr=0.01",
    "train.schedule_steps=20", "train.ema_decay=0.9", "train.validate_every=2",
    "train.save_every=2", "train.ranks_wait_s=100", "threads=1",
)  # fmt: skip
# Open and empty: the launcher of MPICH 5.0.2 may fail where its standard input ends at once.
_SILENT, _KEPT_OPEN = os.pipe()


@dataclass(frozen=True)
class Launcher:
    """Starts several processes."""

    name: str
    words: tuple[str, ...]

    def start(self, ranks: int, *arguments: object, **environment: str) -> subprocess.Popen:
        program = [sys.executable, str(MAIN), *map(str, arguments)]
        words = [*self.words, "-n", str(ranks)] if ranks > 1 else []
        paths = f"{MAIN.parent.parent}:{MAIN.parent}"
        return subprocess.Popen(
            [*words, *program], env={**os.environ, "PYTHONPATH": paths, **environment},
            stdin=_SILENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip

    def run(self, ranks: int, *arguments: object, **environment: str) -> tuple[int, str]:
        """Exit code, and all that was said."""
        process = self.start(ranks, *arguments, **environment)
        try:
            output, _ = process.communicate(timeout=400)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return process.returncode, output


def found(name: str, program: str | Path, *words: str) -> Launcher:
    if shutil.which(program) is None:
        reason = f"{name} is not installed, and only root may (packaging/require-test-tools.sh)"
        if os.geteuid() == 0:
            pytest.fail(f"{name} is not installed: run packaging/require-test-tools.sh")
        pytest.skip(reason)
    return Launcher(name, (str(program), *words))


def mpich() -> Launcher:
    return found("MPICH", Path(sys.prefix, "bin", "mpirun"))


def open_mpi() -> Launcher:
    words = ("--allow-run-as-root", "--oversubscribe", "--bind-to", "none")
    return found("Open MPI", "mpirun.openmpi", *words)


LAUNCHERS = {"mpich": mpich, "openmpi": open_mpi}


def words(run: Path, steps: int, *more: object) -> list[object]:
    settings = [word for value in SETTINGS for word in ("--set", value)]
    return ["train", *more, "--run", run, "--steps", steps, *settings]


def results(run: Path) -> tuple[bytes, list[dict]]:
    """The last checkpoint, and each step's fields without those of time."""
    timed = ("seconds", "tokens_per_s", "gflops", "rss_bytes", "arena_bytes", "attention_ms")
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    kept = [{k: v for k, v in line.items() if k not in timed} for line in lines]
    return (run / "latest").read_bytes(), kept


def lines(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("tat:")]
