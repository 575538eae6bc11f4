"""The command line in tests: small shaders, a small model trained once, and calls of `tat`."""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from tat.cli import run

MODULES = {
    "area.wgsl": "// area of a disc\nfn area(r: f32) -> f32 {\n    return 3.14159 * r * r;\n}\n",
    "lift.wgsl": "const k = 2.0;\n\n// scales a value\nfn lift(x: f32) -> f32 { return k * x; }\n",
    "mix2.wgsl": "fn mix2(a: vec2f, b: vec2f) -> vec2f {\n    return mix(a, b, 0.5);\n}\n",
    "sign3.wgsl": "fn sign3(x: f32) -> f32 {\n    if x > 0.0 {\n        return 1.0;\n    }\n"
    "    return -1.0;\n}\n",
}

SMALL = """\
[model]
layers = 1
width = 16
heads = 2
feed_forward = 24
max_length = 256
[data]
vocabulary = 300
buckets = [[96, 64], [192, 128], [256, 256]]
[train]
batch_tokens = 256
warmup_steps = 2
lr = 0.01
schedule_steps = 20
"""


@dataclass(frozen=True)
class Outcome:
    """The exit code and output of a call of `tat`."""

    code: int
    out: str  # standard output: data
    err: str  # standard error: talk

    def failure(self) -> str:
        """The one line of a call that failed, without its "tat: "."""
        lines = self.err.splitlines()
        assert self.code != 0 and not self.out, self
        assert len(lines) == 1 and lines[0].startswith("tat: ") and lines[0].isprintable(), self
        return lines[0].removeprefix("tat: ")


PROGRAM: list[str] = []  # what is tested where `pytest --program FILE` names a built file


def tat(*arguments: object, typed: Path | None = None) -> Outcome:
    """A call inside this process, or of the built file; typed: what standard input is."""
    if PROGRAM:
        return process(*arguments, typed=typed)
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out), contextlib.redirect_stderr(err),
        open(typed or os.devnull) as stdin, patch("sys.stdin", stdin if typed else sys.stdin),
    ):  # fmt: skip
        try:
            code = run([str(argument) for argument in arguments])
        except SystemExit as exit_of_argparse:
            code = int(exit_of_argparse.code or 0)
    return Outcome(code, out.getvalue(), err.getvalue())


def command(*arguments: object) -> list[str]:
    """The words that start `tat` as a process of its own."""
    return [*(PROGRAM or (sys.executable, "-m", "tat")), *map(str, arguments)]


def process(
    *arguments: object, typed: Path | None = None, seconds: float = 60, **environment: str
) -> Outcome:
    """A call as a user makes it, with more environment variables; at most so many seconds."""
    with open(typed or os.devnull) as stdin:
        done = subprocess.run(
            command(*arguments), env=child_environment(environment), stdin=stdin,
            capture_output=True, timeout=seconds,
        )  # fmt: skip
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


def child_environment(more: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child: it finds this tat wherever it is started."""
    root = str(Path(__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": root, **more}


def write_shaders(folder: Path, modules: Mapping[str, str] = MODULES) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in modules.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with shaders/, small.toml, and run/: a run of three steps. Not to be changed."""
    folder = tmp_path_factory.mktemp("bench")
    write_shaders(folder / "shaders")
    (folder / "small.toml").write_text(SMALL)
    more = "--set", "train.save_every=2", "-q"
    assert train(folder, folder / "run", *more, steps=3) == Outcome(0, "", "")
    return folder


def train(bench: Path, run_folder: Path, *more: object, steps: int = 1) -> Outcome:
    """Trains a new run on the shaders of the bench."""
    return tat("train", bench / "shaders", "--config", bench / "small.toml", "--run", run_folder,
               "--steps", steps, *more)  # fmt: skip


def resume(run_folder: Path, steps: int, *more: object) -> Outcome:
    return tat("train", "--run", run_folder, "--resume", "--steps", steps, "-q", *more)
