"""A GPU shared by all tests, and kernels on it in the form of the CPU's functions."""

import os
from collections.abc import Callable
from functools import cache
from itertools import count

from numpy import ndarray as Array

from tat.backends.backend import Backend, Executable
from tat.backends.gpu.device import Device, open_device
from tat.backends.gpu.executable import GpuBackend
from tat.backends.gpu.lowering.table import PASSES
from tat.ops.graph import Graph, Tensor
from tat.ops.kernels import KERNELS
from tat.ops.plan import plan

# The software adapter, so that tests do the same work everywhere, or the one that the environment
# names by TAT_TEST_DEVICE. tat would take that for a setting, and refuse it: so pytest-xdist's
# workers and other children of the tests have it under a name that is none of tat's.
_HANDED_ON = "TEST_DEVICE"
GPU = os.environ.pop("TAT_TEST_DEVICE", os.environ.get(_HANDED_ON, "gpu:software"))
os.environ[_HANDED_ON] = GPU


@cache
def device() -> Device:
    """The adapter of the tests."""
    return open_device(GPU)


@cache
def shared_backend() -> GpuBackend:
    """One for all kernel calls, which keep nothing in it but compiled shaders and weights."""
    return GpuBackend(device())


def doubling(backend: Backend, kernel: str = "add") -> Executable:
    """Metric "y" is twice feed "x" [5], or what a kernel of one input makes of it."""
    x, y = Tensor("x", (5,), "feed"), Tensor("y", (5,), "metric")
    with Graph() as graph:
        graph.emit(kernel, [y], [x, x][: 2 if kernel == "add" else 1], size=5)
    return backend.compile(plan(graph, backend.memory))


_numbers = count()  # that tell weights apart, which a backend knows by name


def kernel_functions(backend: GpuBackend) -> dict[str, Callable[..., None]]:
    """Every kernel of the table on arrays, called as the CPU's are."""
    return {name: _function(backend, name) for name in PASSES}


def _function(backend: GpuBackend, name: str) -> Callable[..., None]:
    row = KERNELS[name]

    def tensor(argument: str, values: Array) -> Tensor:
        dtype = "int" if values.dtype.kind == "i" else "float"
        if argument in row.outputs:
            return Tensor(argument, values.shape, "metric", dtype)
        if argument in ("weight", "table"):  # of which a backend may keep copies
            return Tensor(f"weight {next(_numbers)}", values.shape, "weight", dtype)
        return Tensor(argument, values.shape, "feed", dtype)

    def run(*arrays: Array, **attributes: int | float) -> None:
        tensors = {
            argument: tensor(argument, values)
            for argument, values in zip(row.outputs + row.inputs, arrays, strict=True)
        }
        with Graph() as graph:
            outputs, inputs = ([tensors[n] for n in names] for names in (row.outputs, row.inputs))
            graph.emit(name, outputs, inputs, **attributes)
        executable = backend.compile(plan(graph, backend.memory))
        for argument, values in zip(tensors, arrays, strict=True):
            if tensors[argument].kind == "weight":
                backend.write(tensors[argument], values)
            else:
                executable.write(argument, values)
        executable.run()
        for argument, values in zip(row.outputs, arrays, strict=False):
            values[...] = executable.read(argument)

    return run
