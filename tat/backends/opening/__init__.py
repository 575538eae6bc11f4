"""Opening a backend by its --device value: by name, or the one that is measured to be fastest."""

from math import inf
from typing import Literal

from tat.backends.backend import Backend
from tat.errors import DeviceError
from tat.ops.plan import Memory


def open_backend(
    device: str, threads: int, alignment: int, precision: str = "f32", *,
    work: Literal["training", "decoding"] = "training", wait_s: float = inf,
) -> Backend:  # fmt: skip
    """The backend of a --device value: "auto", "cpu", "gpu[:N]" or "gpu:software".

    precision: "f32", or "f16" for factors and activations in half precision. work: what "auto"
    shall be fastest at. wait_s: seconds that a GPU may take to answer, or else it hangs.
    """
    if device == "auto":
        from tat.backends.opening.automatic import choose

        choice = choose(work, threads, precision)
        backend = open_backend(choice.device, threads, alignment, precision, wait_s=wait_s)
        backend.remark = choice.reason
        return backend
    if device == "cpu":
        from tat.backends.cpu.executable import CpuBackend

        if precision != "f32":
            raise DeviceError(
                f"precision {precision}: the CPU computes in f32; use --device gpu or"
                " --precision f32"
            )
        return CpuBackend(threads=threads, memory=Memory(alignment=alignment))
    if device.partition(":")[0] == "gpu":
        from tat.backends.gpu.executable import GpuBackend

        return GpuBackend.open(device, alignment, precision, wait_s)
    raise DeviceError(f"device {device}: none of auto, cpu, gpu, gpu:N, gpu:software")
