"""The weights' copies in f16: products read the current weights after every write."""

from dataclasses import replace

import numpy as np
import pytest
from gpu_harness import device
from hypothesis import given
from hypothesis import strategies as st
from numpy import ndarray as Array

from tat.backends.gpu.device import Limits
from tat.backends.gpu.executable import GpuBackend
from tat.backends.gpu.half.conversion import from_half, to_half
from tat.backends.gpu.half.weights import transpose
from tat.ops.graph import Graph, Tensor
from tat.ops.plan import plan

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif("not __import__('gpu_harness').device().half", reason="no shader-f16"),
]

ROOMY = Limits(binding=2**27, buffer=2**31)
ROWS = 12
SHAPES = ((64, 96), (132, 32), (4, 224), (64, 64))
OFFSETS = (0, 6144, 10496, 11520)  # multiples of 128, as those of parameters are
FLAT = Tensor("flat", (15616,), "weight")
WEIGHTS = [FLAT.view(f"{at}", shape, at) for at, shape in zip(OFFSETS, SHAPES, strict=True)]


def products(kernel: str, weights: list[Tensor]) -> Graph:
    """The kernel's product with each of the weights: metric "y0", …"""
    with Graph() as graph:
        for index, weight in enumerate(weights):
            inputs, outputs = weight.shape
            dims = dict(rows=ROWS, inputs=inputs, outputs=outputs)
            if kernel == "linear":
                given = [_x(inputs), weight, Tensor(f"bias {outputs}", (outputs,), "constant")]
            else:
                given = [_x(outputs), weight]
            columns = outputs if kernel == "linear" else inputs
            graph.emit(kernel, [Tensor(f"y{index}", (ROWS, columns), "metric")], given, **dims)
    return graph


def _x(width: int) -> Tensor:
    return Tensor(f"x{width}", (ROWS, width), "state")


def values(tensor: Tensor, seed: int) -> Array:
    generator = np.random.default_rng([seed, tensor.size])
    return generator.standard_normal(tensor.shape, np.float32)


def opened(limits: Limits = ROOMY) -> GpuBackend:
    """A backend of its own, with an x of every width."""
    backend = GpuBackend(replace(device(), limits=limits), precision="f16")
    for width in {extent for shape in SHAPES for extent in shape}:
        backend.write(_x(width), values(_x(width), 0))
    return backend


def copies(backend: GpuBackend) -> set[str]:
    return {name for name in backend.buffers._persistent if "in f16" in name}


def require_product(got: Array, weight: Tensor, flat: Array) -> None:
    """Fails unless the metric is x times the transposed weight."""
    part = flat[weight.offset : weight.offset + weight.size].reshape(weight.shape)
    expected = values(_x(weight.shape[1]), 0).astype(np.float64) @ part.T.astype(np.float64)
    assert np.abs(got - expected).max() < 2e-3 * np.abs(expected).max(), weight


@pytest.mark.parametrize("elements", [10**6, 6250])  # that a shader binds: all, or parts of it
def test_products_see_the_last_write(elements: int):
    backend = opened(Limits(binding=4 * elements, buffer=2**31))
    graph = products("linear_backward_input", WEIGHTS)
    executable = backend.compile(plan(graph, backend.memory))
    for seed in range(2):
        flat = values(FLAT, seed)
        backend.write(FLAT, flat)
        executable.run()
        for index, weight in enumerate(WEIGHTS):
            require_product(executable.read(f"y{index}"), weight, flat)


def updated(backend: GpuBackend, factor: float) -> Array:
    """FLAT after an update; factor: of the gradient, NaN to skip it."""
    m, v, g = (Tensor(name, FLAT.shape, "state") for name in ("m", "v", "gradients"))
    scale, rate = Tensor("scale", (2,), "feed"), Tensor("rate", (3,), "feed")
    moments = dict(beta1=0.9, beta2=0.98, epsilon=1e-9, weight_decay=0.1)
    with Graph() as graph:
        dims = dict(size=FLAT.size, decayed=FLAT.size)
        graph.emit("adamw", [FLAT, m, v], [g, scale, rate], **dims, **moments)
    backend.write(g, values(g, 1))
    update = backend.compile(plan(graph, backend.memory))
    update.write("scale", np.array([factor, 1.0]))
    update.write("rate", np.array([0.5, 0.1, 0.02]))
    update.run()
    return backend.read(FLAT)


@pytest.mark.parametrize("elements", [10**6, 6250])
@pytest.mark.parametrize("factor", [1.0, np.nan])
def test_an_update_renews_the_copy_itself_and_leaves_the_transposed_ones(
    elements: int, factor: float
):
    backend, flat = opened(Limits(binding=4 * elements, buffer=2**31)), values(FLAT, 0)
    graph = products("linear_backward_input", WEIGHTS[:1])
    backward = backend.compile(plan(graph, backend.memory))
    backend.write(FLAT, flat)
    after = updated(backend, factor)
    assert (np.abs(after - flat).max() > 0.1) == (factor == 1.0)
    copy = Tensor("flat in f16", FLAT.shape, "state")
    stored = backend.buffers.download(backend.buffers.persistent(copy), copy, half=True)
    np.testing.assert_array_equal(stored, from_half(to_half(after)))
    commands = backend.half_weights.updates()
    assert len(commands) == 1  # the transposed copy
    backend.submissions.add(commands)
    backward.run()
    require_product(backward.read("y0"), WEIGHTS[0], after)


def test_plans_that_come_later_add_their_matrices():
    backend, flat = opened(), values(FLAT, 3)
    backend.write(FLAT, flat)
    for chosen in (WEIGHTS[2:], WEIGHTS[1:], WEIGHTS[:1], WEIGHTS):
        graph = products("linear_backward_input", chosen)
        executable = backend.compile(plan(graph, backend.memory))
        executable.run()
        for index, weight in enumerate(chosen):
            require_product(executable.read(f"y{index}"), weight, flat)


def test_a_plan_that_reads_no_transposed_copy_keeps_none():
    backend = opened()
    backend.compile(plan(products("linear", WEIGHTS), backend.memory))
    assert copies(backend) == {"flat in f16"}
    backend.compile(plan(products("linear_backward_input", WEIGHTS), backend.memory))
    assert copies(backend) == {"flat in f16", "flat in f16, transposed"}


def test_float32_keeps_none():
    backend = GpuBackend(device())
    for kernel in ("linear", "linear_backward_input"):
        backend.compile(plan(products(kernel, WEIGHTS), backend.memory))
    assert not copies(backend)


def test_a_tensor_that_is_no_weight_has_no_transpose():
    backend = opened()
    matrix = Tensor("matrix", (64, 96), "feed")
    with pytest.raises(ValueError, match=r"linear_backward_input\.half: matrix.* is no weight"):
        backend.compile(plan(products("linear_backward_input", [matrix]), backend.memory))


SIDES = st.integers(1, 8).map(lambda quads: 4 * quads)


@given(
    st.lists(st.tuples(st.integers(0, 3), SIDES, SIDES), min_size=1, max_size=8),
    st.sampled_from([1, 600, 2000, 10**6]),
)
def test_calls_hold_all_matrices_each_within_its_limit(gaps: list, most: int):
    places, end = [], 0
    for gap, rows, columns in gaps:
        places.append((end + 128 * gap, rows, columns))
        end = -(-(places[-1][0] + rows * columns) // 128) * 128
    weights, copy = (Tensor(name, (end,), "state") for name in ("weights", "copy"))
    graph, feeds = transpose(copy, weights, places, most)
    found = []
    for call in graph.calls:
        (y,), (x, matrices) = call.outputs, call.inputs
        assert (x.root, y.root, x.offset, x.size) == (weights, copy, y.offset, y.size)
        assert x.size <= most or call.attributes["count"] == 1
        for start, rows, columns in feeds[matrices.name].tolist():
            assert start + rows * columns <= x.size
            found.append((x.offset + start, rows, columns))
    assert found == places
    assert most < 10**6 or len(graph.calls) == 1
