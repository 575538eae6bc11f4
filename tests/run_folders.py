"""A run folder in tests, and checkpoints to save in it."""

import numpy as np
import pytest

from tat.checkpoint import Checkpoint
from tat.train.run_folder import RunFolder


def checkpoint(step):
    return Checkpoint({"w": np.full(4, step, np.float32)}, {}, b"", {}, "hash", step, {})


@pytest.fixture(name="run")
def run_fixture(tmp_path):
    with RunFolder.create(tmp_path / "run") as folder:
        folder.write_config("seed = 0\n")
        yield folder


def names(folder):
    return [path.name for path in folder.checkpoints()]


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
