"""`tat check`: it passes where all is well, and names a planted bug where not."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from gpu_harness import GPU, device

from tat.backends.coverage import coverage
from tat.backends.cpu.executable import CpuBackend
from tat.backends.gpu.executable import GpuBackend
from tat.backends.gpu.shaders import specialised
from tat.backends.reference.functions import MODULES
from tat.checks import validator
from tat.checks.finite_differences import check_gradients
from tat.checks.lockstep import compare_step, small_step
from tat.checks.validator import ValidatorAgent
from tat.cli import run as tat
from tat.data.tokenizer import Tokenizer
from tat.errors import TatError
from tat.ops.fusion import fused
from tat.ops.graph import Tensor
from tat.ops.kernels import KERNELS
from tat.ops.plan import Memory
from tat.train.trainer import Trainer

NORM_GRADIENTS = "layer_norm_backward_add_layer_norm_backward_parameters"


def broken(backend: CpuBackend, name: str, spoil: Callable) -> CpuBackend:
    """The backend with one kernel whose first output is spoilt after each call."""
    sound = backend.kernels[name]

    def kernel(*arguments, **attributes):
        sound(*arguments, **attributes)
        spoil(arguments[0])

    backend.kernels = backend.kernels | {name: kernel}
    return backend


def scale(output: np.ndarray) -> None:
    output *= 1.001


def one_element(output: np.ndarray) -> None:
    output.reshape(-1)[-1] += 0.01


def not_a_number(output: np.ndarray) -> None:
    output.reshape(-1)[0] = np.nan


ALONE = {c.kernel for c in coverage() if c.reference_alone}  # which wait for a layer
TRAINED = {row.name for row in KERNELS.values() if not (row.inference_only or row.parts)}
TRAINED -= {"moving_average"} | ALONE
FUSED = {call.kernel for graph in small_step(0).graphs for call in fused(graph.calls)} - TRAINED


@pytest.mark.parametrize("name", sorted(TRAINED | FUSED))
def test_a_planted_bug_in_any_kernel_of_a_step_is_named(name):
    subject = broken(CpuBackend(1, memory=Memory(fuses=name in FUSED)), name, scale)
    divergence = compare_step(CpuBackend(1, dtype=np.float64), subject).divergence
    assert divergence is not None
    assert divergence.call.kernel == name
    assert f"{name} in " in str(divergence)


@pytest.mark.parametrize("spoil", [one_element, not_a_number])
def test_a_single_wrong_element_is_enough(spoil):
    subject = broken(CpuBackend(1), "linear_backward_input", spoil)
    divergence = compare_step(CpuBackend(1, dtype=np.float64), subject).divergence
    assert divergence is not None
    assert divergence.call.kernel == "linear_backward_input"


@pytest.mark.parametrize("numba", [False, True])
def test_sound_backends_agree(numba):
    agreement = compare_step(CpuBackend(1, dtype=np.float64), CpuBackend(1, numba=numba))
    assert agreement.divergence is None
    assert agreement.calls > 150
    assert 0 < agreement.worst < 1e-5


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("kernel", "sound", "broken"),
    [
        ("linear_gelu_sloped", "return value * gate;", "return 1.001 * value * gate;"),
        ("linear_dropout_add", "+ value * kept(", "+ 1.001 * value * kept("),
        ("linear_backward_input_gelu_backward_sloped", "value * other;", "1.001 * value * other;"),
        ("linear_backward_input_add", "other + value", "other + 1.001 * value"),
        (NORM_GRADIENTS, "* factor + added[0]", "* 1.001 * factor + added[0]"),
        (NORM_GRADIENTS, "+= slopes[0];", "+= 1.001 * slopes[0];"),
        ("layer_norm_linear", "* factor * gains", "* factor * 1.001 * gains"),
        ("layer_norm_linear_cache_write", "params.length - 1u", "params.length - 2u"),
    ],
)
def test_a_planted_bug_in_a_part_of_a_fused_shader_is_named(kernel, sound, broken, monkeypatch):
    """The kernels are those of a step in float32, whose loss is not scaled."""

    def planted(name: str, halves: frozenset[str] = frozenset()) -> str:
        text = specialised(name, halves)
        return text.replace(sound, broken) if name.partition(".")[0] == kernel else text

    monkeypatch.setattr("tat.backends.gpu.shaders.specialised", planted)
    agreement = compare_step(CpuBackend(1, dtype=np.float64), GpuBackend(device()))
    assert agreement.divergence is not None
    assert agreement.divergence.call.kernel == kernel


@pytest.mark.gpu
def test_lockstep_on_the_gpu_prints_adapter_and_calls(capsys):
    assert tat(["check", "--lockstep", "--device", GPU]) == 0
    line = capsys.readouterr().out
    assert "gpu (" in line
    assert "calls agree" in line


def test_all_checks_pass_here(capsys):
    assert tat(["check", "--json"]) == 0
    checks = json.loads(capsys.readouterr().out)
    assert [c["status"] for c in checks] == ["ok"] * len(checks)
    names = [c["name"].partition(",")[0] for c in checks]
    expected = {"configuration", "tokenizer", "lockstep", "decoding", "resuming", "threads"}
    assert set(names) == expected


def test_a_tokenizer_that_loses_bytes_is_found(monkeypatch):
    decode = Tokenizer.decode
    monkeypatch.setattr(Tokenizer, "decode", lambda *given: decode(*given).replace(b"\0", b""))
    assert failed(ValidatorAgent()) == ["tokenizer"]


def test_a_generator_that_is_not_saved_is_found(monkeypatch):
    drawn = iter(range(10**6))
    monkeypatch.setattr(
        "tat.train.update.rate_feed", lambda config, step: np.array([1e-3 * next(drawn), 0.1, 0.1])
    )
    assert "resuming" in failed(ValidatorAgent())


def test_a_cache_in_the_wrong_place_is_found(monkeypatch):
    backend = CpuBackend(1, numba=False)
    sound = backend.kernels["cache_write"]

    def shifted(cache, x, position, **attributes):
        sound(cache, x, np.maximum(position - 1, 0), **attributes)

    backend.kernels = backend.kernels | {"cache_write": shifted}
    monkeypatch.setattr(validator, "open_backend", lambda *arguments: backend)
    assert failed(ValidatorAgent()) == ["lockstep, cpu (numpy, 1 thread)", "decoding"]


def test_a_lane_that_computes_otherwise_is_found(monkeypatch):
    sound = Trainer._gradient

    def skewed(trainer, batch, lane, step, index):
        loss = sound(trainer, batch, lane, step, index)
        shape = trainer.model.parameters.flat.shape
        if lane:
            flat = trainer.backend.persistent(Tensor("gradients", shape, "gradient"), lane)
            flat *= 1.0001
        return loss

    monkeypatch.setattr(Trainer, "_gradient", skewed)
    assert failed(ValidatorAgent()) == ["threads"]


def test_gradients_are_those_of_finite_differences():
    assert "finite differences" in check_gradients()


@pytest.mark.parametrize("name", ["attention_backward", "embedding_backward"])
def test_a_wrong_gradient_is_found(name, monkeypatch):
    module = next(module for module in MODULES if name in vars(module))
    sound = getattr(module, name)

    def wrong(*arguments, **attributes):
        sound(*arguments, **attributes)
        scale(arguments[0])

    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(TatError, match=r"differs by .* from finite differences"):
        check_gradients()


def failed(agent: ValidatorAgent) -> list[str]:
    return [check.name for check in agent.checks() if check.status == "failed"]


def test_a_failure_is_reported_with_exit_code_one(monkeypatch, capsys):
    monkeypatch.setattr(validator, "check_presets", lambda: 1 / 0)
    assert tat(["check"]) == 1
    assert "failed  configuration" in capsys.readouterr().out
