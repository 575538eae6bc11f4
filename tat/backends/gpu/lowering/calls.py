"""Lowering: a call becomes dispatches, in parts where its tensors are more than fits."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tat.backends.gpu.device import MAX_GROUPS, Limits
from tat.backends.gpu.lowering.params import params
from tat.backends.gpu.lowering.passes import Pass
from tat.backends.gpu.lowering.table import HALF_PASSES, PASSES
from tat.errors import DeviceError
from tat.ops.graph import Call, Tensor
from tat.ops.plan import ELEMENT_BYTES


@dataclass(frozen=True)
class Dispatch:
    """One pass of a call, ready to be bound."""

    shader: str
    grid: tuple[int, int, int]
    params: bytes
    tensors: tuple[Tensor, ...]  # of bindings 1 on: outputs, then inputs
    scratch: int  # elements, bound after them


def lower(call: Call, limits: Limits, half: bool = False) -> list[Dispatch]:
    """The dispatches of a call; DeviceError where an argument is more than the device binds.

    half: whether factors of products may be rounded to f16.
    """
    passes = PASSES | HALF_PASSES if half else PASSES
    if call.kernel not in passes:
        raise DeviceError(
            f"{call.scope or 'the update'}: {call.kernel} has no passes on a GPU; use --device cpu,"
            f" or write shaders/FAMILY/{call.kernel}.wgsl and its row in"
            " tat/backends/gpu/lowering/table.py"
        )
    return [
        _dispatch(part, step)
        for part in sliced(call, limits)
        for step in passes[part.kernel](part.kernel, part.attributes)
    ]


def _dispatch(call: Call, step: Pass) -> Dispatch:
    if max(step.grid) > MAX_GROUPS:
        raise DeviceError(
            f"{call.scope or 'the update'}: {call.kernel} needs {max(step.grid)} workgroups in one"
            f" dimension, and a GPU takes {MAX_GROUPS}; lower train.batch_tokens"
        )
    tensors = (*call.outputs, *call.inputs)
    return Dispatch(
        step.shader, step.grid, params(call.kernel, call.attributes), tensors, step.scratch
    )


# Flat, as large as all weights.
_SLICEABLE = ("fold", "square_sum", "adamw", "adamw_fold", "moving_average")


def sliced(call: Call, limits: Limits) -> Iterator[Call]:
    """The call, or several on parts of its arguments where the whole is more than fits."""
    most = limits.binding // ELEMENT_BYTES
    large = [t for t in (*call.outputs, *call.inputs) if t.size > most]
    if not large:
        yield call
    elif call.kernel in _SLICEABLE:
        # Aligned offsets: parts start at multiples of 128 elements, for those in f16, and partial
        # sums at multiples of 64.
        unit = max(128, 64 * call.attributes.get("chunk", 1))
        step = max(1, most // unit) * unit
        for start in range(0, call.attributes["size"], step):
            yield _slice(call, start, min(step, call.attributes["size"] - start))
    else:
        raise _too_large(call, large[0], limits)


def _slice(call: Call, start: int, count: int) -> Call:
    """A call on elements start to start + count of the flat arguments, and on their partials."""
    size, chunk = call.attributes["size"], call.attributes.get("chunk", 0)

    def part(tensor: Tensor) -> Tensor:
        name = f"{tensor.name}[{start}]"
        if tensor.size == size:
            return tensor.view(name, (count,), start)
        if chunk and tensor.size == -(-size // chunk):
            return tensor.view(name, (-(-count // chunk),), start // chunk)
        return tensor

    attributes = {**call.attributes, "size": count}
    if "decayed" in attributes:
        attributes["decayed"] = min(max(0, attributes["decayed"] - start), count)
    return replace(
        call,
        outputs=tuple(map(part, call.outputs)),
        inputs=tuple(map(part, call.inputs)),
        attributes=attributes,
    )


def _too_large(call: Call, tensor: Tensor, limits: Limits) -> DeviceError:
    need = tensor.size * ELEMENT_BYTES
    if tensor.kind in ("weight", "gradient", "constant"):
        advice = "a smaller data.vocabulary or model.width fits"
    else:
        advice = (
            f"{limits.binding / need:.0%} of it fits: lower train.batch_tokens, the lengths in"
            " data.buckets or memory.chunk_bytes"
        )
    return DeviceError(
        f"{call.scope or 'the update'}: {tensor.name} takes {need / 1e6:.3g} MB, and this GPU gives"
        f" a shader at most {limits.binding / 1e6:.3g} MB of one tensor; {advice}"
    )
