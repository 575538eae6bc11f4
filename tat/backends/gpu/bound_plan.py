"""A plan's dispatches with pipelines, parameters and memory: all that recording them takes."""

from dataclasses import dataclass
from typing import Any

from tat.backends.gpu.buffers import BufferManager
from tat.backends.gpu.device import Device, reported
from tat.backends.gpu.half.conversion import HALF_BYTES
from tat.backends.gpu.half.storage import bound_tensors, half_tensors
from tat.backends.gpu.half.weights import HalfWeights
from tat.backends.gpu.lowering.calls import Dispatch, lower
from tat.backends.gpu.native import raw_dispatch
from tat.backends.gpu.recorder import BoundDispatch, flattened
from tat.backends.gpu.regions import PARAMETERS, SCRATCH, Owner, Regions
from tat.backends.gpu.shaders import ShaderLibrary
from tat.ops.graph import Tensor
from tat.ops.plan import ELEMENT_BYTES, Plan


@dataclass(frozen=True)
class Shared:
    """The parts that all plans of a device share."""

    device: Device
    buffers: BufferManager
    shaders: ShaderLibrary
    half_weights: HalfWeights
    half: bool  # whether factors of products may be rounded to f16


class BoundPlan:
    """The dispatches of a plan, and the buffers of its feeds and metrics.

    Arenas grow when a larger plan is compiled; then the calls are bound anew, and `generation`
    says so.
    """

    def __init__(self, shared: Shared, plan: Plan) -> None:
        self.plan, self._shared, self._buffers = plan, shared, shared.buffers
        limits = shared.device.limits
        calls = plan.calls
        if shared.half:
            calls = [shared.half_weights.renewed_by(call) for call in calls]
        self._dispatches = [lower(call, limits, shared.half) for call in calls]
        self._halves: frozenset[Tensor] = frozenset()
        if shared.half:
            put = shared.half_weights.put_into
            self._dispatches = [[put(d) for d in call] for call in self._dispatches]
            self._halves = half_tensors(flattened(self._dispatches))
        copies = self._half_weights()
        self.uses_half_weights = bool(copies)
        writers = [c.kernel for c in calls if any(t.kind == "weight" for t in c.outputs)]
        self.writes_weights = bool(writers)
        self.renews_copies = {*writers} == {"adamw_fold"}
        scratch = max((d.scratch for d in flattened(self._dispatches)), default=0)
        self._buffers.reserve(plan.arena_sizes, scratch)
        self.owned_tensors = {**plan.feeds, **plan.metrics}
        self.owned = {name: self._buffers.own(t) for name, t in self.owned_tensors.items()}
        for tensor in (*plan.persistent.values(), *copies):
            self._buffers.persistent(tensor, HALF_BYTES if tensor in copies else ELEMENT_BYTES)
        for dispatch in flattened(self._dispatches):
            shared.shaders.program(dispatch.shader, self._in_half(dispatch))
        self._regions = Regions(plan, flattened(self._dispatches))
        content = self._regions.parameters
        self._params = self._buffers.uniform("parameters", content) if content else None
        self.generation = -1  # of the arenas that the calls below are bound to
        self._calls: list[list[BoundDispatch]] = []

    def calls(self) -> list[list[BoundDispatch]]:
        """The dispatches of each call on the arenas as they are."""
        if self.generation != self._buffers.generation:
            self._calls = [[self._bind(d) for d in call] for call in self._dispatches]
            self.generation = self._buffers.generation
        return self._calls

    def stored_in_half(self, tensor: Tensor) -> bool:
        """Whether the plan keeps a tensor in f16."""
        return tensor.root in self._halves

    def element_bytes(self, tensor: Tensor) -> int:
        """Bytes of an element where products read the tensor."""
        half = self._taken_in_half(tensor) or (tensor.kind == "weight" and self._shared.half)
        return HALF_BYTES if half else ELEMENT_BYTES

    def place(self, tensor: Tensor) -> tuple[Any, int]:
        """Buffer of a tensor as it is stored, and its offset there in bytes."""
        region = self._regions.of(
            tensor, HALF_BYTES if self.stored_in_half(tensor) else ELEMENT_BYTES
        )
        return self._buffer(region.owner), region.offset

    def _half_weights(self) -> set[Tensor]:
        """The copies of weights that shaders read, or make."""
        bound = (tensor for d in flattened(self._dispatches) for tensor in d.tensors)
        return {tensor.root for tensor in bound if self._shared.half_weights.holds(tensor)}

    def _taken_in_half(self, tensor: Tensor) -> bool:
        """Whether shaders that can take it in f16 do so."""
        return self.stored_in_half(tensor) or self._shared.half_weights.holds(tensor)

    def _in_half(self, dispatch: Dispatch) -> frozenset[str]:
        """The arguments that a shader takes in f16."""
        bound = bound_tensors(dispatch)
        return frozenset(b.name for b, tensor in bound if b.adapts and self._taken_in_half(tensor))

    def _bind(self, dispatch: Dispatch) -> BoundDispatch:
        halves = self._in_half(dispatch)
        program = self._shared.shaders.program(dispatch.shader, halves)
        entries = [
            {"binding": b.number, "resource": self._resource(dispatch, b.number, b.name in halves)}
            for b in program.bindings
        ]
        with reported(f"binding {dispatch.shader}"):
            group = self._shared.device.handle.create_bind_group(
                layout=program.layout, entries=entries
            )
        return BoundDispatch(raw_dispatch(program.pipeline, group, dispatch.grid), group)

    def _resource(self, dispatch: Dispatch, number: int, half: bool) -> dict[str, Any]:
        """The buffer at a binding, and the part of it."""
        region = self._regions.bound(dispatch, number, HALF_BYTES if half else ELEMENT_BYTES)
        return {
            "buffer": self._buffer(region.owner), "offset": region.offset, "size": region.size,
        }  # fmt: skip

    def _buffer(self, owner: Owner) -> Any:
        if owner == PARAMETERS:
            return self._params
        if owner == SCRATCH:
            return self._buffers.scratch
        if isinstance(owner, int):
            return self._buffers.arena(owner)
        if owner.kind in ("feed", "metric"):
            return self.owned[owner.name]
        return self._buffers.persistent(owner)
