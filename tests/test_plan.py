"""Plans of random traces keep live tensors apart, and compute the results of the trace."""

import os
import subprocess
import sys
import weakref
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from harness import compile_graph, expose, random_batch
from hypothesis import given
from hypothesis import strategies as st
from numpy import ndarray as Array

from tat import weights
from tat.backends.cpu.executable import CpuBackend
from tat.config import resolve
from tat.model.loss import CrossEntropyLoss
from tat.model.parameters import Parameters
from tat.model.programs import BatchShape, logits_program, loss_program, step_program
from tat.model.transformer import Transformer
from tat.ops import vocabulary as ops
from tat.ops.graph import Call, Graph, Tensor
from tat.ops.losses import cross_entropy
from tat.ops.plan import ELEMENT_BYTES, Memory, Plan, plan

REFERENCE = CpuBackend(dtype=np.float64).kernels
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


def lives(p: Plan) -> list[set[Tensor]]:
    """The live temporaries at each call; a view counts as its base."""
    uses: dict[Tensor, list[int]] = {}
    for index, call in enumerate(p.calls):
        for tensor in (*call.outputs, *call.inputs):
            if tensor.kind == "temporary":
                uses.setdefault(tensor.root, []).append(index)
    return [{t for t, at in uses.items() if at[0] <= i <= at[-1]} for i in range(len(p.calls))]


def extent(p: Plan, tensor: Tensor) -> tuple[int, int, int]:
    """Arena, first element and end of a temporary or of a view of one."""
    arena, start = p.places[tensor.root]
    return arena, start + tensor.offset, start + tensor.offset + tensor.size


def overlap(p: Plan, a: Tensor, b: Tensor) -> bool:
    (arena_a, start_a, end_a), (arena_b, start_b, end_b) = extent(p, a), extent(p, b)
    return arena_a == arena_b and start_a < end_b and start_b < end_a


def sides(call: Call) -> tuple[list[Tensor], list[Tensor]]:
    """The temporaries that a call writes, and those that it reads."""
    outputs, inputs = ([t for t in s if t.kind == "temporary"] for s in (call.outputs, call.inputs))
    return outputs, inputs


def replay(p: Plan, values: dict[str, Array], planned: bool) -> dict[str, Array]:
    """Metrics and gradients of a run, on arenas or with storage of its own for each tensor."""
    arenas = [np.full(size, np.nan) for size in p.arena_sizes]
    own: dict[Tensor, Array] = {}

    def storage(tensor: Tensor) -> Array:
        if tensor.kind == "temporary" and planned:
            arena, start, end = extent(p, tensor)
            return arenas[arena][start:end].reshape(tensor.shape)
        if tensor.root not in own:
            empty = np.full(tensor.root.size, np.nan if tensor.kind == "temporary" else 0.0)
            given = values.get(tensor.root.name, empty)
            dtype = np.int32 if tensor.dtype == "int" else np.float64
            own[tensor.root] = np.array(given, dtype).reshape(-1)
        flat = own[tensor.root][tensor.offset : tensor.offset + tensor.size]
        return flat.reshape(tensor.shape)

    for call in p.calls:
        arrays = map(storage, (*call.outputs, *call.inputs))
        REFERENCE[call.kernel](*arrays, **call.attributes)
    kept = [*p.metrics.values(), *(t for t in p.persistent.values() if t.kind == "gradient")]
    return {tensor.name: storage(tensor) for tensor in kept}


def random_values(p: Plan) -> dict[str, Array]:
    random = np.random.default_rng(0)
    values = {t.name: random.standard_normal(t.shape) for t in p.persistent.values()}
    rows = p.feeds["targets"].size if "targets" in p.feeds else 0
    feeds = {"counter": np.arange(3), "lengths": np.ones(1), "targets": np.arange(rows) % 5}
    return values | {name: feeds[name] for name in p.feeds}


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


TINY = resolve(flags={"preset": "tiny"}, environment={}).config
BATCH = BatchShape(8, 64, 64)


def tiny_plan(
    shape: BatchShape = BATCH, memory: Memory | None = None, dropout: float = 0.1
) -> Plan:
    """The plan of a training step of preset tiny."""
    config = resolve(flags={"preset": "tiny", "model.dropout": dropout}, environment={}).config
    model = Transformer(config.model, config.data.vocabulary)
    loss = CrossEntropyLoss(0.1, config.memory.chunk_bytes)
    return plan(loss_program(model, shape, loss, training=True), memory)


@pytest.mark.parametrize("separate", [False, True])
def test_sharing_saves_more_than_half_of_a_training_step(separate: bool):
    p = tiny_plan(memory=Memory(separate=separate))
    assert p.unplanned_size > 2 * sum(p.arena_sizes)
    peak = max(sum(t.size for t in live) for live in lives(p))
    assert sum(p.arena_sizes) < 1.1 * peak


@pytest.mark.parametrize(("chunk_bytes", "rows"), [(2**26, 512), (2**18, 64)])
def test_no_more_logits_are_alive_than_a_chunk_holds(chunk_bytes: int, rows: int):
    model = Transformer(TINY.model, TINY.data.vocabulary)
    p = plan(loss_program(model, BATCH, CrossEntropyLoss(0.1, chunk_bytes), training=True))
    alive = [sum(t.size for t in live if "output_projection.logits" in t.name) for live in lives(p)]
    assert max(alive) == rows * TINY.data.vocabulary


def test_the_plan_hash_depends_on_the_work_and_the_places():
    first = tiny_plan()
    assert first.hash() == tiny_plan().hash()
    others = [
        tiny_plan(BatchShape(8, 64, 32)),
        tiny_plan(memory=Memory(alignment=4096)),
        tiny_plan(memory=Memory(separate=True)),
        tiny_plan(dropout=0.2),
    ]
    assert len({p.hash() for p in (first, *others)}) == 5


HASH = "import sys; sys.path[:0] = ['tests']; import test_plan; print(test_plan.tiny_plan().hash())"


@pytest.mark.parametrize("seed", ["1", "2"])
def test_plan_hash_does_not_depend_on_the_process(seed: str, request: pytest.FixtureRequest):
    printed = subprocess.run(
        [sys.executable, "-c", HASH],
        env={**os.environ, "PYTHONHASHSEED": seed},
        cwd=request.config.rootpath,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert printed.split() == [tiny_plan().hash()]


def test_a_plan_lists_feeds_metrics_and_persistent_tensors():
    p = tiny_plan()
    assert set(p.feeds) == {
        "counter", "sources", "source_lengths", "source_start",
        "inputs", "start", "target_lengths", "targets",
    }  # fmt: skip
    assert set(p.metrics) == {"loss"}
    assert set(p.persistent) == {"weights", "gradients", "positional_encoding"}
    weight_count = p.persistent["weights"].size
    assert p.persistent_bytes == 4 * (2 * weight_count + TINY.model.max_length * TINY.model.width)


@pytest.mark.parametrize("copy", [False, True])
def test_a_step_reads_the_sources_for_its_copy_head_alone(copy: bool):
    model = Transformer(replace(TINY.model, copy=copy), vocabulary=50)
    p = plan(step_program(model, BatchShape(2, 7, 9)))
    feeds = {"token", "position", "lengths", "source_lengths"}
    assert set(p.feeds) == (feeds | {"sources"} if copy else feeds)
    caches = [t.shape for t in p.persistent.values() if t.kind == "state"]
    assert sorted(caches) == [(14, 128)] * copy + [(14, 256)] * 3 + [(18, 256)] * 3


@pytest.mark.parametrize("separate", [False, True])
def test_the_cpu_backend_computes_what_the_trace_of_a_model_does(separate: bool):
    model, shape = Transformer(TINY.model, vocabulary=50), BatchShape(3, 6, 5, sources=2)
    graph = loss_program(model, shape, CrossEntropyLoss(0.1, 4096), training=True)
    backend = CpuBackend(dtype=np.float64, memory=Memory(separate=separate))
    weights.install(backend, model, weights.draw(model.parameters, seed=1))
    batch = random_batch(shape, 50, [[6, 1], [0, 3], [0, 0]], [5, 2, 0])
    executable = compile_graph(graph, backend, batch)
    stored = {t.name: backend.read(t) for t in executable.plan.persistent.values()}
    expected = replay(executable.plan, {**stored, **batch}, planned=False)
    executable.run()
    gradients = executable.plan.persistent["gradients"]
    assert np.abs(expected["gradients"]).max() > 1e-3
    np.testing.assert_allclose(backend.read(gradients), expected["gradients"], atol=1e-12)
    np.testing.assert_allclose(executable.read("loss"), expected["loss"], rtol=1e-12)


def test_executables_share_an_arena_that_grows():
    backend, model = CpuBackend(dtype=np.float64), Transformer(TINY.model, vocabulary=50)
    weights.install(backend, model, weights.draw(model.parameters, seed=1))
    batch = random_batch(BatchShape(1, 3, 4), 50, [[3]], [4])
    small = compile_graph(logits_program(model, BatchShape(1, 3, 4)), backend, batch)
    small.run()
    first, before = weakref.ref(backend.arena(0)), small.read("logits")
    batch = random_batch(BatchShape(2, 9, 11), 50, [[9], [4]], [11, 6])
    large = compile_graph(logits_program(model, BatchShape(2, 9, 11)), backend, batch)
    large.run()
    small.run()
    np.testing.assert_array_equal(small.read("logits"), before)
    assert backend.arena(0).size == max(sum(e.plan.arena_sizes) for e in (small, large))
    assert first() is None
