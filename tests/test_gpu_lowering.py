"""Grids and parameters of dispatches, and large tensors in parts."""

import struct
from dataclasses import replace

import numpy as np
import pytest
from cases import Case
from gpu_harness import device, kernel_functions
from hypothesis import given
from hypothesis import strategies as st

from tat.backends.gpu.device import MAX_GROUPS, Limits
from tat.backends.gpu.executable import GpuBackend
from tat.backends.gpu.lowering.calls import lower, sliced
from tat.backends.gpu.lowering.params import params
from tat.backends.gpu.lowering.passes import folded
from tat.backends.gpu.shader_text import shader_names
from tat.errors import DeviceError
from tat.ops import vocabulary as ops
from tat.ops.fusion import FEW_ROWS, fused
from tat.ops.graph import Call, Graph, Tensor
from tat.ops.kernels import KERNELS
from tat.ops.row import row

ROOMY = Limits(binding=2**31, buffer=2**31)


@given(st.integers(1, 2**32))
def test_a_folded_grid_has_all_groups_and_hardly_more(groups: int):
    x, y, z = folded(groups)
    assert z == 1 and max(x, y) <= max(MAX_GROUPS, groups // MAX_GROUPS + 2)
    assert groups <= x * y < groups + y
    if groups <= MAX_GROUPS:
        assert (x, y) == (groups, 1)


def test_params_hold_the_attributes_and_factors_that_float32_would_lose():
    attributes = dict(size=7, rate=0.1, key=2**32 - 1)
    size, rate, key, threshold, scale = struct.unpack("<IfIIf", params("dropout", attributes))
    assert (size, rate, key) == (7, np.float32(0.1), 2**32 - 1)
    assert threshold == int(0.1 * 2**32) != int(np.float32(0.1) * 2.0**32)
    assert scale == np.float32(1 / 0.9)
    _, decay, step = struct.unpack("<Iff", params("moving_average", dict(size=1, decay=0.9999)))
    assert (decay, step) == (np.float32(0.9999), np.float32(1 - 0.9999))


def call_of(case: Case, kind: str = "state") -> Call:
    """A case as a traced call on tensors of one kind."""
    row = case.row
    outputs, inputs = (
        [Tensor(name, case.shape(name), kind, row.arguments[name].dtype) for name in names]
        for names in (row.outputs, row.inputs)
    )
    with Graph() as graph:
        graph.emit(case.kernel, outputs, inputs, **case.attributes)
    return graph.calls[0]


_ADAMW = dict(decayed=7000, beta1=0.9, beta2=0.98, epsilon=1e-9, weight_decay=0.1)
FLAT = {
    "fold": dict(accumulate=1),
    "adamw": _ADAMW,
    "adamw_fold": _ADAMW,
    "moving_average": dict(decay=0.9),
    "square_sum": dict(chunk=16),
}


@given(
    st.integers(1, 2 * FEW_ROWS), st.integers(1, 600), st.integers(1, 600), st.booleans(),
    st.booleans(),
)  # fmt: skip
def test_every_fused_call_has_a_shader(
    rows: int, inputs: int, outputs: int, summed: bool, half: bool
):
    x, gain = Tensor("x", (rows, inputs), "state"), Tensor("gain", (inputs,), "weight")
    weight, bias = Tensor("w", (inputs, outputs), "weight"), Tensor("b", (outputs,), "weight")
    with Graph() as graph:
        y = ops.linear(ops.layer_norm(x, gain, gain), weight, bias)
        if summed:
            ops.add(y, ops.linear(x, weight, bias))
        else:
            ops.gelu(y)
    shaders = {d.shader for c in fused(graph.calls) for d in lower(c, ROOMY, half)}
    assert shaders <= set(shader_names())


@given(
    st.sampled_from(sorted(FLAT)), st.integers(4, 20_000), st.sampled_from([4096, 10_000, 65536])
)
def test_parts_are_aligned_fit_and_are_the_whole(kernel: str, size: int, binding: int):
    decayed = {"decayed": size // 2} if "decayed" in FLAT[kernel] else {}
    call = call_of(Case(kernel, {"size": size, **FLAT[kernel], **decayed}))
    parts = list(sliced(call, Limits(binding, 2**31)))
    assert sum(part.attributes["size"] for part in parts) == size
    width = 4 if kernel == "square_sum" else 2  # bytes of an element: the others may be in f16
    for index, whole in enumerate((*call.outputs, *call.inputs)):
        pieces = [(*part.outputs, *part.inputs)[index] for part in parts]
        assert all(4 * piece.size <= binding for piece in pieces)
        assert all(width * piece.offset % 256 == 0 for piece in pieces)
        if whole.size not in (2, 3):  # scale and rate are in every part
            ends = [piece.offset + piece.size for piece in pieces]
            assert [piece.offset for piece in pieces] == [0, *ends[:-1]]
            assert ends[-1] == whole.size
    assert sum(part.attributes.get("decayed", 0) for part in parts) == decayed.get("decayed", 0)


@pytest.mark.gpu
@pytest.mark.parametrize("kernel", FLAT)
def test_work_in_parts_gives_the_bits_of_the_whole(kernel: str):
    given = dict(rate=[1e-3, 0.1, 0.02], scale=[0.5, 2.0])
    row = Case(kernel, {}).row
    given = {name: values for name, values in given.items() if name in row.inputs}
    case = Case(kernel, {"size": 20_001, **FLAT[kernel]}, given=given)
    whole, small = (
        case.run(kernel_functions(GpuBackend(replace(device(), limits=limits))), np.float32)
        for limits in (ROOMY, Limits(binding=8192, buffer=2**31))
    )
    for name in whole:
        np.testing.assert_array_equal(small[name], whole[name])


def test_an_uncuttable_tensor_is_refused_with_the_size_that_would_fit():
    call = call_of(Case("gelu", dict(size=4000)), "temporary")
    with pytest.raises(DeviceError, match=r"y takes 0\.016 MB.* 0\.004 MB .*25% of it fits: lower"):
        lower(call, Limits(4000, 2**31))
    table = call_of(Case("embedding", dict(rows=3, width=10, vocabulary=200, scale=1.0)), "weight")
    with pytest.raises(DeviceError, match=r"table takes .*smaller data\.vocabulary"):
        lower(table, Limits(4000, 2**31))


def test_an_operation_without_passes_is_refused_with_the_file_to_write(monkeypatch):
    monkeypatch.setitem(KERNELS, "planted", row("planted", "y[size]; x[size]; size"))
    x = Tensor("x", (4,), "state")
    with Graph() as graph, graph.scope("encoder.0"):
        graph.emit("planted", [(4,)], [x], size=4)
    with pytest.raises(DeviceError, match=r"encoder\.0: planted .*FAMILY/planted\.wgsl.*table\.py"):
        lower(graph.calls[0], ROOMY)


def test_a_grid_that_no_gpu_takes_is_refused():
    extents = dict(batch=70_000, queries=1, sources=1, keys=1, width=2, heads=1, causal=0)
    with pytest.raises(DeviceError, match=r"attention needs 70000 workgroups .* 65535"):
        lower(call_of(Case("attention", extents)), ROOMY)
