"""Running traces in tests: random batches, and a CPU backend around one graph."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy import ndarray as Array

from tat.backends.cpu.executable import CpuBackend, CpuExecutable
from tat.model.programs import BatchShape
from tat.ops.graph import Graph, Tensor
from tat.ops.plan import plan


def compile_graph(graph: Graph, backend: CpuBackend, values: Mapping[str, Array]) -> CpuExecutable:
    """Compiles the graph's plan, and writes those of `values` that it feeds or keeps."""
    executable = backend.compile(plan(graph, backend.memory))
    for name, value in values.items():
        if name in executable.plan.feeds:
            executable.write(name, value)
        elif name in executable.plan.persistent:
            backend.write(executable.plan.persistent[name], value)
    return executable


def expose(graph: Graph, tensor: Tensor, name: str) -> None:
    """Copies a tensor of the trace to a metric, to be read after a run."""
    metric = Tensor(name, tensor.shape, "metric")
    graph.emit("fold", [metric], [tensor], size=tensor.size, accumulate=0)


def random_batch(
    shape: BatchShape,
    vocabulary: int,
    source_lengths: Sequence[Sequence[int]],
    target_lengths: Sequence[int],
    seed: int = 0,
) -> dict[str, Array]:
    """Feeds of a batch; behind the lengths targets are padding, and all other ids are random."""
    random = np.random.default_rng(seed)
    targets = random.integers(1, vocabulary, (shape.rows, shape.target))
    targets[np.arange(shape.target) >= np.array(target_lengths)[:, None]] = 0
    return {
        "sources": random.integers(0, vocabulary, (shape.rows, shape.sources, shape.source)),
        "source_lengths": np.array(source_lengths),
        "inputs": random.integers(0, vocabulary, (shape.rows, shape.target)),
        "targets": targets,
        "target_lengths": np.array(target_lengths)[:, None],
        "counter": np.array([seed, 5, 1]),
    }
