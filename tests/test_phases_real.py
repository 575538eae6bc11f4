"""The four real phases on a small model: each finds the bug planted for it."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from cli_harness import child_environment, command, tat
from gpu_harness import GPU
from micro_phases import (
    config_fixture,  # noqa: F401
    micro_fixture,  # noqa: F401
    quiet,
)

from tat.backends.reference import kernels
from tat.config import Config
from tat.decode.stream import Stream
from tat.errors import DeviceError
from tat.proofs import (
    cpu_proof,
    generation_proof,
    gpu_proof,
    training_proof,
)
from tat.proofs.manifest import PHASES
from tat.proofs.phase_run import Context, Findings


@pytest.mark.gpu
def test_the_real_phases_on_a_small_model(micro, tmp_path):
    options = "--preset", "tiny", "--config", micro, "--target", tmp_path / "target"
    device = "--device", GPU
    done = tat("phase", "all", *options, *device, "--json", "-q")
    assert done.code == 0, done
    made = {m["phase"]: m for m in json.loads(done.out)}
    assert list(made) == list(PHASES)
    statuses = dict.fromkeys(PHASES, "verified")
    if GPU == "gpu:software":
        statuses["accelerator"] = "skipped"
        assert "no GPU: shaders were compared" in made["accelerator"]["reason"]
    assert {name: m["status"] for name, m in made.items()} == statuses
    assert {b["name"] for b in made["optimizer"]["benchmarks"]} >= {"step", "forward", "decode"}
    again = tat("phase", "all", *options, *device)
    assert again.out.splitlines() == [f"{name} {made[name]['status']} already" for name in PHASES]
    (tmp_path / "target" / next(iter(made["architect"]["outputs"]))).write_bytes(b"")
    refused = tat("phase", "integrator", *options, *device, "-q")
    assert refused.code == 4
    assert "stale: architect/checkpoints" in refused.failure()


def findings_of(phase: Callable, config: Config, tmp_path: Path, **more: object) -> Findings:
    """The findings of a standalone phase."""
    findings = Findings(quiet)
    phase(Context(config, tmp_path, standalone=True, quiet=True, **more), findings)
    return findings


def failed(findings: Findings) -> list[str]:
    return [check.name for check in findings.checks if check.status == "failed"]


def test_a_wrong_gradient_fails_the_architect(config, tmp_path, monkeypatch):
    sound = kernels.gelu_backward

    def wrong(dx: np.ndarray, *more: np.ndarray, **extents: int) -> None:
        sound(dx, *more, **extents)
        dx *= 1.001

    monkeypatch.setattr(kernels, "gelu_backward", wrong)
    assert failed(findings_of(training_proof.run, config, tmp_path)) == ["gradients, float64"]


def test_a_loss_that_does_not_fall_fails_the_architect(config, tmp_path, monkeypatch):
    still = replace(config, train=replace(config.train, lr=1e-30, weight_decay=0.0))
    monkeypatch.setattr(training_proof, "check_gradients", lambda: "not looked at")
    assert failed(findings_of(training_proof.run, still, tmp_path)) == ["training"]


def test_a_wrong_kernel_fails_the_optimizer(config, tmp_path, monkeypatch):
    sound = kernels.layer_norm

    def wrong(y: np.ndarray, *more: np.ndarray, **attributes: float) -> None:
        sound(y, *more, **attributes)
        if y.dtype == np.float32:
            y *= 1.001

    monkeypatch.setattr(kernels, "layer_norm", wrong)
    monkeypatch.setattr(cpu_proof, "_BENCHMARKS", ("tokenize",))
    wrong_ones = failed(findings_of(cpu_proof.run, config, tmp_path))
    assert wrong_ones == ["lockstep, cpu (numpy, 1 thread)"]


@pytest.mark.gpu
def test_a_wrong_shader_fails_the_accelerator(config, tmp_path, monkeypatch):
    from tat.backends.gpu import shaders

    sound = shaders.specialised

    def wrong(name: str, halves: object = ()) -> str:
        text = sound(name, halves)
        return text.replace("0.044715", "0.05") if "gelu" in name else text

    monkeypatch.setattr(shaders, "specialised", wrong)
    findings = findings_of(gpu_proof.run, config, tmp_path, device=GPU)
    assert "logits" in failed(findings)
    assert "gelu" in findings.reason()


def test_without_a_device_the_accelerator_is_skipped(config, tmp_path, monkeypatch):
    def none(selector: str) -> None:
        raise DeviceError(f"device {selector}: no GPU found")

    monkeypatch.setattr(gpu_proof, "open_device", none)
    assert findings_of(gpu_proof.run, config, tmp_path).skipped.startswith("no device: ")
    assert "asked for" in findings_of(gpu_proof.run, config, tmp_path, device="cpu").skipped
    with pytest.raises(DeviceError):  # who asks for a GPU is not content with none
        findings_of(gpu_proof.run, config, tmp_path, device="gpu:1")


@pytest.mark.parametrize(("times", "reason"), [(500.0, ""), (2.0, "speed-up of the step: 2 ")])
def test_the_speed_up_of_the_default_model_is_judged(times, reason, config, tmp_path, monkeypatch):
    class Bench:
        def __init__(self, config: Config, device: str, setting: object = None) -> None:
            self.ms = 1000.0 * times if setting else 1000.0  # with a setting it is NumPy's

        def measure(self, names: tuple[str, ...], quick: bool) -> list[SimpleNamespace]:
            return [SimpleNamespace(name=n, value=self.ms, unit="ms", target=60.0) for n in names]

    monkeypatch.setattr(gpu_proof, "AutoBench", Bench)
    findings = Findings(quiet)
    gpu_proof._compare_speed(Context(config, tmp_path), findings)
    assert findings.benchmarks[-1].value == times
    assert findings.reason()[: len(reason) or None] == reason


def test_a_choice_that_differs_fails_the_integrator(config, tmp_path, monkeypatch):
    sound, calls = Stream.take, []

    def moody(stream: Stream, logits: np.ndarray) -> None:
        calls.append(1)
        logits[9] += 1e9 * (len(calls) % 7 == 0)
        sound(stream, logits)

    monkeypatch.setattr(Stream, "take", moody)
    assert "determinism" in failed(findings_of(generation_proof.run, config, tmp_path))


@pytest.mark.slow
def test_a_killed_training_goes_on_where_it_was(micro, tmp_path):
    target = tmp_path / "target"
    arguments = command(
        "phase", "architect", "--preset", "tiny", "--config", micro, "--target", target,
        "--set", "train.steps=40", "--set", "train.save_every=1",
    )  # fmt: skip
    checkpoints, reached = target / "architect" / "checkpoints", 0
    for _ in range(2):
        process = subprocess.Popen(
            arguments, env=child_environment({}), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while newest(checkpoints) <= reached and time.monotonic() < deadline:
            time.sleep(0.005)
        process.kill()
        process.wait()
        reached = newest(checkpoints)
    assert 0 < reached < 40
    done = subprocess.run(
        arguments, env=child_environment({}), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "architect: going on after attempt 2" in done.stdout
    assert f"after step {reached}" in done.stderr
    assert newest(checkpoints) == 40


def newest(checkpoints: Path) -> int:
    """The latest step that was saved; 0 if none was."""
    steps = (int(path.stem.partition("-")[2]) for path in checkpoints.glob("step-*.safetensors"))
    return max(steps, default=0)
