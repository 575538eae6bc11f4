"""The kernels of the CPU backends by name."""

from collections.abc import Callable

from tat.backends.cpu.executable import CpuBackend

Function = Callable[..., None]
NUMPY: dict[str, Function] = CpuBackend(numba=False).kernels
BACKENDS = {"numpy": NUMPY, "numba": CpuBackend(numba=True).kernels}
