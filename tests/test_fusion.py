"""Fused kernels in plans: the same work in fewer calls, for any placement in memory."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from planning import random_values, replay
from test_plan import memories, traces

from tat.config import resolve
from tat.model.loss import CrossEntropyLoss
from tat.model.programs import (
    BatchShape,
    encode_program,
    loss_program,
    sampling_program,
    step_program,
)
from tat.model.transformer import Transformer
from tat.ops import decoding
from tat.ops import vocabulary as ops
from tat.ops.cost import plan_flops
from tat.ops.fusion import FEW_ROWS, WIDEST, fused
from tat.ops.graph import Graph, Tensor
from tat.ops.kernels import KERNELS
from tat.ops.plan import Memory, plan

UP, DOWN, SQUARE = (Tensor(name, size, "weight") for name, size in
                    (("up", (4, 12)), ("down", (12, 4)), ("square", (4, 4))))  # fmt: skip
LONG, SHORT, GAIN = (Tensor(name, (size,), "weight") for name, size in
                     (("long", 12), ("short", 4), ("gain", 4)))  # fmt: skip


def kernels_of(graph: Graph) -> list[str]:
    return [call.kernel for call in fused(graph.calls)]


def state(rows: int = 3, width: int = 4) -> Tensor:
    return Tensor("x", (rows, width), "state")


@given(traces(), memories)
def test_a_fused_plan_computes_what_the_trace_does(graph: Graph, memory: Memory):
    plain, p = (plan(graph, replace(memory, fuses=fuses)) for fuses in (False, True))
    assert len(p.calls) <= len(plain.calls)
    assert plan_flops(p) == plan_flops(plain)
    values = random_values(plain)
    expected, got = replay(plain, values, planned=False), replay(p, values, planned=True)
    assert got.keys() == expected.keys()
    for name, value in got.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-9, atol=1e-9)


def test_a_layer_becomes_as_few_calls_as_there_are_kernels_for():
    with Graph() as graph:
        x = state()
        y = ops.linear(ops.gelu(ops.linear(ops.layer_norm(x, GAIN, SHORT), UP, LONG)), DOWN, SHORT)
        ops.add(x, y)
    assert kernels_of(graph) == ["layer_norm_linear_gelu", "linear_add"]
    first, second = fused(graph.calls)
    assert first.inputs == (x, GAIN, SHORT, UP, LONG)
    assert first.attributes == dict(rows=3, inputs=4, outputs=12, epsilon=1e-5)
    assert second.inputs == (*first.outputs, DOWN, SHORT, x)
    assert second.outputs == graph.calls[-1].outputs


def test_gelu_and_its_gradient_share_the_slope_where_nothing_else_reads_the_argument():
    def trained(more: bool) -> Graph:
        with Graph(training=True) as graph:
            inner = ops.linear(state(), UP, LONG)
            y = ops.linear(ops.gelu(inner), DOWN, SHORT)
            if more:
                y = ops.add(y, ops.linear(inner, DOWN, SHORT))
            graph.backward({y: state()})
        return graph

    graph = trained(more=False)
    forward, _, backward, *_ = fused(graph.calls)
    assert forward.kernel == "linear_gelu_sloped"
    assert backward.kernel == "linear_backward_input_gelu_backward_sloped"
    assert forward.outputs[1] is backward.inputs[-1] is graph.calls[0].outputs[0]
    assert {"linear", "gelu", "gelu_backward"} <= {*kernels_of(trained(more=True))}


def test_a_tensor_with_another_reader_is_not_fused():
    with Graph() as graph:
        inner = ops.linear(state(), UP, LONG)
        ops.gelu(inner)
        ops.gelu(ops.gelu(inner))
    assert kernels_of(graph) == ["linear", "gelu", "gelu", "gelu"]
    with Graph() as graph:
        inner = ops.linear(state(), SQUARE, SHORT)
        ops.linear(ops.add(state(), inner), SQUARE, SHORT)
        ops.gelu(ops.layer_norm(inner, GAIN, SHORT))
    assert kernels_of(graph) == [call.kernel for call in graph.calls]


def test_a_tensor_added_to_itself_is_not_fused():
    with Graph() as graph:
        h = ops.linear(state(), SQUARE, SHORT)
        ops.add(h, h)
    assert kernels_of(graph) == ["linear", "add"]


def test_a_product_that_is_the_residual_is_not_the_branch():
    counter = Tensor("counter", (3,), "feed", "int")
    with Graph(training=True) as graph:
        h = ops.linear(state(), SQUARE, SHORT)
        with graph.scope("first"):
            ops.dropout_add(h, state(), counter, 0.5)
        with graph.scope("second"):
            ops.dropout_add(state(), ops.linear(state(), SQUARE, SHORT), counter, 0.5)
    assert kernels_of(graph) == ["linear", "dropout_add", "linear_dropout_add"]


def test_a_tensor_that_is_read_in_parts_is_not_fused():
    with Graph() as graph:
        h = ops.layer_norm(state(rows=4), GAIN, SHORT)
        for start in (0, 2):
            ops.linear(h.rows(start, 2), SQUARE, SHORT)
    assert kernels_of(graph) == ["layer_norm", "linear", "linear"]
    with Graph() as graph:
        h = ops.linear(state(rows=4), SQUARE, SHORT)
        ops.gelu(h.rows(1, 2))
    assert kernels_of(graph) == ["linear", "gelu"]


def test_a_tensor_that_the_host_or_another_plan_sees_stays():
    for kind in ("state", "metric"):
        with Graph() as graph:
            seen = ops.linear(state(), SQUARE, SHORT, into=Tensor("seen", (3, 4), kind))
            ops.gelu(seen)
        assert kernels_of(graph) == ["linear", "gelu"]


def test_the_last_of_two_products_takes_the_sum():
    with Graph() as graph:
        first, second = (ops.linear(state(), SQUARE, SHORT) for _ in range(2))
        ops.add(first, second)
    one, both = fused(graph.calls)
    assert (one.kernel, both.kernel) == ("linear", "linear_add")
    assert both.inputs[-1] is one.outputs[0] is first


def test_nothing_is_read_before_it_is_written():
    """The product comes before the write of the cache that is added to it."""
    cache, x = Tensor("cache", (3, 4), "state"), state()
    position = Tensor("position", (3,), "feed", "int")
    with Graph() as graph:
        y = ops.linear(x, SQUARE, SHORT)
        decoding.cache_write(cache, x, position)
        ops.add(cache, y)
    assert kernels_of(graph) == ["linear", "cache_write", "add"]
    with Graph() as graph:
        h = ops.layer_norm(cache, GAIN, SHORT)
        decoding.cache_write(cache, x, position)
        ops.linear(h, SQUARE, SHORT)
    assert kernels_of(graph) == ["layer_norm", "cache_write", "linear"]


@pytest.mark.parametrize(("rows", "width"), [(1, 6), (FEW_ROWS, 4), (FEW_ROWS + 1, 4)])
def test_a_norm_joins_all_its_products_of_few_rows_or_none(rows: int, width: int):
    weight, bias = Tensor("weight", (width, 8), "weight"), Tensor("bias", (8,), "weight")
    gain = Tensor("gain", (width,), "weight")
    with Graph() as graph:
        h = ops.layer_norm(state(rows, width), gain, gain)
        for _ in range(2):
            ops.linear(h, weight, bias)
    plain = ["layer_norm", "linear", "linear"]
    assert kernels_of(graph) == (["layer_norm_linear"] * 2 if rows <= FEW_ROWS else plain)
    with graph:
        ops.gelu(h)
    assert kernels_of(graph) == [*plain, "gelu"]


def normed(width: int) -> Graph:
    """x + norm(x), and the gradients."""
    x, gain = state(16, width), Tensor("gain", (width,), "weight")
    with Graph(training=True) as graph:
        inner = ops.add(x, x)
        y = ops.add(inner, ops.layer_norm(inner, gain, gain))
        graph.backward({y: x})
    return graph


@pytest.mark.parametrize("width", [4, 6, WIDEST, WIDEST + 4])
def test_both_gradients_of_a_norm_are_of_one_read_where_a_workgroup_holds_a_row(width: int):
    together = [name for name in kernels_of(normed(width)) if name.endswith("parameters")]
    held = width in (4, WIDEST)
    assert together == ["layer_norm_backward_add_" * held + "layer_norm_backward_parameters"]


@pytest.mark.parametrize("tokens", [1, 2])
def test_a_cache_is_written_by_the_product_where_it_takes_all_rows(tokens: int):
    """The separate kernel writes several tokens of one sequence that are cached one by one."""
    model = of_base()
    calls = fused(step_program(model, BatchShape(1, 16, 16), tokens=tokens).calls)
    caches = Counter(c.kernel for c in calls if "cache.own" in c.outputs[0].name)
    expected = {"layer_norm_linear_cache_write": 6} if tokens == 1 else {"cache_write": 12}
    assert caches == expected


def of_base(copy: bool = False) -> Transformer:
    flags = {"preset": "base", "model.copy": copy, "model.dropout": 0.1}
    return Transformer(resolve(flags=flags, environment={}).config.model, vocabulary=50)


def test_a_token_takes_60_calls_where_its_trace_has_108():
    graph = sampling_program(of_base(), BatchShape(1, 16, 16), block=8, first=2)
    assert (len(graph.calls), len(fused(graph.calls))) == (108, 60)


def test_a_training_step_has_no_gelu_and_few_sums_of_its_own():
    loss = CrossEntropyLoss(0.1, 1 << 20)
    graph = loss_program(of_base(), BatchShape(2, 16, 16), loss, training=True)
    found = Counter(kernels_of(graph))
    assert not found.keys() & {"gelu", "gelu_backward", "add", "dropout_add"}
    both = "layer_norm_backward_add_layer_norm_backward_parameters"
    assert found["linear_dropout_add"] == found[both] == 30
    assert found["layer_norm"] == 32  # their means are asked for


def test_every_fused_kernel_is_met():
    model, loss = of_base(), CrossEntropyLoss(0.1, 1 << 20)
    graphs = [
        *(
            loss_program(of_base(copy), BatchShape(2, 16, 16), loss, training=True, scaled=True)
            for copy in (False, True)
        ),
        encode_program(model, BatchShape(8, 16, 16)),
        sampling_program(model, BatchShape(1, 16, 16), block=8, first=2),
        normed(width=6),
    ]
    met = {kernel for graph in graphs for kernel in kernels_of(graph)}
    elsewhere = {"adamw_fold"}  # of weights with a copy, which a plan does not know of
    assert met | elsewhere >= {name for name, row in KERNELS.items() if row.parts}
