"""Checkpoints: saved content comes back, and any damaged or foreign file is refused."""

import hashlib
import json
import os
import pickle
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tat.checkpoint import Checkpoint, check_weights, inspect, load, save
from tat.errors import CheckpointError, DivergedError, FileError


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


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "step-00000500.safetensors"
    save(path, sample())
    return path


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


def refusal(path):
    """The message of the CheckpointError that loading must raise: one line that names the file."""
    with pytest.raises(CheckpointError) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and message.isprintable() and ";" in message
    return message


def test_every_flipped_bit_is_noticed(path):
    data = bytearray(path.read_bytes())
    flipped = path.with_name("flipped")
    flipped.write_bytes(data)
    with open(flipped, "r+b", buffering=0) as file:
        for position, byte in enumerate(data):
            for bit in range(8):
                os.pwrite(file.fileno(), bytes([byte ^ 1 << bit]), position)
                with pytest.raises(CheckpointError):
                    load(flipped)
            os.pwrite(file.fileno(), bytes([byte]), position)
    assert_same(load(flipped), sample())


def test_every_flipped_byte_shows_in_the_summary(path):
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little") + 16
    for position in range(0, len(data)):
        damaged = data[:position] + bytes([data[position] ^ 255]) + data[position + 1 :]
        path.write_bytes(damaged)
        if position >= start:
            summary = inspect(path)
            assert not summary.intact and "checksum" in summary.damage and summary.step == 500
        else:
            with pytest.raises(CheckpointError):
                inspect(path)


def test_every_truncation_is_noticed(path):
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")  # of the tensors, the header's checksum first
    for length in range(len(data) - 1, -1, -1):
        os.truncate(path, length)
        message = refusal(path)
        if length >= start + 16:
            assert f"cut short: {length - start} of {len(data) - start} bytes" in message


@pytest.mark.parametrize("tail", [b"\0", b"x" * 1000])
def test_bytes_behind_the_end_are_noticed(path, tail):
    path.write_bytes(path.read_bytes() + tail)
    assert "longer than its header says" in refusal(path)


def test_foreign_files_are_refused(tmp_path):
    files = {
        "empty": b"",
        "short": b"\x10\0\0",
        "png": b"\x89PNG\r\n\x1a\n" + bytes(1000),
        "text": b"fn main() {}\n" * 100,
        "pickle": pickle.dumps({"weights": [1.0]}),
        "theirs.safetensors": safetensors.numpy.save({"w": np.ones(3)}, {"format": "pt"}),
        "bare.safetensors": safetensors.numpy.save({}),
        "zeros": bytes(100_000),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        assert "not a checkpoint of tat" in refusal(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "model.pt", "w") as archive:
        archive.writestr("data.pkl", pickle.dumps(1))
    assert "not a checkpoint of tat" in refusal(tmp_path / "model.pt")


def test_paths_that_are_no_files_are_refused(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    assert "not a regular file" in refusal(tmp_path / "fifo")
    assert "Is a directory" in refusal(tmp_path)
    assert "No such file" in refusal(tmp_path / "missing")
    assert "symbolic links" in refusal(tmp_path / "loop")
    assert "Not a directory" in refusal(tmp_path / "fifo" / "below")
    with pytest.raises(CheckpointError):
        load(tmp_path / "nul\0byte")
    with pytest.raises(CheckpointError, match="not a regular file"):
        load("/dev/zero")


def test_descriptors_are_closed_whatever_happens(path):
    before = len(os.listdir("/proc/self/fd"))
    for bad in (path.parent, path.with_name("missing"), path):
        with open(path, "ab") as file:
            file.write(b"x")
        refusal(bad)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    "expected, said",
    [
        ({"embedding.table": (5, 3)}, r"norm.gain is \[3\] in the file and missing in the model"),
        ({"embedding.table": (5, 3), "norm.gain": (4,)}, r"norm.gain is \[3\] .* and \[4\] in the"),
        ({"embedding.table": (5, 3), "norm.gain": (3,), "x": (1,)}, r"x is missing in the file"),
        ({"embedding.table": (15,), "norm.gain": (3,)}, r"embedding.table is \[5, 3\]"),
    ],
)
def test_weights_of_another_model_are_refused(path, expected, said):
    with pytest.raises(CheckpointError, match=said):
        load(path, expect_weights=expected)
    found = {name: array.shape for name, array in sample().weights.items()}
    with pytest.raises(CheckpointError, match=said):
        check_weights(path, found, expected)


def test_another_model_is_named_before_damage(path):
    """The tensors need not be read to see that they are not the right ones."""
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="in the model"):
        load(path, expect_weights={})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["weights", "state"])
def test_saving_diverged_weights_keeps_the_last_good_file(path, kind, value):
    bad = sample(step=750)
    array = np.ones(3_000_000, np.float32)
    array[2_999_999] = value
    getattr(bad, kind)["w.bad"] = array
    before = path.read_bytes()
    with pytest.raises(DivergedError, match=f"step 750: {kind}.w.bad has NaN or infinity"):
        save(path, bad)
    assert path.read_bytes() == before and list(path.parent.iterdir()) == [path]


def test_unstorable_content_is_refused_before_anything_is_written(path):
    before = path.read_bytes()
    deep = {"a": 0}
    for _ in range(40):
        deep = {"a": deep}
    for progress in ({"loss": float("nan")}, deep, {"x": object()}, {"x": "y" * (5 << 20)}):
        bad = Checkpoint({}, {}, b"", {}, "", 0, progress)
        with pytest.raises((ValueError, TypeError)):
            save(path, bad)
    assert path.read_bytes() == before and list(path.parent.iterdir()) == [path]


def test_a_folder_that_is_missing_is_one_clear_error(tmp_path):
    with pytest.raises(FileError, match=r"cannot write .*nowhere/file: No such file"):
        save(tmp_path / "nowhere" / "file", sample())


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
