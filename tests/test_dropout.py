"""Dropout: a hash of counter, key and element, and its masks."""

import numpy as np
import pytest
from cases import CASES, Case
from cpu_kernels import BACKENDS
from harness import compile_graph, expose
from numpy import ndarray as Array

from tat.backends.cpu.executable import CpuBackend
from tat.backends.reference import kernels as numpy_kernels
from tat.ops import vocabulary as ops
from tat.ops.graph import Graph, Tensor


def mask(counter: list[int], key: int, rate: float, size: int) -> Array:
    """Which elements dropout keeps."""
    y, x = np.empty(size), np.ones(size)
    numpy_kernels.dropout(y, x, np.array(counter, np.int32), size=size, rate=rate, key=key)
    return y != 0


def mix(x: int) -> int:
    x = (x ^ x >> 16) * 0x7FEB352D & 0xFFFFFFFF
    x = (x ^ x >> 15) * 0x846CA68B & 0xFFFFFFFF
    return x ^ x >> 16


@pytest.mark.parametrize("counter", [[0, 1, 0], [1, 2, 3], [-1, 2**31 - 1, -(2**31)]])
@pytest.mark.parametrize("key", [0, 12345, 2**32 - 1])
def test_dropout_is_a_hash_of_counter_key_and_element(counter: list[int], key: int):
    base = key
    for word in counter:
        base = mix(base ^ word & 0xFFFFFFFF)
    hashes = [mix((i * 0x9E3779B1 & 0xFFFFFFFF) ^ base) for i in range(300)]
    for rate in (0.1, 0.5, 0.9):
        kept = [h >= int(rate * 2**32) for h in hashes]
        np.testing.assert_array_equal(mask(counter, key, rate, 300), kept)


@pytest.mark.parametrize(
    ("rate", "bits"),
    [(0.5, "9900d70e59b6ff07b6119a76cdda63bd"), (0.1, "fffbff7ffbf7ffffbefffff7effff7fd")],
)
def test_dropout_golden_bits(rate: float, bits: str):
    kept = mask([1, 2, 3], key=12345, rate=rate, size=128)
    assert np.packbits(kept, bitorder="little").tobytes().hex() == bits


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("counter", [[0, 1, 0], [0, 2, 0], [7, 100000, 3]])
def test_dropout_keeps_its_share_without_pattern(counter: list[int], rate: float):
    size = 200_000
    kept = mask(counter, key=99, rate=rate, size=size)
    deviation = np.sqrt(rate * (1 - rate) / size)
    assert abs(kept.mean() - (1 - rate)) < 4 * deviation
    for distance in (1, 2, 64, 512):
        both = kept[distance:] & kept[:-distance]
        assert abs(both.mean() - (1 - rate) ** 2) < 6 * deviation


@pytest.mark.parametrize("other", [([8, 3, 1], 5), ([7, 4, 1], 5), ([7, 3, 2], 5), ([7, 3, 1], 6)])
def test_dropout_is_independent_of_other_seeds_steps_micro_batches_and_keys(
    other: tuple[list[int], int],
):
    size, rate = 100_000, 0.3
    both = mask([7, 3, 1], 5, rate, size) & mask(*other, rate, size)
    expected = (1 - rate) ** 2
    assert abs(both.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / size)


@pytest.mark.parametrize("case", [c for c in CASES if c.kernel.startswith("dropout")], ids=str)
@pytest.mark.parametrize("backend", BACKENDS)
def test_dropout_scales_what_it_keeps(backend: str, case: Case):
    arguments, rate = case.arguments(np.float32), case.extents["rate"]
    kept = mask(arguments["counter"].tolist(), case.extents["key"], rate, case.extents["size"])
    residual = arguments.get("residual", np.float32(0))
    expected = residual + np.where(kept, arguments["x"] / (1 - rate), 0)
    got = case.run(BACKENDS[backend], np.float32)["y"]
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(got == residual, ~kept)


@pytest.mark.parametrize("backend", [CpuBackend(numba=True), CpuBackend(dtype=np.float64)])
@pytest.mark.parametrize("operation", ["dropout", "dropout_add"])
def test_dropout_has_one_mask_forward_and_backward(operation: str, backend: CpuBackend):
    x, zeros, ones = (Tensor(name, (40, 30), "state") for name in ("x", "zeros", "ones"))
    counter = Tensor("counter", (3,), "feed", "int")
    with Graph(training=True) as graph, graph.scope("layer"):
        if operation == "dropout":
            y = ops.dropout(x, counter, 0.4)
        else:
            y = ops.dropout_add(zeros, x, counter, 0.4)
        graph.backward({y: ones})
        expose(graph, y, "y")
        expose(graph, graph.gradient(x), "dx")
    values = {"x": 1.0, "ones": 1.0, "zeros": 0.0, "counter": np.array([3, 1, 4])}
    executable = compile_graph(graph, backend, values)
    executable.run()
    assert 0 < np.count_nonzero(executable.read("y")) < x.size
    np.testing.assert_array_equal(executable.read("y"), executable.read("dx"))


def dropout_keys(scopes: list[str]) -> list[int]:
    """The keys of one dropout in each of these scopes."""
    x, counter = Tensor("x", (2, 3), "state"), Tensor("counter", (3,), "feed", "int")
    with Graph(training=True) as graph:
        for scope in scopes:
            with graph.scope(scope):
                ops.dropout(x, counter, 0.4)
    return [call.attributes["key"] for call in graph.calls]


def test_a_dropout_key_depends_on_the_scope_alone():
    a, b, c = dropout_keys(["a", "b", "c"])
    assert len({a, b, c}) == 3
    assert dropout_keys(["new", "c", "a"])[1:] == [c, a]


def test_two_dropouts_in_one_scope_are_refused():
    with pytest.raises(ValueError, match="same mask"):
        dropout_keys(["a", "a"])


@pytest.mark.parametrize(("training", "rate"), [(False, 0.4), (True, 0.0)])
def test_dropout_that_does_nothing_is_not_traced(training: bool, rate: float):
    x, counter = Tensor("x", (2, 3), "state"), Tensor("counter", (3,), "feed", "int")
    with Graph(training=training) as graph:
        assert ops.dropout(x, counter, rate) is x
        ops.dropout_add(x, x, counter, rate)
    assert [call.kernel for call in graph.calls] == ["add"]
