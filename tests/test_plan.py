"""Plans of random traces keep live tensors apart, and compute the results of the trace."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from harness import expose
from hypothesis import given
from hypothesis import strategies as st
from planning import extent, lives, overlap, random_values, replay, sides

from tat.model.parameters import Parameters
from tat.ops import vocabulary as ops
from tat.ops.graph import Graph, Tensor
from tat.ops.losses import cross_entropy
from tat.ops.plan import ELEMENT_BYTES, Memory, plan

WIDTH = 4
PARAMETERS = Parameters()
UP, DOWN = PARAMETERS.matrix("up", WIDTH, 9), PARAMETERS.matrix("down", 9, WIDTH)
TWO = PARAMETERS.matrix("two", WIDTH, 2 * WIDTH)
TABLE = PARAMETERS.matrix("table", 5, WIDTH)
GAIN, SHORT = PARAMETERS.vector("gain", WIDTH, 1.0), PARAMETERS.vector("short", WIDTH, 0.0)
LONG, DOUBLE = PARAMETERS.vector("long", 9, 0.0), PARAMETERS.vector("double", 2 * WIDTH, 0.0)
PARAMETERS.freeze()
COUNTER = Tensor("counter", (3,), "feed", "int")
LENGTHS = Tensor("lengths", (1,), "feed", "int")


def feed_forward(a: Tensor, _: Tensor) -> Tensor:
    return ops.linear(ops.gelu(ops.linear(a, UP, LONG)), DOWN, SHORT)


def attend(a: Tensor, b: Tensor) -> Tensor:
    return ops.attention(a, ops.linear(b, TWO, DOUBLE), LENGTHS, heads=2)


def by_rows(a: Tensor, _: Tensor) -> Tensor:
    """A tensor that two calls write; each writes its own rows."""
    h, cut = ops.linear(a, UP, LONG), (a.shape[0] + 1) // 2
    whole = ops.current().temporary("whole", a.shape)
    for start, count in ((0, cut), (cut, a.shape[0] - cut)):
        if count:
            ops.linear(h.rows(start, count), DOWN, SHORT, into=whole.rows(start, count))
    return whole


OPERATIONS: list[Callable[[Tensor, Tensor], Tensor]] = [
    feed_forward,
    attend,
    ops.add,
    lambda a, _: ops.gelu(a),
    lambda a, _: ops.layer_norm(a, GAIN, SHORT),
    lambda a, b: ops.dropout_add(a, b, COUNTER, 0.5),
]


@st.composite
def traces(draw: st.DrawFn) -> Graph:
    """Up to ten operations on earlier results, perhaps with their gradient, perhaps with a loss."""
    rows, training = draw(st.integers(1, 6)), draw(st.booleans())
    x = Tensor("x", (rows, WIDTH), "state")
    results = [x]
    choices = st.sampled_from(OPERATIONS if training else [*OPERATIONS, by_rows])
    with Graph(training=training) as graph:
        for index in range(draw(st.integers(1, 10))):
            operands = [results[draw(st.integers(0, len(results) - 1))] for _ in range(2)]
            with graph.scope(f"operation.{index}"):
                results.append(draw(choices)(*operands))
        y = results[-1]
        seed = y.shape
        expose(graph, y, "y")
        if draw(st.booleans()):
            seed = (1,)  # a factor of all losses
            targets = Tensor("targets", (rows,), "feed", "int")
            y = cross_entropy(y, TABLE, targets, smoothing=0.1, chunk_bytes=2**20)
            ops.total(y, Tensor("loss", (1,), "metric"))
        if training:
            graph.backward({y: Tensor("dy", seed, "state")})
            expose(graph, graph.gradient(x), "dx")
    return graph


LARGEST = st.sampled_from([None, 64, 512, 4096])
memories = st.builds(
    Memory, alignment=st.sampled_from([4, 8, 64, 256]), separate=st.booleans(), largest=LARGEST
)


@given(traces(), memories)
def test_no_two_live_temporaries_overlap(graph: Graph, memory: Memory):
    p = plan(graph, memory)
    for live in lives(p):
        for a, b in combinations(live, 2):
            assert not overlap(p, a, b)


@given(traces(), memories)
def test_every_temporary_has_an_aligned_place_inside_its_arena(graph: Graph, memory: Memory):
    p = plan(graph, memory)
    assert set(p.places) == set().union(*lives(p))
    for tensor in p.places:
        arena, start, end = extent(p, tensor)
        assert start * ELEMENT_BYTES % memory.alignment == 0
        assert end <= p.arena_sizes[arena]
    assert p.arena_bytes == ELEMENT_BYTES * sum(p.arena_sizes)
    assert sum(p.arena_sizes) <= p.unplanned_size


@given(traces(), memories)
def test_no_output_aliases_an_input_of_its_call(graph: Graph, memory: Memory):
    p = plan(graph, memory)
    for call in p.calls:
        outputs, inputs = sides(call)
        assert not any(overlap(p, out, into) for out in outputs for into in inputs)
        assert not any(overlap(p, a, b) for a, b in combinations(outputs, 2))


@given(traces(), memories)
def test_an_arena_outgrows_the_limit_only_for_a_tensor_that_does(graph: Graph, memory: Memory):
    p, need = plan(graph, memory), plan(graph, replace(memory, largest=None))
    if memory.largest is None:
        return
    for arena, size in enumerate(p.arena_sizes):
        held = [t for t in p.places if p.places[t][0] == arena]
        step = memory.alignment // ELEMENT_BYTES
        widest = max((-(-t.size // step) * step for t in held), default=0)
        assert size <= max(memory.largest // ELEMENT_BYTES, widest)
    if max(need.arena_sizes) * ELEMENT_BYTES <= memory.largest:
        assert p.hash() == need.hash()  # a limit that is not met changes nothing


@given(traces(), LARGEST)
def test_separate_memory_keeps_inputs_and_outputs_in_different_arenas(
    graph: Graph, largest: int | None
):
    p = plan(graph, Memory(separate=True, largest=largest))
    for call in p.calls:
        written, read = ({extent(p, t)[0] for t in side} for side in sides(call))
        assert not written & read


@given(traces(), memories)
def test_a_plan_computes_what_its_trace_does(graph: Graph, memory: Memory):
    p = plan(graph, memory)
    values = random_values(p)
    expected = replay(p, values, planned=False)
    for name, got in replay(p, values, planned=True).items():
        assert np.isfinite(got).all()
        np.testing.assert_allclose(got, expected[name], rtol=1e-12, atol=1e-12)


def test_a_view_keeps_its_base_alive():
    a, b = (Tensor(name, (4, WIDTH), "state") for name in "ab")
    with Graph() as graph:
        whole = by_rows(a, a)
        ops.gelu(ops.gelu(b))  # would take the place of the first rows, written and not yet read
        expose(graph, whole.rows(0, 1), "first")
    p = plan(graph, Memory(alignment=4))
    first, last = next(span for tensor, span in p.spans.items() if tensor is whole)
    written = [i for i, call in enumerate(p.calls) if whole in {t.root for t in call.outputs}]
    assert (first, last) == (written[0], len(p.calls) - 1)
    assert [extent(p, t)[1] - p.places[whole][1] for i in written for t in p.calls[i].outputs] == [
        0,
        2 * WIDTH,
    ]


def test_a_view_outside_its_tensor_is_refused():
    x = Tensor("x", (4, WIDTH), "temporary")
    assert x.rows(1, 2).rows(1, 1).offset == 2 * WIDTH
    for start, count in ((-1, 2), (3, 2)):
        with pytest.raises(ValueError, match="does not fit"):
            x.rows(start, count)
