"""Programs as lists of dispatches over numbered pipelines and buffers; no device is needed."""

import base64
from typing import Any

from tat.backends.gpu.device import Limits
from tat.backends.gpu.lowering.calls import Dispatch, lower
from tat.backends.gpu.regions import PARAMETERS, SCRATCH, Owner, Region, Regions
from tat.backends.gpu.shader_text import bindings, specialised
from tat.errors import DeviceError
from tat.ops.graph import Graph, Tensor
from tat.ops.plan import ELEMENT_BYTES, Memory, Plan, plan

# Limits that WebGPU grants on every device without being asked.
LIMITS = Limits(binding=128 << 20, buffer=256 << 20)
STORAGE_BUFFERS, GROUPS, ALIGNMENT, UNIFORM = 8, 65535, 256, 64 << 10
MEMORY = Memory(alignment=ALIGNMENT, separate=True, largest=LIMITS.buffer, fuses=True)

Json = dict[str, Any]


class Recording:
    """Pipelines, buffers and programs; what they name is a place in these lists.

    Arenas and scratch are shared by all programs and as large as the largest asks for. Persistent
    tensors are shared by name. Each program has feeds, metrics and parameters of its own.
    """

    def __init__(self) -> None:
        self.pipelines: list[Json] = []
        self.buffers: list[Json] = []
        self.programs: dict[str, Json] = {}
        self._pipelines: dict[str, int] = {}
        self._shared: dict[str, int] = {}

    def add(self, name: str, graph: Graph) -> None:
        """Record a graph; DeviceError for one that a browser may refuse."""
        planned = plan(graph, MEMORY)
        dispatches = [d for call in planned.calls for d in lower(call, LIMITS)]
        regions = Regions(planned, dispatches)
        program = _Program(self, name, planned, regions)
        calls = [program.call(dispatch) for dispatch in dispatches]
        self.programs[name] = {
            "params": base64.b64encode(regions.parameters).decode(),
            "uniform": program.uniform,
            "feeds": {
                tensor.name: {
                    "buffer": program.owned[tensor.name], "shape": list(tensor.shape),
                    "type": "f32" if tensor.dtype == "float" else "i32",
                }
                for tensor in planned.feeds.values()
            },
            "metrics": {
                tensor.name: {"buffer": program.owned[tensor.name], "shape": list(tensor.shape)}
                for tensor in planned.metrics.values()
            },
            "calls": calls,
        }  # fmt: skip

    def buffer_of(self, tensor: Tensor) -> int:
        """The buffer of a persistent tensor that some program binds."""
        return self._shared[tensor.name]

    def pipeline(self, shader: str) -> int:
        """The number of a shader's pipeline."""
        if shader not in self._pipelines:
            self._pipelines[shader] = len(self.pipelines)
            layout = [[b.number, b.buffer_type] for b in bindings(shader)]
            self.pipelines.append({"name": shader, "code": specialised(shader), "layout": layout})
        return self._pipelines[shader]

    def new_buffer(self, name: str, size: int, *, uniform: bool = False) -> int:
        """The number of a buffer of its own, of so many bytes."""
        if size > LIMITS.buffer:
            raise DeviceError(
                f"{name} takes {size / 1e6:.0f} MB, and WebGPU grants every browser"
                f" {LIMITS.buffer / 1e6:.0f} MB at once; a smaller preset fits"
            )
        self.buffers.append({"name": name, "bytes": max(16, size)})
        if uniform:
            self.buffers[-1]["uniform"] = True
        return len(self.buffers) - 1

    def shared_buffer(self, name: str, size: int) -> int:
        """The number of a buffer that programs share, of at least so many bytes."""
        if name not in self._shared:
            self._shared[name] = self.new_buffer(name, size)
        buffer = self.buffers[self._shared[name]]
        buffer["bytes"] = max(buffer["bytes"], size)
        return self._shared[name]


class _Program:
    """One program while it is recorded."""

    def __init__(self, recording: Recording, name: str, planned: Plan, regions: Regions) -> None:
        self._recording, self._name = recording, name
        self._plan, self._regions = planned, regions
        owned = (*planned.feeds.values(), *planned.metrics.values())
        self.owned = {
            t.name: recording.new_buffer(f"{name}.{t.name}", t.size * ELEMENT_BYTES) for t in owned
        }
        self.uniform = recording.new_buffer(
            f"{name}.{PARAMETERS}", len(regions.parameters), uniform=True
        )

    def call(self, dispatch: Dispatch) -> list[Any]:
        """[pipeline, grid, [[buffer, offset, bytes], ...]] of a dispatch."""
        shader = dispatch.shader
        bound = [self._regions.bound(dispatch, b.number) for b in bindings(shader)]
        places = [[self._buffer(region), region.offset, region.size] for region in bound]
        if reason := refusal(dispatch, places):
            raise DeviceError(f"{self._name}: {shader} in a browser: {reason}")
        return [self._recording.pipeline(shader), list(dispatch.grid), places]

    def _buffer(self, region: Region) -> int:
        owner: Owner = region.owner
        if owner == PARAMETERS:
            return self.uniform
        if owner == SCRATCH:
            return self._recording.shared_buffer(SCRATCH, region.size)
        if isinstance(owner, int):
            size = self._plan.arena_sizes[owner] * ELEMENT_BYTES
            return self._recording.shared_buffer(f"arena {owner}", size)
        if owner.kind in ("feed", "metric"):
            return self.owned[owner.name]
        return self._recording.shared_buffer(owner.name, owner.size * ELEMENT_BYTES)


def refusal(dispatch: Dispatch, places: list[list[int]]) -> str:
    """Why a browser would refuse a dispatch with these [buffer, offset, bytes], or ""."""
    declared = bindings(dispatch.shader)
    if max(dispatch.grid) > GROUPS:
        return f"{max(dispatch.grid)} workgroups in one dimension"
    if sum(b.access != "uniform" for b in declared) > STORAGE_BUFFERS:
        return f"more than {STORAGE_BUFFERS} storage buffers"
    read: set[int] = set()
    written: list[list[int]] = []
    for binding, (buffer, offset, size) in zip(declared, places, strict=True):
        most = UNIFORM if binding.access == "uniform" else LIMITS.binding
        if offset % ALIGNMENT or size > most:
            return f"{binding.name} is {size} bytes from {offset}"
        if binding.access == "storage, read":
            read.add(buffer)
        elif binding.access == "storage, read_write":
            for other, start, length in written:
                if buffer == other and offset < start + length and start < offset + size:
                    return f"{binding.name} overlaps another output"
            written.append([buffer, offset, size])
    both = read & {buffer for buffer, _, _ in written}
    return "a buffer is read and written" if both else ""
