"""Plans on the CPU: views into arenas are made once, a run is a loop over kernel calls."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property, partial
from types import ModuleType

import numpy as np
from numpy import ndarray as Array

from tat.backends.cpu.columns import OPERATIONS
from tat.backends.cpu.compiled import table_code
from tat.backends.cpu.replay import TableReplay, Tables
from tat.backends.notes import say_once
from tat.backends.reference.functions import functions
from tat.machine import cores
from tat.ops.graph import Tensor
from tat.ops.kernels import KERNELS
from tat.ops.plan import Memory, Plan

# Kernels for which compiled code would gain nothing over the reference: BLAS does their work, they
# move memory, they take no time, or only plans of GPUs have them.
NUMPY_SUFFICES = frozenset({
    "embedding", "embedding_backward", "positional_encoding", "add", "scale",
    "linear", "linear_backward_input", "linear_backward_parameters",
    "output_projection", "output_projection_backward_input", "output_projection_backward_table",
    "pointer", "pointer_backward", "sum", "fold", "transpose", "clip", "moving_average",
    "shared_attention", "shared_pointer",
    "cache_write", "cache_gather", "repetition_penalty", "sample_token", "rank_tokens",
    *(name for name, row in KERNELS.items() if row.parts),
})  # fmt: skip

# The trainer looks for NaN and infinity once a step; NumPy's warnings would not name the tensor.
_QUIET = partial(np.errstate, all="ignore")


class CpuBackend:
    """Persistent tensors as arrays, and an arena for each lane that grows to its largest plan.

    dtype float64 makes the oracle that gradient checks and parity tests compare with.
    """

    queues = False
    takes_int8 = True
    remark = ""

    def __init__(
        self,
        threads: int = 0,
        memory: Memory | None = None,
        dtype: type = np.float32,
        numba: bool = True,
    ) -> None:
        self.memory = memory or Memory()
        self.dtype = np.dtype(dtype)
        self.lanes = threads or cores()
        self._reference = functions()
        code = table_code() if numba and self.dtype == np.float32 else None
        self._tables = Tables(self, code) if code else None
        self.kernel_folder = code.folder if code else None
        self.rows_alike = code is not None  # as NumPy's products are not
        origin, plural = "numba" if code else "numpy", "s" * (self.lanes > 1)
        self.name = f"cpu ({origin}, {self.lanes} thread{plural})"
        self._persistent: dict[tuple[str, int], Array] = {}
        self.weights_version = 0  # counts writes to weights, after which packed copies are stale
        self._arenas: dict[int, Array] = {}

    @cached_property
    def kernels(self) -> dict[str, Callable[..., None]]:
        """The function of every kernel; Numba is imported for those that it compiles."""
        return self._reference | (compiled_kernels() if self._tables else {})

    def kernel(self, name: str) -> Callable[..., None]:
        """The function of one kernel; Numba is not imported for one of the reference."""
        opened = vars(self).get("kernels", self._reference)
        return (opened if name in NUMPY_SUFFICES else self.kernels)[name]

    def _slow(self, kernels: set[str]) -> set[str]:
        """Those of these kernels that have no code but the reference, where others have."""
        left = kernels - {*OPERATIONS} - NUMPY_SUFFICES if self._tables else set()
        return left and left - {*compiled_kernels()}

    def compile(self, plan: Plan, lane: int = 0) -> "CpuExecutable":
        needed = sum(plan.arena_sizes)  # arenas, should there be several, lie end to end
        if self.arena(lane).size < needed:
            self._arenas[lane] = np.zeros(needed, self.dtype)
        for kernel in sorted(self._slow({call.kernel for call in plan.calls})):
            say_once(
                f"{kernel} runs on the reference alone, slowly; tat/backends/cpu has no code for it"
            )
        return CpuExecutable(self, plan, lane)

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()

    def table(self, plan: Plan) -> TableReplay | None:
        """The faster way to replay a plan, where there is one: for inference, with Numba."""
        return self._tables.of(plan) if self._tables else None

    def arena(self, lane: int) -> Array:
        return self._arenas.setdefault(lane, np.zeros(0, self.dtype))

    def persistent(self, tensor: Tensor, lane: int) -> Array:
        """The storage of a weight, state, constant or gradient, zero when first asked for."""
        key = (tensor.name, lane if tensor.kind == "gradient" else 0)
        if key not in self._persistent:
            self._persistent[key] = np.zeros(tensor.shape, self._dtype(tensor))
        if self._persistent[key].shape != tensor.shape:
            raise ValueError(
                f"{tensor.name}: {tensor.shape}, but {self._persistent[key].shape} before"
            )
        return self._persistent[key]

    def _dtype(self, tensor: Tensor) -> np.dtype:
        return {"float": self.dtype, "int": np.dtype(np.int32), "int8": np.dtype(np.int8)}[
            tensor.dtype
        ]

    def own(self, tensor: Tensor) -> Array:
        """Fresh storage for a feed or metric."""
        return np.zeros(tensor.shape, self._dtype(tensor))

    def write(self, tensor: Tensor, values: Array, lane: int = 0) -> None:
        self.persistent(tensor, lane)[...] = values
        self.weights_version += tensor.kind == "weight"

    def read(self, tensor: Tensor, lane: int = 0) -> Array:
        return self.persistent(tensor, lane).copy()

    def fetch(
        self, tensor: Tensor, lane: int = 0, into: Array | None = None
    ) -> Callable[[], Array]:
        values = self._part(tensor, lane)
        return lambda: values

    def store(self, tensor: Tensor, values: Array) -> None:
        self._part(tensor, 0)[...] = values
        self.weights_version += tensor.kind == "weight"

    def _part(self, tensor: Tensor, lane: int) -> Array:
        flat = self.persistent(tensor.root, lane).reshape(-1)
        return flat[tensor.offset : tensor.offset + tensor.size]

    def view(self, tensor: Tensor, lane: int = 0) -> Array:
        values = self.persistent(tensor, lane).view()
        values.flags.writeable = False
        return values


class CpuExecutable:
    """A plan bound to one lane of a backend."""

    def __init__(self, backend: CpuBackend, plan: Plan, lane: int) -> None:
        self.plan, self._backend, self._lane = plan, backend, lane
        owned = {**plan.feeds, **plan.metrics}
        self._owned = {name: backend.own(tensor) for name, tensor in owned.items()}
        for tensor in plan.persistent.values():
            backend.persistent(tensor, lane)
        self._arena: Array | None = None  # the arena that the calls below are bound to
        self._calls: list[Callable[[], None]] = []
        self._table = backend.table(plan)
        outputs = (tensor.root for call in plan.calls for tensor in call.outputs)
        self._trains = any(root.kind == "weight" for root in outputs)

    def write(self, name: str, values: Array) -> None:
        self._owned[name][...] = values

    def write_rows(self, name: str, rows: Sequence[int], values: Array) -> None:
        self._owned[name][rows] = values

    def read(self, name: str) -> Array:
        return self._owned[name].copy()

    def fetch(self, name: str) -> Callable[[], Array]:
        values = self.read(name)
        return lambda: values

    def fetch_rows(self, name: str, rows: Sequence[int]) -> Callable[[], Array]:
        owned = self._owned[name]
        values = owned.reshape(-1, owned.shape[-1])[rows]
        return lambda: values

    def run(self, times: int = 1) -> None:
        calls = self._bound()
        for _ in range(times):
            if self._table:
                self._table.run()
            else:
                with _QUIET():
                    for call in calls:
                        call()
        self._backend.weights_version += self._trains

    def run_call(self, index: int) -> None:
        calls = self._bound()
        if self._table:
            self._table.run(index, 1)
        else:
            with _QUIET():
                calls[index]()
        self._backend.weights_version += self._trains

    def value(self, tensor: Tensor) -> Array:
        return self._array(tensor).copy()

    def set_value(self, tensor: Tensor, values: Array) -> None:
        self._array(tensor)[...] = values

    def first_non_finite(self) -> str | None:
        for index, call in enumerate(self.plan.calls):
            self.run_call(index)
            for tensor in call.outputs:
                if not np.isfinite(self._array(tensor)).all():
                    return f"{tensor.name} (made by {call.kernel} in {call.scope or 'the update'})"
        return None

    def _bound(self) -> list[Callable[[], None]]:
        """The calls on views of the lane's arena, bound anew when a larger plan has replaced it."""
        arena = self._backend.arena(self._lane)
        if self._arena is not arena:
            self._arena = arena
            arrays = [[*map(self._array, (*c.outputs, *c.inputs))] for c in self.plan.calls]
            if self._table:
                self._table.bind(arrays)
                return self._calls
            self._calls = [
                partial(self._backend.kernel(call.kernel), *tensors, **call.attributes)
                for call, tensors in zip(self.plan.calls, arrays, strict=True)
            ]
        return self._calls

    def _array(self, tensor: Tensor) -> Array:
        root = tensor.root
        if tensor.kind == "temporary":
            arena, start = self.plan.places[root]
            start += sum(self.plan.arena_sizes[:arena])
            flat = self._backend.arena(self._lane)[start : start + root.size]
        elif tensor.kind in ("feed", "metric"):
            flat = self._owned[root.name].reshape(-1)
        else:
            flat = self._backend.persistent(root, self._lane).reshape(-1)
        return flat[tensor.offset : tensor.offset + tensor.size].reshape(tensor.shape)


def compiled_kernels() -> dict[str, Callable[..., None]]:
    """The kernels of the table that Numba compiles, for training; none where there is no Numba."""
    return {
        name: function
        for module in kernel_modules()
        for name, function in vars(module).items()
        if name in KERNELS and function.__module__ == module.__name__
    }


def kernel_modules() -> tuple[ModuleType, ...]:
    """The modules of kernels that Numba compiles for training; none where it is not installed."""
    try:
        from tat.backends.cpu import (
            activations,
            norms,
            positions,
            training_attention,
            training_kernels,
            training_losses,
        )
    except ImportError:
        return ()
    return training_attention, training_kernels, training_losses, norms, activations, positions


def table_operations() -> tuple[str, ...]:
    """The kernels that the compiled table of inference knows; none where there is no such code."""
    return OPERATIONS if table_code() else ()
