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
from tat.ops.graph import Tensor

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


def test_transfers_take_memory_once(monkeypatch):
    backend = GpuBackend(device())
    weight = Tensor("w", (6,), "weight")
    part, made = weight.view("w.part", (4,), 2), []

    def there_and_back(number: int) -> None:
        backend.store(part, np.arange(4, dtype=np.float32) + number)
        into = np.empty(4, np.float32)
        assert backend.fetch(part, into=into)() is into
        np.testing.assert_array_equal(into, np.arange(4) + number)

    backend.write(weight, np.zeros(6))
    there_and_back(1)
    create = type(backend.device.handle).create_buffer
    monkeypatch.setattr(
        type(backend.device.handle), "create_buffer",
        lambda *given, **named: made.append(named) or create(*given, **named),
    )  # fmt: skip
    for number in range(2, 5):
        there_and_back(number)
    assert not made
    waiting = [backend.fetch(part) for _ in range(12)]  # more than are kept
    for values in waiting:
        np.testing.assert_array_equal(values(), np.arange(4) + 4)
    assert len(made) == 11
    np.testing.assert_array_equal(backend.read(weight), [0, 0, 4, 5, 6, 7])


def test_a_lost_device_is_reported_when_a_download_is_queued():
    backend = GpuBackend(open_device(GPU))
    executable = doubling(backend)
    executable.run()
    backend.device.handle.destroy()
    with pytest.raises(DeviceError, match=r"(reading|allocating).* y: the GPU was lost"):
        executable.fetch("y")
