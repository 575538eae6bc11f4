"""Gradients of every operation, and of the whole model, against float64 finite differences."""

import inspect
from collections.abc import Callable

import numpy as np
import pytest
from cases import CASES, Case
from gradient_checks import NOISE, RELATIVE, Check, ModelCheck, Tensors, assert_gradients_match
from numpy import ndarray as Array

from tat import weights
from tat.config_tables import model_variants
from tat.ops import copying, losses, primitives
from tat.ops import vocabulary as ops
from tat.ops.graph import Tensor

NOT_DIFFERENTIATED = {"total"}
IN_PLACE = {"copy_mixture"}  # of logits, in decoding
CHECKED_BELOW = {"cross_entropy", "copy_cross_entropy"}
PARTS_OF_LOSSES = {"output_projection", "point"}  # whose gradients the losses make
OTHERS = NOT_DIFFERENTIATED | IN_PLACE | CHECKED_BELOW | PARTS_OF_LOSSES

# Operations by the kernel of their name; the cases of that kernel are what is checked.
OPERATIONS: dict[str, Callable[..., Tensor]] = {
    name: function
    for module in (ops, losses, copying, primitives)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__ and not name.startswith("_") and name not in OTHERS
}


def applied(case: Case, tensors: Tensors) -> Tensor:
    """The operation on inputs and attributes of the same names as its parameters."""
    given, function = {**case.extents, **tensors}, OPERATIONS[case.kernel]
    return function(**{n: given[n] for n in inspect.signature(function).parameters if n in given})


def constant_of(case: Case) -> str:
    """The table of positions, which is not learnt; "" if the kernel has none."""
    return next((a.name for a in case.row.operands if "positions" in a.shape), "")


def test_every_operation_is_checked():
    unchecked = ", ".join(OPERATIONS.keys() - {case.kernel for case in CASES})
    assert not unchecked, f"{unchecked}: an operation has the name of its kernel in the table"
    assert all(
        hasattr(ops, name) or hasattr(losses, name) or hasattr(copying, name) for name in OTHERS
    )


@pytest.mark.parametrize("case", [c for c in CASES if c.kernel in OPERATIONS], ids=str)
def test_operation(case: Case):
    fixed = constant_of(case)
    assert_gradients_match(Check(lambda t: applied(case, t), case.inputs(), fixed=fixed))


def drawn(**shapes: tuple[int, ...]) -> dict[str, Array]:
    random = np.random.default_rng(3)
    return {name: random.standard_normal(shape) for name, shape in shapes.items()}


def twice_the_same_weights(t: Tensors) -> Tensor:
    return ops.linear(ops.gelu(ops.linear(t["x"], t["weight"], t["bias"])), t["weight"], t["bias"])


def one_input_of_three_operations(t: Tensors) -> Tensor:
    return ops.add(ops.add(ops.gelu(t["x"]), t["x"]), ops.layer_norm(t["x"], t["gain"], t["bias"]))


def an_input_added_to_itself(t: Tensors) -> Tensor:
    h = ops.gelu(t["x"])
    return ops.add(h, h)


def an_input_added_to_its_own_dropout(t: Tensors) -> Tensor:
    h = ops.gelu(t["x"])
    return ops.dropout_add(h, h, t["counter"], 0.5)


def an_output_that_nothing_uses(t: Tensors) -> Tensor:
    ops.gelu(t["x"])
    return ops.linear(t["x"], t["weight"], t["bias"])


def rms_norm(t: Tensors) -> Tensor:
    means = primitives.row_mean(primitives.multiply(t["x"], t["x"]))
    scaled = primitives.multiply_rows(t["x"], primitives.rsqrt(means, 1e-5))
    return primitives.multiply_columns(scaled, t["gain"])


def gated_feed_forward(t: Tensors) -> Tensor:
    """SwiGLU (Shazeer 2020) of one product, whose halves are the gate and what it lets through."""
    both = ops.linear(t["x"], t["weight"], t["bias"])
    gate = primitives.take_columns(both, 0, 4)
    silu = primitives.multiply(gate, primitives.sigmoid(gate))
    return primitives.multiply(silu, primitives.take_columns(both, 4, 4))


def quarter_turn(t: Tensors) -> Tensor:
    """The halves of each row turned, as rotary positions do it."""
    left, right = primitives.take_columns(t["x"], 0, 2), primitives.take_columns(t["x"], 2, 2)
    return primitives.join_columns(primitives.times(right, -1.0), left)


@pytest.mark.parametrize(
    ("operation", "shapes"),
    [
        (rms_norm, dict(x=(3, 5), gain=(5,))),
        (gated_feed_forward, dict(x=(3, 5), weight=(5, 8), bias=(8,))),
        (quarter_turn, dict(x=(3, 4))),
    ],
)
def test_an_idea_composed_of_primitives_has_its_gradient(operation, shapes):
    assert_gradients_match(Check(operation, drawn(**shapes)))


SQUARE = drawn(x=(3, 5), weight=(5, 5), bias=(5,), gain=(5,))
COUNTER = {"counter": np.array([1, 2, 3], np.int32)}


@pytest.mark.parametrize(
    ("operation", "names"),
    [
        (twice_the_same_weights, "x weight bias"),
        (one_input_of_three_operations, "x gain bias"),
        (an_input_added_to_itself, "x"),
        (an_input_added_to_its_own_dropout, "x counter"),
        (an_output_that_nothing_uses, "x weight bias"),
    ],
)
def test_gradients_join_where_a_tensor_is_used_more_than_once(
    operation: Callable[[Tensors], Tensor], names: str
):
    values = SQUARE | COUNTER
    assert_gradients_match(Check(operation, {name: values[name] for name in names.split()}))


def cross_entropy_check(targets: list[int], vocabulary: int, smoothing: float, chunk: int) -> Check:
    values = drawn(x=(len(targets), 6), table=(vocabulary, 6))
    values["targets"] = np.array(targets, np.int32)

    def operation(t: Tensors) -> Tensor:
        return losses.cross_entropy(
            t["x"], t["table"], t["targets"], smoothing=smoothing, chunk_bytes=chunk
        )

    return Check(operation, values, loss=True)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize(
    "targets", [[2], [6, 0, 1, 0, 6], [0, 0, 0], [*range(11), *[0] * 60, *range(11)] * 2]
)
def test_cross_entropy(targets: list[int], smoothing: float):
    assert_gradients_match(cross_entropy_check(targets, 11, smoothing, chunk=2**20))


@pytest.mark.parametrize("rows", [65, 128, 130])
def test_cross_entropy_in_chunks_of_rows_is_that_of_all_rows(rows: int):
    targets = [i * 7 % 11 for i in range(rows)]
    one = cross_entropy_check(targets, 11, 0.1, chunk=2**20)
    many = cross_entropy_check(targets, 11, 0.1, chunk=1)
    chunks = [c for c in many.executable.plan.calls if c.kernel == "cross_entropy"]
    assert len(chunks) == -(-rows // 64)
    assert_gradients_match(many)
    np.testing.assert_allclose(many.output(), one.output(), rtol=1e-12)
    expected = one.gradients()
    for name, got in many.gradients().items():
        np.testing.assert_allclose(got, expected[name], rtol=0, atol=1e-12)


def copy_check(
    targets: list[int], lengths: list[list[int]], smoothing: float, chunk: int = 2**20
) -> Check:
    """A check of sequences with sources of 5 tokens at most; ids 0 to 2 are no text."""
    batch, sources, vocabulary = len(lengths), len(lengths[0]), 11
    rows, keys = len(targets), batch * sources * 5
    values = drawn(x=(rows, 6), table=(vocabulary, 6), q=(rows, 4), k=(keys, 4), gate=(rows, 1))
    ids = np.random.default_rng(6).integers(0, vocabulary, (batch, sources, 5), np.int32)
    values |= {"ids": ids, "lengths": np.array(lengths, np.int32)}
    values["targets"] = np.array(targets, np.int32)

    def operation(t: Tensors) -> Tensor:
        names = ("q", "k", "gate", "ids", "lengths")
        pointer = copying.Pointer(*(t[name] for name in names), first=3)
        return losses.copy_cross_entropy(
            t["x"], t["table"], pointer, t["targets"], smoothing=smoothing, chunk_bytes=chunk
        )

    return Check(operation, values, loss=True)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize(
    ("targets", "lengths"),
    [
        ([7], [[5]]),
        ([7, 0, 3, 8, 9, 4], [[5, 4], [0, 2]]),
        ([7, 8, 9, 10], [[0], [0]]),
        ([0, 0, 0], [[5]]),
        (list(range(11)) * 2, [[5, 5], [1, 5]]),
    ],
)
def test_copy_cross_entropy(targets: list[int], lengths: list[list[int]], smoothing: float):
    assert_gradients_match(copy_check(targets, lengths, smoothing))


def test_copy_cross_entropy_in_chunks_of_rows_is_that_of_all_rows():
    targets, lengths = [i * 7 % 11 for i in range(136)], [[5, 2], [3, 4], [0, 0], [5, 5]]
    one, many = (copy_check(targets, lengths, 0.1, chunk) for chunk in (2**20, 1))
    chunks = [c for c in many.executable.plan.calls if c.kernel == "copy_cross_entropy"]
    assert len(chunks) == 3
    np.testing.assert_allclose(many.output(), one.output(), rtol=1e-12)
    expected = one.gradients()
    for name, got in many.gradients().items():
        np.testing.assert_allclose(got, expected[name], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("sources", "dropout", "chunk_bytes", "copy", "parts"),
    [
        (1, 0.0, 2**20, False, {}),
        (1, 0.3, 2**20, False, {}),
        (2, 0.3, 1, False, {}),
        (2, 0.3, 1, True, {}),
        *((2, 0.3, 1, True, parts) for parts in model_variants()[1:]),
    ],
)
def test_whole_model(
    sources: int, dropout: float, chunk_bytes: int, copy: bool, parts: dict[str, str]
):
    check = ModelCheck(sources, dropout, chunk_bytes, copy, parts)
    gradient = check.gradient()
    random = np.random.default_rng(5)
    for name, part in weights.unpack(check.model.parameters, gradient).items():
        along = np.zeros(gradient.shape)
        part_along = weights.unpack(check.model.parameters, along)[name]
        part_along[...] = random.standard_normal(part.shape)
        along /= np.linalg.norm(along)
        expected, got = check.slope(along, step=1e-3), float(gradient @ along)
        typical = np.linalg.norm(part) / np.sqrt(part.size)
        assert abs(got - expected) <= RELATIVE * max(typical, abs(expected)) + NOISE, name
