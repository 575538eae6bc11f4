"""Gradients against float64 finite differences: of one operation, and of a whole model."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from harness import compile_graph, expose, random_batch
from numpy import ndarray as Array

from tat import weights
from tat.backends.cpu.executable import CpuBackend
from tat.config import resolve
from tat.model.loss import CrossEntropyLoss
from tat.model.parameters import Initial, Parameters
from tat.model.programs import BatchShape, loss_program
from tat.model.transformer import Transformer
from tat.ops.graph import Graph, Tensor

RELATIVE = 1e-6  # to the largest entry of the gradient
NOISE = 1e-10  # rounding errors of a derivative that is 0
STEP = 2e-5
WEIGHTS = ("weight", "bias", "gain", "table")

Tensors = Mapping[str, Tensor]


class Check:
    """An operation traced with its gradient, on inputs that can be moved."""

    def __init__(
        self,
        operation: Callable[[Tensors], Tensor],
        values: Mapping[str, Array],
        fixed: str = "",
        loss: bool = False,
    ) -> None:
        """fixed: an input that has no gradient; loss: the results are losses, and each counts 1."""
        self.backend = CpuBackend(dtype=np.float64)
        self.parameters, self.fixed = Parameters(), fixed
        tensors = {name: self._tensor(name, value) for name, value in values.items()}
        self.parameters.freeze()
        moved = [
            name
            for name, tensor in tensors.items()
            if tensor.dtype == "float" and name != fixed and name not in WEIGHTS
        ]
        with Graph(training=True) as graph:
            with graph.scope("operation"):
                y = operation(tensors)
            self.dy = np.ones(y.shape)
            if not loss:
                self.dy = np.random.default_rng(1).standard_normal(y.shape)
            graph.backward({y: y if loss else Tensor("dy", y.shape, "state")})
            expose(graph, y, "y")
            for name in moved:
                expose(graph, graph.gradient(tensors[name]), f"d{name}")
        self.executable = compile_graph(graph, self.backend, {**values, "dy": self.dy})
        flat = weights.unpack(self.parameters, self.backend.persistent(self.parameters.flat, 0))
        self.inputs = flat | {name: self.backend.persistent(tensors[name], 0) for name in moved}
        for name, storage in flat.items():
            storage[...] = values[name]

    def _tensor(self, name: str, value: Array) -> Tensor:
        if name in WEIGHTS and name != self.fixed:
            return self.parameters.declare(name, value.shape, Initial("constant", 0.0))
        if value.dtype == np.int32:
            return Tensor(name, value.shape, "feed", "int")
        return Tensor(name, value.shape, "state")

    def gradients(self) -> dict[str, Array]:
        """The gradients of the backward pass, by input."""
        self.executable.run()
        flat = Tensor("gradients", self.parameters.flat.shape, "gradient")
        named = weights.unpack(self.parameters, self.backend.read(flat).copy())
        metrics = self.executable.plan.metrics
        return named | {n[1:]: self.executable.read(n) for n in metrics if n != "y"}

    def output(self) -> Array:
        self.executable.run()
        return self.executable.read("y")

    def slope(self, name: str, direction: Array) -> float:
        """d sum(dy * y) along a direction of one input, by a five-point central difference."""
        storage, kept = self.inputs[name], self.inputs[name].copy()
        outputs = {}
        for steps in (-2, -1, 1, 2):
            storage[...] = kept + steps * STEP * direction
            outputs[steps] = self.output()
        storage[...] = kept
        change = 8 * (outputs[1] - outputs[-1]) - (outputs[2] - outputs[-2])
        return float(np.vdot(self.dy, change)) / (12 * STEP)


def directions(shape: tuple[int, ...]) -> Iterator[Array]:
    """Each element alone, or some where there are many, and all at once."""
    random = np.random.default_rng(2)
    size = int(np.prod(shape))
    for element in random.permutation(size)[:60]:
        single = np.zeros(size)
        single[element] = 1
        yield single.reshape(shape)
    yield random.standard_normal(shape)


def assert_gradients_match(check: Check) -> None:
    gradients = check.gradients()
    assert gradients.keys() == check.inputs.keys()
    for name, gradient in gradients.items():
        largest = np.abs(gradient).max()
        for direction in directions(gradient.shape):
            expected, got = check.slope(name, direction), float(np.vdot(gradient, direction))
            bound = RELATIVE * max(largest, abs(expected)) + NOISE * np.abs(direction).sum()
            assert abs(got - expected) <= bound, (name, got, expected)


class ModelCheck:
    """Loss and gradient of a small model on rows of all kinds: full, short and empty ones."""

    def __init__(
        self, sources: int, dropout: float, chunk_bytes: int, copy: bool, parts: dict[str, str]
    ) -> None:
        flags = {
            "preset": "tiny", "model.layers": 2, "model.width": 18, "model.heads": 3,
            "model.feed_forward": 26, "model.dropout": dropout, "model.copy": copy, **parts,
        }  # fmt: skip
        config = resolve(flags=flags, environment={}).config.model
        self.model = Transformer(config, vocabulary=37)
        self.backend = CpuBackend(dtype=np.float64)
        shape = BatchShape(4, 7, 20, sources=sources)
        lengths = [[7, 2], [0, 5], [0, 0], [3, 0]]
        batch = random_batch(shape, 37, [row[:sources] for row in lengths], [20, 11, 3, 0])
        loss = CrossEntropyLoss(0.1, chunk_bytes)
        graph = loss_program(self.model, shape, loss, training=True)
        weights.install(self.backend, self.model, weights.draw(self.model.parameters, seed=1))
        self.executable = compile_graph(graph, self.backend, batch)
        flat = self.model.parameters.flat
        self.weights = self.backend.persistent(flat, 0)
        noise = np.random.default_rng(4).standard_normal(flat.size)
        self.weights += 0.1 * noise  # biases and gains away from 0 and 1

    def loss(self) -> float:
        self.executable.run()
        return float(self.executable.read("loss")[0])

    def gradient(self) -> Array:
        self.executable.run()
        flat = Tensor("gradients", self.model.parameters.flat.shape, "gradient")
        return self.backend.read(flat).copy()

    def slope(self, direction: Array, step: float) -> float:
        kept, losses = self.weights.copy(), {}
        for steps in (-2, -1, 1, 2):
            self.weights[...] = kept + steps * step * direction
            losses[steps] = self.loss()
        self.weights[...] = kept
        return (8 * (losses[1] - losses[-1]) - (losses[2] - losses[-2])) / (12 * step)
