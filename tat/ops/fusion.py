"""Calls that follow each other become one call of a fused kernel, so that memory moves once.

For devices on which starting a call costs more than its arithmetic. There are two ways:

    epilogue   what makes a tensor also does what comes next: a product, then GELU or the residual
    prologue   each product that reads a tensor makes it anew: a norm of few rows, in inference

The tensor between is gone, or is written beside the result where somebody else needs it.
"""

from collections.abc import Iterable, Sequence

from tat.ops.graph import Call, Tensor
from tat.ops.kernels import KERNELS, Kernel

# Rows up to which reading a product's weights takes longer than its arithmetic, and than a norm
# that is made again for each block of columns.
FEW_ROWS = 8

# Where the last part of a fused kernel takes what the others make, if not as its x.
_TAKEN_AS = {"add": ("a", "b"), "gelu_backward": ("dy",)}

_FUSED = {(row.parts, row.keeps): row for row in KERNELS.values() if row.parts}


def fused(calls: Iterable[Call]) -> list[Call]:
    """The same work in fewer calls, on the same tensors."""
    return _with_epilogues(_with_prologues(list(calls)))


def _with_prologues(calls: Sequence[Call]) -> list[Call]:
    """Each norm whose only readers are products of few rows joins them, in their places."""
    found: list[Call | None] = list(calls)
    users = _users(calls)
    for index, call in enumerate(calls):
        if call.kernel != "layer_norm":
            continue
        y, mean, rstd = call.outputs
        readers = users[y][1:]
        if not readers or len(users[mean]) > 1 or len(users[rstd]) > 1:
            continue
        rows = [_prologue(call, calls[reader]) for reader in readers]
        if all(rows) and not _writes(calls[index + 1 : readers[-1]]) & _roots(call.inputs):
            for reader, row in zip(readers, rows, strict=True):
                found[reader] = _together(row, call, calls[reader])
            found[index] = None
    return [call for call in found if call]


def _prologue(maker: Call, call: Call) -> Kernel | None:
    """The kernel that makes for itself what `maker` does, if there is one and it pays."""
    row = _row(maker, call, keeps=False)
    return row if row and call.attributes["rows"] <= FEW_ROWS else None


def _with_epilogues(calls: Sequence[Call]) -> list[Call]:
    """Each call that can joins the last of those that make its inputs, in that one's place."""
    found: list[Call | None] = list(calls)
    makers = {t: index for index, call in enumerate(calls) for t in call.outputs}
    users = _users(calls)
    for index, call in enumerate(calls):
        earlier = [makers[t.root] for t in call.inputs if makers.get(t.root, index) < index]
        if not earlier:
            continue
        place = max(earlier)
        maker, passed = found[place], [c for c in found[place + 1 : index] if c]
        row = _row(maker, call, keeps=len(users[maker.outputs[0].root]) > 2)
        if row and len(maker.outputs) == 1 and _may_go_before(call, passed):
            found[place], found[index] = _together(row, maker, call), None
            makers |= dict.fromkeys(call.outputs, place)
    return [call for call in found if call]


def _row(maker: Call, call: Call, *, keeps: bool) -> Kernel | None:
    """The kernel that stands for both, if there is one; keeps: and writes what is between."""
    between = maker.outputs[0]
    arguments = zip(KERNELS[call.kernel].inputs, call.inputs, strict=True)
    taken = [(name, t.size) for name, t in arguments if t.root is between]
    suitable = [(name, between.size) for name in _TAKEN_AS.get(call.kernel, ("x",))]
    if between.kind != "temporary" or len(taken) != 1 or taken[0] not in suitable:
        return None  # kept elsewhere, or taken in part, more than once or for another argument
    first, second = (KERNELS[c.kernel].parts or (c.kernel,) for c in (maker, call))
    return _FUSED.get((first + second, keeps))


def _may_go_before(call: Call, passed: Sequence[Call]) -> bool:
    """Whether a call reads and leaves the same if it comes before others."""
    made = _roots(call.outputs)
    touched = _writes(passed) | {t.root for other in passed for t in other.inputs}
    return not _writes(passed) & _roots(call.inputs) and not touched & made


def _together(row: Kernel, maker: Call, call: Call) -> Call:
    """One call for both, its arguments in the order of the row."""
    between = maker.outputs[0]
    kept = (between,) if row.keeps else ()
    added = tuple(t for t in call.inputs if t.root is not between)
    given = maker.attributes | call.attributes
    attributes = {name: given[name] for name, _ in row.attributes}
    return Call(row.name, (*call.outputs, *kept), (*maker.inputs, *added), attributes, maker.scope)


def _users(calls: Sequence[Call]) -> dict[Tensor, list[int]]:
    """The calls that touch each tensor, in order, views counted with their base."""
    found: dict[Tensor, list[int]] = {}
    for index, call in enumerate(calls):
        for root in _roots((*call.inputs, *call.outputs)):
            found.setdefault(root, []).append(index)
    return found


def _writes(calls: Iterable[Call]) -> set[Tensor]:
    return {t.root for call in calls for t in call.outputs}


def _roots(tensors: Iterable[Tensor]) -> set[Tensor]:
    return {t.root for t in tensors}
