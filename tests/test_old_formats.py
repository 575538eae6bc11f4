"""Files that 1.0.0 wrote: inspected, generated from and resumed, with the text that it gave."""

import tarfile
from pathlib import Path

import pytest

from tat.checkpoint import inspect, load
from tat.cli import run as tat

OLD = Path(__file__).parent / "old" / "run-1.0.0.tar.gz"  # a run of four steps, and its exports
SAID = " a     \x15     aa    a    \n"  # by 1.0.0 itself, to the words below
ASKED = ("generate", "area of a disc", "--seed", "1", "--max-tokens", "24", "--no-grammar",
         "--validate", "0", "--temperature", "0.01", "--device", "cpu", "-q")  # fmt: skip


def unpack(folder: Path) -> None:
    safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # from 3.11.4 on
    with tarfile.open(OLD) as archive:
        archive.extractall(folder, **safe)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("old")
    unpack(folder)
    return folder


@pytest.mark.parametrize("name", ["run/latest", "f32.safetensors", "int8.safetensors"])
def test_a_checkpoint_of_1_0_0_is_whole(old: Path, name: str):
    summary = inspect(old / name)
    assert summary.intact and (summary.version, summary.step) == (1, 4)
    assert load(old / name).int8 == name.startswith("int8")


@pytest.mark.parametrize("name", ["run", "f32.safetensors", "int8.safetensors"])
def test_it_generates_the_text_that_1_0_0_did(old: Path, name: str, capfd):
    before = {path: path.read_bytes() for path in old.rglob("*") if path.is_file()}
    tat([*ASKED, "--run", str(old / name)])
    assert capfd.readouterr().out == SAID
    assert before == {path: path.read_bytes() for path in old.rglob("*") if path.is_file()}


def test_its_run_is_resumed(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd):
    unpack(tmp_path)
    monkeypatch.chdir(tmp_path)  # its corpus has moved since
    assert tat(["train", "shaders", "--run", "run", "--resume", "--steps", "6", "-q"]) == 0
    assert inspect(tmp_path / "run" / "latest").step == 6
    assert inspect(tmp_path / "run" / "checkpoints" / "step-00000004.safetensors").intact


def test_it_is_exported_anew(old: Path, tmp_path: Path):
    assert tat(["export", str(old / "run"), "-o", str(tmp_path / "x.safetensors"), "-q"]) == 0
    here, there = load(tmp_path / "x.safetensors"), load(old / "f32.safetensors")
    assert here.tokenizer == there.tokenizer and here.model_hash == there.model_hash
    for name, values in there.weights.items():
        assert values.tobytes() == here.weights[name].tobytes()
