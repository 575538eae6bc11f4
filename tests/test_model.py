"""The Transformer only traces, its weights have one layout, and decoding in steps is the same."""

import itertools
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from harness import compile_graph, random_batch
from numpy import ndarray as Array

from tat import weights
from tat.backends.cpu.executable import CpuBackend
from tat.backends.reference.functions import MODULES
from tat.config import resolve
from tat.model.loss import CrossEntropyLoss
from tat.model.parameters import Parameters
from tat.model.programs import (
    BatchShape,
    encode_program,
    logits_program,
    loss_program,
    model_hash,
    step_program,
)
from tat.model.transformer import Transformer
from tat.ops.graph import Graph
from tat.ops.kernels import KERNELS
from tat.ops.plan import plan

CONFIG = replace(
    resolve(flags={"preset": "tiny"}, environment={}).config.model,
    layers=2, width=18, heads=3, feed_forward=26, dropout=0.0, max_length=32, copy=False,
)  # fmt: skip
VOCABULARY = 41
LOSS = CrossEntropyLoss(0.1, 2**20)

PROGRAMS: dict[str, Callable[[Transformer, BatchShape], Graph]] = {
    "training": lambda model, shape: loss_program(model, shape, LOSS, training=True),
    "evaluation": lambda model, shape: loss_program(model, shape, LOSS, training=False),
    "logits": logits_program,
    "encode": encode_program,
    "step": step_program,
}


@pytest.fixture
def model() -> Transformer:
    return Transformer(CONFIG, VOCABULARY)


@pytest.fixture(params=[False, True], ids=["plain", "copying"])
def either(request: pytest.FixtureRequest) -> Transformer:
    return Transformer(replace(CONFIG, copy=request.param), VOCABULARY)


def backend_of(model: Transformer, dtype: type) -> CpuBackend:
    """A backend with random weights, none of them at a special value such as 0 or 1."""
    backend = CpuBackend(dtype=dtype)
    weights.install(backend, model, weights.draw(model.parameters, seed=1))
    noise = np.random.default_rng(0).standard_normal(model.parameters.flat.size)
    drawn = backend.read(model.parameters.flat)
    backend.write(model.parameters.flat, drawn + 0.1 * noise)
    return backend


@pytest.mark.parametrize("program", PROGRAMS)
def test_tracing_and_planning_compute_nothing(program: str, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a kernel ran")

    for name, module in itertools.product(KERNELS, MODULES):
        if name in vars(module):
            monkeypatch.setattr(module, name, refuse)
    model = Transformer(CONFIG, VOCABULARY)
    graph = PROGRAMS[program](model, BatchShape(2, 5, 4, sources=2))
    executable = CpuBackend(dtype=np.float64).compile(plan(graph))
    with pytest.raises(AssertionError, match="a kernel ran"):
        executable.run()


def test_tracing_needs_no_numpy():
    program = """
import sys
sys.modules["numpy"] = None
from tat.config import resolve
from tat.model.loss import CrossEntropyLoss
from tat.model.programs import BatchShape, loss_program
from tat.model.transformer import Transformer
from tat.ops.plan import plan
model = Transformer(resolve(flags={"preset": "tiny"}).config.model, 20)
graph = loss_program(model, BatchShape(1, 2, 2), CrossEntropyLoss(0, 1), training=True)
print(len(plan(graph).calls))
"""
    printed = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout
    assert int(printed) > 50


def test_the_model_hash_depends_on_the_function_and_not_on_its_layout(model: Transformer):
    assert model_hash(model) == model_hash(Transformer(CONFIG, VOCABULARY))
    for neutral in (replace(CONFIG, dropout=0.5), replace(CONFIG, max_length=99)):
        assert model_hash(Transformer(neutral, VOCABULARY)) == model_hash(model)
    others = [
        Transformer(replace(CONFIG, layers=3), VOCABULARY),
        Transformer(replace(CONFIG, width=36), VOCABULARY),
        Transformer(replace(CONFIG, heads=2), VOCABULARY),
        Transformer(replace(CONFIG, feed_forward=27), VOCABULARY),
        Transformer(replace(CONFIG, copy=True), VOCABULARY),
        Transformer(CONFIG, VOCABULARY + 1),
    ]
    assert len({model_hash(m) for m in (model, *others)}) == 7


def test_model_hash_of_a_plain_model_is_that_of_the_first_checkpoints(model: Transformer):
    expected = "71aa8dbc3d81c5f5c10f9ce53313dc069afd900454a3eae33c0bfa16d0c11e2f"
    assert model_hash(model) == expected


def test_model_hash_does_not_depend_on_the_place_of_weights(model: Transformer):
    before = model_hash(model)
    for tensor in model.parameters.tensors.values():
        tensor.offset += 64
    model.parameters.tensors = dict(reversed(model.parameters.tensors.items()))
    assert model_hash(model) == before


def test_weights_lie_aligned_and_apart_matrices_first(model: Transformer):
    parameters = model.parameters
    end, decayed = 0, 0
    for tensor in sorted(parameters.tensors.values(), key=lambda t: t.offset):
        assert tensor.root is parameters.flat
        assert tensor.offset % 128 == 0
        assert tensor.offset >= end
        end = tensor.offset + tensor.size
        matrix = len(tensor.shape) > 1
        assert matrix == (tensor.offset < parameters.decayed), tensor
        decayed = max(decayed, end) if matrix else decayed
    assert decayed <= parameters.decayed
    assert parameters.flat.shape == (-(-end // 128) * 128,)


def test_the_parameter_count_is_that_of_the_architecture(model: Transformer):
    d, f, v = CONFIG.width, CONFIG.feed_forward, VOCABULARY
    attention = 4 * (d * d + d)
    feed_forward = 2 * d * f + f + d
    encoder, decoder = attention + feed_forward + 4 * d, 2 * attention + feed_forward + 6 * d
    assert model.parameters.count == v * d + CONFIG.layers * (encoder + decoder) + 4 * d


def test_a_copy_head_adds_two_projections_and_a_gate(model: Transformer):
    d, copying = CONFIG.width, Transformer(replace(CONFIG, copy=True), VOCABULARY)
    assert copying.parameters.count - model.parameters.count == 2 * (d * d + d) + d + 1


def test_a_weight_is_declared_once():
    parameters = Parameters()
    parameters.matrix("layer.weight", 2, 3)
    with pytest.raises(ValueError, match=r"layer\.weight is declared twice"):
        parameters.vector("layer.weight", 3, 0.0)


def test_packing_weights_and_back_is_lossless_and_leaves_gaps_zero(model: Transformer):
    drawn = weights.draw(model.parameters, seed=5)
    flat = weights.pack(model.parameters, drawn)
    assert np.count_nonzero(flat) == sum(np.count_nonzero(value) for value in drawn.values())
    for name, value in weights.unpack(model.parameters, flat).items():
        np.testing.assert_array_equal(value, drawn[name])


def test_a_drawn_weight_depends_on_seed_and_name_alone(model: Transformer):
    drawn = weights.draw(model.parameters, seed=5)
    deeper = weights.draw(Transformer(replace(CONFIG, layers=3), VOCABULARY).parameters, seed=5)
    other = weights.draw(model.parameters, seed=6)
    for name, value in drawn.items():
        np.testing.assert_array_equal(value, deeper[name])
        assert (value == other[name]).all() == (model.parameters.initials[name].kind == "constant")
    same_shape = [drawn[f"encoder.{i}.attention.query.weight"] for i in range(2)]
    assert not (same_shape[0] == same_shape[1]).any()


DECODING = {
    1: (BatchShape(4, 6, 9), [[6], [2], [0], [5]], [9, 4, 7, 1]),
    2: (BatchShape(3, 5, 8, sources=2), [[5, 3], [0, 2], [0, 0]], [8, 3, 5]),
}


@pytest.mark.parametrize("sources", DECODING)
@pytest.mark.parametrize(("dtype", "bound"), [(np.float64, 1e-10), (np.float32, 1e-5)])
def test_decoding_in_steps_gives_the_logits_of_the_whole(
    either: Transformer, sources: int, dtype: type, bound: float
):
    shape, source_lengths, target_lengths = DECODING[sources]
    batch = random_batch(shape, VOCABULARY, source_lengths, target_lengths)
    backend = backend_of(either, dtype)
    whole = compile_graph(logits_program(either, shape), backend, batch)
    whole.run()
    expected = whole.read("logits").reshape(shape.rows, shape.target, VOCABULARY)
    compile_graph(encode_program(either, shape), backend, batch).run()
    step = compile_graph(step_program(either, shape), backend, batch)
    for t in range(shape.target):
        step.write("token", batch["inputs"][:, t : t + 1])
        step.write("position", np.full(shape.rows, t))
        step.write("lengths", np.full((shape.rows, 1), t + 1))
        step.run()
        going = np.array(target_lengths) > t
        error = np.abs(step.read("logits") - expected[:, t])[going].max()
        assert error <= bound * max(1, np.abs(expected).max()), t


def test_rows_of_a_step_stand_at_positions_of_their_own(either: Transformer):
    """Row 1 starts three steps after row 0; old values in its cache do not change it."""
    shape = BatchShape(2, 4, 6)
    batch = random_batch(shape, VOCABULARY, [[4], [3]], [6, 6])
    backend = backend_of(either, np.float64)
    whole = compile_graph(logits_program(either, shape), backend, batch)
    whole.run()
    expected = whole.read("logits").reshape(2, 6, VOCABULARY)
    compile_graph(encode_program(either, shape), backend, batch).run()
    step = compile_graph(step_program(either, shape), backend, batch)
    for name, tensor in step.plan.persistent.items():
        if name.startswith("cache.own"):
            backend.write(tensor, np.full(tensor.shape, 1e3))
    for t in range(6):
        position = np.array([t, max(0, t - 3)])
        step.write("token", batch["inputs"][[0, 1], position][:, None])
        step.write("position", position)
        step.write("lengths", position[:, None] + 1)
        step.run()
        np.testing.assert_allclose(
            step.read("logits"), expected[[0, 1], position], rtol=0, atol=1e-10
        )


def loss_and_gradient(
    model: Transformer, shape: BatchShape, batch: dict[str, Array]
) -> tuple[float, Array]:
    backend = backend_of(model, np.float64)
    executable = compile_graph(PROGRAMS["training"](model, shape), backend, batch)
    executable.run()
    gradients = executable.plan.persistent["gradients"]
    return float(executable.read("loss")[0]), backend.read(gradients).copy()


def padded(batch: dict[str, Array], shape: BatchShape, seed: int) -> dict[str, Array]:
    """The batch in the corner of a larger one, with random ids, but no targets, around it."""
    lengths = [[0] * shape.sources] * shape.rows
    larger = random_batch(shape, VOCABULARY, lengths, [0] * shape.rows, seed)
    for name, values in batch.items():
        if name != "counter":
            larger[name][tuple(slice(n) for n in values.shape)] = values
    return larger


@pytest.mark.parametrize(
    "larger",
    [
        BatchShape(5, 5, 8, sources=2),
        BatchShape(2, 9, 8, sources=2),
        BatchShape(2, 5, 11, sources=2),
        BatchShape(2, 5, 8, sources=3),
        BatchShape(4, 13, 20, sources=4),
    ],
    ids=["rows", "source positions", "target positions", "sources", "all"],
)
def test_padding_changes_neither_loss_nor_gradient(either: Transformer, larger: BatchShape):
    shape = BatchShape(2, 5, 8, sources=2)
    batch = random_batch(shape, VOCABULARY, [[5, 2], [0, 3]], [8, 5])
    loss, gradient = loss_and_gradient(either, shape, batch)
    assert np.abs(gradient).max() > 0.1
    for seed in (1, 2):
        got = loss_and_gradient(either, larger, padded(batch, larger, seed))
        assert got[0] == pytest.approx(loss, rel=1e-12)
        np.testing.assert_allclose(got[1], gradient, rtol=0, atol=1e-11)


def test_rows_do_not_see_each_other_nor_positions_those_behind_them(either: Transformer):
    shape = BatchShape(2, 4, 6)
    batch = random_batch(shape, VOCABULARY, [[4], [4]], [6, 6])
    executable = compile_graph(logits_program(either, shape), backend_of(either, np.float64), batch)
    executable.run()
    before = executable.read("logits").reshape(2, 6, VOCABULARY)
    batch["inputs"][0, 3] += 1
    executable.write("inputs", batch["inputs"] % VOCABULARY)
    executable.run()
    changed = np.abs(executable.read("logits").reshape(2, 6, VOCABULARY) - before).max(axis=2)
    np.testing.assert_array_equal(changed > 1e-9, [[False] * 3 + [True] * 3, [False] * 6])
