"""Plans on a GPU: bound once, replayed as one command buffer, no read-back unless asked for."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import lcm
from typing import Any

import numpy as np
from numpy import ndarray as Array

from tat.backends.gpu.buffer_manager import BufferManager
from tat.backends.gpu.device import OFFSET_ALIGNMENT, Device, open_device, reported
from tat.backends.gpu.lowering import Dispatch, lower
from tat.backends.gpu.native import RawDispatch, raw_dispatch, record
from tat.backends.gpu.shader_library import ShaderLibrary
from tat.ops.graph import Tensor
from tat.ops.plan import ELEMENT_BYTES, Memory, Plan

_PARAMS_SLOT = 256  # bytes, the alignment of a uniform binding
_FETCHED = 1 << 20  # elements of a metric up to which it is read through one buffer


class GpuBackend:
    """A device with its buffers and shaders. One lane: a GPU runs one micro-batch after another."""

    lanes = 1
    queues = True

    def __init__(self, device: Device, alignment: int = OFFSET_ALIGNMENT) -> None:
        self.device, self.name = device, device.name
        self.memory = Memory(alignment=lcm(alignment, OFFSET_ALIGNMENT), separate=True)
        self.buffers = BufferManager(device)
        self.shaders = ShaderLibrary(device)

    @classmethod
    def open(cls, selector: str, alignment: int) -> "GpuBackend":
        """The backend of "gpu[:N]" or "gpu:software"."""
        return cls(open_device(selector), alignment)

    def compile(self, plan: Plan, lane: int = 0) -> "GpuExecutable":
        return GpuExecutable(self, plan)

    def write(self, tensor: Tensor, values: Array, lane: int = 0) -> None:
        self.buffers.upload(self.buffers.persistent(tensor), tensor, values)

    def read(self, tensor: Tensor, lane: int = 0) -> Array:
        return self.buffers.download(self.buffers.persistent(tensor), tensor)

    def view(self, tensor: Tensor, lane: int = 0) -> Array:
        values = self.read(tensor)
        values.flags.writeable = False
        return values


@dataclass(frozen=True)
class _Bound:
    """A dispatch as the encoder takes it, and the bind group that must live as long."""

    raw: RawDispatch
    group: Any


class GpuExecutable:
    """A plan with its pipelines, parameters, feeds and metrics."""

    def __init__(self, backend: GpuBackend, plan: Plan) -> None:
        self.plan, self._backend, self._buffers = plan, backend, backend.buffers
        self._dispatches = [lower(call, backend.device.limits) for call in plan.calls]
        scratch = max((d.scratch for d in self._all_dispatches()), default=0)
        self._buffers.reserve(plan.arena_sizes, scratch)
        self._tensors = {**plan.feeds, **plan.metrics}
        self._owned = {name: self._buffers.own(t) for name, t in self._tensors.items()}
        for tensor in plan.persistent.values():
            self._buffers.persistent(tensor)
        for dispatch in self._all_dispatches():
            backend.shaders.program(dispatch.shader)
        self._slots = _params_slots(self._all_dispatches())
        content = b"".join(slot.ljust(_PARAMS_SLOT, b"\0") for slot in self._slots)
        self._params = self._buffers.uniform("parameters", content) if content else None
        self._generation = -1  # of the arenas that the calls below are bound to
        self._calls: list[list[_Bound]] = []
        self._recorded: Any = None  # commands of the next run
        self._repeats = False  # whether there has been a run

    def _all_dispatches(self) -> Iterable[Dispatch]:
        return (dispatch for call in self._dispatches for dispatch in call)

    def write(self, name: str, values: Array) -> None:
        self._buffers.upload(self._owned[name], self._tensors[name], values)

    def read(self, name: str) -> Array:
        if self._tensors[name].size > _FETCHED:
            return self._buffers.download(self._owned[name], self._tensors[name])
        return self.fetch(name)()

    def fetch(self, name: str) -> Callable[[], Array]:
        return self._buffers.fetch(self._owned[name], self._tensors[name])

    def run(self) -> None:
        calls = self._bound()
        commands, self._recorded = self._recorded or self._record(calls), None
        self._submit(commands)
        if self._repeats:
            self._recorded = self._record(calls)  # for the next run, while the GPU does this one
        self._repeats = True

    def run_call(self, index: int) -> None:
        self._submit(self._record([self._bound()[index]]))

    def value(self, tensor: Tensor) -> Array:
        self._bound()  # so that the arenas are there
        buffer, offset = self._place(tensor)
        return self._buffers.download(buffer, tensor, offset)

    def set_value(self, tensor: Tensor, values: Array) -> None:
        self._bound()
        buffer, offset = self._place(tensor)
        self._buffers.upload(buffer, tensor, values, offset)

    def first_non_finite(self) -> str | None:
        for index, call in enumerate(self.plan.calls):
            self.run_call(index)
            for tensor in call.outputs:
                if not np.isfinite(self.value(tensor)).all():
                    return f"{tensor.name} (made by {call.kernel} in {call.scope or 'the update'})"
        return None

    def _record(self, calls: Sequence[Sequence[_Bound]]) -> Any:
        """A command buffer, which can be submitted once."""
        with reported(f"running on {self._backend.name}"):
            encoder = self._backend.device.handle.create_command_encoder()
            compute_pass = encoder.begin_compute_pass()
            self._encode(compute_pass, calls)
            compute_pass.end()
            return encoder.finish()

    def _submit(self, commands: Any) -> None:
        with reported(f"running on {self._backend.name}"):
            self._backend.device.handle.queue.submit([commands])

    def encode(self, compute_pass: Any) -> None:
        """Records all calls into a pass of wgpu's, for one who times it."""
        self._encode(compute_pass, self._bound())

    @staticmethod
    def _encode(compute_pass: Any, calls: Sequence[Sequence[_Bound]]) -> None:
        record(compute_pass, (bound.raw for call in calls for bound in call))

    def _bound(self) -> list[list[_Bound]]:
        """The calls on the arenas, bound anew when a larger plan has replaced these."""
        if self._generation != self._buffers.generation:
            self._calls = [[self._bind(d) for d in call] for call in self._dispatches]
            self._generation = self._buffers.generation
            self._recorded = None
        return self._calls

    def _bind(self, dispatch: Dispatch) -> _Bound:
        program = self._backend.shaders.program(dispatch.shader)
        entries = [
            {"binding": b.number, "resource": self._resource(dispatch, b.number)}
            for b in program.bindings
        ]
        with reported(f"binding {dispatch.shader}"):
            group = self._backend.device.handle.create_bind_group(
                layout=program.layout, entries=entries
            )
        return _Bound(raw_dispatch(program.pipeline, group, dispatch.grid), group)

    def _resource(self, dispatch: Dispatch, number: int) -> dict[str, Any]:
        """What stands at a binding: 0 the parameters, then the tensors, then scratch."""
        if number == 0:
            offset = self._slots[dispatch.params] * _PARAMS_SLOT
            return {"buffer": self._params, "offset": offset, "size": len(dispatch.params)}
        if number > len(dispatch.tensors):
            size = dispatch.scratch * ELEMENT_BYTES
            return {"buffer": self._buffers.scratch, "offset": 0, "size": size}
        tensor = dispatch.tensors[number - 1]
        buffer, offset = self._place(tensor)
        return {"buffer": buffer, "offset": offset, "size": tensor.size * ELEMENT_BYTES}

    def _place(self, tensor: Tensor) -> tuple[Any, int]:
        """Buffer and offset in bytes."""
        root, start = tensor.root, 0
        if tensor.kind == "temporary":
            arena, start = self.plan.places[root]
            buffer = self._buffers.arena(arena)
        elif tensor.kind in ("feed", "metric"):
            buffer = self._owned[root.name]
        else:
            buffer = self._buffers.persistent(root)
        return buffer, (start + tensor.offset) * ELEMENT_BYTES


def _params_slots(dispatches: Iterable[Dispatch]) -> dict[bytes, int]:
    """Equal parameters share a slot."""
    contents = dict.fromkeys(dispatch.params for dispatch in dispatches)
    return {content: slot for slot, content in enumerate(contents)}
