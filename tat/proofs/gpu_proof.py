"""Phase 3, accelerator: the GPU computes the same as the CPU, and faster."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tat import weights
from tat.backends.backend import Backend
from tat.backends.cpu.executable import CpuBackend
from tat.backends.gpu.device import open_device
from tat.backends.gpu.executable import GpuBackend
from tat.benchmarks.autobench import AutoBench, Measurement
from tat.benchmarks.subject import Setting
from tat.checkpoint import load
from tat.checks.validator import check_decoding, check_lockstep
from tat.data.tokenizer import FIRST_BYTE, Special
from tat.errors import DeviceError, TatError
from tat.model.programs import BatchShape, logits_program
from tat.ops.plan import plan
from tat.proofs.phase_run import Context, Findings
from tat.proofs.trained_model import model_of
from tat.stored_model import averaged, build_model, stored_config

LOGITS_BOUND = 1e-4  # of the largest logit, between devices; the largest seen is 4e-6
_SHAPE = BatchShape(rows=2, source=48, target=40)
_TIMED = ("forward", "step")


def run(context: Context, findings: Findings) -> None:
    """Compare the GPU with the CPU, then time both; skipped where there is no GPU.

    A software adapter proves the shaders, but its times say nothing about a GPU.
    """
    if context.device == "cpu":
        findings.skipped = "no device: --device cpu was asked for"
        return
    try:
        device = open_device("gpu" if context.device == "auto" else context.device)
    except DeviceError as error:
        if context.device != "auto":
            raise
        findings.skipped = f"no device: {error}"
        return
    checkpoint = model_of(context, "accelerator")
    findings.check(f"lockstep, {device.name}", lambda: check_lockstep(GpuBackend(device)))
    findings.check("decoding", lambda: check_decoding(GpuBackend(device)))
    findings.check("logits", lambda: check_logits(checkpoint, GpuBackend(device)))
    if device.checked:
        findings.skipped = f"no GPU: shaders were compared on {device.name} and not timed"
    else:
        _compare_speed(context, findings)


def check_logits(path: Path, backend: Backend) -> str:
    """Logits of the checkpoint's model equal those of the CPU, and repeat in every bit."""
    checkpoint = load(path)
    model, _ = build_model(path, checkpoint, stored_config(path, checkpoint.configuration))
    random, results = np.random.default_rng(0), []
    ids = random.integers(FIRST_BYTE, model.vocabulary, (_SHAPE.rows, _SHAPE.source))
    inputs = random.integers(FIRST_BYTE, model.vocabulary, (_SHAPE.rows, _SHAPE.target))
    inputs[:, 0] = Special.BOS
    feeds = {
        "sources": ids[:, None], "inputs": inputs,
        "source_lengths": np.array([[_SHAPE.source], [_SHAPE.source // 3]]),
        "target_lengths": np.full((_SHAPE.rows, 1), _SHAPE.target),
    }  # fmt: skip
    for side in (CpuBackend(1, numba=False), backend):
        executable = side.compile(plan(logits_program(model, _SHAPE), side.memory))
        weights.install(side, model, averaged(checkpoint))
        for name, values in feeds.items():
            executable.write(name, values)
        executable.run()
        results.append(executable.read("logits"))
    executable.run()
    if (executable.read("logits") != results[1]).any():
        raise TatError(f"{backend.name}: a second run gives other bits")
    error = np.abs(results[1] - results[0]).max() / np.abs(results[0]).max()
    if not error <= LOGITS_BOUND:
        raise TatError(f"logits differ from the CPU's by {error:.1e} of the largest")
    return f"within {error:.1e} of the CPU's largest, and the same bits again"


def _compare_speed(context: Context, findings: Findings) -> None:
    """Times on the GPU, and the speed-up of its training step over NumPy."""
    config, device = context.config, context.device
    gpu = "gpu" if device == "auto" else device
    fast = dict(_measured(findings, "", AutoBench(config, gpu)))
    numpy = Setting(config, lambda threads: CpuBackend(threads, numba=False))
    slow = dict(_measured(findings, ", NumPy", AutoBench(config, "cpu", numpy)))
    speedup = slow["step"].value / fast["step"].value
    if slow["forward"].target is None:  # targets are for the default model
        findings.note("speed-up of the step", speedup, "times")
    else:
        least = config.targets.gpu_speedup
        findings.judge("speed-up of the step", speedup, "times", least=least)


def _measured(
    findings: Findings, where: str, bench: AutoBench
) -> Iterator[tuple[str, Measurement]]:
    for measurement in bench.measure(_TIMED, quick=True):
        findings.note(f"{measurement.name}{where}", measurement.value, measurement.unit)
        yield measurement.name, measurement
