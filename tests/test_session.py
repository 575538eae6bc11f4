"""Runs from start to stop: bit-exact resuming, refusals, signals, divergence, early stopping."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_harness import write_shaders
from hypothesis import given, settings
from hypothesis import strategies as st

from tat.cli import run as tat

SMALL = (
    "model.layers=1", "model.width=16", "model.heads=2", "model.feed_forward=24",
    "model.max_length=256", "data.vocabulary=300", "data.buckets=[[96,64],[192,128],[256,256]]",
    "train.batch_tokens=256", "train.warmup_steps=2", "train.lr=0.01", "train.schedule_steps=20",
)  # fmt: skip

MODULES = {
    "area.wgsl": "// area of a disc\nfn area(r: f32) -> f32 {\n    return 3.14159 * r * r;\n}\n",
    "lift.wgsl": "const k = 2.0;\n\n// scales a value\nfn lift(x: f32) -> f32 { return k * x; }\n",
    "mix2.wgsl": "fn mix2(a: vec2f, b: vec2f) -> vec2f {\n    let t = 0.5;\n"
    "    return mix(a, b, t);\n}\n",
    "sign3.wgsl": "fn sign3(x: f32) -> f32 {\n    if x > 0.0 {\n        return 1.0;\n    }\n"
    "    return -1.0;\n}\n",
    "fold.wgsl": "fn fold(x: u32) -> u32 {\n    var y = x;\n    y ^= y >> 16u;\n    return y;\n}\n",
}


@pytest.fixture(scope="module")
def shaders(tmp_path_factory) -> Path:
    return write_shaders(tmp_path_factory.mktemp("shaders"), MODULES)


def train(shaders: Path | None, run: Path, steps: int, *more: str, small=SMALL) -> int:
    assignments = [word for value in small for word in ("--set", value)]
    paths = [] if shaders is None else [str(shaders)]
    options = ["--run", str(run), "--steps", str(steps), "-q", *assignments, *more]
    return tat(["train", *paths, *options])


def resume(run: Path, steps: int, *more: str) -> int:
    return tat(["train", "--run", str(run), "--resume", "--steps", str(steps), "-q", *more])


def latest(run: Path) -> bytes:
    return (run / "latest").read_bytes()


def metrics(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_stopping_anywhere_and_resuming_changes_no_bit(data, shaders, tmp_path_factory):
    total = data.draw(st.integers(2, 6), "steps")
    cuts = data.draw(st.lists(st.integers(1, total - 1), min_size=1, max_size=2), "cuts")
    changes = (
        f"seed={data.draw(st.integers(0, 2**32 - 1), 'seed')}",
        f"train.micro_batches={data.draw(st.integers(1, 3), 'micro_batches')}",
        f"train.ema_decay={data.draw(st.sampled_from([0.0, 0.9]), 'ema')}",
        f"data.neighbours={data.draw(st.integers(0, 2), 'neighbours')}",
        "data.neighbour_share=0.5", "train.validate_every=2", "data.validation_share=0.3",
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("runs")
    assert train(shaders, folder / "whole", total, small=SMALL + changes) == 0
    assert train(shaders, folder / "parts", min(cuts), small=SMALL + changes) == 0
    for cut in (max(cuts), total):
        assert resume(folder / "parts", cut) == 0
    assert latest(folder / "parts") == latest(folder / "whole")
    drop = ("seconds", "tokens_per_s", "gflops", "rss_bytes")
    parts, whole = (
        [{k: v for k, v in m.items() if k not in drop} for m in metrics(folder / name)]
        for name in ("parts", "whole")
    )
    assert parts == whole


@pytest.mark.parametrize("micro_batches", [1, 3, 4])
def test_threads_do_not_change_a_bit(shaders, tmp_path, micro_batches):
    changes = (f"train.micro_batches={micro_batches}", f"data.neighbours={micro_batches % 2}")
    for threads in (1, 2, 4):
        more = (f"threads={threads}",)
        assert train(shaders, tmp_path / str(threads), 3, small=SMALL + changes + more) == 0
    states = []
    for threads in (1, 2, 4):
        from tat.checkpoint import load

        states.append(load((tmp_path / str(threads) / "latest").resolve()))
    for other in states[1:]:
        for name, values in states[0].weights.items():
            assert (values == other.weights[name]).all(), name
        for name, values in states[0].state.items():
            assert (values == other.state[name]).all(), name


def test_two_seeds_differ(shaders, tmp_path):
    for seed in ("1", "2"):
        assert train(shaders, tmp_path / seed, 1, "--seed", seed) == 0
    assert latest(tmp_path / "1") != latest(tmp_path / "2")


def test_a_changed_setting_is_refused_by_name_until_allowed(shaders, tmp_path, capsys):
    assert train(shaders, tmp_path / "run", 1) == 0
    assert resume(tmp_path / "run", 2, "--set", "train.lr=0.5") == 3
    assert "train.lr was 0.01, now 0.5" in capsys.readouterr().err
    assert resume(tmp_path / "run", 2, "--set", "train.lr=0.5", "--allow-change", "train.lr") == 0
    assert metrics(tmp_path / "run")[-1]["lr"] == pytest.approx(0.5)


def test_a_changed_corpus_is_refused_until_allowed(shaders, tmp_path, capsys):
    copy = tmp_path / "copy"
    copy.mkdir()
    for name, text in MODULES.items():
        (copy / name).write_text(text)
    assert train(copy, tmp_path / "run", 1) == 0
    (copy / "more.wgsl").write_text("fn more(x: f32) -> f32 { return x + 1.0; }")
    assert resume(tmp_path / "run", 2) == 3
    assert "corpus was" in capsys.readouterr().err
    assert resume(tmp_path / "run", 2, "--allow-change", "corpus") == 0


def test_settings_that_move_no_bit_may_change_freely(shaders, tmp_path):
    assert train(shaders, tmp_path / "run", 1) == 0
    assert resume(tmp_path / "run", 2, "--set", "threads=1", "--set", "train.save_every=1") == 0


def test_resuming_behind_the_last_step_does_nothing(shaders, tmp_path):
    assert train(shaders, tmp_path / "run", 2) == 0
    before = latest(tmp_path / "run")
    assert resume(tmp_path / "run", 1) == 0
    assert latest(tmp_path / "run") == before


def test_an_existing_run_is_never_overwritten(shaders, tmp_path):
    assert train(shaders, tmp_path / "run", 1) == 0
    before = latest(tmp_path / "run")
    assert train(shaders, tmp_path / "run", 2) == 2
    assert latest(tmp_path / "run") == before


def test_divergence_stops_with_step_and_tensor_and_keeps_the_last_good(shaders, tmp_path, capsys):
    assert train(shaders, tmp_path / "run", 2) == 0
    before = latest(tmp_path / "run")
    # A rate that overflows float32 within a few steps: the first update sends weights to 1e37.
    wild = ("--set", "train.lr=1e37", "--allow-change", "train.lr")
    assert resume(tmp_path / "run", 20, *wild) == 6
    message = capsys.readouterr().err
    assert "step" in message and "is not finite" in message and "micro-batch" in message
    assert latest(tmp_path / "run") == before


def test_early_stopping_after_patience(shaders, tmp_path):
    changes = (
        "data.validation_share=0.4", "train.validate_every=1", "train.patience=3", "train.lr=0.2",
    )  # fmt: skip
    assert train(shaders, tmp_path / "run", 200, small=SMALL + changes) == 0
    losses = [m["validation_loss"] for m in metrics(tmp_path / "run")]
    assert len(losses) < 200
    best = min(range(len(losses)), key=losses.__getitem__)
    assert len(losses) - 1 - best == 3
    assert (tmp_path / "run" / "best").resolve().name == f"step-{best + 1:08}.safetensors"


def test_only_the_last_and_the_best_checkpoints_stay(shaders, tmp_path):
    changes = ("train.save_every=1", "train.keep=2")
    assert train(shaders, tmp_path / "run", 5, small=SMALL + changes) == 0
    names = sorted(p.name for p in (tmp_path / "run" / "checkpoints").iterdir())
    assert names == ["step-00000004.safetensors", "step-00000005.safetensors"]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_finishes_the_step_saves_and_can_be_resumed(shaders, tmp_path, number, code):
    run = tmp_path / "run"
    assignments = [w for v in (*SMALL, "train.micro_batches=8") for w in ("--set", v)]
    command = [sys.executable, "-m", "tat", "train", str(shaders), "--run", str(run), *assignments]
    child = subprocess.Popen([*command, "--steps", "100000"], stderr=subprocess.PIPE, text=True,
                             preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))  # fmt: skip
    wait_for_steps(run, 3)
    child.send_signal(number)
    _, talk = child.communicate(timeout=60)
    assert child.returncode == code
    assert "interrupted after step" in talk
    stopped = metrics(run)[-1]["step"]
    assert resume(run, stopped + 1) == 0
    whole = tmp_path / "whole"
    assert train(shaders, whole, stopped + 1, small=(*SMALL, "train.micro_batches=8")) == 0
    assert latest(run) == latest(whole)


def test_nohup_is_heard(shaders, tmp_path):
    run = tmp_path / "run"
    assignments = [w for v in (*SMALL, "train.micro_batches=8") for w in ("--set", v)]
    command = [sys.executable, "-m", "tat", "train", str(shaders), "--run", str(run), *assignments]
    ignoring = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)  # noqa: E731
    child = subprocess.Popen(
        [*command, "--steps", "40"], stderr=subprocess.DEVNULL, preexec_fn=ignoring
    )
    wait_for_steps(run, 1)
    child.send_signal(signal.SIGHUP)
    assert child.wait(timeout=60) == 0 and metrics(run)[-1]["step"] == 40


def test_a_second_signal_aborts_at_once_and_the_last_checkpoint_stays(shaders, tmp_path):
    run = tmp_path / "run"
    slow = ("train.micro_batches=800", "train.save_every=1")
    assignments = [w for v in (*SMALL, *slow) for w in ("--set", v)]
    command = [sys.executable, "-m", "tat", "train", str(shaders), "--run", str(run), *assignments]
    child = subprocess.Popen([*command, "--steps", "100000"], stderr=subprocess.DEVNULL)
    wait_for_steps(run, 1)
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=5) == 130
    last = metrics(run)[-1]["step"]
    assert resume(run, last + 1, "-q") == 0


def wait_for_steps(run: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    path = run / "metrics.jsonl"
    while not (path.exists() and path.read_text().count("\n") >= count):
        assert time.monotonic() < deadline, "the run made no steps"
        time.sleep(0.02)


def test_metrics_have_their_fields_for_every_step(shaders, tmp_path):
    assert train(shaders, tmp_path / "run", 3) == 0
    records = metrics(tmp_path / "run")
    assert [r["step"] for r in records] == [1, 2, 3]
    for record in records:
        assert {"loss", "lr", "tokens_per_s", "gradient_norm", "tokens", "device"} <= record.keys()


def test_no_network_is_touched(shaders, tmp_path):
    """A whole run in a network namespace without interfaces, where the kernel allows making one."""
    if os.geteuid() != 0:
        pytest.skip("needs root for unshare -n")
    assignments = [w for v in SMALL for w in ("--set", v)]
    command = ["unshare", "-n", sys.executable, "-m", "tat", "train", str(shaders), *assignments]
    subprocess.run([*command, "--run", str(tmp_path / "run"), "--steps", "1", "-q"], check=True)


def test_a_drive_without_room_for_a_checkpoint_is_refused_before_the_first_step(
    shaders, tmp_path, monkeypatch, capsys
):
    assert train(shaders, tmp_path / "run", 1, small=(*SMALL, "train.ema_decay=0.9")) == 0
    size = len(latest(tmp_path / "run"))
    free = size - 100_000
    monkeypatch.setattr("tat.train.session.free_bytes", lambda folder: free)
    assert train(shaders, tmp_path / "full", 1, small=(*SMALL, "train.ema_decay=0.9")) == 4
    printed = capsys.readouterr().err
    assert "a checkpoint takes" in printed and "free some space" in printed
    assert not (tmp_path / "full").exists()  # no step, no checkpoint, nothing left
    assert resume(tmp_path / "run", 2) == 4
    assert len(metrics(tmp_path / "run")) == 1
    free = size + 100_000
    assert resume(tmp_path / "run", 2) == 0
    assert "with train.keep" in (tmp_path / "run" / "log").read_text()
    free = None
    assert resume(tmp_path / "run", 3) == 0
