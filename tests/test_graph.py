"""Graphs: operations are traced inside of one alone, and a call has to fit its row."""

import pytest

from tat.ops import vocabulary as ops
from tat.ops.graph import Graph, Tensor


def test_operations_outside_a_graph_are_refused():
    x = Tensor("x", (2, 3), "state")
    with pytest.raises(RuntimeError, match="with Graph"):
        ops.gelu(x)


def test_a_call_that_does_not_fit_its_row_is_refused():
    x = Tensor("x", (2, 3), "state")
    with Graph() as graph:
        with pytest.raises(TypeError, match="gelu takes"):
            graph.emit("gelu", [x.shape], [x, x], size=6)
        with pytest.raises(TypeError, match="gelu takes"):
            graph.emit("gelu", [x.shape], [x], rows=6)
    assert not graph.calls
