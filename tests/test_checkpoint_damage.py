"""Checkpoints that are damaged, foreign or cannot be written: refused, and nothing is lost."""

import os
import pickle
import zipfile

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from checkpoints import (
    assert_same,
    path_fixture,  # noqa: F401
    sample,
)

from tat.checkpoint import Checkpoint, check_weights, inspect, load, save
from tat.cli import run
from tat.errors import CheckpointError, DivergedError, FileError


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


@pytest.mark.parametrize("content", [
    b"a text\nof two lines\n", b'{"step": 1}\n' * 40, b'{"text": "' + b"x" * 600 + b'"}\n', b"",
    b"one line of some words", bytes(range(256)) * 9, b"a\0b", b"a\nb",
])  # fmt: skip
def test_no_command_takes_another_file_for_a_checkpoint(content, tmp_path, capsys):
    """Small files stand for links where a drive has none: these are no names."""
    path = tmp_path / "other"
    path.write_bytes(content)
    for command in (("inspect",), ("generate", "words", "--run"), ("eval", "--cookbook", "--run"),
                    ("serve", "--port", "0", "--run"), ("train", "--from"),
                    ("export", "-o", str(tmp_path / "new"))):  # fmt: skip
        assert run([*command, str(path)]) == 4, command
        said = capsys.readouterr().err
        assert said.startswith(f"tat: {path}: not a checkpoint of tat") and said.count("\n") == 1
    assert list(tmp_path.iterdir()) == [path]


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
