"""Which backends have code of their own for each operation, beside the reference."""

from dataclasses import dataclass

from tat.backends.cpu.executable import NUMPY_SUFFICES, compiled_kernels, table_operations
from tat.backends.gpu.lowering.table import PASSES
from tat.ops.kernels import KERNELS


@dataclass(frozen=True)
class Coverage:
    """The forms that an operation has beside its reference."""

    kernel: str
    training: str  # on the CPU: "numba", "numpy" where that is as fast, "" for the reference alone
    inference: str  # "table" where the compiled table of inference has it
    gpu: str  # "shaders" where it has passes

    @property
    def reference_alone(self) -> bool:
        """Whether only the reference knows it: it runs on a CPU, slowly, and on no GPU."""
        return not (self.training or self.inference or self.gpu)


def coverage() -> list[Coverage]:
    """All operations, in the order of the table. Needs Numba to know what that compiles."""
    compiled, table = compiled_kernels(), table_operations()
    return [
        Coverage(
            name,
            "numba" if name in compiled else "numpy" if name in NUMPY_SUFFICES else "",
            "table" if name in table else "",
            "shaders" if name in PASSES else "",
        )
        for name in KERNELS
    ]
