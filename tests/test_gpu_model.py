"""The whole model on the GPU beside the CPU: gradients, training steps, generation, memory."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from gpu_harness import device, shared_backend
from harness import compile_graph, random_batch
from numpy import ndarray as Array

from tat import weights
from tat.backends.backend import Backend
from tat.backends.cpu.executable import CpuBackend
from tat.backends.gpu.executable import GpuBackend
from tat.config import Config, resolve
from tat.data.batches import Batches
from tat.data.dataset import Dataset, Ragged
from tat.data.tokenizer import Tokenizer
from tat.decode.generator import Generator
from tat.decode.loading import LoadedModel
from tat.model.loss import CrossEntropyLoss
from tat.model.programs import BatchShape, logits_program, loss_program
from tat.model.transformer import Transformer
from tat.ops.graph import Tensor
from tat.ops.plan import ELEMENT_BYTES, Memory
from tat.train.trainer import StepResult, Trainer

pytestmark = pytest.mark.gpu

VOCABULARY = 200
SHAPE = BatchShape(3, 24, 20, sources=2)
BATCH = random_batch(SHAPE, VOCABULARY, [[24, 3], [0, 7], [0, 0]], [20, 11, 0])
SETTINGS = {
    "preset": "tiny", "model.dropout": 0.1, "data.buckets": [[16, 12]],
    "train.batch_tokens": 36, "train.warmup_steps": 2, "train.label_smoothing": 0.1,
    "train.ema_decay": 0.9, "threads": 1,
}  # fmt: skip


def tiny(**more: object) -> Config:
    return resolve(flags={**SETTINGS, **more}, environment={}).config


def new_gpu() -> GpuBackend:
    """A backend with no tensors, on compiled shaders."""
    backend = GpuBackend(device())
    backend.shaders = shared_backend().shaders
    return backend


@cache
def loss_and_gradients(
    gpu: bool, copy: bool = False, largest: int | None = None
) -> tuple[Array, dict[str, Array]]:
    """Loss and gradients of one micro-batch of preset tiny, dropout on, several chunks of logits.

    largest: bytes of an arena, at most.
    """
    model = Transformer(tiny(**{"model.copy": copy}).model, VOCABULARY)
    backend = new_gpu() if gpu else CpuBackend(dtype=np.float64)
    if largest:
        backend.memory = replace(backend.memory, largest=largest)
    weights.install(backend, model, weights.draw(model.parameters, seed=1))
    loss = CrossEntropyLoss(0.1, chunk_bytes=64 * 4 * VOCABULARY)
    graph = loss_program(model, SHAPE, loss, training=True)
    executable = compile_graph(graph, backend, BATCH)
    if largest:
        sizes = [ELEMENT_BYTES * size for size in executable.plan.arena_sizes]
        assert len(sizes) > 6 and max(sizes) <= largest
    executable.run()
    flat = backend.read(executable.plan.persistent["gradients"])
    return executable.read("loss"), weights.unpack(model.parameters, flat)


@pytest.mark.parametrize("copy", [False, True])
def test_loss_and_every_gradient_are_those_of_the_cpu(copy: bool):
    expected, gradients = loss_and_gradients(gpu=False, copy=copy)
    loss, got = loss_and_gradients(gpu=True, copy=copy)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    for name, gradient in gradients.items():
        if name == "copy.key.bias":  # it moves all scores of a row alike: 0 but for rounding
            assert np.abs(got[name]).max() < 1e-5
            continue
        if name.endswith("key_value.bias"):  # half of it is 0 but for rounding: keys cancel out
            assert np.abs(gradient).max() > 1e-3
        bound = 1e-4 * np.abs(gradient).max()
        assert bound > 0
        np.testing.assert_allclose(got[name], gradient, rtol=0, atol=bound, err_msg=name)


def test_a_second_run_gives_the_same_bits():
    loss, gradients = loss_and_gradients(gpu=True)
    again, second = loss_and_gradients.__wrapped__(gpu=True)
    np.testing.assert_array_equal(again, loss)
    for name, gradient in gradients.items():
        np.testing.assert_array_equal(second[name], gradient)


def test_arenas_in_several_buffers_change_no_bit():
    """Plans that need more than the largest buffer have their arenas split in this way."""
    loss, gradients = loss_and_gradients(gpu=True)
    again, split = loss_and_gradients(gpu=True, largest=300_000)
    np.testing.assert_array_equal(again, loss)
    for name, gradient in gradients.items():
        np.testing.assert_array_equal(split[name], gradient)


def train(
    config: Config, backend: Backend, ahead: bool = False
) -> tuple[list[StepResult], Array, Array]:
    """Three steps on random samples; then the weights and their average."""
    model, random = Transformer(config.model, VOCABULARY), np.random.default_rng(0)
    starts = np.arange(25, dtype=np.int64) * 10
    ids = random.integers(8, VOCABULARY, (2, 240), dtype=np.int32)
    data = Dataset.without_neighbours(*(Ragged(row, starts) for row in ids))
    batches = Batches(data, config.data.buckets, config.train.batch_tokens, 0)
    trainer = Trainer(config, model, backend, batches)
    trainer.start(weights.draw(model.parameters, 0))
    steps = [trainer.step(ahead=ahead and i < 2) for i in range(3)]
    assert not trainer.underway
    trainer.close()
    flat, average = model.parameters.flat, trainer.optimizer.average
    return steps, backend.read(flat), backend.read(average)


def test_training_steps_agree_with_the_cpu():
    # With this epsilon the update follows the gradient. With a tiny one it follows the sign of
    # gradients that are 0 but for rounding, as those of key biases.
    config = tiny(**{"train.epsilon": 1e-3})
    expected, *arrays = train(config, CpuBackend(threads=1, dtype=np.float64))
    steps, *got = train(config, new_gpu())
    for step, reference in zip(steps, expected, strict=True):
        assert step.loss == pytest.approx(reference.loss, rel=1e-5)
        assert step.gradient_norm == pytest.approx(reference.gradient_norm, rel=1e-4)
        assert (step.lr, step.tokens) == (reference.lr, reference.tokens)
    moved = 3 * steps[-1].lr
    for values, reference in zip(got, arrays, strict=True):
        np.testing.assert_allclose(values, reference, rtol=0, atol=1e-3 * moved)


def test_steps_begun_ahead_change_no_bit():
    steps, *expected = train(tiny(), new_gpu())
    again, *got = train(tiny(), new_gpu(), ahead=True)
    assert again == steps
    for values, reference in zip(got, expected, strict=True):
        np.testing.assert_array_equal(values, reference)


@pytest.mark.parametrize("copy", [False, True])
def test_greedy_generation_is_that_of_the_cpu(copy: bool):
    config = tiny(**{"model.copy": copy})
    tokenizer = Tokenizer.train(["fn area(r: f32) -> f32 { return 3.14 * r * r; }"], 300)
    model = Transformer(config.model, tokenizer.size)
    values = weights.draw(model.parameters, seed=3)
    source, generated = list(range(40, 53)), []
    for backend in (CpuBackend(numba=False), new_gpu()):
        weights.install(backend, model, values)
        loaded = LoadedModel(model, backend, tokenizer, config, step=0)
        generated.append(list(Generator(loaded, max_tokens=12).tokens(source)))
    assert generated[0] == generated[1]
    assert len(generated[0]) > 1


def logits(model: Transformer, backend: Backend, shape: BatchShape) -> Array:
    lengths = [[shape.source]] * shape.rows
    batch = random_batch(shape, VOCABULARY, lengths, [shape.target] * shape.rows)
    executable = compile_graph(logits_program(model, shape), backend, batch)
    executable.run()
    return executable.read("logits")


def test_executables_share_arenas_that_grow():
    config = tiny(**{"model.layers": 1})
    model, backend = Transformer(config.model, VOCABULARY), new_gpu()
    weights.install(backend, model, weights.draw(model.parameters, seed=1))
    small, large = BatchShape(1, 3, 4), BatchShape(2, 40, 30)
    batch = random_batch(small, VOCABULARY, [[3]], [4])
    executable = compile_graph(logits_program(model, small), backend, batch)
    executable.run()
    before, generation = executable.read("logits"), backend.buffers.generation
    logits(model, backend, large)
    assert backend.buffers.generation > generation
    executable.run()
    np.testing.assert_array_equal(executable.read("logits"), before)
    generation = backend.buffers.generation
    logits(model, backend, small)
    assert backend.buffers.generation == generation


def test_the_first_non_finite_output_is_the_one_of_the_cpu():
    config = tiny(**{"model.layers": 1})
    model = Transformer(config.model, VOCABULARY)
    values = weights.draw(model.parameters, seed=1)
    shape = BatchShape(1, 5, 4)
    batch = random_batch(shape, VOCABULARY, [[5]], [4])
    found = []
    for broken in (None, "encoder.0.feed_forward.down.weight", "decoder.0.norm2.bias"):
        if broken:
            values[broken] = np.full_like(values[broken], np.inf if "norm" in broken else np.nan)
        for backend in (CpuBackend(numba=False, memory=Memory(fuses=True)), new_gpu()):
            weights.install(backend, model, values)
            executable = compile_graph(logits_program(model, shape), backend, batch)
            found.append(executable.first_non_finite())
        values = weights.draw(model.parameters, seed=1)
    assert found[::2] == found[1::2]
    assert found[0] is None
    assert "linear" in found[2] and "encoder.0.feed_forward" in found[2]
    assert "layer_norm" in found[4] and "decoder.0.cross_attention" in found[4]


def test_uploads_come_back_bit_for_bit(monkeypatch):
    monkeypatch.setattr("tat.backends.gpu.buffers._TRANSFER", 4096)
    random, backend = np.random.default_rng(0), new_gpu()
    for kind in ("weight", "state", "gradient", "constant"):
        tensor = Tensor(kind, (77, 53), kind)
        np.testing.assert_array_equal(backend.read(tensor), np.zeros(tensor.shape))
        bits = random.integers(0, 2**32, tensor.shape, np.uint32)
        backend.write(tensor, bits.view(np.float32))
        np.testing.assert_array_equal(backend.read(tensor).view(np.uint32), bits)
        view = backend.view(tensor)
        assert not view.flags.writeable
        np.testing.assert_array_equal(view.view(np.uint32), bits)


def test_a_tensor_keeps_its_shape():
    backend = new_gpu()
    backend.write(Tensor("m", (4,), "state"), np.zeros(4))
    with pytest.raises(ValueError, match=r"m: \(5,\), but \(4,\) before"):
        backend.read(Tensor("m", (5,), "state"))


def test_feeds_are_converted_and_broadcast_as_on_the_cpu():
    model = Transformer(tiny(**{"model.layers": 1}).model, VOCABULARY)
    graph = logits_program(model, BatchShape(2, 3, 4))
    for backend in (CpuBackend(), new_gpu()):
        executable = compile_graph(graph, backend, {})
        executable.write("inputs", np.array([1, 2, 3, 4], np.int64))
        executable.write("source_lengths", 3)
        with pytest.raises(ValueError, match="broadcast"):
            executable.write("inputs", np.zeros((2, 5)))
        with pytest.raises(KeyError):
            executable.write("nothing", np.zeros(1))


def test_parts_of_a_step_that_is_larger_than_a_binding():
    """The update of weights that no shader can bind whole."""
    config = tiny(**{"model.layers": 1, "train.micro_batches": 1})
    results = []
    for binding in (2**27, 2**20):
        limits = replace(device().limits, binding=binding)
        backend = GpuBackend(replace(device(), limits=limits))
        backend.shaders = shared_backend().shaders
        results.append(train(config, backend))
    assert results[0][1].nbytes > 2**20
    assert results[0][0] == results[1][0]
    np.testing.assert_array_equal(results[0][1], results[1][1])
