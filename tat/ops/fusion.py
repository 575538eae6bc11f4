"""Calls that follow each other become one call of a fused kernel, so that memory moves once.

For devices on which starting a call costs more than its arithmetic. A fused kernel has

    an epilogue   it goes on with its result: a product, then GELU or the residual
    a prologue    it makes an operand by itself: each product normalises its few rows, in inference
    a sibling     it makes what else there is to make of its inputs: a norm's two gradients

The tensor between them is never stored, and so no other call may read it. That of GELU is read by
its gradient: both are fused together, and GELU's slope takes the place of the tensor.
"""

from collections.abc import Iterable, Sequence

from tat.ops.graph import Call, Tensor
from tat.ops.kernels import KERNELS, Kernel

# Up to so many rows, a product waits for its weights to be read, and a call for the one before it:
# normalising the rows anew for each block of columns costs less than a call of its own.
FEW_ROWS = 64

# Up to so many columns, and by fours, both gradients of a norm are made of one read.
WIDEST = 2048

# Arguments by which the last part of a fused kernel can take the others' result, if not its x.
_TAKEN_AS = {"add": ("a", "b"), "gelu_backward": ("dy",)}

# Kernels that go with another of the same inputs.
_SIBLINGS = {"layer_norm_backward_parameters"}

_FUSED = {(row.parts, row.sloped): row for row in KERNELS.values() if row.parts}


def fused(calls: Iterable[Call]) -> list[Call]:
    """The same work in fewer calls, on the same tensors."""
    return _with_siblings(_with_epilogues(_with_slopes(_with_prologues(list(calls)))))


def _with_prologues(calls: Sequence[Call]) -> list[Call]:
    """Fuses each norm of few rows into the products that read it, if nothing else reads it."""
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
    """The kernel of `call` with `maker` as its prologue; None if there is none or it is slower."""
    row = _row(maker, call)
    return row if row and call.attributes["rows"] <= FEW_ROWS else None


def _with_slopes(calls: Sequence[Call]) -> list[Call]:
    """Fuses GELU and its gradient into the products before them, if both can be and none else reads
    GELU's argument: in its place the first leaves the slope, by which the second multiplies."""
    found: list[Call | None] = list(calls)
    users = _users(calls)
    for call in calls:
        if call.kernel != "gelu_backward":
            continue
        above, argument = (users[t.root] for t in call.inputs)
        if len(above) != 2 or len(argument) != 3:
            continue  # dy has its maker and this reader; x has GELU between them
        pairs = (argument[:2], above)
        rows = [_row(calls[first], calls[last], sloped=True) for first, last in pairs]
        between = [calls[first + 1 : last] for first, last in pairs]
        if all(rows) and all(map(_may_go_before, (calls[last] for _, last in pairs), between)):
            for (first, last), row in zip(pairs, rows, strict=True):
                found[first], found[last] = _together(row, calls[first], calls[last]), None
    return [call for call in found if call]


def _with_epilogues(calls: Sequence[Call]) -> list[Call]:
    """Fuses calls into the last of those that make their inputs, in the place of that one."""
    found: list[Call | None] = list(calls)
    makers = {t: index for index, call in enumerate(calls) for t in call.outputs}
    users = _users(calls)
    for index, call in enumerate(calls):
        earlier = [makers[t.root] for t in call.inputs if makers.get(t.root, index) < index]
        if not earlier:
            continue
        place = max(earlier)
        maker, passed = found[place], [c for c in found[place + 1 : index] if c]
        row = _row(maker, call) if len(users[maker.outputs[0].root]) == 2 else None
        if row and len(maker.outputs) == 1 and _may_go_before(call, passed):
            found[place], found[index] = _together(row, maker, call), None
            makers |= dict.fromkeys(call.outputs, place)
    return [call for call in found if call]


def _with_siblings(calls: Sequence[Call]) -> list[Call]:
    """Fuses a call into the one before it that reads all that it does."""
    found: list[Call] = []
    for call in calls:
        first = found[-1] if found else call
        row = _FUSED.get((_parts(first) + _parts(call), False))
        if (
            row
            and call.kernel in _SIBLINGS
            and {*call.inputs} <= {*first.inputs}
            and _holds(call.attributes["width"])
        ):
            outputs, given = (*first.outputs, *call.outputs), first.attributes | call.attributes
            found[-1] = Call(row.name, outputs, first.inputs, given, first.scope)
        else:
            found.append(call)
    return found


def _holds(width: int) -> bool:
    """Whether a workgroup holds rows of this width, each thread up to 8 columns."""
    return width % 4 == 0 and width <= WIDEST


def _row(maker: Call, call: Call, *, sloped: bool = False) -> Kernel | None:
    """The fused kernel of two calls, if there is one."""
    between = maker.outputs[0]
    arguments = zip(KERNELS[call.kernel].inputs, call.inputs, strict=True)
    taken = [(name, t.size) for name, t in arguments if t.root is between]
    suitable = [(name, between.size) for name in _TAKEN_AS.get(call.kernel, ("x",))]
    if between.kind != "temporary" or len(taken) != 1 or taken[0] not in suitable:
        return None  # kept elsewhere, or taken in part, more than once or for another argument
    return _FUSED.get((_parts(maker) + _parts(call), sloped))


def _parts(call: Call) -> tuple[str, ...]:
    return KERNELS[call.kernel].parts or (call.kernel,)


def _may_go_before(call: Call, passed: Sequence[Call]) -> bool:
    """Whether a call may be moved before others: it reads and writes nothing that these write."""
    made = _roots(call.outputs)
    touched = _writes(passed) | {t.root for other in passed for t in other.inputs}
    return not _writes(passed) & _roots(call.inputs) and not touched & made


def _together(row: Kernel, maker: Call, call: Call) -> Call:
    """One call for both, its arguments in the order of the row."""
    between = maker.outputs[0]
    slope = (between,) if len(row.outputs) > len(call.outputs) else ()
    added = tuple(t for t in call.inputs if t.root is not between)
    given = maker.attributes | call.attributes
    attributes = {name: given[name] for name, _ in row.attributes}
    return Call(row.name, (*call.outputs, *slope), (*maker.inputs, *added), attributes, maker.scope)


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
