"""Choosing an adapter, and failures of the driver: each is one clear line and exit code 5."""

import json
import os
import re
import runpy
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

import gpu_harness
import numpy as np
import pytest
from cli_harness import resume, train
from gpu_harness import GPU, device

from tat.backends.gpu import native
from tat.backends.gpu.device import Limits, choose, open_device
from tat.backends.gpu.executable import GpuBackend, GpuExecutable
from tat.backends.opening import open_backend
from tat.cli import run as tat
from tat.errors import DeviceError
from tat.ops import vocabulary as ops
from tat.ops.graph import Graph, Tensor
from tat.ops.plan import plan
from tat.train.trainer import Trainer

pytestmark = pytest.mark.gpu


@dataclass(frozen=True)
class Adapter:
    """The fields of an adapter that choose() reads."""

    device: str
    adapter_type: str

    @property
    def info(self) -> dict[str, str]:
        return {**vars(self), "backend_type": "Vulkan"}


SOFTWARE = Adapter("llvmpipe (LLVM 15)", "CPU")
FIRST, SECOND = Adapter("One", "DiscreteGPU"), Adapter("Two", "IntegratedGPU")


def test_children_of_the_tests_take_the_device_that_was_named(monkeypatch):
    """Workers of pytest-xdist, for example, and none of them takes it for a setting of tat."""
    monkeypatch.setenv("TEST_DEVICE", GPU)  # which is there again when the test has ended
    monkeypatch.setenv("TAT_TEST_DEVICE", "gpu:7")
    named = [runpy.run_path(gpu_harness.__file__)["GPU"] for _ in range(2)]
    assert named == ["gpu:7", "gpu:7"] and "TAT_TEST_DEVICE" not in os.environ


@pytest.mark.parametrize(
    ("selector", "found", "expected"),
    [
        ("gpu", [SOFTWARE, FIRST, SECOND], FIRST),
        ("gpu:1", [SOFTWARE, FIRST, SECOND], SECOND),
        ("gpu:software", [FIRST, SOFTWARE], SOFTWARE),
        ("gpu", [SOFTWARE], SOFTWARE),
        ("gpu:0", [SOFTWARE], SOFTWARE),
    ],
)
def test_software_is_taken_only_if_named_or_alone(selector: str, found: list, expected: Adapter):
    assert choose(found, selector) is expected


@pytest.mark.parametrize(
    ("selector", "found", "message"),
    [
        ("gpu", [], "no GPU found; install a Vulkan driver .* --device cpu"),
        ("gpu:software", [FIRST], "no software adapter found"),
        ("gpu:2", [FIRST, SOFTWARE, SECOND], "gpu:0 is One, Vulkan, gpu:1 is Two, Vulkan$"),
    ],
)
def test_an_adapter_that_is_not_there(selector: str, found: list, message: str):
    with pytest.raises(DeviceError, match=message):
        choose(found, selector)


def test_a_backend_says_that_it_is_software():
    backend = open_backend(GPU, threads=1, alignment=64)
    software = ", software" * (GPU == "gpu:software")
    assert re.fullmatch(rf"gpu \(.+, Vulkan{software}\)", backend.name)
    assert backend.memory.separate and backend.memory.alignment == 256


def test_unknown_devices_are_refused():
    with pytest.raises(DeviceError, match="none of auto, cpu, gpu"):
        open_backend("tpu", 1, 256)
    for word in ("gpu:", "gpu:hardware", "software", "gpu:-1"):
        with pytest.raises(SystemExit) as stop:
            tat(["train", "--device", word])
        assert stop.value.code == 2


def test_no_adapter_ends_the_program_with_code_5(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("tat.backends.gpu.device.adapters", list)
    (tmp_path / "one.wgsl").write_text("fn one() -> f32 { return 1.0; }\n")
    words = ["train", str(tmp_path), "--device", "gpu", "--run", str(tmp_path / "run"), "-q"]
    assert tat([*words, "--preset", "tiny"]) == 5
    assert capsys.readouterr().err.startswith("tat: device gpu: no GPU found; install")


@dataclass
class Faulty:
    """A wgpu object of which some methods, and those of its queue, raise."""

    target: Any
    faults: dict[str, Exception] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        if name in self.faults:
            return self._raise(self.faults[name])
        value = getattr(self.target, name)
        return Faulty(value, self.faults) if name == "queue" else value

    @staticmethod
    def _raise(fault: Exception) -> Any:
        def method(*_: object, **__: object) -> None:
            raise fault

        return method


def faulty_backend() -> tuple[GpuBackend, dict[str, Exception]]:
    """A backend, and the faults that it will meet: to be filled by the test."""
    faults: dict[str, Exception] = {}
    handle = Faulty(device().handle, faults)
    return GpuBackend(replace(device(), handle=handle, checked=True)), faults


def small_program(backend: GpuBackend) -> GpuExecutable:
    x = Tensor("x", (4, 6), "feed")
    with Graph() as graph:
        y = ops.gelu(ops.gelu(x))
        graph.emit("fold", [Tensor("y", (4, 6), "metric")], [y], size=24, accumulate=0)
    return backend.compile(plan(graph, backend.memory))


def wgpu_error(kind: str, text: str) -> Exception:
    import wgpu

    return getattr(wgpu, kind)(text)


LOST = ("GPUValidationError", "Validation Error\n\n  Parent device is lost\n")

FAULTS = [
    ("compile", "create_buffer", ("GPUOutOfMemoryError", "Not enough memory left."),
     "allocating .* MB for .*: the GPU's memory is full; lower train.batch_tokens"),
    ("compile", "create_shader_module", ("GPUValidationError", "Shader error:\n  line 3\n  bad"),
     "shader gelu.* on .*: Shader error: line 3 bad$"),
    ("compile", "create_compute_pipeline", ("GPUInternalError", "driver\nsays no"),
     "shader gelu.* on .*: driver says no$"),
    ("run", "submit", LOST, "running on .*: the GPU was lost .* --resume$"),
    ("write", "write", LOST, "writing x: the GPU was lost"),
    ("read", "copy", LOST, "reading y: the GPU was lost"),
    ("read", "create_buffer", ("GPUOutOfMemoryError", "full"),
     "allocating .* MB for y: the GPU's memory is full"),
    ("run", "create_command_encoder", ("GPUError", "odd \x1b[31m"), r"running on .*: odd \\x1b"),
]  # fmt: skip


@pytest.mark.parametrize(("when", "method", "fault", "message"), FAULTS)
def test_a_failing_driver_gives_one_line(
    when: str, method: str, fault: tuple[str, str], message: str, monkeypatch
):
    backend, faults = faulty_backend()

    def checked(doing: str) -> AbstractContextManager[None]:
        if doing in faults:  # in one of wgpu's C functions
            raise faults[doing]
        return real(doing)

    real = native.checked
    monkeypatch.setattr(native, "checked", checked)
    if when != "compile":
        executable = small_program(backend)
    faults[method] = wgpu_error(*fault)
    actions = {
        "compile": lambda: small_program(backend),
        "run": lambda: executable.run(),
        "write": lambda: executable.write("x", np.zeros((4, 6))),
        "read": lambda: executable.read("y"),
    }
    with pytest.raises(DeviceError, match=message) as caught:
        actions[when]()
    assert "\n" not in str(caught.value) and caught.value.exit_code == 5


def test_a_device_that_is_really_lost():
    backend = GpuBackend(open_device(GPU))
    executable = small_program(backend)
    executable.run()
    backend.device.handle.destroy()
    with pytest.raises(DeviceError, match="the GPU was lost"):
        executable.run()
    with pytest.raises(DeviceError, match="the GPU was lost"):
        small_program(backend)


def test_a_device_that_hangs(monkeypatch):
    backend = GpuBackend(replace(device(), wait_s=0.1))
    executable = small_program(backend)
    executable.run()
    with monkeypatch.context() as patched:
        patched.setattr(native, "poll", lambda handle: None)
        with pytest.raises(DeviceError, match=r"^reading y: the GPU hangs \(no answer within 0.1"):
            executable.read("y")
    assert not executable.read("y").any()  # the answer only took its time


def lose(patched: pytest.MonkeyPatch, backend: GpuBackend) -> None:
    backend.device.handle.destroy()


def fill(patched: pytest.MonkeyPatch, backend: GpuBackend) -> None:
    def full(*_: object, **__: object) -> None:
        raise wgpu_error("GPUOutOfMemoryError", "Not enough memory left.")

    patched.setattr(type(backend.device.handle.queue), "submit", full)


def stall(patched: pytest.MonkeyPatch, backend: GpuBackend) -> None:
    assert backend.device.wait_s == 123.0  # as configured; shorter here
    patched.setattr(backend.buffers._staging, "_device", replace(backend.device, wait_s=0.2))
    patched.setattr(native, "poll", lambda handle: None)


@pytest.mark.parametrize(
    ("fault", "message"),
    [(lose, "the GPU was lost"), (fill, "memory is full; lower"), (stall, "the GPU hangs")],
    ids=["lost", "full", "hangs"],
)
def test_a_run_that_fails_leaves_a_checkpoint_to_go_on_from(
    bench,
    fault: Any,
    message: str,
    monkeypatch,
    tmp_path,
):
    more = "-q", "--set", "train.save_every=2", "--set", "train.epsilon=1e-3"
    assert train(bench, tmp_path / "whole", *more, steps=5).code == 0
    begin = Trainer._begin
    with monkeypatch.context() as patched:

        def failing(trainer: Trainer, step: int, *stop: int) -> object:
            if step == 4:
                fault(patched, trainer.backend)
            return begin(trainer, step, *stop)

        patched.setattr(Trainer, "_begin", failing)
        patched.setenv("TAT_DEVICE_WAIT_S", "123")
        failed = train(bench, tmp_path / "run", *more, "--device", GPU, steps=5)
    assert failed.code == 5 and message in failed.failure()
    assert resume(tmp_path / "run", 5, "--device", "cpu").code == 0
    whole, run = (
        [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("whole", "run")
    )
    assert ["gpu" in line["device"] for line in run] == [True, True, False, False, False]
    for line, expected in zip(run, whole, strict=True):
        assert (line["step"], line["tokens"]) == (expected["step"], expected["tokens"])
        assert line["loss"] == pytest.approx(expected["loss"], rel=1e-3)


def test_a_shader_that_does_not_compile(monkeypatch):
    broken = "@compute @workgroup_size(1) fn main() { let x: f32 = true; }"
    patched = "tat.backends.gpu.shaders.specialised"
    monkeypatch.setattr(patched, lambda name, halves: broken)
    with pytest.raises(DeviceError, match=r"^shader gelu.* on gpu .*x"):
        small_program(GpuBackend(device()))


def test_an_allocation_that_is_too_large_names_what_would_fit():
    backend = GpuBackend(replace(device(), limits=Limits(binding=2**20, buffer=64)))
    with pytest.raises(DeviceError, match=r"arena 0 .* takes 0.* MB.*25% of it fits: lower"):
        small_program(backend)


def test_after_the_first_run_nothing_is_made_anew():
    backend, faults = faulty_backend()
    executable = small_program(backend)
    executable.write("x", np.ones((4, 6)))
    executable.run()
    expected = executable.read("y")
    for method in ("create_buffer", "create_bind_group", "create_compute_pipeline"):
        faults[method] = AssertionError(f"{method} in a run")
    for _ in range(20):
        executable.write("x", np.ones((4, 6)))
        executable.run()
    faults.clear()
    np.testing.assert_array_equal(executable.read("y"), expected)
