"""Runs that a thread records ahead: the same results, the same errors, and a clean end."""

import gc
import sys
import threading
from pathlib import Path
from subprocess import run

import numpy as np
import pytest
from gpu_harness import GPU, device, doubling
from numpy import ndarray as Array

from tat.backends.gpu import recording_thread
from tat.backends.gpu.device import open_device
from tat.backends.gpu.executable import GpuBackend, GpuExecutable
from tat.errors import DeviceError

pytestmark = pytest.mark.gpu

# Leaves with recordings that nobody asked for, and copies that nobody waited for.
LEAVING = """
import numpy as np
from gpu_harness import device, doubling
from tat.backends.gpu import recording_thread
from tat.backends.gpu.executable import GpuBackend

recording_thread._WORTH = 1
executable = doubling(GpuBackend(device()))
executable.write("x", np.full(5, 1.5))
for times in (1, 2, 1, 2, 3):
    executable.run(times)
    executable.fetch("y")
assert executable._backend.recording._loop is not None
print(executable.read("y").tolist())
"""


@pytest.fixture
def backend(monkeypatch) -> GpuBackend:
    """One whose thread runs from the first run on."""
    monkeypatch.setattr(recording_thread, "_WORTH", 1)
    return GpuBackend(device())


def doubled(executable: GpuExecutable, number: float, times: int) -> Array:
    executable.write("x", np.full(5, number))
    executable.run(times)
    return executable.read("y")


def test_runs_that_were_recorded_ahead_give_the_same(backend, monkeypatch):
    several = [doubling(backend), doubling(backend, "gelu"), doubling(backend)]
    expected = doubled(doubling(GpuBackend(device()), "gelu"), 0.5, 1)
    for number in range(1, 4):  # the first round is recorded here
        if number == 2:
            monkeypatch.setattr("tat.backends.gpu.recorder.record", None)
        for times in (1, 3, 2):
            for executable in several[::2]:
                np.testing.assert_array_equal(doubled(executable, number, times), 2.0 * number)
            np.testing.assert_array_equal(doubled(several[1], 0.5, times), expected)


def test_many_recordings_wait_to_be_used(backend):
    several = [doubling(backend) for _ in range(12)]  # more than the thread has places for
    for number in (1, 2):
        for executable in several:
            np.testing.assert_array_equal(doubled(executable, number, 1), 2.0 * number)


def test_a_dispatch_that_wgpu_refuses_is_reported_when_it_is_run(backend):
    executable = doubling(backend)
    doubled(executable, 1, 1)  # and records the next one
    executable._recorder.forget()
    (bound,) = executable._calls()[0]
    pipeline, group, *_ = bound.raw
    object.__setattr__(bound, "raw", (pipeline, group, 1 << 20, 1, 1))
    executable._recorder.record_ahead(executable._calls(), 1)
    with pytest.raises(DeviceError, match=r"^running on .*: .*(group|workgroup|dispatch)"):
        executable.run()
    other = doubling(backend)
    for number in (3, 4):
        np.testing.assert_array_equal(doubled(other, number, 1), 2.0 * number)


@pytest.mark.parametrize("worth", [1, 1 << 60], ids=["by the thread", "here"])
def test_commands_for_a_lost_device_are_not_submitted(monkeypatch, worth: int):
    """It would end the process."""
    monkeypatch.setattr(recording_thread, "_WORTH", worth)
    executable = doubling(GpuBackend(open_device(GPU)))
    for number in range(3):
        np.testing.assert_array_equal(doubled(executable, number, 1), 2.0 * number)
    executable._backend.device.handle.destroy()
    with pytest.raises(DeviceError, match=r"^running on .*: the GPU was lost"):
        executable.run()


def test_the_thread_ends_with_its_backend(monkeypatch):
    monkeypatch.setattr(recording_thread, "_WORTH", 1)
    before = threading.enumerate()
    executable = doubling(GpuBackend(device()))
    doubled(executable, 1, 1)
    (thread,) = (one for one in threading.enumerate() if one not in before)
    del executable
    gc.collect()
    assert not thread.is_alive()


def test_a_process_ends_while_recordings_are_open():
    found = run(
        [sys.executable, "-c", LEAVING], capture_output=True, text=True, timeout=120,
        env={"PYTHONPATH": f"{Path.cwd()}:{Path(__file__).parent}", "TAT_TEST_DEVICE": GPU},
    )  # fmt: skip
    assert (found.returncode, found.stdout, found.stderr) == (0, "[3.0, 3.0, 3.0, 3.0, 3.0]\n", "")


def test_without_llvm_runs_are_recorded_here(backend, monkeypatch):
    monkeypatch.setattr(recording_thread, "_compiled", lambda: None)
    executable = doubling(backend)
    for number in range(4):
        np.testing.assert_array_equal(doubled(executable, number, 1), 2.0 * number)
    assert backend.recording._loop is None
