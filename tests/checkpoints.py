"""A small checkpoint with all kinds of content, and how two are compared."""

import numpy as np
import pytest

from tat.checkpoint import Checkpoint, save


def sample(step=500):
    """A small checkpoint with every kind of content."""
    return Checkpoint(
        weights={
            "embedding.table": np.arange(-7, 8, dtype=np.float32).reshape(5, 3) / 8,
            "norm.gain": np.ones(3, np.float32),
        },
        state={
            "adamw.m/norm.gain": np.array([1e-300, -0.0, 3.5]),
            "counter": np.array(7, np.int64),
            "empty": np.zeros((0, 3), np.float32),
        },
        tokenizer=b"\x00merges\xff",
        configuration={"model": {"width": 3, "dropout": 0.1}, "data": {"buckets": [[64, 64]]}},
        model_hash="abc123",
        step=step,
        progress={"micro_batches": 1000, "best": None, "philox": (1 << 127) + 1, "ä": "ü\ud800"},
    )


def assert_same(a, b):
    for left, right in ((a.weights, b.weights), (a.state, b.state)):
        assert left.keys() == right.keys()
        for name, array in left.items():
            found = right[name]
            assert found.dtype == array.dtype.newbyteorder("=") and found.shape == array.shape
            np.testing.assert_array_equal(found, array)
            assert found.tobytes() == array.astype(found.dtype).tobytes()  # tells -0.0 from 0.0
    for field in ("tokenizer", "configuration", "model_hash", "step", "progress"):
        assert getattr(a, field) == getattr(b, field)


@pytest.fixture(name="path")
def path_fixture(tmp_path):
    path = tmp_path / "step-00000500.safetensors"
    save(path, sample())
    return path
