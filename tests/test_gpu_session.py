"""`--device gpu` from the command line: runs move between devices and agree."""

import json
import re
from pathlib import Path

import pytest
from gpu_harness import GPU

from tat.cli import run as tat

pytestmark = pytest.mark.gpu

# The large epsilon keeps the update of gradients that are 0 but for rounding at 0.
SETTINGS = (
    "model.layers=1", "model.width=16", "model.heads=2", "model.feed_forward=24",
    "model.max_length=128", "data.vocabulary=280", "data.buckets=[[96,64]]",
    "train.batch_tokens=128", "train.warmup_steps=1", "train.lr=0.01", "train.epsilon=1e-3",
    "train.schedule_steps=20",
)  # fmt: skip

FUNCTIONS = [
    f"// times {i}\nfn times{i}(x: f32) -> f32 {{\n    return {i}.0 * x;\n}}\n" for i in range(8)
]


def train(folder: Path, run: Path, steps: int, device: str, *more: str) -> None:
    options = ["--run", str(run), "--steps", str(steps), "--device", device, "-q", *more]
    assert tat(["train", *([] if "--resume" in more else [str(folder)]), *options]) == 0


def metrics(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_a_run_moves_between_devices(tmp_path, capsys):
    folder, moved, stayed = (tmp_path / name for name in ("shaders", "moved", "stayed"))
    folder.mkdir()
    for index, text in enumerate(FUNCTIONS):
        (folder / f"times{index}.wgsl").write_text(text)
    settings = [word for value in SETTINGS for word in ("--set", value)]
    train(folder, stayed, 6, "cpu", *settings)
    train(folder, moved, 2, "cpu", *settings)
    train(folder, moved, 4, GPU, "--resume")
    capsys.readouterr()
    assert tat(["inspect", str(moved)]) == 0
    assert re.search(r"micro-batches of .*, on gpu \(.*Vulkan", capsys.readouterr().out)
    train(folder, moved, 6, "cpu", "--resume")
    expected, got = metrics(stayed), metrics(moved)
    assert ["gpu" in line["device"] for line in got] == [False, False, True, True, False, False]
    for line, reference in zip(got, expected, strict=True):
        assert (line["step"], line["tokens"]) == (reference["step"], reference["tokens"])
        assert line["loss"] == pytest.approx(reference["loss"], rel=1e-4)
    capsys.readouterr()
    texts = []
    for device in ("cpu", GPU):
        words = ["generate", "times 3", "--run", str(moved), "--max-tokens", "8"]
        assert tat([*words, "--validate", "0", "--device", device]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] != ""
