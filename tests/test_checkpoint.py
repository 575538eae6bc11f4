"""Checkpoints: saved content comes back, and any damaged or foreign file is refused."""

import hashlib
import json
import signal
import subprocess
import sys
import time

import numpy as np
import safetensors
import safetensors.numpy
from checkpoints import (
    assert_same,
    path_fixture,  # noqa: F401
    sample,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tat.checkpoint import Checkpoint, inspect, load, save

ARRAYS = arrays.arrays(
    st.sampled_from(["<f4", ">f4", "<f8", "<f2", "<i8", ">i8", "<i4", "<u8", "<u4", "|u1"]),
    arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    elements={"allow_nan": False, "allow_infinity": False},
)
NAMED = st.dictionaries(st.text(max_size=20), ARRAYS, max_size=4)
TREES = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20)
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=10,
    ),
    max_size=4,
)  # fmt: skip
IN_ONE_FOLDER = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150
)


@IN_ONE_FOLDER
@given(
    st.builds(
        Checkpoint, NAMED, NAMED, st.binary(max_size=50), TREES, st.text(), st.integers(0, 1 << 53),
        TREES,
    )
)  # fmt: skip
def test_saved_content_comes_back(tmp_path, stored):
    save(tmp_path / "file", stored)
    loaded = load(tmp_path / "file")
    assert_same(stored, loaded)
    assert all(array.flags.writeable for array in loaded.weights.values())
    shapes = {name: array.shape for name, array in stored.weights.items()}
    assert_same(stored, load(tmp_path / "file", expect_weights=shapes))
    summary = inspect(tmp_path / "file")
    assert summary.intact and summary.step == stored.step
    assert summary.configuration == stored.configuration
    assert len(summary.tensors) == len(stored.weights) + len(stored.state) + 1
    assert summary.file_bytes == (tmp_path / "file").stat().st_size


def test_views_and_transposes_are_saved_as_they_look(tmp_path):
    base = np.arange(24, dtype=np.float32).reshape(4, 6)
    views = {"transposed": base.T, "strided": base[::2, 1::3], "reversed": base[::-1]}
    stored = Checkpoint(views, {}, b"", {}, "", 0, {})
    save(tmp_path / "file", stored)
    assert_same(stored, load(tmp_path / "file"))


GOLDEN = "27d096bc1306a8a5733e14ac961a0af68d1a9258538126b5c1d0a3ad5cee9871"


def test_saving_the_same_twice_gives_the_same_bytes(tmp_path):
    """The hash is of format version 1: with another one, old programs could not read new files."""
    save(tmp_path / "a", sample())
    again = sample()
    shuffled = Checkpoint(
        dict(reversed(again.weights.items())), dict(reversed(again.state.items())), again.tokenizer,
        dict(reversed(again.configuration.items())), again.model_hash, again.step,
        dict(reversed(again.progress.items())),
    )  # fmt: skip
    save(tmp_path / "b", shuffled)
    data = (tmp_path / "a").read_bytes()
    assert data == (tmp_path / "b").read_bytes()
    assert hashlib.sha256(data).hexdigest() == GOLDEN


def test_the_safetensors_library_reads_our_files(path):
    stored = sample()
    with safetensors.safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
        found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    content = json.loads(metadata["content"])
    assert (metadata["format"], metadata["version"]) == ("tat-checkpoint", "1")
    assert content["step"] == 500 and content["configuration"] == stored.configuration
    wanted = {f"weights.{name}": array for name, array in stored.weights.items()}
    wanted |= {f"state.{name}": array for name, array in stored.state.items()}
    wanted["tokenizer"] = np.frombuffer(stored.tokenizer, np.uint8)
    header_checksum = found.pop("header.blake2b").tobytes()
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    assert end % 8 == 0
    assert header_checksum == hashlib.blake2b(data[:end], digest_size=16).digest()
    sums = json.loads(metadata["checksums"])
    for name, array in found.items():
        assert sums[name] == hashlib.blake2b(array.tobytes(), digest_size=16).hexdigest()


def test_we_read_files_of_the_safetensors_library(tmp_path):
    """Only bytes, so that the library's order of types puts the header's checksum first."""
    draw = np.random.default_rng(0)
    tensors = {
        "header.blake2b": np.zeros(16, np.uint8),
        "state.s": draw.integers(0, 256, (3, 5), np.uint8),
        "tokenizer": draw.integers(0, 256, 11, np.uint8),
        "weights.w": draw.integers(0, 256, (2, 3, 4), np.uint8),
    }
    sums = {
        name: hashlib.blake2b(array.tobytes(), digest_size=16).hexdigest()
        for name, array in tensors.items() if name != "header.blake2b"
    }  # fmt: skip
    content = {"configuration": {"a": 1}, "model_hash": "h", "progress": {}, "step": 3}
    metadata = {"format": "tat-checkpoint", "version": "1", "checksums": compact(sums),
                "content": compact(content)}  # fmt: skip
    data = safetensors.numpy.save(tensors, metadata)
    end = 8 + int.from_bytes(data[:8], "little")
    header = compact(json.loads(data[8:end])).encode()
    header += b" " * (-len(header) % 8)
    frame = len(header).to_bytes(8, "little") + header
    checksum = hashlib.blake2b(frame, digest_size=16).digest()
    assert data[end : end + 16] == bytes(16)
    (tmp_path / "file").write_bytes(frame + checksum + data[end + 16 :])
    loaded = load(tmp_path / "file")
    np.testing.assert_array_equal(loaded.weights["w"], tensors["weights.w"])
    np.testing.assert_array_equal(loaded.state["s"], tensors["state.s"])
    assert loaded.tokenizer == tensors["tokenizer"].tobytes() and loaded.step == 3


def compact(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


SAVER = """
import sys, itertools
import numpy as np
from pathlib import Path
from tat.checkpoint import Checkpoint, save
for step in itertools.count(1):
    weights = {"w": np.full(500_000, step, np.float32)}
    save(Path(sys.argv[1]), Checkpoint(weights, {}, b"", {}, "", step, {}))
    print(step, flush=True)
"""


def test_a_killed_writer_never_leaves_half_a_file(tmp_path):
    """Also read all the while: a reader sees one whole checkpoint or the next."""
    path, reads = tmp_path / "file", 0
    for delay in (0.0, 0.013, 0.031, 0.05):
        writer = subprocess.Popen(
            [sys.executable, "-c", SAVER, str(path)], stdout=subprocess.PIPE, text=True
        )
        writer.stdout.readline()  # the first one is written
        end = time.monotonic() + 0.15 + delay
        while time.monotonic() < end:
            loaded = load(path)
            assert (loaded.weights["w"] == loaded.step).all()
            reads += 1
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        assert (load(path).weights["w"] == load(path).step).all()
    assert reads > 20


MEMORY = """
import re, sys
import numpy as np
from pathlib import Path
from tat.checkpoint import Checkpoint, inspect, load, save

def mib(field):
    text = Path("/proc/self/status").read_text()
    return int(re.search(field + r":\\s+(\\d+)", text).group(1)) / 1024

def growth(action):
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM starts again from what is held now
    base = mib("VmRSS")
    result = action()
    return mib("VmHWM") - base, result

path = Path(sys.argv[1])
weights = {f"w{i}": np.full((1024, 8192), i, np.float32) for i in range(4)}
state = {"adamw.m": np.ones((2, 16 << 20), np.float32)}
saved, _ = growth(lambda: save(path, Checkpoint(weights, state, b"", {}, "", 1, {})))
del weights, state
inspected, _ = growth(lambda: inspect(path))
loaded, checkpoint = growth(lambda: load(path))
print(saved, inspected, loaded)
"""


def test_memory_of_saving_and_loading(tmp_path):
    """256 MiB of tensors: saving copies none of it, loading holds it once."""
    output = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path / "file")],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    saved, inspected, loaded = map(float, output.split())
    assert saved < 16 and inspected < 16
    assert 250 < loaded < 256 + 16
