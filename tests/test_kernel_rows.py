"""Rows of the table of kernels: how they are read, and how traced calls are checked by them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.backends.reference.cases import Case
from tat.ops import vocabulary as ops
from tat.ops.cost import flops, moved_bytes
from tat.ops.graph import Graph, Tensor
from tat.ops.kernels import KERNELS
from tat.ops.row import Argument, Extent, row

SIZES = st.integers(1, 9)


@given(SIZES, SIZES, SIZES)
def test_extents_are_terms_of_numbers_and_names(a: int, b: int, c: int):
    given = dict(a=a, b=b, c=c)
    assert Extent("2*a").value(given) == 2 * a
    assert Extent("a*b-c+1").value(given) == a * b - c + 1
    assert Extent("a/(1+c)").value(given) == -(-a // (1 + c)) == int(np.ceil(a / (1 + c)))
    assert Extent("a*b/c").names == {"a", "b", "c"}


@pytest.mark.parametrize("text", ["f(a)", "a**2", "a.b", "'a'", "a if b else c"])
def test_an_extent_is_nothing_else(text: str):
    with pytest.raises(ValueError, match="no extent"):
        Extent(text).value(dict(a=1, b=1, c=1))


def test_an_argument_says_shape_type_and_values():
    argument = Argument.parse("ids[batch,2*keys]:int<vocabulary+1@batch")
    assert (argument.name, argument.shape) == ("ids", ("batch", "2*keys"))
    assert (argument.dtype, argument.below, argument.touched) == ("int", "vocabulary+1", "batch")
    assert Argument.parse("v[size]>0").positive and not Argument.parse("v[size]").positive
    assert Argument.parse("w[a,b]:int8").touched.value(dict(a=3, b=4)) == 12
    for text in ("x", "x[]", "x[a]:double", "[a]"):
        with pytest.raises(ValueError, match="is not NAME"):
            Argument.parse(text)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_row_is_whole(kernel: str):
    """Extents are attributes or free; what is updated is an output; no argument comes twice."""
    found = KERNELS[kernel]
    names = [a.name for a in (*found.results, *found.operands)]
    attributes = {name for name, _ in found.attributes}
    assert len(set(names)) == len(names) and not attributes & set(names)
    assert set(found.updates) <= set(found.outputs)
    assert {kind for _, kind in found.attributes} <= {"u32", "f32"}
    free = {e for a in found.arguments.values() for e in a.shape if e.isidentifier()}
    for argument in found.arguments.values():
        for extent in argument.shape:
            assert extent.names <= attributes | free, argument
    if found.flops:
        assert found.flops.names <= attributes


@pytest.mark.parametrize("part", [k for k in KERNELS.values() if k.parts], ids=lambda k: k.name)
def test_a_fused_row_costs_the_products_of_its_parts(part):
    assert part.flops == next((KERNELS[p].flops for p in part.parts if KERNELS[p].flops), None)


def refusal(kernel: str, outputs: list, inputs: list[Tensor], **attributes: float) -> str:
    """The graph's message about a call that does not fit."""
    with Graph() as graph, graph.scope("encoder.0"), pytest.raises(TypeError) as caught:
        graph.emit(kernel, outputs, inputs, **attributes)
    assert not graph.calls
    return str(caught.value)


X, GAIN = Tensor("x", (4, 6), "state"), Tensor("gain", (6,), "state")
LONG, IDS = Tensor("long", (7,), "state"), Tensor("ids", (4,), "state", "int")


def test_a_wrong_shape_is_refused_where_it_is_traced():
    outputs, dims = [(4, 6), (4,), (4,)], dict(rows=4, width=6, epsilon=1e-5)
    assert refusal("layer_norm", outputs, [X, LONG, GAIN], **dims) == (
        "encoder.0: layer_norm: gain: expected [width=6] of float, got [7] of float"
    )
    assert refusal("layer_norm", [(6, 4), (4,), (4,)], [X, GAIN, GAIN], **dims) == (
        "encoder.0: layer_norm: y: expected [rows=4, width=6] of float, got [6, 4] of float"
    )


def test_a_wrong_type_is_refused_where_it_is_traced():
    table = Tensor("table", (9, 6), "state")
    message = refusal("embedding", [(4, 6)], [X, table], rows=4, width=6, scale=1.0)
    assert message.endswith("ids: expected [rows=4] of int, got [4, 6] of float")
    message = refusal("gelu", [(4,)], [IDS], size=4)
    assert message.endswith("x: expected [size=4] of float, got [4] of int")


def test_a_free_extent_has_one_value_in_a_call():
    cache, wide = Tensor("scales", (8,), "state"), Tensor("table", (9, 6), "state", "int8")
    message = refusal("embedding_int8", [(4, 6)], [IDS, wide, cache], rows=4, width=6, scale=1.0)
    assert message.endswith("scales: expected [vocabulary=9] of float, got [8] of float")


def test_an_operation_without_a_row_is_refused():
    assert "tat/ops/kernels.py" in refusal("no_such", [(1,)], [X])


def test_costs_follow_from_the_row():
    with Graph(training=True) as graph:
        weight, bias = Tensor("w", (6, 5), "weight"), Tensor("b", (5,), "weight")
        y = ops.linear(X, weight, bias)
        graph.backward({y: Tensor("dy", (4, 5), "state")})
    forward, of_input, of_weights = graph.calls
    assert flops(forward) == flops(of_input) == flops(of_weights) == 2 * 4 * 6 * 5
    assert moved_bytes(forward) == 4 * (4 * 5 + 4 * 6 + 6 * 5 + 5)
    assigned = 4 * (6 * 5 + 5 + 4 * 5 + 4 * 6)
    assert moved_bytes(of_weights) == assigned
    of_weights.attributes["accumulate"] = 1
    assert moved_bytes(of_weights) == assigned + 4 * (6 * 5 + 5)


def test_a_lookup_moves_the_rows_that_it_takes():
    with Graph() as graph:
        ops.embedding(IDS, Tensor("table", (1000, 6), "weight"), 1.0)
    assert moved_bytes(graph.calls[0]) == 4 * (4 * 6 + 4 + 4 * 6)


@given(st.data())
def test_drawn_values_are_of_the_row(data: st.DataObject):
    """Shapes, types and bounds of a case's arguments, whatever its extents."""
    kernel = data.draw(st.sampled_from(["embedding", "positional_encoding", "attention", "clip"]))
    extents = {name: data.draw(SIZES) for name, _ in KERNELS[kernel].attributes}
    extents |= {"vocabulary": 5, "positions": 20, "heads": 1}
    for name, values in Case(kernel, extents).arguments(np.float32).items():
        argument = KERNELS[kernel].arguments[name]
        assert values.shape == argument.extents(extents)
        assert values.dtype == (np.int32 if argument.dtype == "int" else np.float32)
        if argument.below:
            assert (values >= 0).all() and (values < argument.below.value(extents)).all()
        if argument.positive and name in KERNELS[kernel].inputs:
            assert (values > 0).all()


def test_a_row_is_read_in_three_parts():
    made = row("twice", "y[size]; x[size] n[2]:int; size rate:f32", updates="y")
    assert (made.outputs, made.inputs, made.updates) == (("y",), ("x", "n"), ("y",))
    assert made.attributes == (("size", "u32"), ("rate", "f32"))
