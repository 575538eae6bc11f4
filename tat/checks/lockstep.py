"""Runs one plan call by call on two backends, and names the first call that diverges.

Errors cannot accumulate: before each call the subject gets the reference's inputs, so a difference
beyond rounding belongs to the call that shows it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy import ndarray as Array

from tat.backends.backend import Backend, Executable
from tat.config import resolve
from tat.config_tables import model_variants
from tat.data.batches import Batch
from tat.data.tokenizer import FIRST_BYTE
from tat.model.loss import CrossEntropyLoss
from tat.model.parameters import Parameters
from tat.model.programs import BatchShape, loss_program, step_program
from tat.model.transformer import Transformer
from tat.ops.copying import Pointer
from tat.ops.graph import Call, Graph, Shape, Tensor
from tat.ops.kernels import KERNELS
from tat.ops.plan import plan
from tat.train.adamw import AdamW, rate_feed

# Of one kernel call in float32, relative to the largest value of its output, or to 1e-3 if that is
# larger. NumPy, Numba and llvmpipe reach 1.7e-6.
TOLERANCE = 2e-5
_SMALLEST = 1e-3


@dataclass(frozen=True)
class SmallStep:
    """Steps of a small model, in training (gradient, fold, update) and decoding, on random data."""

    graphs: list[Graph]
    parameters: Parameters
    feeds: Mapping[str, Array]
    persistent: Mapping[str, Array]  # initial values

    def fill(self, backend: Backend, executable: Executable) -> None:
        """Write the feeds and initial values of a plan of one of the graphs."""
        for name in executable.plan.feeds:
            if name in self.feeds:
                executable.write(name, self.feeds[name])
        for name, tensor in executable.plan.persistent.items():
            if name in self.persistent:
                backend.write(tensor, self.persistent[name])


@dataclass(frozen=True)
class Divergence:
    """The first call whose output differs by more than rounding."""

    index: int
    call: Call
    output: Tensor
    error: float  # relative to the largest value

    def __str__(self) -> str:
        where = self.call.scope or "the update"
        return (
            f"call {self.index}, {self.call.kernel} in {where}: {self.output.name}"
            f" differs by {self.error:.1e} of its largest value"
        )


@dataclass(frozen=True)
class Agreement:
    """The result for a step: calls compared, largest error, and the divergence, if any."""

    calls: int
    worst: float
    divergence: Divergence | None


def compare_step(reference: Backend, subject: Backend, seed: int = 0) -> Agreement:
    """Compare training steps of small models (gradient and update) and decoding steps."""
    calls, worst = 0, 0.0
    for step, graph in _steps(seed):
        pair = [_compile(backend, graph, subject.memory.fuses) for backend in (reference, subject)]
        for backend, executable in zip((reference, subject), pair, strict=True):
            step.fill(backend, executable)
        made = pair[1].plan.calls
        for index, call in enumerate(made):
            error, output = _compare_call(*pair, index, call)
            worst = max(worst, error)
            if not error <= TOLERANCE:  # also if it is not a number
                return Agreement(calls + index + 1, worst, Divergence(index, call, output, error))
        calls += len(made)
    return Agreement(calls, worst, None)


def _steps(seed: int) -> Iterator[tuple[SmallStep, Graph]]:
    """The graphs of a step of each model that lockstep is about, with that step."""
    for index, parts in enumerate(model_variants()):
        step = small_step(seed, parts, f".{index}" if index else "")
        for graph in step.graphs:
            yield step, graph


def _compile(backend: Backend, graph: Graph, fuses: bool) -> Executable:
    """One plan for both backends: with fused kernels where the subject has them."""
    return backend.compile(plan(graph, replace(backend.memory, fuses=fuses)))


def _compare_call(
    reference: Executable, subject: Executable, index: int, call: Call
) -> tuple[float, Tensor]:
    """Runs one call on both from equal inputs: the largest relative error and its output."""
    row = KERNELS[call.kernel]
    updated = [out for name, out in zip(row.outputs, call.outputs) if name in row.updates]
    for tensor in (*call.inputs, *updated):
        subject.set_value(tensor, reference.value(tensor))
    for executable in (reference, subject):
        executable.run_call(index)
    errors = [(_error(reference.value(t), subject.value(t)), t) for t in call.outputs]
    return max(errors, key=lambda pair: np.nan_to_num(pair[0], nan=np.inf))


def _error(expected: Array, got: Array) -> float:
    expected, got = expected.astype(np.float64), got.astype(np.float64)
    largest = max(np.abs(expected).max(initial=0.0), _SMALLEST)
    return float(np.abs(expected - got).max(initial=0.0) / largest)


def small_step(seed: int, parts: Mapping[str, str] | None = None, suffix: str = "") -> SmallStep:
    """The compared step; it has dropout, a short row and an empty one.

    parts: settings of the model. suffix: ends the names of its persistent tensors, so that one
    backend can hold several models.
    """
    flags = {
        "preset": "tiny", "model.layers": 2, "model.width": 64, "model.feed_forward": 96,
        "model.dropout": 0.1, "model.copy": False, **(parts or {}),
    }  # fmt: skip
    config = resolve(flags=flags, environment={}, files=()).config
    random = np.random.default_rng(seed)
    model, shape = Transformer(config.model, 300), BatchShape(rows=3, source=20, target=70)
    # Chunks of 64 rows: with 210 rows the loss is also checked in pieces.
    loss = CrossEntropyLoss(config.train.label_smoothing, chunk_bytes=4 * 300 * 64)
    optimizer = AdamW(model.parameters, config.train)
    graphs = [
        loss_program(model, shape, loss, training=True, scaled=True),
        _copy_loss(model, shape, loss),
        optimizer.fold_program(0, assign=True),
        optimizer.update_program(),
        step_program(model, shape),
    ]
    _rename(graphs, suffix)
    batch = _random_batch(random, shape)
    feeds = {
        "sources": batch.sources, "source_lengths": batch.source_lengths, "inputs": batch.inputs,
        "targets": batch.targets, "target_lengths": batch.target_lengths[:, None],
        "counter": np.array([seed, 1, 0]), "tokens": np.array([batch.tokens]),
        "rate": rate_feed(config.train, 1), "loss_scale": np.array([2.0]),
        "token": batch.inputs[:, :1], "position": np.array([0, 9, 69]),
        "lengths": np.array([[1], [10], [0]]),
    }  # fmt: skip
    states = {
        tensor.name: tensor.shape
        for graph in graphs
        for call in graph.calls
        for tensor in call.inputs
        if tensor.kind in ("state", "constant")
    }
    persistent = {name: random.normal(0, 1, size) for name, size in states.items()}
    flat = model.parameters.flat
    persistent[flat.name] = random.normal(0, 0.1, flat.size)
    return SmallStep(graphs, model.parameters, feeds, persistent)


def _rename(graphs: Iterable[Graph], suffix: str) -> None:
    """Adds a suffix to the names of tensors that a backend keeps, views of them included."""
    kept = {
        tensor
        for graph in graphs
        for call in graph.calls
        for used in (*call.outputs, *call.inputs)
        for tensor in (used, used.root)
        if tensor.kind in ("weight", "state", "gradient", "constant")
    }
    for tensor in kept:
        tensor.name += suffix


def _copy_states(model: Transformer, shape: BatchShape) -> dict[str, Shape]:
    """The inputs of a copy head, with their shapes."""
    rows, width = shape.rows * shape.target, model.config.width
    keys = (shape.rows * shape.sources * shape.source, width)
    return {"hidden": (rows, width), "q": (rows, width), "k": keys, "gate": (rows, 1)}


def _copy_loss(model: Transformer, shape: BatchShape, loss: CrossEntropyLoss) -> Graph:
    """A copy head's loss on given states, to compare its kernels as well."""
    hidden, q, k, gate = (
        Tensor(name, size, "state") for name, size in _copy_states(model, shape).items()
    )
    ids, lengths, targets = (
        Tensor(name, size, "feed", "int")
        for name, size in (
            ("sources", (shape.rows, shape.sources, shape.source)),
            ("source_lengths", (shape.rows, shape.sources)),
            ("targets", (shape.rows, shape.target)),
        )
    )
    with Graph(training=True) as graph, graph.scope("copy"):
        pointer = Pointer(q, k, gate, ids, lengths, first=FIRST_BYTE)
        losses = loss(hidden, model.embedding.table, targets, pointer)
        graph.backward({losses: losses})
    return graph


def _random_batch(random: np.random.Generator, shape: BatchShape) -> Batch:
    """A batch with a full, a short and an empty row."""
    rows, source, target = shape.rows, shape.source, shape.target
    lengths = np.array([target, target // 2, 0])
    targets = random.integers(8, 300, (rows, target))
    targets[np.arange(target) >= lengths[:, None]] = 0
    return Batch(
        bucket=(source, target),
        sources=random.integers(8, 300, (rows, 1, source)),
        source_lengths=np.array([[source], [source // 3], [0]]),
        inputs=random.integers(8, 300, (rows, target)),
        targets=targets,
        target_lengths=lengths,
    )
