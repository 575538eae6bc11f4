"""What calls cost by their definition: the floating-point operations of their products."""

from math import prod

from tat.ops.graph import Call
from tat.ops.plan import Plan

# Extents whose product is the number of multiply-adds, by how a kernel's name begins.
_PRODUCTS = {
    "linear": ("rows", "inputs", "outputs"),
    "layer_norm_linear": ("rows", "inputs", "outputs"),
    "output_projection": ("rows", "width", "vocabulary"),
}
# Products over all pairs of target and source positions.
_PAIRINGS = {"attention": 2, "attention_backward": 5, "pointer": 1, "pointer_backward": 2}


def flops(call: Call) -> float | None:
    """Operations that a call's products need; None for a kernel that memory bounds.

    Causal attention counts half of all pairs, and nothing that is computed a second time.
    """
    extents = call.attributes
    for beginning, names in _PRODUCTS.items():
        if call.kernel.startswith(beginning):
            return 2.0 * prod(extents[name] for name in names)
    if call.kernel in _PAIRINGS:
        pairs = extents["batch"] * extents["queries"] * extents["sources"] * extents["keys"]
        halved = 2 if extents.get("causal") else 1
        return _PAIRINGS[call.kernel] * 2.0 * pairs * extents["width"] / halved
    return None


def plan_flops(plan: Plan) -> float:
    """Operations of all products of a plan."""
    return sum(flops(call) or 0.0 for call in plan.calls)
