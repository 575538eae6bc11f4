"""Workloads of the whole model: forward, decoding, training step, and its attention alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from numpy import ndarray as Array

from tat import weights
from tat.backends.backend import Backend, Executable
from tat.backends.cpu.executable import CpuBackend
from tat.benchmarks.subject import Setting, Subject, require_close
from tat.config import Config
from tat.data.batches import Batches
from tat.data.dataset import Dataset, Ragged
from tat.data.tokenizer import FIRST_BYTE, Special
from tat.errors import TatError
from tat.model.layers import MultiHeadAttention
from tat.model.parameters import Parameters
from tat.model.programs import BatchShape, encode_program, logits_program, step_program
from tat.model.transformer import Transformer
from tat.ops.graph import Graph, Tensor
from tat.ops.plan import plan
from tat.train.trainer import Trainer

LENGTH = 64  # source and target tokens of a pass
STEP_ROWS = 8  # of a training step
ATTENTION_LENGTH = 128  # tokens

_CLOSE = 1e-3  # between float32 backends, relative to the largest value: 2e-5 is usual


@contextmanager
def forward(setting: Setting) -> Iterator[Subject]:
    """The whole pass, batch 1, all positions filled; on a GPU with reading the logits back."""
    backend = setting.backend()
    executable = forward_executable(backend, installed_model(setting.config, backend))

    def run() -> None:
        executable.run()
        if backend.queues:
            executable.read("logits")

    def check() -> None:
        numpy = CpuBackend(1, numba=False)
        expected = forward_executable(numpy, installed_model(setting.config, numpy))
        for side in (executable, expected):
            side.run()
        error = _error(executable.read("logits"), expected.read("logits"))
        require_close("logits beside NumPy's", error, _CLOSE)

    yield Subject(run, check, plan_hash=executable.plan.hash())


def forward_executable(backend: Backend, model: Transformer, length: int = LENGTH) -> Executable:
    """The forward pass of one full row of drawn ids; feed "inputs" begins with BOS."""
    shape = BatchShape(rows=1, source=length, target=length)
    executable = backend.compile(plan(logits_program(model, shape), backend.memory))
    inputs = drawn_ids(model, (1, length), 1)
    inputs[0, 0] = Special.BOS
    _write(executable, {
        "sources": drawn_ids(model, (1, 1, length), 0), "source_lengths": [[length]],
        "inputs": inputs, "target_lengths": [[length]],
    })  # fmt: skip
    return executable


@contextmanager
def decode(setting: Setting) -> Iterator[Subject]:
    """Greedy decoding, batch 1, with cached keys and values; the time is that of one token.

    The encoder has run before, as in the comparison of bench/inference.py with CTranslate2.
    """
    yield from _decode(setting, int8=False)


@contextmanager
def decode_int8(setting: Setting) -> Iterator[Subject]:
    """Greedy decoding with matrices rounded to int8."""
    yield from _decode(setting, int8=True)


def _decode(setting: Setting, int8: bool) -> Iterator[Subject]:
    backend = setting.backend()
    model = installed_model(setting.config, backend, int8)
    decoder = Decoder(backend, model)

    def check() -> None:
        tokens, logits = decoder.run()
        whole = forward_executable(backend, model)
        whole.write("inputs", np.array([[Special.BOS, *tokens[:-1]]]))
        whole.run()
        error = _error(logits, whole.read("logits")[-1])
        require_close("the last token's logits beside the whole pass's", error, _CLOSE)

    yield Subject(decoder.run, check, units=LENGTH, plan_hash=decoder.step.plan.hash())


class Decoder:
    """Decodes greedily after a source of drawn ids, up to the length of that source."""

    def __init__(self, backend: Backend, model: Transformer) -> None:
        shape = BatchShape(rows=1, source=LENGTH, target=LENGTH)
        encode, self.step = (
            backend.compile(plan(program(model, shape), backend.memory))
            for program in (encode_program, step_program)
        )
        feeds = {"sources": drawn_ids(model, (1, 1, LENGTH), 0), "source_lengths": [[LENGTH]]}
        for executable in (encode, self.step):
            _write(executable, feeds)
        encode.run()

    def run(self, count: int = LENGTH) -> tuple[list[int], Array]:
        """Decode `count` tokens; returns the logits [V] that chose the last one."""
        tokens, logits = [int(Special.BOS)], np.empty(0)
        for position in range(count):
            _write(self.step, {
                "token": [[tokens[-1]]], "position": [position], "lengths": [[position + 1]],
            })  # fmt: skip
            self.step.run()
            logits = self.step.read("logits")[0]
            tokens.append(int(logits.argmax()))
        return tokens[1:], logits


@contextmanager
def attention(setting: Setting) -> Iterator[Subject]:
    """Multi-head self-attention with its projections, batch 1."""
    backend = setting.backend()
    subject, output = attention_executable(setting.config, backend)

    def check() -> None:
        numpy = CpuBackend(1, numba=False)
        expected, expected_output = attention_executable(setting.config, numpy)
        for side in (subject, expected):
            side.run()
        error = _error(subject.value(output), expected.value(expected_output))
        require_close("attention beside NumPy's", error, _CLOSE)

    yield Subject(subject.run, check, plan_hash=subject.plan.hash())


def attention_executable(
    config: Config, backend: Backend, length: int = ATTENTION_LENGTH
) -> tuple[Executable, Tensor]:
    """The layer on drawn rows [T, D], and its output; beside a model, if there is one."""
    parameters = Parameters()
    layer = MultiHeadAttention(parameters, "attention", config.model)
    parameters.freeze()
    parameters.flat.name = "attention"  # a model's are "weights"
    x = Tensor(f"x{length}", (length, config.model.width), "state")
    start = Tensor("start", (1,), "feed", "int")  # read where the layer turns its rows
    lengths = Tensor("lengths", (1, 1), "feed", "int")
    with Graph() as graph:
        output = layer(x, start, lengths)
    executable = backend.compile(plan(graph, backend.memory))
    backend.write(parameters.flat, weights.pack(parameters, weights.draw(parameters, 0)))
    backend.write(x, np.random.default_rng(0).standard_normal(x.shape, np.float32))
    executable.write("lengths", np.array([[length]]))
    if "start" in executable.plan.feeds:
        executable.write("start", np.array([0]))
    return executable, output


@contextmanager
def step(setting: Setting) -> Iterator[Subject]:
    """A training step with dropout, clipping and AdamW; a micro-batch for each lane."""
    backend = setting.backend()
    trainer = make_trainer(setting.config, backend, STEP_ROWS, LENGTH)

    def check() -> None:
        batches = list(trainer.batches.in_order(1))
        before = trainer.evaluate(batches)
        numpy = CpuBackend(backend.lanes, numba=False)
        expected = make_trainer(setting.config, numpy, STEP_ROWS, LENGTH).evaluate(batches)
        require_close("the loss beside NumPy's", abs(before - expected) / expected, _CLOSE)
        for _ in range(3):
            trainer.step()
        after = trainer.evaluate(batches)
        if not after < before:
            raise TatError(f"three steps took the loss from {before:.4f} to {after:.4f}, not down")

    try:
        plan_hash = trainer.plans()[LENGTH, LENGTH].hash()
        yield Subject(trainer.step, check, plan_hash=plan_hash)
    finally:
        trainer.close()


def make_trainer(
    config: Config, backend: Backend, rows: int, length: int, micro_batches: int = 0
) -> Trainer:
    """A trainer whose every step takes `rows` samples that fill the bucket (length, length).

    `micro_batches` has to divide `rows`; 0 means as many as the backend has lanes for.
    """
    count = micro_batches or max(n for n in range(1, backend.lanes + 1) if rows % n == 0)
    train = replace(
        config.train, micro_batches=count, batch_tokens=rows // count * length, warmup_steps=0
    )
    ids = np.random.default_rng(0).integers(
        FIRST_BYTE, config.data.vocabulary, (2, rows * length), np.int32
    )
    starts = np.arange(rows + 1, dtype=np.int64) * length
    data = Dataset.without_neighbours(*(Ragged(row, starts) for row in ids))
    batches = Batches(data, ((length, length),), train.batch_tokens, config.seed)
    model = Transformer(config.model, config.data.vocabulary)
    trainer = Trainer(replace(config, train=train), model, backend, batches)
    trainer.start(weights.draw(model.parameters, config.seed))
    return trainer


def installed_model(config: Config, backend: Backend, int8: bool = False) -> Transformer:
    """A model with drawn weights in the backend."""
    model = Transformer(config.model, config.data.vocabulary)
    values = weights.draw(model.parameters, config.seed)
    if int8:
        model = Transformer(config.model, config.data.vocabulary, int8=True)
        values = weights.quantize(model.parameters, values)
    weights.install(backend, model, values)
    return model


def drawn_ids(model: Transformer, shape: tuple[int, ...], seed: int) -> Array:
    """Ids of any text."""
    return np.random.default_rng(seed).integers(FIRST_BYTE, model.vocabulary, shape, np.int32)


def _write(executable: Executable, feeds: dict[str, object]) -> None:
    """Write the feeds that the plan has."""
    for name, values in feeds.items():
        if name in executable.plan.feeds:
            executable.write(name, np.asarray(values))


def _error(got: Array, expected: Array) -> float:
    """The largest error, relative to the largest value."""
    return float(np.abs(got - expected).max() / np.abs(expected).max())
