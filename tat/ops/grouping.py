"""Calls of one kernel side by side, so that its code is fetched for the first of them alone.

A GPU reads a shader's code from memory anew where others have driven it out of the cache, which the
tensors of two or three large calls do: some 10 µs, of the 50 to 200 that a product takes.
"""

from collections.abc import Iterable, Sequence

from tat.ops.graph import Call, Tensor

# What nobody waits for: parameter gradients are read when all are there.
_MAY_WAIT = ("linear_backward_parameters",)
_MOST = 4  # calls that wait for each other, and keep their inputs alive


def grouped(calls: Iterable[Call]) -> list[Call]:
    """The same calls, some of them later: each reads and leaves what it did."""
    found: list[Call] = []
    waiting: list[Call] = []
    for call in calls:
        waits = call.kernel in _MAY_WAIT
        if not waits and _touches(call, waiting):
            found += waiting
            waiting = []
        (waiting if waits else found).append(call)
        if len(waiting) == _MOST:
            found += waiting
            waiting = []
    return found + waiting


def _touches(call: Call, others: Sequence[Call]) -> bool:
    """Whether a call writes what others use, or reads what they write."""
    return any(
        _meet(call.outputs, (*other.outputs, *other.inputs)) or _meet(other.outputs, call.inputs)
        for other in others
    )


def _meet(some: Iterable[Tensor], others: Sequence[Tensor]) -> bool:
    """Whether they share elements: gradients are parts of one tensor."""
    return any(
        a.root is b.root and a.offset < b.offset + b.size and b.offset < a.offset + a.size
        for a in some
        for b in others
    )
