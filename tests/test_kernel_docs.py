"""docs/kernels.md against the code, and operations that run on the reference alone."""

import sys
from pathlib import Path

import pytest
from harness import compile_graph

from tat.backends import notes
from tat.backends.coverage import coverage
from tat.backends.cpu.executable import NUMPY_SUFFICES, CpuBackend
from tat.ops.graph import Graph, Tensor
from tat.ops.kernels import KERNELS
from tat.ops.primitives import sigmoid

sys.path.insert(0, str(Path(__file__).parent.parent / "docs"))

from make_kernels import PAGE, page

pytest.importorskip("numba")


def test_the_page_is_up_to_date():
    assert PAGE.read_text("utf-8") == page(), "run `make kernels`"


def test_every_operation_has_a_line():
    text = page()
    assert all(f"\n| `{name}` |" in text for name in KERNELS)


def test_kernels_that_stay_with_numpy_are_in_the_table_and_not_compiled():
    assert set(KERNELS) >= NUMPY_SUFFICES
    assert not {c.kernel for c in coverage() if c.training == "numba"} & NUMPY_SUFFICES


def test_primitives_are_on_the_reference_alone():
    alone = {c.kernel for c in coverage() if c.reference_alone}
    assert {"multiply", "sigmoid", "rsqrt"} <= alone and "gelu" not in alone


def test_an_operation_of_the_reference_alone_runs_and_says_so_once(monkeypatch, capsys):
    monkeypatch.setattr(notes, "_said", set())
    x = Tensor("x", (3, 4), "state")
    with Graph(training=True) as graph:
        y = sigmoid(x)
        graph.backward({y: Tensor("dy", (3, 4), "state")})
        graph.emit("add", [Tensor("dx", (3, 4), "metric")], [graph.gradient(x)] * 2, size=12)
    for _ in range(2):
        executable = compile_graph(graph, CpuBackend(1), {"dy": 1.0})
        executable.run()
        assert (executable.read("dx") == 0.5).all()
    said = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in said] == ["sigmoid", "sigmoid_backward"]
    assert all("reference alone" in line for line in said)
