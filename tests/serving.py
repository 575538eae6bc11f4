"""Parts that tests of the service share: a tiny model that knows four functions, a server."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli_harness import child_environment, command, process

FUNCTIONS = {
    "area.wgsl": "/// area of a disc\nfn area(r: f32) -> f32 {\n    let square = r * r;\n"
    "    return 3.14159 * square;\n}\n",
    "lift.wgsl": "/// scales a value\nfn lift(x: f32) -> f32 {\n    let k = 2.0;\n"
    "    return k * x;\n}\n",
    "mix2.wgsl": "/// the middle of two points\nfn mix2(a: vec2f, b: vec2f) -> vec2f {\n"
    "    let t = 0.5;\n    return mix(a, b, t);\n}\n",
    "circle.wgsl": "/// signed distance to a circle\nfn circle(p: vec2f, r: f32) -> f32 {\n"
    "    let d = length(p);\n    return d - r;\n}\n",
}
_SMALL = """\
[model]
layers = 1
width = 32
heads = 2
feed_forward = 64
dropout = 0.0
max_length = 128
[data]
vocabulary = 400
buckets = [[64, 32], [128, 128]]
infill_share = 0.97
validation_share = 0.0
[train]
batch_tokens = 512
micro_batches = 1
warmup_steps = 10
lr = 0.01
schedule_steps = 400
label_smoothing = 0.0
validate_every = 0
save_every = 400
"""


def train_tiny(folder: Path) -> Path:
    """A run whose model has learnt FUNCTIONS by heart, in some seconds."""
    (folder / "shaders").mkdir(parents=True)
    for name, text in FUNCTIONS.items():
        (folder / "shaders" / name).write_text(text)
    (folder / "small.toml").write_text(_SMALL)
    done = process(
        "train", folder / "shaders", "--config", folder / "small.toml", "--run", folder / "run",
        "--steps", 400, "-q", seconds=300,
    )  # fmt: skip
    assert done.code == 0, done.err
    return folder / "run"


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of `train_tiny`."""
    return train_tiny(tmp_path_factory.mktemp("serving"))


@contextmanager
def serving(*arguments: object) -> Iterator[str]:
    """`tat serve` on a free port, while the block lasts: its address."""
    with subprocess.Popen(
        command("serve", "--port", 0, *arguments), env=child_environment({}),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as server:  # fmt: skip
        try:
            yield server.stdout.readline().strip().removesuffix("/")
        finally:
            server.terminate()
            ended = time.monotonic() + 20
            while server.poll() is None and time.monotonic() < ended:
                time.sleep(0.02)
            if server.poll() is None:
                server.kill()
                raise AssertionError("the server did not end when it was told to")
        assert server.returncode == 143  # as `tat --help` has it for SIGTERM


def long_enough() -> float:
    """Seconds that anything may take on a slow and busy machine."""
    return float(os.environ.get("TEST_SECONDS", "60"))
