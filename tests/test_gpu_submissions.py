"""Submits to a GPU: runs of one block are one submit, in their order."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from gpu_harness import device, doubling

from tat.backends.cpu.executable import CpuBackend
from tat.backends.gpu.executable import GpuBackend, GpuExecutable
from tat.benchmarks.model_workloads import make_trainer
from tat.config import resolve
from tat.errors import DeviceError
from tat.ops.graph import Graph, Tensor
from tat.ops.plan import plan

pytestmark = pytest.mark.gpu


class Counting:
    """A wgpu object that counts the command buffers of each submit of its queue."""

    def __init__(self, target: Any, submits: list[int | None]) -> None:
        self._target, self._submits = target, submits

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        return Counting(value, self._submits) if name == "queue" else value

    def submit(self, commands: list[Any]) -> None:
        if None in self._submits:
            raise RuntimeError("Parent device is lost")
        self._submits.append(len(commands))
        self._target.submit(commands)


def counted(precision: str = "f32") -> tuple[GpuBackend, list[int | None]]:
    submits: list[int | None] = []  # None in it makes the next submit fail
    handle = Counting(device().handle, submits)
    return GpuBackend(replace(device(), handle=handle), precision=precision), submits


def test_runs_of_one_block_are_submitted_at_its_end():
    backend, submits = counted()
    executable = doubling(backend)
    executable.write("x", np.full(5, 1.5))
    with backend.together():
        for _ in range(3):
            executable.run()
        fetched = executable.fetch("y")
        assert submits == []
    assert submits == [4]
    np.testing.assert_array_equal(fetched(), np.full(5, 3.0))


@pytest.mark.parametrize("make", [CpuBackend, lambda: counted()[0]], ids=["cpu", "gpu"])
def test_a_write_between_two_runs_is_read_by_the_second(make):
    backend = make()
    executable, fetched = doubling(backend), []
    with backend.together():
        for number in range(3):
            executable.write("x", np.full(5, number))
            executable.run()
            fetched.append(executable.fetch("y"))
        np.testing.assert_array_equal(executable.read("y"), np.full(5, 4.0))
    for number, values in enumerate(fetched):
        np.testing.assert_array_equal(values(), np.full(5, 2.0 * number))


def test_a_failure_inside_leaves_nothing_behind():
    backend, submits = counted()
    executable = doubling(backend)
    with pytest.raises(KeyError), backend.together():
        executable.run()
        executable.write("no such feed", np.zeros(5))
    assert submits == [1]
    executable.run()
    assert submits == [1, 1]


@pytest.mark.parametrize("precision", ["f32", "f16"])
def test_a_step_is_one_submit(precision: str):
    if precision == "f16" and not device().half:
        pytest.skip("no shader-f16")
    flags = {"preset": "tiny", "train.precision": precision, "model.copy": False}
    config = resolve(flags=flags, environment={}).config
    backend, submits = counted(precision)
    trainer = make_trainer(config, backend, 2, 32, 1)
    for _ in range(3):
        submits.clear()
        trainer.step()
        assert len(submits) == 1


def test_a_copy_that_could_not_be_submitted_is_not_waited_for():
    backend, submits = counted()
    executable = doubling(backend)
    submits.append(None)
    fetched = []
    with pytest.raises(DeviceError, match="the GPU was lost"), backend.together():
        executable.run()
        fetched.append(executable.fetch("y"))
    with pytest.raises(DeviceError, match="reading y: the copy was never submitted"):
        fetched[0]()


def through_an_arena(backend: GpuBackend, rows: int) -> GpuExecutable:
    """Metric "y" is 4 times feed "x", with a temporary between."""
    x, y = (Tensor(f"{n}", (rows, 64), kind) for n, kind in (("x", "feed"), ("y", "metric")))
    with Graph() as graph:
        (inner,) = graph.emit("add", [x.shape], [x, x], size=x.size)
        graph.emit("add", [y], [inner, inner], size=x.size)
    return backend.compile(plan(graph, backend.memory))


def test_a_larger_plan_in_between_does_not_take_memory_away():
    backend, submits = counted()
    small = through_an_arena(backend, 2)
    small.write("x", np.full((2, 64), 1.0))
    before = backend.buffers.arena(0)
    with backend.together():
        small.run()
        large = through_an_arena(backend, 512)
        assert backend.buffers.arena(0) is not before
        assert submits == [1]
        large.write("x", np.full((512, 64), 2.0))
        large.run()
        fetched = small.fetch("y"), large.fetch("y")
    for values, expected in zip(fetched, (4.0, 8.0), strict=True):
        assert np.unique(values()) == expected


def test_the_first_failure_is_reported():
    backend, submits = counted()
    executable = doubling(backend)
    with pytest.raises(KeyError), backend.together():
        executable.run()
        submits.append(None)
        raise KeyError


def test_all_calls_queued_for_afterwards_run_although_some_fail():
    backend, done = counted()[0], []
    executable = doubling(backend)

    def fail() -> None:
        raise DeviceError("no")

    with pytest.raises(DeviceError, match=r"^no$"), backend.together():
        executable.run()
        for action in (lambda: done.append(1), fail, lambda: done.append(2)):
            backend.submissions.afterwards(action)
    assert done == [1, 2]
