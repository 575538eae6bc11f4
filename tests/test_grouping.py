"""Calls that may wait for others of their kernel: in other places, to the same effect."""

from itertools import combinations, groupby

import pytest
from hypothesis import given
from test_plan import traces

from tat.config import resolve
from tat.model.loss import CrossEntropyLoss
from tat.model.programs import BatchShape, loss_program
from tat.model.transformer import Transformer
from tat.ops import grouping
from tat.ops.graph import Call, Graph, Tensor
from tat.ops.grouping import grouped

PARAMETERS = "linear_backward_parameters"


def conflicts(calls: list[Call]) -> list[tuple[int, int]]:
    """Pairs of calls, by identity, of which the first must come first."""

    def elements(tensors: tuple[Tensor, ...]) -> set[tuple[Tensor, int]]:
        return {(t.root, i) for t in tensors for i in range(t.offset, t.offset + t.size)}

    made = [elements(call.outputs) for call in calls]
    used = [elements((*call.outputs, *call.inputs)) for call in calls]
    pairs = combinations(range(len(calls)), 2)
    hazards = ((i, j) for i, j in pairs if made[i] & used[j] or made[j] & used[i])
    return [(id(calls[i]), id(calls[j])) for i, j in hazards]


def gradients() -> list[Call]:
    config = resolve(flags={"preset": "tiny"}).config
    model = Transformer(config.model, config.data.vocabulary)
    loss = CrossEntropyLoss(config.train.label_smoothing, config.memory.chunk_bytes)
    return list(loss_program(model, BatchShape(2, 8, 8), loss, training=True).calls)


@pytest.mark.parametrize("waits", [(PARAMETERS,), ("linear", "add", "gelu")], ids=len)
@given(graph=traces())
def test_what_touches_the_same_keeps_its_order(graph: Graph, waits: tuple[str, ...]):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "_MAY_WAIT", waits)
        calls = grouped(graph.calls)
    assert sorted(map(id, calls)) == sorted(map(id, graph.calls))
    places = {id(call): place for place, call in enumerate(calls)}
    assert all(places[a] < places[b] for a, b in conflicts(graph.calls))


def test_the_parameter_gradients_of_a_model_stand_in_fours():
    calls = gradients()
    later = grouped(calls)
    runs = [len([*run]) for kernel, run in groupby(c.kernel for c in later) if kernel == PARAMETERS]
    assert set(runs[:-1]) == {4}
    assert runs[-1] <= 4
