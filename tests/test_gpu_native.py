"""Work through wgpu's C functions: unchecked shaders, downloads that wait for one run."""

from dataclasses import replace

import numpy as np
import pytest
from cases import Case
from gpu_harness import GPU, device, doubling, kernel_functions

from tat.backends.cpu.executable import CpuBackend
from tat.backends.gpu.device import open_device
from tat.backends.gpu.executable import GpuBackend
from tat.errors import DeviceError

pytestmark = pytest.mark.gpu

TILED = (
    Case("linear", dict(rows=260, inputs=48, outputs=2084)),
    Case("linear", dict(rows=1668, inputs=16, outputs=1796)),
    Case("attention", dict(batch=1, queries=70, sources=1, keys=70, width=24, heads=2, causal=1)),
)


@pytest.mark.parametrize("case", TILED, ids=str)
def test_unchecked_shaders_give_the_bits_of_checked_ones(case: Case):
    checked, unchecked = (
        case.run(kernel_functions(GpuBackend(replace(device(), checked=value))), np.float32)
        for value in (True, False)
    )
    for name, values in checked.items():
        np.testing.assert_array_equal(unchecked[name], values)


def test_software_alone_checks_its_shaders():
    assert device().checked == (GPU == "gpu:software")


def test_a_shader_that_does_not_compile_unchecked(monkeypatch):
    broken = "@compute @workgroup_size(1) fn main() { let x: f32 = true; }"
    patched = "tat.backends.gpu.shaders.specialised"
    monkeypatch.setattr(patched, lambda name, halves: broken)
    with pytest.raises(DeviceError, match=r"^shader gelu on gpu"):
        doubling(GpuBackend(replace(device(), checked=False)), "gelu")


@pytest.mark.parametrize("make", [CpuBackend, lambda: GpuBackend(device())], ids=["cpu", "gpu"])
def test_a_download_holds_the_values_of_its_own_run(make):
    executable, fetched = doubling(make()), []
    for number in range(4):
        executable.write("x", np.full(5, number))
        executable.run()
        fetched.append(executable.fetch("y"))
    for number in (3, 0, 2, 1):  # in any order
        np.testing.assert_array_equal(fetched[number](), np.full(5, 2.0 * number))


def test_a_lost_device_is_reported_when_a_download_is_queued():
    backend = GpuBackend(open_device(GPU))
    executable = doubling(backend)
    executable.run()
    backend.device.handle.destroy()
    with pytest.raises(DeviceError, match=r"(reading|allocating).* y: the GPU was lost"):
        executable.fetch("y")
