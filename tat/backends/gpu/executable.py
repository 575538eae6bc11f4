"""Plans on a GPU: bound once, replayed as one command buffer, no read-back unless asked for."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from math import inf, lcm
from typing import Any

import numpy as np
from numpy import ndarray as Array

from tat.backends.gpu.bound_plan import BoundPlan, Shared
from tat.backends.gpu.buffers import BufferManager
from tat.backends.gpu.device import HALF, OFFSET_ALIGNMENT, Device, open_device
from tat.backends.gpu.half.weights import Feeds, HalfWeights
from tat.backends.gpu.recorder import BoundCalls, CommandRecorder, encode
from tat.backends.gpu.recording_thread import RecordingThread
from tat.backends.gpu.shaders import ShaderLibrary
from tat.backends.gpu.submissions import Submissions
from tat.errors import DeviceError
from tat.ops.graph import Graph, Tensor
from tat.ops.plan import ELEMENT_BYTES, Memory, Plan, plan

_SOFTWARE = "the only adapter is a software one, which is slower than --device cpu"
_FETCHED = 1 << 20  # elements of a metric up to which it is read through one buffer


class GpuBackend:
    """A device with its buffers and shaders. One lane: a GPU runs one micro-batch after another."""

    lanes = 1
    queues = True
    rows_alike = False  # attention of more than 4 queries takes its sums in another order
    takes_int8 = False

    def __init__(
        self, device: Device, alignment: int = OFFSET_ALIGNMENT, precision: str = "f32"
    ) -> None:
        self.device, self.half, self.remark = device, precision == "f16", ""
        if self.half and not device.half:
            raise DeviceError(
                f"precision f16: {device.name} does not compute in f16 (it lacks {HALF});"
                " use --precision f32"
            )
        self.name = f"{device.name}, f16" if self.half else device.name
        self.memory = Memory(
            alignment=lcm(alignment, OFFSET_ALIGNMENT),
            separate=True,
            largest=device.limits.buffer,
            fuses=True,
        )
        self.submissions = Submissions(device, self.name)
        self.recording = RecordingThread(device.handle)
        self.buffers = BufferManager(device, self.submissions)
        self.shaders = ShaderLibrary(device)
        self.half_weights = HalfWeights(self._compiled, device.limits.binding // ELEMENT_BYTES)
        self.shared = Shared(device, self.buffers, self.shaders, self.half_weights, self.half)

    @classmethod
    def open(
        cls, selector: str, alignment: int, precision: str = "f32", wait_s: float = inf
    ) -> "GpuBackend":
        """The backend of "gpu[:N]" or "gpu:software"."""
        backend = cls(open_device(selector, wait_s=wait_s), alignment, precision)
        if backend.device.checked and selector != "gpu:software":
            backend.remark = _SOFTWARE
        return backend

    def compile(self, plan: Plan, lane: int = 0) -> "GpuExecutable":
        return GpuExecutable(self, plan)

    def together(self) -> AbstractContextManager[None]:
        return self.submissions.together()

    def _compiled(self, graph: Graph, feeds: Feeds) -> Callable[[], Any]:
        """A recorder of commands that run a graph on feeds that stay."""
        executable = self.compile(plan(graph, self.memory))
        for name, values in feeds.items():
            executable.write(name, values)
        return executable.record

    def write(self, tensor: Tensor, values: Array, lane: int = 0) -> None:
        self.buffers.upload(self.buffers.persistent(tensor), tensor, values)
        if tensor.kind == "weight":
            self.half_weights.outdate()

    def read(self, tensor: Tensor, lane: int = 0) -> Array:
        return self.buffers.download(self.buffers.persistent(tensor), tensor)

    def fetch(
        self, tensor: Tensor, lane: int = 0, into: Array | None = None
    ) -> Callable[[], Array]:
        buffer = self.buffers.persistent(tensor.root)
        return self.buffers.fetch_part(buffer, tensor, into)

    def store(self, tensor: Tensor, values: Array) -> None:
        self.buffers.store_part(self.buffers.persistent(tensor.root), tensor, values)
        if tensor.kind == "weight":
            self.half_weights.outdate()

    def view(self, tensor: Tensor, lane: int = 0) -> Array:
        values = self.read(tensor)
        values.flags.writeable = False
        return values


class GpuExecutable:
    """A plan that runs: its feeds are written, its commands recorded and submitted."""

    def __init__(self, backend: GpuBackend, plan: Plan) -> None:
        self.plan, self._backend, self._buffers = plan, backend, backend.buffers
        self._bound = BoundPlan(backend.shared, plan)
        self._recorder = CommandRecorder(backend.device, backend.name, backend.recording)
        self._generation = -1  # of the calls that were recorded ahead

    def element_bytes(self, tensor: Tensor) -> int:
        """Bytes of an element where products read the tensor."""
        return self._bound.element_bytes(tensor)

    def write(self, name: str, values: Array) -> None:
        tensor = self._bound.owned_tensors[name]
        half = self._bound.stored_in_half(tensor)
        self._buffers.upload(self._bound.owned[name], tensor, values, half=half)

    def write_rows(self, name: str, rows: Sequence[int], values: Array) -> None:
        tensor = self._bound.owned_tensors[name]
        if self._bound.stored_in_half(tensor):
            raise ValueError(f"{name}: kept in f16, which is written as a whole")
        self._buffers.upload_rows(self._bound.owned[name], tensor, rows, values)

    def read(self, name: str) -> Array:
        tensor = self._bound.owned_tensors[name]
        half = self._bound.stored_in_half(tensor)
        if half or tensor.size > _FETCHED:
            return self._buffers.download(self._bound.owned[name], tensor, half=half)
        return self.fetch(name)()

    def fetch(self, name: str) -> Callable[[], Array]:
        return self._buffers.fetch(self._bound.owned[name], self._bound.owned_tensors[name])

    def fetch_rows(self, name: str, rows: Sequence[int]) -> Callable[[], Array]:
        return self._buffers.fetch_rows(
            self._bound.owned[name], self._bound.owned_tensors[name], rows
        )

    def run(self, times: int = 1) -> None:
        calls = self._calls()
        self._submit(self._recorder.commands(calls, times))
        ahead = self._recorder.record_ahead
        self._backend.submissions.afterwards(lambda: ahead(calls, times))

    def run_call(self, index: int) -> None:
        self._submit(self._recorder.record([self._calls()[index]]))

    def value(self, tensor: Tensor) -> Array:
        self._calls()  # so that the arenas are there
        buffer, offset = self._bound.place(tensor)
        half = self._bound.stored_in_half(tensor)
        return self._buffers.download(buffer, tensor, offset, half)

    def set_value(self, tensor: Tensor, values: Array) -> None:
        self._calls()
        buffer, offset = self._bound.place(tensor)
        half = self._bound.stored_in_half(tensor)
        self._buffers.upload(buffer, tensor, values, offset, half)
        if tensor.kind == "weight":
            self._backend.half_weights.outdate()

    def first_non_finite(self) -> str | None:
        for index, call in enumerate(self.plan.calls):
            self.run_call(index)
            for tensor in call.outputs:
                if not np.isfinite(self.value(tensor)).all():
                    return f"{tensor.name} (made by {call.kernel} in {call.scope or 'the update'})"
        return None

    def record(self) -> Any:
        """Commands of all calls, for one who submits them with others."""
        return self._recorder.record(self._calls())

    def encode(self, compute_pass: Any) -> None:
        """Records all calls into a pass of wgpu's, for one who times it."""
        encode(compute_pass, self._calls())

    def _calls(self) -> BoundCalls:
        """All calls, bound to the arenas as they are."""
        calls = self._bound.calls()
        if self._generation != self._bound.generation:
            self._generation = self._bound.generation
            self._recorder.forget()
        return calls

    def _submit(self, commands: Any) -> None:
        """Queues commands behind the copies of weights that they read."""
        copies = self._backend.half_weights.updates() if self._bound.uses_half_weights else []
        if self._bound.writes_weights:
            self._backend.half_weights.outdate(self._bound.renews_copies)
        self._backend.submissions.add([*copies, commands])
