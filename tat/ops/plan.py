"""From a trace to a plan: every tensor gets a place, temporaries share an arena by lifetime."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf

from tat.ops.fusion import fused
from tat.ops.graph import Call, Graph, Tensor

ELEMENT_BYTES = 4  # offsets are planned for float32 and int32; a float64 oracle scales them


@dataclass(frozen=True)
class Memory:
    """The requirements of a device on a plan."""

    alignment: int = 256  # bytes, of every tensor's offset
    separate: bool = False  # keep outputs and inputs of a call in different arenas (a WebGPU rule)
    largest: int | None = None  # bytes that an arena may have, unless one tensor takes more
    fuses: bool = False  # whether fused kernels stand for several calls


@dataclass(frozen=True)
class Plan:
    """Calls in order, and where their tensors live.

    The first and the third tensor of this chain of four share their bytes:

    >>> from tat.ops import vocabulary as ops
    >>> with Graph() as graph:
    ...     y = ops.gelu(ops.gelu(ops.gelu(ops.gelu(Tensor("x", (2, 4), "feed")))))
    >>> made = plan(graph, Memory(alignment=32))
    >>> [made.places[tensor] for call in made.calls for tensor in call.outputs]
    [(0, 0), (0, 8), (0, 0), (0, 8)]
    >>> made.arena_bytes, list(made.feeds)
    (64, ['x'])

    Temporaries have (arena, element offset); all other kinds are kept by name in `persistent`, and
    feeds and metrics in `feeds` and `metrics`.
    """

    calls: tuple[Call, ...]
    places: dict[Tensor, tuple[int, int]]
    spans: dict[
        Tensor, tuple[int, int]
    ]  # of the temporaries: first and last call that touches them
    arena_sizes: tuple[int, ...]  # elements
    unplanned_size: int  # elements that the temporaries would take without sharing
    persistent: dict[str, Tensor] = field(default_factory=dict)
    feeds: dict[str, Tensor] = field(default_factory=dict)
    metrics: dict[str, Tensor] = field(default_factory=dict)

    @property
    def arena_bytes(self) -> int:
        return ELEMENT_BYTES * sum(self.arena_sizes)

    @property
    def persistent_bytes(self) -> int:
        tensors = self.persistent.values()
        return sum(t.size * (1 if t.dtype == "int8" else ELEMENT_BYTES) for t in tensors)

    def hash(self) -> str:
        """SHA-256 of the calls with shapes, attributes and places: equal plans do equal work."""
        digest = hashlib.sha256()
        for call in self.calls:
            places = [self.places.get(t.root) for t in (*call.outputs, *call.inputs)]
            digest.update(f"{call.scope} {call!r} {places}\n".encode())
        return digest.hexdigest()


def plan(graph: Graph, memory: Memory | None = None) -> Plan:
    """Lifetimes from first write to last read, then first-fit offsets in order of birth."""
    memory = memory or Memory()
    calls = fused(graph.calls) if memory.fuses else graph.calls
    spans = _lifetimes(calls)
    roles = _choose_roles(calls) if memory.separate else dict.fromkeys(spans, 0)
    step = max(1, memory.alignment // ELEMENT_BYTES)
    most = inf if memory.largest is None else memory.largest // ELEMENT_BYTES
    places, sizes = _first_fit(spans, roles, step, most)
    by_kind = _by_kind(calls)
    return Plan(
        calls=tuple(calls),
        places=places,
        spans=spans,
        arena_sizes=sizes,
        unplanned_size=sum(_aligned(t.size, step) for t in spans),
        persistent={
            t.name: t for t in by_kind if t.kind in ("weight", "state", "gradient", "constant")
        },
        feeds={t.name: t for t in by_kind if t.kind == "feed"},
        metrics={t.name: t for t in by_kind if t.kind == "metric"},
    )


def _lifetimes(calls: Sequence[Call]) -> dict[Tensor, tuple[int, int]]:
    """First and last call that touch each temporary, views counted with their base."""
    spans: dict[Tensor, tuple[int, int]] = {}
    for index, call in enumerate(calls):
        for tensor in (*call.inputs, *call.outputs):
            if tensor.kind == "temporary":
                first, _ = spans.get(tensor.root, (index, index))
                spans[tensor.root] = (first, index)
    return spans


def _choose_roles(calls: Sequence[Call]) -> dict[Tensor, int]:
    """For each temporary the first role that no call needs on its other side."""
    barred: dict[Tensor, set[Tensor]] = {}
    for call in calls:
        for out in _temporaries(call.outputs):
            for into in _temporaries(call.inputs):
                if into is not out:
                    barred.setdefault(out, set()).add(into)
                    barred.setdefault(into, set()).add(out)
    roles: dict[Tensor, int] = {}
    for call in calls:
        for tensor in (*_temporaries(call.inputs), *_temporaries(call.outputs)):
            if tensor not in roles:
                taken = {roles.get(other) for other in barred.get(tensor, ())}
                roles[tensor] = next(i for i in range(len(taken) + 1) if i not in taken)
    return roles


def _temporaries(tensors: Iterable[Tensor]) -> list[Tensor]:
    return [t.root for t in tensors if t.kind == "temporary"]


def _first_fit(
    spans: dict[Tensor, tuple[int, int]], roles: dict[Tensor, int], step: int, most: float
) -> tuple[dict[Tensor, tuple[int, int]], tuple[int, ...]]:
    """The lowest free offset for each tensor in order of birth, in the first arena with room.

    A role has one arena, and another wherever those that it has would outgrow `most` elements.
    """
    places: dict[Tensor, tuple[int, int]] = {}
    live: list[list[_Block]] = [[] for _ in range(max(roles.values(), default=-1) + 1)]
    of_role = {role: [role] for role in range(len(live))}
    sizes = [0] * len(live)
    for tensor in sorted(spans, key=lambda t: spans[t][0]):
        (first, last), need = spans[tensor], _aligned(tensor.size, step)
        starts = ((arena, _free(live[arena], first, need)) for arena in of_role[roles[tensor]])
        fitting = (place for place in starts if place[1] + need <= most or not sizes[place[0]])
        arena, start = next(fitting, (len(live), 0))
        if arena == len(live):
            of_role[roles[tensor]].append(arena)
            live.append([])
            sizes.append(0)
        live[arena] = [b for b in live[arena] if b[2] >= first]
        live[arena].append((start, start + need, last))
        places[tensor], sizes[arena] = (arena, start), max(sizes[arena], start + need)
    return places, tuple(sizes)


_Block = tuple[int, int, int]  # start, end, and the last call that needs it


def _free(blocks: Iterable[_Block], first: int, need: int) -> int:
    """The lowest offset of `need` elements that are free from call `first` on."""
    start = 0
    for begin, end, _ in sorted(block for block in blocks if block[2] >= first):
        if start + need <= begin:
            break
        start = max(start, end)
    return start


def _by_kind(calls: Sequence[Call]) -> list[Tensor]:
    """Every tensor that is not temporary, views replaced by their bases, in order of first use."""
    roots = (t.root for call in calls for t in (*call.inputs, *call.outputs))
    return list(dict.fromkeys(t for t in roots if t.kind != "temporary"))


def _aligned(size: int, step: int) -> int:
    return -(-size // step) * step
