"""A small plan like a model's, timed on a backend: what --device auto compares."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np

from tat.backends.backend import Backend, Executable
from tat.ops import vocabulary as ops
from tat.ops.graph import Graph, Tensor
from tat.ops.plan import plan

_WIDTH, _HIDDEN = 512, 2048  # of the default model
_BLOCKS = 4
_ROWS = 256  # of a lane's micro-batch in training
_REPEATS = 5  # of which the fastest counts


class Timing(msgspec.Struct, frozen=True):
    """Milliseconds of the calibrated plan on one device."""

    training: float  # for 1,000 rows, forward and backward
    decoding: float  # for one row, with its read-back


def time_backend(backend: Backend) -> Timing:
    """Times training on all lanes at once, and decoding row by row."""
    executables = [_compile(backend, _ROWS, lane) for lane in range(backend.lanes)]
    with ThreadPoolExecutor(backend.lanes) as pool:
        seconds = _fastest(lambda: list(pool.map(_replay, executables)))
    training = 1e6 * seconds / (_ROWS * backend.lanes)
    row = _compile(backend, 1, 0)
    return Timing(training, 1e3 * _fastest(lambda: _replay(row)))


def _compile(backend: Backend, rows: int, lane: int) -> Executable:
    """Feed-forward blocks over a feed; with their gradient where there is more than one row."""
    size = _BLOCKS * (2 * _WIDTH * _HIDDEN + _HIDDEN + _WIDTH)
    weights, offset = Tensor("calibration", (size,), "weight"), 0
    x, dy = (Tensor(name, (rows, _WIDTH), "feed") for name in ("x", "dy"))

    def part(*shape: int) -> Tensor:
        nonlocal offset
        view = weights.view(f"part {offset}", shape, offset)
        offset += view.size
        return view

    with Graph(training=rows > 1) as graph:
        y = x
        for index in range(_BLOCKS):
            with graph.scope(f"calibration.{index}"):
                hidden = ops.gelu(ops.linear(y, part(_WIDTH, _HIDDEN), part(_HIDDEN)))
                y = ops.add(y, ops.linear(hidden, part(_HIDDEN, _WIDTH), part(_WIDTH)))
        if graph.training:
            graph.backward({y: dy})
        ops.total(y, Tensor("sum", (1,), "metric"))
    executable = backend.compile(plan(graph, backend.memory), lane)
    random = np.random.default_rng(0)
    if lane == 0 and rows > 1:
        backend.write(weights, random.standard_normal(size, np.float32) / 64)
    for name, tensor in executable.plan.feeds.items():
        executable.write(name, random.standard_normal(tensor.shape, np.float32))
    return executable


def _replay(executable: Executable) -> None:
    executable.run()
    executable.read("sum")  # waits for everything that was submitted


def _fastest(action: Callable[[], object]) -> float:
    """Seconds of the fastest of some runs, warmed up by two: the second is recorded ahead."""
    seconds = []
    for _ in range(_REPEATS + 2):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    return min(seconds[2:])
