"""Plans in tests: which tensors live at a call, where they are, and a replay with NumPy."""

import numpy as np
from numpy import ndarray as Array

from tat.backends.cpu.executable import CpuBackend
from tat.ops.graph import Call, Tensor
from tat.ops.plan import Plan

REFERENCE = CpuBackend(dtype=np.float64).kernels


def lives(p: Plan) -> list[set[Tensor]]:
    """The live temporaries at each call; a view counts as its base."""
    uses: dict[Tensor, list[int]] = {}
    for index, call in enumerate(p.calls):
        for tensor in (*call.outputs, *call.inputs):
            if tensor.kind == "temporary":
                uses.setdefault(tensor.root, []).append(index)
    return [{t for t, at in uses.items() if at[0] <= i <= at[-1]} for i in range(len(p.calls))]


def extent(p: Plan, tensor: Tensor) -> tuple[int, int, int]:
    """Arena, first element and end of a temporary or of a view of one."""
    arena, start = p.places[tensor.root]
    return arena, start + tensor.offset, start + tensor.offset + tensor.size


def overlap(p: Plan, a: Tensor, b: Tensor) -> bool:
    (arena_a, start_a, end_a), (arena_b, start_b, end_b) = extent(p, a), extent(p, b)
    return arena_a == arena_b and start_a < end_b and start_b < end_a


def sides(call: Call) -> tuple[list[Tensor], list[Tensor]]:
    """The temporaries that a call writes, and those that it reads."""
    outputs, inputs = ([t for t in s if t.kind == "temporary"] for s in (call.outputs, call.inputs))
    return outputs, inputs


def replay(p: Plan, values: dict[str, Array], planned: bool) -> dict[str, Array]:
    """Metrics and gradients of a run, on arenas or with storage of its own for each tensor."""
    arenas = [np.full(size, np.nan) for size in p.arena_sizes]
    own: dict[Tensor, Array] = {}

    def storage(tensor: Tensor) -> Array:
        if tensor.kind == "temporary" and planned:
            arena, start, end = extent(p, tensor)
            return arenas[arena][start:end].reshape(tensor.shape)
        if tensor.root not in own:
            empty = np.full(tensor.root.size, np.nan if tensor.kind == "temporary" else 0.0)
            given = values.get(tensor.root.name, empty)
            dtype = np.int32 if tensor.dtype == "int" else np.float64
            own[tensor.root] = np.array(given, dtype).reshape(-1)
        flat = own[tensor.root][tensor.offset : tensor.offset + tensor.size]
        return flat.reshape(tensor.shape)

    for call in p.calls:
        arrays = map(storage, (*call.outputs, *call.inputs))
        REFERENCE[call.kernel](*arrays, **call.attributes)
    kept = [*p.metrics.values(), *(t for t in p.persistent.values() if t.kind == "gradient")]
    return {tensor.name: storage(tensor) for tensor in kept}


def random_values(p: Plan) -> dict[str, Array]:
    random = np.random.default_rng(0)
    values = {t.name: random.standard_normal(t.shape) for t in p.persistent.values()}
    rows = p.feeds["targets"].size if "targets" in p.feeds else 0
    feeds = {"counter": np.arange(3), "lengths": np.ones(1), "targets": np.arange(rows) % 5}
    return values | {name: feeds[name] for name in p.feeds}
