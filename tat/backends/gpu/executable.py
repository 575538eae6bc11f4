"""Plans on a GPU: bound once, replayed as one command buffer, no read-back unless asked for."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from math import inf, lcm
from typing import Any

import numpy as np
from numpy import ndarray as Array

from tat.backends.gpu.buffers import BufferManager
from tat.backends.gpu.device import HALF, OFFSET_ALIGNMENT, Device, open_device, reported
from tat.backends.gpu.half.conversion import HALF_BYTES
from tat.backends.gpu.half.storage import bound_tensors, half_tensors
from tat.backends.gpu.half.weights import Feeds, HalfWeights
from tat.backends.gpu.lowering.calls import Dispatch, lower
from tat.backends.gpu.native import RawDispatch, raw_dispatch, record
from tat.backends.gpu.shaders import ShaderLibrary
from tat.backends.gpu.submissions import Submissions
from tat.errors import DeviceError
from tat.ops.graph import Graph, Tensor
from tat.ops.plan import ELEMENT_BYTES, Memory, Plan, plan

_PARAMS_SLOT = 256  # bytes, the alignment of a uniform binding
_NOTHING = (0, None)
_SOFTWARE = "the only adapter is a software one, which is slower than --device cpu"
_FETCHED = 1 << 20  # elements of a metric up to which it is read through one buffer


class GpuBackend:
    """A device with its buffers and shaders. One lane: a GPU runs one micro-batch after another."""

    lanes = 1
    queues = True
    rows_alike = False  # products of one row and of several are made by different shaders
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
        self.buffers = BufferManager(device, self.submissions)
        self.shaders = ShaderLibrary(device)
        self.half_weights = HalfWeights(self._compiled, device.limits.binding // ELEMENT_BYTES)

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
        """What records commands that run a graph on feeds that stay."""
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

    def fetch(self, tensor: Tensor, lane: int = 0) -> Callable[[], Array]:
        buffer = self.buffers.persistent(tensor.root)
        return self.buffers.fetch_part(buffer, tensor)

    def store(self, tensor: Tensor, values: Array) -> None:
        self.buffers.store_part(self.buffers.persistent(tensor.root), tensor, values)
        if tensor.kind == "weight":
            self.half_weights.outdate()

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
        limits = backend.device.limits
        self._dispatches = [lower(call, limits, backend.half) for call in plan.calls]
        self._halves: frozenset[Tensor] = frozenset()
        if backend.half:
            put = backend.half_weights.put_into
            self._dispatches = [[put(d) for d in call] for call in self._dispatches]
            self._halves = half_tensors(self._all_dispatches())
        copies = self._half_weights()
        self._uses_half_weights = bool(copies)
        self._writes_weights = any(t.kind == "weight" for c in plan.calls for t in c.outputs)
        scratch = max((d.scratch for d in self._all_dispatches()), default=0)
        self._buffers.reserve(plan.arena_sizes, scratch)
        self._tensors = {**plan.feeds, **plan.metrics}
        self._owned = {name: self._buffers.own(t) for name, t in self._tensors.items()}
        for tensor in (*plan.persistent.values(), *copies):
            self._buffers.persistent(tensor, HALF_BYTES if tensor in copies else ELEMENT_BYTES)
        for dispatch in self._all_dispatches():
            backend.shaders.program(dispatch.shader, self._in_half(dispatch))
        self._slots = _params_slots(self._all_dispatches())
        content = b"".join(slot.ljust(_PARAMS_SLOT, b"\0") for slot in self._slots)
        self._params = self._buffers.uniform("parameters", content) if content else None
        self._generation = -1  # of the arenas that the calls below are bound to
        self._calls: list[list[_Bound]] = []
        self._recorded: tuple[int, Any] = _NOTHING  # commands of the next run, and its times
        self._repeats = 0  # times of the last run

    def _all_dispatches(self) -> Iterable[Dispatch]:
        return (dispatch for call in self._dispatches for dispatch in call)

    def _half_weights(self) -> set[Tensor]:
        """The copies of weights that shaders read, or make."""
        bound = (tensor for d in self._all_dispatches() for tensor in d.tensors)
        return {tensor.root for tensor in bound if self._backend.half_weights.holds(tensor)}

    def _is_half(self, tensor: Tensor) -> bool:
        """Whether shaders that can take it in f16 do so."""
        return tensor.root in self._halves or self._backend.half_weights.holds(tensor)

    def element_bytes(self, tensor: Tensor) -> int:
        """Bytes of an element where products read the tensor."""
        half = self._is_half(tensor) or (tensor.kind == "weight" and self._backend.half)
        return HALF_BYTES if half else ELEMENT_BYTES

    def _in_half(self, dispatch: Dispatch) -> frozenset[str]:
        """The arguments that a shader takes in f16."""
        bound = bound_tensors(dispatch)
        return frozenset(b.name for b, tensor in bound if b.adapts and self._is_half(tensor))

    def write(self, name: str, values: Array) -> None:
        tensor = self._tensors[name]
        self._buffers.upload(self._owned[name], tensor, values, half=tensor in self._halves)

    def read(self, name: str) -> Array:
        tensor = self._tensors[name]
        if tensor.size > _FETCHED or tensor in self._halves:
            half = tensor in self._halves
            return self._buffers.download(self._owned[name], tensor, half=half)
        return self.fetch(name)()

    def fetch(self, name: str) -> Callable[[], Array]:
        return self._buffers.fetch(self._owned[name], self._tensors[name])

    def run(self, times: int = 1) -> None:
        calls = self._bound() * times
        known, commands = self._recorded
        self._recorded = _NOTHING
        again, self._repeats = self._repeats == times, times
        self._submit(commands if known == times else self._record(calls))
        if again:
            self._backend.submissions.afterwards(lambda: self._record_ahead(calls, times))

    def _record_ahead(self, calls: Sequence[Sequence[_Bound]], times: int) -> None:
        """Records the next run, while the GPU does this one."""
        if self._recorded is _NOTHING:
            self._recorded = times, self._record(calls)

    def run_call(self, index: int) -> None:
        self._submit(self._record([self._bound()[index]]))

    def value(self, tensor: Tensor) -> Array:
        self._bound()  # so that the arenas are there
        half = tensor.root in self._halves
        buffer, offset = self._place(tensor, half)
        return self._buffers.download(buffer, tensor, offset, half)

    def set_value(self, tensor: Tensor, values: Array) -> None:
        self._bound()
        half = tensor.root in self._halves
        buffer, offset = self._place(tensor, half)
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
        return self._record(self._bound())

    def _record(self, calls: Sequence[Sequence[_Bound]]) -> Any:
        """A command buffer, which can be submitted once."""
        with reported(f"running on {self._backend.name}"):
            encoder = self._backend.device.handle.create_command_encoder()
            compute_pass = encoder.begin_compute_pass()
            self._encode(compute_pass, calls)
            compute_pass.end()
            return encoder.finish()

    def _submit(self, commands: Any) -> None:
        """Queues commands behind the copies of weights that they read."""
        copies = self._backend.half_weights.updates() if self._uses_half_weights else []
        if self._writes_weights:
            self._backend.half_weights.outdate()
        self._backend.submissions.add([*copies, commands])

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
            self._recorded = _NOTHING
        return self._calls

    def _bind(self, dispatch: Dispatch) -> _Bound:
        halves = self._in_half(dispatch)
        program = self._backend.shaders.program(dispatch.shader, halves)
        entries = [
            {"binding": b.number, "resource": self._resource(dispatch, b.number, b.name in halves)}
            for b in program.bindings
        ]
        with reported(f"binding {dispatch.shader}"):
            group = self._backend.device.handle.create_bind_group(
                layout=program.layout, entries=entries
            )
        return _Bound(raw_dispatch(program.pipeline, group, dispatch.grid), group)

    def _resource(self, dispatch: Dispatch, number: int, half: bool) -> dict[str, Any]:
        """What stands at a binding: 0 the parameters, then the tensors, then scratch."""
        if number == 0:
            offset = self._slots[dispatch.params] * _PARAMS_SLOT
            return {"buffer": self._params, "offset": offset, "size": len(dispatch.params)}
        if number > len(dispatch.tensors):
            size = dispatch.scratch * ELEMENT_BYTES
            return {"buffer": self._buffers.scratch, "offset": 0, "size": size}
        tensor = dispatch.tensors[number - 1]
        buffer, offset = self._place(tensor, half)
        size = tensor.size * (HALF_BYTES if half else ELEMENT_BYTES)
        return {"buffer": buffer, "offset": offset, "size": size}

    def _place(self, tensor: Tensor, half: bool) -> tuple[Any, int]:
        """Buffer and offset in bytes; in f16 a tensor begins where it would in f32."""
        root, start = tensor.root, 0
        if tensor.kind == "temporary":
            arena, start = self.plan.places[root]
            buffer = self._buffers.arena(arena)
        elif tensor.kind in ("feed", "metric"):
            buffer = self._owned[root.name]
        else:
            buffer = self._buffers.persistent(root)
        width = HALF_BYTES if half else ELEMENT_BYTES
        return buffer, start * ELEMENT_BYTES + tensor.offset * width


def _params_slots(dispatches: Iterable[Dispatch]) -> dict[bytes, int]:
    """Equal parameters share a slot."""
    contents = dict.fromkeys(dispatch.params for dispatch in dispatches)
    return {content: slot for slot, content in enumerate(contents)}
