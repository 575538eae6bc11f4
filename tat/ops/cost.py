"""Costs of calls by their definition, as the table of kernels has them."""

from tat.ops.graph import Call
from tat.ops.kernels import KERNELS
from tat.ops.plan import Plan


def flops(call: Call) -> float | None:
    """Floating-point operations that a call's products need; None for a kernel without products.

    Causal attention counts half of all pairs, and nothing that is computed a second time.
    """
    term = KERNELS[call.kernel].flops
    return float(term.value(call.attributes)) if term else None


def moved_bytes(call: Call) -> int:
    """Bytes that a call reads and writes at least, in float32."""
    row = KERNELS[call.kernel]
    names = (*row.outputs, *row.inputs)
    shapes = {n: t.shape for n, t in zip(names, (*call.outputs, *call.inputs), strict=True)}
    return row.moved_bytes({**row.free(shapes), **call.attributes})


def plan_flops(plan: Plan) -> float:
    """Operations of all products of a plan."""
    return sum(flops(call) or 0.0 for call in plan.calls)
