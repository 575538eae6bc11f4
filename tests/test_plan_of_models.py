"""Plans of whole models: memory, chunks of logits, hashes, and results on the CPU."""

import os
import subprocess
import sys
import weakref
from dataclasses import replace

import numpy as np
import pytest
from harness import compile_graph, random_batch
from planning import lives, replay

from tat import weights
from tat.backends.cpu.executable import CpuBackend
from tat.config import resolve
from tat.model.loss import CrossEntropyLoss
from tat.model.programs import BatchShape, logits_program, loss_program, step_program
from tat.model.transformer import Transformer
from tat.ops.plan import Memory, Plan, plan

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


HASH = """import sys; sys.path[:0] = ["tests"]
from test_plan_of_models import tiny_plan; print(tiny_plan().hash())"""


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
