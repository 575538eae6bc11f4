"""Workloads of single kernels, with the extents of the model's plans."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np

from tat.backends.backend import Backend
from tat.backends.reference.cases import Case, case_of
from tat.backends.reference.functions import functions as reference
from tat.benchmarks.model_workloads import LENGTH, STEP_ROWS
from tat.benchmarks.subject import Benchmark, Setting, Subject, require_close
from tat.config import Config
from tat.model.loss import CrossEntropyLoss
from tat.model.programs import BatchShape, logits_program, loss_program, step_program
from tat.model.transformer import Transformer
from tat.ops.graph import Call, Graph, Tensor
from tat.ops.plan import plan
from tat.train.adamw import AdamW

# Elements of the longest flat kernel. Beyond them time grows in proportion, and the float64
# reference would take gigabytes.
_MOST_ELEMENTS = 1 << 22
# A plan repeats a small call within these limits, because its start costs 10 µs.
_PLAN_ELEMENTS, _MOST_REPEATS = 1 << 20, 256
_CLOSE = 1e-4  # to float64, relative to the largest value or to 1: sums over 2048 come to 1e-6


def kernel_benchmarks(config: Config) -> list[Benchmark]:
    """A benchmark for each distinct call of a forward pass, a decoding and a training step."""
    cases = [_case(call, config) for call in _calls(config)]
    return [
        Benchmark(name, f"a call of {case.kernel}, one thread", "µs", partial(_kernel, case=case))
        for name, case in sorted({_name(case): case for case in cases}.items())
    ]


def _calls(config: Config) -> list[Call]:
    model = Transformer(config.model, config.data.vocabulary)
    loss = CrossEntropyLoss(config.train.label_smoothing, config.memory.chunk_bytes)
    optimizer = AdamW(model.parameters, config.train)
    one = BatchShape(rows=1, source=LENGTH, target=LENGTH)
    half = BatchShape(rows=STEP_ROWS // 2, source=LENGTH, target=LENGTH)
    int8 = Transformer(config.model, config.data.vocabulary, int8=True)
    graphs = [
        logits_program(model, one),
        step_program(model, one),
        step_program(int8, one),
        loss_program(model, half, loss, training=True),
        optimizer.fold_program(0, assign=True),
        optimizer.update_program(),
    ]
    return [call for graph in graphs for call in graph.calls]


def _case(call: Call, config: Config) -> Case:
    case = case_of(call, config.data.vocabulary, config.model.max_length)
    extents = case.extents.items()
    flat = ("size", "decayed")
    return Case(case.kernel, {k: min(v, _MOST_ELEMENTS) if k in flat else v for k, v in extents})


def _name(case: Case) -> str:
    """Kernel and extents: "kernel.linear.64x512x2048"."""
    sizes = [str(v) for k, v in case.attributes.items() if isinstance(v, int) and k != "key"]
    return ".".join(["kernel", case.kernel, "x".join(sizes)])


@contextmanager
def _kernel(setting: Setting, case: Case) -> Iterator[Subject]:
    """A plan of this call alone, on one thread and drawn values."""
    backend = setting.open_backend(1)
    arguments = case.arguments(np.float32)
    tensors = {
        name: Tensor(name, values.shape, _kind(name, case), case.row.arguments[name].dtype)
        for name, values in arguments.items()
    }
    elements = sum(values.size for values in arguments.values())
    repeats = max(1, min(_MOST_REPEATS, _PLAN_ELEMENTS // elements))
    with Graph() as graph:
        outputs, inputs = (
            [tensors[name] for name in names] for names in (case.row.outputs, case.row.inputs)
        )
        for _ in range(repeats):
            graph.emit(case.kernel, outputs, inputs, **case.attributes)
    executable = backend.compile(plan(graph, backend.memory))

    def check() -> None:
        _fill(backend, tensors, arguments)
        executable.run_call(0)
        for name, expected in case.run(reference(), np.float64).items():
            largest = max(1.0, np.abs(expected).max())
            error = np.abs(backend.read(tensors[name]) - expected).max() / largest
            require_close(f"{name} of {case.kernel} beside float64", float(error), _CLOSE)

    _fill(backend, tensors, arguments)
    yield Subject(executable.run, check, repeats, executable.plan.hash())


def _kind(name: str, case: Case) -> str:
    """The kind of a tensor; backends may pack weights."""
    return "weight" if name in ("weight", "table") and name in case.row.inputs else "state"


def _fill(backend: Backend, tensors: dict[str, Tensor], arguments: dict[str, np.ndarray]) -> None:
    for name, values in arguments.items():
        backend.write(tensors[name], values)
