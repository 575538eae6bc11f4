"""Every kernel of the CPU backends: signatures, outputs against float64, the bits of dropout."""

import inspect
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from cases import CASES, Case, case_of
from cpu_kernels import BACKENDS, NUMPY, Function
from harness import compile_graph
from numpy import ndarray as Array
from test_fusion import normed

from tat.backends.coverage import coverage
from tat.backends.cpu import executable
from tat.backends.cpu.executable import CpuBackend, table_operations
from tat.backends.gpu.half.weights import HalfWeights, transpose
from tat.backends.reference.functions import MODULES
from tat.config import resolve
from tat.config_tables import model_variants
from tat.model.loss import CrossEntropyLoss
from tat.model.programs import (
    BatchShape,
    encode_program,
    loss_program,
    move_program,
    sampling_program,
    step_program,
)
from tat.model.transformer import Transformer
from tat.ops.fusion import fused
from tat.ops.graph import Call, Graph, Tensor
from tat.ops.kernels import KERNELS
from tat.train.adamw import AdamW

NUMBA_MODULE = "tat.backends.cpu.training_kernels"
needs_numba = pytest.mark.skipif(
    not (find_spec("numba") and find_spec(NUMBA_MODULE)), reason="there are no Numba kernels"
)

SHARED = {"shares_of_targets", "most_steps"}  # with compiled kernels, and no kernels themselves

# Relative to the largest entry of an output, or to 1 if that is smaller.
BOUND = 1e-6
BOUNDS = {"sharp": 1e-5}  # 2.9e-6 at scores or logits near 100, whose rounding exp() multiplies

implemented = pytest.mark.parametrize(
    ("functions", "case"),
    [
        pytest.param(functions, case, id=f"{backend}-{case}")
        for backend, functions in BACKENDS.items()
        for case in CASES
        if backend == "numpy" or functions[case.kernel] is not NUMPY[case.kernel]
    ],
)


def test_cases_cover_the_table_under_distinct_names():
    missing = set(KERNELS) - {case.kernel for case in CASES}
    assert not missing, f"no case of {', '.join(sorted(missing))}: write some in tests/cases.py"
    assert len({str(case) for case in CASES}) == len(CASES)


@implemented
def test_float32_is_close_to_float64(functions: dict[str, Function], case: Case):
    expected = case.run(NUMPY, np.float64)
    for name, got in case.run(functions, np.float32).items():
        assert got.dtype in (np.float32, np.int32)
        largest = np.abs(expected[name]).max(initial=1.0, where=np.isfinite(expected[name]))
        bound = BOUNDS.get(case.label, BOUND) * largest
        np.testing.assert_allclose(got, expected[name], rtol=0, atol=bound, err_msg=name)


def in_table(case: Case) -> dict[str, Array]:
    """The outputs of a plan of one call, replayed by the compiled table of inference."""
    backend, values = CpuBackend(2), case.arguments(np.float32)
    made = {
        name: Tensor(name, case.shape(name), "state", argument.dtype)
        for name, argument in case.row.arguments.items()
    }
    outputs, inputs = ([made[n] for n in names] for names in (case.row.outputs, case.row.inputs))
    with Graph() as graph:
        graph.emit(case.kernel, outputs, inputs, **case.attributes)
    executable = compile_graph(graph, backend, {})
    assert executable._table is not None
    for name, tensor in made.items():
        backend.write(tensor, values[name].reshape(tensor.shape))
    executable.run()
    return {name: backend.read(made[name]) for name in case.row.outputs}


@needs_numba
@pytest.mark.parametrize("case", [c for c in CASES if c.kernel in table_operations()], ids=str)
def test_the_table_is_close_to_float64(case: Case):
    expected = case.run(NUMPY, np.float64)
    for name, got in in_table(case).items():
        largest = np.abs(expected[name]).max(initial=1.0, where=np.isfinite(expected[name]))
        bound = BOUNDS.get(case.label, BOUND) * largest
        np.testing.assert_allclose(got, expected[name], rtol=0, atol=bound, err_msg=name)


@implemented
def test_outputs_are_written_whole_whatever_they_held(functions: dict[str, Function], case: Case):
    after_nan = case.run(functions, np.float32, poison=np.nan)
    after_number = case.run(functions, np.float32, poison=12345.0)
    for name in after_nan:
        np.testing.assert_array_equal(after_nan[name], after_number[name], err_msg=name)


@implemented
def test_inputs_stay_as_they_were(functions: dict[str, Function], case: Case):
    arguments, before = case.arguments(np.float32), case.arguments(np.float32)
    functions[case.kernel](*arguments.values(), **case.attributes)
    for name in case.row.inputs:
        np.testing.assert_array_equal(arguments[name], before[name], err_msg=name)


ACCUMULATING = [case for case in CASES if case.extents.get("accumulate") == 1]


@pytest.mark.parametrize("case", ACCUMULATING, ids=str)
def test_accumulating_adds_to_what_assigning_gives(case: Case):
    assigning = replace(case, extents={**case.extents, "accumulate": 0})
    before = case.arguments(np.float64)
    assigned = assigning.run(NUMPY, np.float64)
    for name, got in case.run(NUMPY, np.float64).items():
        kept = before[name] if name in case.row.updates else 0.0
        np.testing.assert_allclose(got, kept + assigned[name], rtol=0, atol=1e-12)


def test_numpy_kernels_are_the_table():
    public = {
        name
        for module in MODULES
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }
    others = public - SHARED - set(KERNELS)
    assert not others, f"no row in tat/ops/kernels.py for {', '.join(sorted(others))}"
    assert public >= set(KERNELS)


@pytest.mark.parametrize("name", KERNELS)
def test_numpy_signature_is_the_row(name: str):
    row, parameters = KERNELS[name], inspect.signature(NUMPY[name]).parameters.values()
    arrays = [p.name for p in parameters if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    attributes = [p for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]
    assert arrays == [*row.outputs, *row.inputs]
    types = {"f32": float, "u32": int}
    expected = [(attribute, types[kind]) for attribute, kind in row.attributes]
    assert [(p.name, p.annotation) for p in attributes] == expected


@needs_numba
def test_numba_kernels_are_some_of_the_table_with_equal_parameters():
    modules = executable.kernel_modules()
    faster = {n: f for n, f in BACKENDS["numba"].items() if f is not NUMPY[n]}
    assert faster
    for module in modules:
        for name, function in vars(module).items():
            own = getattr(function, "__module__", "") == module.__name__
            if own and not name.startswith("_") and name != "replay_rows":
                assert name in faster, f"{module.__name__}.{name} has no row in tat/ops/kernels.py"
    for name, function in faster.items():
        signature = inspect.signature(getattr(function, "py_func", function))
        assert list(signature.parameters) == list(inspect.signature(NUMPY[name]).parameters), name


def test_float64_never_gets_float32_kernels():
    assert CpuBackend(dtype=np.float64, numba=True).kernels == NUMPY


def traced_calls() -> list[Call]:
    """Every program of small models, with and without a copy head, and of their optimizer.

    And those with fused kernels.
    """
    return [
        *_traced_calls(copy=False),
        *(c for parts in model_variants() for c in _traced_calls(copy=True, **parts)),
        *(c for parts in model_variants() for c in _int8_calls(**parts)),
        *_transpose_calls(),
        *fused(normed(width=6).calls),
        *_update_calls(),
    ]


def _int8_calls(**parts: str) -> list[Call]:
    config = resolve(flags={"preset": "tiny", **parts}, environment={}).config
    model = Transformer(config.model, vocabulary=50, int8=True)
    return step_program(model, BatchShape(2, 6, 5)).calls


def _transpose_calls() -> list[Call]:
    copy, weights = (Tensor(name, (64,), "state") for name in ("copy", "weights"))
    graph, _ = transpose(copy, weights, [(0, 4, 8), (32, 8, 4)], most=64)
    return graph.calls


def _update_calls() -> list[Call]:
    """Those of an update where weights have a copy in f16."""
    config = resolve(flags={"preset": "tiny"}, environment={}).config
    update = AdamW(Transformer(config.model, vocabulary=50).parameters, config.train)
    copies = HalfWeights(lambda *_: lambda: None, most=1)
    return [copies.renewed_by(call) for call in update.update_program().calls]


def _traced_calls(copy: bool, **parts: str) -> list[Call]:
    flags = {"preset": "tiny", "model.dropout": 0.1, "train.ema_decay": 0.9, "model.copy": copy}
    flags |= parts
    config = resolve(flags=flags, environment={}).config
    model = Transformer(config.model, vocabulary=50)
    shape = BatchShape(2, 33, 40, sources=2)  # more rows than a chunk of the loss
    loss, optimizer = CrossEntropyLoss(0.1, 4096), AdamW(model.parameters, config.train)
    graphs = [
        loss_program(model, shape, loss, training=True, scaled=True),
        encode_program(model, shape),
        step_program(model, shape),
        step_program(model, shape, shared=True),
        sampling_program(model, shape, 4, first=2, ranks=3),
        move_program(model, shape, replace(shape, rows=1)),
        optimizer.fold_program(0, assign=True),
        optimizer.update_program(),
    ]
    return [call for graph in graphs for call in (*graph.calls, *fused(graph.calls))]


def test_traces_call_kernels_with_the_shapes_of_the_table():
    """Fused calls too, which no graph has checked; every kernel that a backend has made fast is
    in some program, while one of the reference alone may wait for its layer."""
    calls = traced_calls()
    missing = set(KERNELS) - {call.kernel for call in calls}
    assert missing <= {c.kernel for c in coverage() if c.reference_alone}
    for call in calls:
        case = case_of(call, vocabulary=50, positions=512)
        names, tensors = case.row.outputs + case.row.inputs, call.outputs + call.inputs
        shapes = {name: tensor.shape for name, tensor in zip(names, tensors, strict=True)}
        dtypes = {name: tensor.dtype for name, tensor in zip(names, tensors, strict=True)}
        assert not [*case.row.mismatches(shapes, dtypes, case.extents)], call
