"""Every kernel on the GPU: outputs against the float64 reference, equal bits in every run."""

import numpy as np
import pytest
from cases import CASES, Case, sloped
from gpu_harness import kernel_functions, shared_backend
from numpy import ndarray as Array

from tat import hashing
from tat.backends.cpu.executable import CpuBackend
from tat.backends.gpu.lowering.table import PASSES
from tat.draws import Draw, gumbel, threshold

pytestmark = pytest.mark.gpu

REFERENCE = CpuBackend(dtype=np.float64).kernels

# Relative to the largest entry of an output, or to 1 if that is smaller.
BOUND = 1e-6
BOUNDS = {
    "sharp": 1e-5,  # 2.9e-6 at scores or logits near 100, whose rounding exp() multiplies
    "deep": 1e-5,  # 1.9e-6 in a chain of 4000 sums
    "deep and narrow": 1e-5,  # likewise
    "slopes": 1e-5,  # likewise
    "odd heads": 1e-5,  # 2.0e-6 on an H100, in sums over 141 columns
}


def edge(kernel: str, label: str = "", **extents: float) -> Case:
    return Case(kernel, extents, label)


_ADAMW = dict(beta1=0.9, beta2=0.98, epsilon=1e-9, weight_decay=0.01)
_RATES = dict(rate=[1e-3, 0.1, 0.02], scale=[0.5, 2.0])
_SKIPPED = {**_RATES, "scale": [np.nan, np.nan]}
_WIDE_HEADS = dict(batch=2, queries=70, sources=1, keys=70, width=280, heads=2, causal=1)
_ODD_HEADS = dict(batch=2, queries=70, sources=1, keys=70, width=141, heads=1, causal=1)
_MANY_TILES = dict(batch=1, queries=130, sources=2, keys=140, width=40, heads=1, causal=0)
_WHOLE_WIDTH = dict(batch=1, queries=1, sources=1, keys=9, width=1024, heads=1, causal=0)
_HEADS_OF_64 = dict(batch=2, queries=70, sources=2, keys=130, width=128, heads=2, causal=0)
_MANY_HEADS = dict(batch=64, queries=70, sources=2, keys=66, width=128, heads=2, causal=0)
_MANY_CAUSAL = dict(batch=64, queries=130, sources=1, keys=130, width=128, heads=2, causal=1)
_FEW_QUERIES = dict(batch=2, queries=3, sources=2, keys=300, width=40, heads=2, causal=0)
_FEW_CAUSAL = dict(batch=2, queries=4, sources=1, keys=4, width=40, heads=2, causal=1)
_POINTED = dict(batch=2, queries=3, sources=2, keys=21, width=524, first=2, vocabulary=40)
_BOTH_GRADIENTS = "layer_norm_backward_add_layer_norm_backward_parameters"
_NORMS = ((1, 512), (1100, 512), (130, 516), (9, 1028), (600, 2048))
_COLUMNS = dict(rows=300, width=70, epsilon=1e-5)

# Shapes that products of f16 take: depths of layers, edges of tiles, parts of split-K.
HALF_PRODUCTS = (
    edge("linear", "deep", rows=132, inputs=512, outputs=260),
    edge("linear_backward_input", "deep", rows=68, inputs=132, outputs=512),
    edge("linear_backward_parameters", rows=512, inputs=68, outputs=132, accumulate=0),
    edge("linear_backward_parameters", rows=544, inputs=68, outputs=132, accumulate=1),
    edge("output_projection", rows=68, width=512, vocabulary=132),
    edge("output_projection_backward_input", rows=68, width=132, vocabulary=512),
    edge("output_projection_backward_table", rows=512, width=132, vocabulary=68, accumulate=1),
)

# One for each variant of the products that fused kernels are made of, and of f16.
_FORWARD = (
    dict(rows=1668, inputs=16, outputs=1796),
    dict(rows=132, inputs=1024, outputs=1924),
    dict(rows=8, inputs=516, outputs=68),
    dict(rows=132, inputs=512, outputs=260),
)
_BACKWARD = (
    dict(rows=132, inputs=1924, outputs=1024),
    dict(rows=1668, inputs=1796, outputs=16),
    dict(rows=68, inputs=132, outputs=512),
)
_DROPPED = dict(rate=0.3, key=2**32 - 5)
FUSED_EDGES = (
    *(
        edge(kernel, "deep and narrow", **extents)
        for kernel in ("linear_gelu", "linear_add")
        for extents in _FORWARD
    ),
    *(sloped(edge("linear", **extents), "slopes") for extents in _FORWARD),
    *(edge("linear_dropout_add", "deep and narrow", **e, **_DROPPED) for e in _FORWARD),
    *(
        edge(kernel, "deep and narrow", **extents)
        for kernel in ("linear_backward_input_gelu_backward_sloped", "linear_backward_input_add")
        for extents in _BACKWARD
    ),
)

# Extents of more than one tile, block or group of a shader, beyond the shared cases.
EDGES = (
    *HALF_PRODUCTS,
    edge("gelu", size=1000),
    edge("gelu_backward", size=1000),
    edge("fold", size=1000, accumulate=1),
    *(
        Case(kernel, {**size, **_ADAMW}, given=given)
        for kernel in ("adamw", "adamw_fold")
        for size, given in (
            ({"size": 1000, "decayed": 601}, _RATES),
            ({"size": 8, "decayed": 2}, _SKIPPED),
        )
    ),
    edge("embedding_backward", rows=1100, width=3, vocabulary=2, scale=2.0, accumulate=1),
    edge("embedding_backward", rows=600, width=300, vocabulary=5, scale=2.0, accumulate=0),
    edge("embedding_backward", rows=3000, width=520, vocabulary=37, scale=2.0, accumulate=1),
    edge("layer_norm", rows=5, width=513, epsilon=1e-5),
    edge("layer_norm", rows=2, width=1400, epsilon=1e-5),
    edge("layer_norm", rows=2, width=1401, epsilon=1e-5),
    *(
        edge("layer_norm_linear", rows=rows, inputs=1100, outputs=36, epsilon=1e-5)
        for rows in (2, 9)
    ),
    edge("layer_norm_backward_parameters", **_COLUMNS, accumulate=0),
    edge("layer_norm_backward_parameters", **_COLUMNS, accumulate=1),
    *(edge(_BOTH_GRADIENTS, rows=rows, width=width, accumulate=1) for rows, width in _NORMS),
    edge("linear_backward_parameters", rows=300, inputs=65, outputs=70, accumulate=1),
    edge("linear", "deep", rows=130, inputs=2048, outputs=70),
    edge("output_projection_backward_input", "deep", rows=9, width=70, vocabulary=4000),
    edge("linear", rows=1668, inputs=48, outputs=1796),
    edge("linear", "deep and narrow", rows=772, inputs=1024, outputs=644),
    edge("linear", rows=8, inputs=516, outputs=68),
    edge("linear_backward_input", "deep and narrow", rows=772, inputs=644, outputs=1024),
    edge("linear_backward_input", rows=1668, inputs=1796, outputs=48),
    edge("linear_backward_parameters", rows=304, inputs=132, outputs=260, accumulate=1),
    edge("linear_backward_parameters", rows=2064, inputs=64, outputs=36, accumulate=0),
    edge("output_projection", rows=516, width=32, vocabulary=1028),
    edge("output_projection", rows=2, width=516, vocabulary=84),
    edge("output_projection_backward_input", rows=136, width=132, vocabulary=528),
    edge("output_projection_backward_table", rows=32, width=516, vocabulary=1028, accumulate=0),
    edge("output_projection_backward_table", rows=32, width=516, vocabulary=1028, accumulate=1),
    *FUSED_EDGES,
    edge("pointer", **_POINTED),
    *(edge(kernel, "odd heads", **_ODD_HEADS) for kernel in ("attention", "attention_backward")),
    *(edge(kernel, **_WIDE_HEADS) for kernel in ("attention", "attention_backward")),
    *(edge("attention", **few) for few in (_FEW_QUERIES, _FEW_CAUSAL, _WHOLE_WIDTH)),
    *(edge(kernel, **_MANY_TILES) for kernel in ("attention", "attention_backward")),
    edge("attention", "heads of 64", **_HEADS_OF_64),
    *(edge("attention_backward", "heads of 64", **many) for many in (_MANY_HEADS, _MANY_CAUSAL)),
)


def run(case: Case, poison: float = np.nan) -> dict[str, Array]:
    return case.run(kernel_functions(shared_backend()), np.float32, poison)


ON_GPU = [case for case in (*CASES, *EDGES) if case.kernel in PASSES]


@pytest.mark.parametrize("case", ON_GPU, ids=str)
def test_outputs_are_close_to_float64_and_the_same_again(case: Case):
    expected = case.run(REFERENCE, np.float64)
    first, second = run(case), run(case, poison=12345.0)
    for name, got in first.items():
        largest = np.abs(expected[name]).max(initial=1.0, where=np.isfinite(expected[name]))
        bound = BOUNDS.get(case.label, BOUND) * largest
        np.testing.assert_allclose(got, expected[name], rtol=0, atol=bound, err_msg=name)
        np.testing.assert_array_equal(got, second[name], err_msg=name)


def test_a_row_of_few_queries_sees_no_other_and_no_spare_keys():
    """Bit by bit: in decoding, batches change while a text is written."""
    keys, width, heads, lengths = 140, 40, 2, [3, 129, 140]
    together = attention(len(lengths), keys, width, heads, lengths)
    alone = [attention(1, keys + 60, width, heads, [length], row)
             for row, length in enumerate(lengths)]  # fmt: skip
    np.testing.assert_array_equal(together, np.concatenate(alone))


def attention(
    batch: int, keys: int, width: int, heads: int, lengths: list[int], first: int = 0
) -> Array:
    """y of one query a row, from row `first` of the drawn ones on; spare keys are zeros."""
    random = np.random.default_rng(0)
    q, kv = random.standard_normal((3, width)), np.zeros((3, keys, 2 * width))
    kv[:, :140] = random.standard_normal((3, 140, 2 * width))
    rows = slice(first, first + batch)
    given = dict(q=q[rows], kv=kv[rows], lengths=lengths)
    extents = dict(batch=batch, queries=1, sources=1, keys=keys, width=width, heads=heads, causal=0)
    return run(Case("attention", extents, given=given))["y"]


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.3, 0.999])
@pytest.mark.parametrize("counter", [[0, 1, 0], [-1, 2**31 - 1, -(2**31)]])
def test_dropout_has_the_bits_of_the_cpu(rate: float, counter: list[int]):
    extents = dict(size=100_000, rate=rate, key=2**32 - 5)
    case = Case("dropout", extents, given={"counter": counter})
    expected = case.run(REFERENCE, np.float32)["y"]
    np.testing.assert_array_equal(run(case)["y"].view(np.uint32), expected.view(np.uint32))


def test_noise_is_that_of_the_host_but_for_last_places():
    """Logits cancel the noise; one token gets a little more, and must win the draw."""
    rows, size, random = 60, 8192, np.random.default_rng(0)
    keys, positions = random.integers(0, 2**31, rows), random.integers(0, 64, rows)
    favoured = random.integers(2, size, rows)
    noise = [
        gumbel(hashing.element_hashes(hashing.fold(int(key), [position]), size))
        for key, position in zip(keys, positions.tolist(), strict=True)
    ]
    assert np.max(noise) > 12  # where float32 has no u between its last two below 1
    logits = -np.array(noise)
    logits[np.arange(rows), favoured] += 5e-5
    extents = dict(batch=rows, vocabulary=size, block=1, first=2, length=64, keys=64)
    given = {
        "key": keys, "position": positions, "logits": logits, "settings": [[1, 0, 1, 0, 1]] * rows,
    }  # fmt: skip
    drawn = run(Case("sample_token", extents, given=given))["token"]
    np.testing.assert_array_equal(drawn, favoured)


_RANDOM = np.random.default_rng(4)
LOGITS = {
    "spread": _RANDOM.normal(0, 3, 10),
    "low": _RANDOM.normal(-50, 2, 10),
    "high and narrow": _RANDOM.normal(90, 0.01, 10),
    "with equals": _RANDOM.integers(-1, 2, 10).astype(float),
    "all equal": np.zeros(10),
    "one alone": np.where(np.arange(10) == 7, 40.0, -40.0),
}


@pytest.mark.parametrize("logits", LOGITS.values(), ids=LOGITS)
@pytest.mark.parametrize(
    "filters",
    [(1, 1, 0), (3, 1, 0), (9, 1, 0), (10, 1, 0), (0, 0.05, 0), (0, 0.5, 0), (0, 0.99, 0),
     (0, 1, 0.3), (6, 0.8, 0.01)],
)  # fmt: skip
def test_filters_keep_what_the_host_keeps(filters: tuple[float, ...], logits: Array):
    """At a high temperature, a hundred keys draw every kept token and no other."""
    rows, logits = 120, logits.astype(np.float32).astype(np.float64)
    extents = dict(batch=rows, vocabulary=10, block=1, first=0, length=64, keys=64)
    settings = [[1e9, *filters, 1]] * rows
    case = Case("sample_token", extents, given={"settings": settings, "logits": [logits] * rows})
    expected = np.flatnonzero(logits >= threshold(logits, Draw(1e9, *filters)))
    np.testing.assert_array_equal(np.unique(run(case)["token"]), expected)


@pytest.mark.parametrize("filters", [(0, 0.5, 0), (0, 1, 0.3), (40, 0.9, 0.01)])
def test_filters_see_all_of_a_large_vocabulary(filters: tuple[float, ...]):
    """The best of 2100 tokens is the only one that some thread reads in its last turn."""
    rows, size = 40, 2100
    logits = np.random.default_rng(5).normal(0, 1, size).astype(np.float32).astype(np.float64)
    logits[2087] = 12.0
    extents = dict(batch=rows, vocabulary=size, block=1, first=2, length=64, keys=64)
    settings = [[1e9, *filters, 1]] * rows
    case = Case("sample_token", extents, given={"settings": settings, "logits": [logits] * rows})
    expected = np.flatnonzero(logits >= threshold(logits, Draw(1e9, *filters)))
    np.testing.assert_array_equal(np.unique(run(case)["token"]), expected)


def test_thousands_of_draws_are_those_of_the_host():
    """None of 30,000 draws from up to 8,192 tokens differed: noise differs in last places alone."""
    ways = [[1, 0, 1, 0, 1], [1, 50, 1, 0, 1], [1, 0, 0.9, 0, 1], [2, 100, 0.95, 0.001, 1]]
    extents = dict(batch=2000, vocabulary=500, block=1, first=2, length=64, keys=64)
    case = Case("sample_token", extents, given={"settings": ways * 500}, stretch={"logits": 2.0})
    expected = case.run(REFERENCE, np.float64)["token"]
    assert np.unique(expected).size > 300
    np.testing.assert_array_equal(run(case)["token"], expected)


def test_a_grid_of_more_groups_than_one_dimension_holds():
    size = 65535 * 256 + 300
    ramp = np.arange(size, dtype=np.float32)
    total = np.full(size, np.nan, np.float32)
    kernel_functions(shared_backend())["fold"](total, ramp, size=size, accumulate=0)
    np.testing.assert_array_equal(total, ramp)


def test_nan_reaches_the_outputs():
    """first_non_finite and a skipped update rely on it, although WGSL does not promise it."""
    for kernel, argument, output in (
        ("cross_entropy", "logits", "loss"),
        ("attention", "q", "y"),
        ("layer_norm", "x", "y"),
        ("linear", "x", "y"),
        ("gelu", "x", "y"),
        ("sum", "x", "total"),
    ):
        small = next(case for case in CASES if case.kernel == kernel)
        large = [case for case in EDGES if case.kernel == kernel and case.label == "heads of 64"]
        for case in (small, *large):
            given = {**case.given, argument: _nans(case, argument)}
            broken = Case(kernel, case.extents, given=given)
            assert np.isnan(run(broken)[output]).any(), case


def _nans(case: Case, argument: str) -> Array:
    return np.full(case.shape(argument), np.nan)
