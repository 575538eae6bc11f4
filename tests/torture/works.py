"""Works that faults.py and crashes.py cut off: saving, indexing, exporting, preparing, a queue."""

import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import numpy as np

from tat.checkpoint import Checkpoint, load
from tat.cli import run as tat
from tat.config import resolve
from tat.data.corpus_file import CorpusFile
from tat.data.prepare import prepare as prepare_corpus
from tat.files import pointed
from tat.proofs.task_queue import Queue
from tat.retrieval.index_file import open_index
from tat.train.run_folder import RunFolder

_MODULE = "// scales by {n}\nfn scale{n}(x: f32) -> f32 {{\n    return {n}.0 * x;\n}}\n"


class Work(NamedTuple):
    """One kind of work on a folder."""

    prepare: Callable[[Path], None]  # makes the state before
    do: Callable[[Path], int]  # the work; raises TatError or returns an exit code
    check: Callable[[Path], None]  # raises if the state cannot be used
    done: Callable[[Path], None] = lambda folder: None  # raises if the work's result is not there


def checkpoint(step: int) -> Checkpoint:
    """A small one, its weights told by the step."""
    weights = {"a": np.full((8, 8), step, np.float32), "b": np.full(3, -step, np.float32)}
    return Checkpoint(weights, {"adamw.m": np.ones(4, np.float32)}, b"{}", {}, "hash", step, {})


def make_run(folder: Path) -> None:
    with RunFolder.create(folder / "run") as run:
        run.write_config("seed = 0\n")
        run.append_metrics({"step": 1})
        run.save(checkpoint(1), keep=1, best=True)


def save_run(folder: Path) -> int:
    with RunFolder.open(folder / "run") as run:
        run.truncate_metrics(1)
        run.append_metrics({"step": 2})
        run.save(checkpoint(2), keep=1, best=True)
        run.log("saved")
    return 0


def check_run(folder: Path) -> None:
    path, found = RunFolder.open(folder / "run", write=False).latest_good()
    assert found.step in (1, 2) and found.weights["a"][0, 0] == found.step, path
    best = load(pointed(folder / "run" / "best"))
    assert best.weights["b"][0] == -best.step


def create_run(folder: Path) -> int:
    """As training does it: a start that was cut off before its first checkpoint is done again."""
    path = folder / "runs" / "run"
    begun = (path / "config.toml").exists()
    with RunFolder.open(path) if begun else RunFolder.create(path) as run:
        run.write_config("seed = 0\n")
        run.append_metrics({"step": 1})
        run.save(checkpoint(1), keep=1)
    return 0


def check_created(folder: Path) -> None:
    path = folder / "runs" / "run"
    if (path / "config.toml").exists() and (run := RunFolder.open(path, write=False)).checkpoints():
        assert run.latest_good()[1].weights["a"][0, 0] == 1


def make_modules(folder: Path) -> None:
    (folder / "modules").mkdir()
    for number in (1, 2, 3):
        (folder / "modules" / f"{number}.wgsl").write_text(_MODULE.format(n=number))
    tat(["index", str(folder / "modules"), "-o", str(folder / "x.idx"), "-q"])
    (folder / "modules" / "4.wgsl").write_text(_MODULE.format(n=4))


def index(folder: Path) -> int:
    return tat(["index", str(folder / "modules"), "-o", str(folder / "x.idx"), "-q"])


def check_index(folder: Path) -> None:
    assert len(open_index(folder / "x.idx")) in (3, 4)


def done_index(folder: Path) -> None:
    assert len(open_index(folder / "x.idx")) == 4


def prepare(folder: Path) -> int:
    settings = ["--set", "data.vocabulary=270", "--set", "data.validation_share=0"]
    return tat(["prepare", str(folder / "modules"), "-o", str(folder / "x.tat"), "-q", *settings])


def make_corpus(folder: Path) -> None:
    make_modules(folder)
    prepare(folder)
    (folder / "modules" / "5.wgsl").write_text(_MODULE.format(n=5))


def prepare_parts(folder: Path) -> int:
    """As large corpora are prepared: through a work folder of parts."""
    config = resolve(
        files=[], assignments=["data.vocabulary=270", "data.validation_share=0"], environment={}
    ).config
    with patch("tat.data.prepare._IN_MEMORY", 0):
        prepare_corpus([folder / "modules"], folder / "x.tat", config.data, 0, threads=1)
    return 0


def check_corpus(folder: Path) -> None:
    CorpusFile(folder / "x.tat").check()


def make_export(folder: Path) -> None:
    source = Path(__file__).parent.parent / "old" / "run-1.0.0.tar.gz"
    safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # from 3.11.4 on
    with tarfile.open(source) as archive:
        archive.extractall(folder, **safely)
    (folder / "f32.safetensors").unlink()


def export(folder: Path) -> int:
    out = folder / "int8.safetensors"
    return tat(["export", str(folder / "run"), "-o", str(out), "-q"])


def check_export(folder: Path) -> None:
    load(folder / "int8.safetensors")
    load(folder / "run" / "latest")


def make_queue(folder: Path) -> None:
    with Queue(folder / "queue.sqlite") as queue:
        queue.put({"one": "done", "two": "pending"})


def advance(folder: Path) -> int:
    with Queue(folder / "queue.sqlite") as queue:
        queue.put({"one": "done", "two": "pending", "three": "pending"})
        while task := queue.begin(("one", "two", "three")):
            queue.finish(task.name, "done", "well")
    return 0


def check_queue(folder: Path) -> None:
    with Queue(folder / "queue.sqlite") as queue:
        names = {task.name for task in queue.tasks()}
    assert names in ({"one", "two"}, {"one", "two", "three"}), names


def done_queue(folder: Path) -> None:
    with Queue(folder / "queue.sqlite") as queue:
        states = {task.name: (task.state, task.result) for task in queue.tasks()}
    well = "done", "well"
    assert states == {"one": ("done", ""), "two": well, "three": well}, states


WORKS = {
    "save": Work(make_run, save_run, check_run),
    "create": Work(lambda folder: None, create_run, check_created),
    "index": Work(make_modules, index, check_index, done_index),
    "export": Work(make_export, export, check_export),
    "prepare": Work(make_corpus, prepare, check_corpus),
    "parts": Work(make_corpus, prepare_parts, check_corpus),
    "queue": Work(make_queue, advance, check_queue, done_queue),
}
