"""int8 weights: how they are rounded, the exact sums of their kernels, files and refusals."""

import json
from dataclasses import replace

import numpy as np
import pytest
from cli_harness import tat
from gpu_harness import GPU
from harness import compile_graph, random_batch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tat import weights
from tat.backends.cpu.executable import CpuBackend
from tat.backends.reference.int8 import linear_int8
from tat.checkpoint import load, save
from tat.config import resolve
from tat.config_tables import model_variants
from tat.decode.loading import load_model
from tat.model.loss import CrossEntropyLoss
from tat.model.parameters import Parameters
from tat.model.programs import (
    BatchShape,
    encode_program,
    logits_program,
    loss_program,
    step_program,
)
from tat.model.transformer import Transformer
from tat.ops import vocabulary as ops
from tat.ops.graph import Graph, Tensor

VOCABULARY = 291  # no multiple of a block's 64 columns
FLAGS = {
    "preset": "tiny", "model.layers": 2, "model.width": 40, "model.heads": 4,
    "model.feed_forward": 72,
}  # fmt: skip


def model_pair(**parts: str) -> tuple[Transformer, Transformer]:
    """A float model and its int8 twin."""
    config = resolve(flags=FLAGS | parts, environment={}).config.model
    return Transformer(config, VOCABULARY), Transformer(config, VOCABULARY, int8=True)


def logits(model, values, shape, batch, threads=1, numba=True) -> np.ndarray:
    backend = CpuBackend(threads, numba=numba)
    executable = compile_graph(logits_program(model, shape), backend, batch)
    weights.install(backend, model, values)
    executable.run()
    return executable.read("logits").reshape(shape.rows, shape.target, VOCABULARY)


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([0, 1]), st.integers(0, 99))
def test_a_weight_is_within_half_a_step_of_its_channel(rows, columns, channels, seed):
    values = np.random.default_rng(seed).standard_normal((rows, columns)).astype(np.float32)
    values[:, 0] = 0  # a channel, or a part of each, that is all zero
    parameters = Parameters(int8=True)
    parameters.declare("w", values.shape, None, channels)
    made = weights.quantize(parameters, {"w": values})
    scales = np.expand_dims(made["w.scales"], 1 - channels)
    assert made["w"].dtype == np.int8 and np.abs(made["w"]).max(initial=0) <= 127
    assert (np.abs(made["w"] * scales - values) <= scales * 0.5001).all()
    largest = np.abs(made["w"]).max(axis=1 - channels)
    assert set(largest.tolist()) <= {0, 127}


def int8_product(x, weight, scales, bias, threads: int, numba: bool) -> np.ndarray:
    """One linear_int8 call as a backend replays it."""
    backend = CpuBackend(threads, numba=numba)
    names = {"x": x, "scales": scales, "bias": bias}
    x_, scales_, bias_ = (Tensor(name, a.shape, "state") for name, a in names.items())
    weight_ = Tensor("w", weight.shape, "weight", "int8", scales=scales_)
    with Graph() as graph:
        y = Tensor("y", (len(x), weight.shape[1]), "metric")
        ops.linear(x_, weight_, bias_, into=y)
    executable = compile_graph(graph, backend, {**names, "w": weight})
    executable.run()
    return executable.read("y")


@settings(max_examples=25)
@example(rows=1, depth=34, columns=1, threads=1, seed=33)  # nearly all of the sum cancels
@example(rows=70, depth=515, columns=65, threads=1, seed=1)  # more rows, more depth than one pass
@example(rows=150, depth=258, columns=3, threads=2, seed=2)
@given(
    rows=st.integers(1, 40), depth=st.integers(1, 70), columns=st.integers(1, 140),
    threads=st.integers(1, 4), seed=st.integers(0, 99),
)  # fmt: skip
def test_numpy_and_compiled_products_have_the_same_bits(rows, depth, columns, threads, seed):
    random = np.random.default_rng(seed)
    x = random.standard_normal((rows, depth)).astype(np.float32)
    weight = random.integers(-127, 128, (depth, columns)).astype(np.int8)
    scales, bias = random.random((2, columns), np.float32)
    expected = int8_product(x, weight, scales, bias, 1, numba=False)
    got = int8_product(x, weight, scales, bias, threads, numba=True)
    assert got.tobytes() == expected.tobytes()
    whole = weight * scales.astype(np.float64)
    exact = x.astype(np.float64) @ whole + bias
    largest = (np.abs(x) @ np.abs(whole)).max()  # of the sums, had nothing in them cancelled
    np.testing.assert_allclose(got, exact, atol=1e-4 * largest)


@pytest.mark.parametrize("numba", [False, True])
@pytest.mark.parametrize("depth", [515, 2048, 20000])
def test_sums_of_the_largest_products_do_not_overflow(depth, numba):
    x, weight = np.ones((1, depth), np.float32), np.full((depth, 1), 127, np.int8)
    one, zero = np.ones(1, np.float32), np.zeros(1, np.float32)
    assert int8_product(x, weight, one, zero, 1, numba) == pytest.approx(127 * depth, rel=1e-6)


@pytest.mark.parametrize("numba", [False, True])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_row_that_is_not_finite_gives_nan_and_no_other_does(value, numba):
    x = np.ones((6, 3), np.float32)
    x[2, 1] = value
    weight = np.ones((3, 2), np.int8)
    one, zero = np.ones(2, np.float32), np.zeros(2, np.float32)
    got = int8_product(x, weight, one, zero, 1, numba)
    assert np.isnan(got[2]).all() and (np.delete(got, 2, axis=0) == 3).all()


every_model = pytest.mark.parametrize(
    "parts", model_variants(), ids=lambda parts: "-".join(parts.values())
)


@every_model
def test_logits_are_near_those_of_float_weights(parts):
    model, rounded = model_pair(**parts)
    shape = BatchShape(rows=2, source=11, target=9)
    batch = random_batch(shape, VOCABULARY, [[11], [4]], [9, 5])
    values = weights.draw(model.parameters, 0)
    expected = logits(model, values, shape, batch)
    got = logits(rounded, weights.quantize(rounded.parameters, values), shape, batch)
    error = np.abs(got - expected).max() / np.abs(expected).max()
    assert 1e-5 < error < 0.03  # 0.011 here; rounded activations make 1e-4 of it


@every_model
@pytest.mark.parametrize("threads", [2, 3])
def test_threads_batches_and_caches_move_no_bit(threads, parts):
    model, rounded = model_pair(**parts)
    values = weights.quantize(rounded.parameters, weights.draw(model.parameters, 0))
    shape = BatchShape(rows=3, source=7, target=8)
    batch = random_batch(shape, VOCABULARY, [[7], [3], [0]], [8, 8, 8])
    whole = logits(rounded, values, shape, batch)
    assert logits(rounded, values, shape, batch, threads).tobytes() == whole.tobytes()
    backend = CpuBackend(threads)
    encode = compile_graph(encode_program(rounded, shape), backend, batch)
    step = compile_graph(step_program(rounded, shape), backend, batch)
    weights.install(backend, rounded, values)
    encode.run()
    for t in range(shape.target):
        step.write("token", batch["inputs"][:, t : t + 1])
        step.write("position", np.full(3, t))
        step.write("lengths", np.full((3, 1), t + 1))
        step.run()
        assert step.read("logits").tobytes() == whole[:, t].copy().tobytes(), t


def test_no_float_copy_of_a_matrix_is_kept():
    model, rounded = model_pair()
    values = weights.quantize(rounded.parameters, weights.draw(model.parameters, 0))
    backend = CpuBackend(1)
    weights.install(backend, rounded, values)
    matrices = sum(model.parameters.tensors[n].size for n in rounded.parameters.channels)
    stored = backend.read(rounded.parameters.flat).nbytes
    assert stored < 4 * (rounded.parameters.count - matrices) + 4 * 64 * len(values)


def test_int8_weights_are_not_trained():
    _, rounded = model_pair()
    with pytest.raises(ValueError, match="no gradient"):
        loss_program(rounded, BatchShape(1, 3, 3), CrossEntropyLoss(0.1, 4096), training=True)


def test_kernels_read_nothing_but_their_arguments():
    y, x = np.empty((1, 1), np.float32), np.full((1, 2), 2.0, np.float32)
    weight, scales, bias = np.array([[3], [4]], np.int8), np.array([0.5]), np.array([1.0])
    linear_int8(y, x, weight, scales, bias, rows=1, inputs=2, outputs=1)
    assert y[0, 0] == 2 * (3 + 4) * 0.5 + 1


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("int8")
    assert tat("train", "--preset", "tiny", "--steps", "2", "--run", folder / "run").code == 0
    return folder / "run"


def test_export_makes_a_smaller_file_that_generates_the_same(run, tmp_path):
    exports = {name: tmp_path / f"{name}.safetensors" for name in ("float", "int8")}
    assert tat("export", run, "-o", exports["float"]).code == 0
    done = tat("export", run, "--int8", "-o", exports["int8"])
    assert done.code == 0 and "int8.safetensors" in done.err
    original = (run / "latest").resolve().stat().st_size
    sizes = {name: path.stat().st_size for name, path in exports.items()}
    assert sizes["int8"] < 0.35 * sizes["float"] < 0.15 * original
    asked = ("generate", "distance to a box", "--max-tokens", "8", "--validate", "0", "--run")
    answers = {
        "run": tat(*asked, run), "float": tat(*asked, exports["float"]),
        "run as int8": tat(*asked, run, "--int8"), "int8": tat(*asked, exports["int8"]),
    }  # fmt: skip
    assert {answer.code for answer in answers.values()} == {0}
    assert answers["run"].out == answers["float"].out
    assert answers["run as int8"].out == answers["int8"].out


def test_inspect_says_what_weights_are(run, tmp_path):
    path = tmp_path / "int8.safetensors"
    tat("export", run, "--int8", "-o", path)
    assert '"weights_dtype":"int8"' in tat("inspect", path, "--json").out
    assert '"weights_dtype":"float32"' in tat("inspect", run, "--json").out
    counts = {json.loads(tat("inspect", p, "--json").out)["weights"] for p in (path, run)}
    assert len(counts) == 1  # scales are not counted
    refused = tat("inspect", path, "--plan")
    assert refused.code == 4 and "not trained" in refused.err


def test_training_does_not_go_on_from_int8(run, tmp_path):
    newest = (run / "latest").resolve()
    tat("export", run, "--int8", "-o", tmp_path / "int8.safetensors")
    whole = newest.read_bytes()
    newest.write_bytes((tmp_path / "int8.safetensors").read_bytes())
    try:
        refused = tat("train", "--run", run, "--resume", "--steps", "3")
    finally:
        newest.write_bytes(whole)
    assert refused.code == 4 and "int8 weights" in refused.err


def test_a_checkpoint_is_not_replaced_by_its_export(run):
    newest = (run / "latest").resolve()
    refused = tat("export", run, "-o", newest)
    assert refused.code == 2 and "checkpoint itself" in refused.err
    assert load(newest).state


def test_a_scale_of_another_shape_is_refused(run, tmp_path):
    path = tmp_path / "int8.safetensors"
    tat("export", run, "--int8", "-o", path)
    checkpoint = load(path)
    scales = {"embedding.table.scales": np.ones(3, np.float32)}
    save(path, replace(checkpoint, weights=checkpoint.weights | scales))
    refused = tat("generate", "x", "--run", path)
    assert refused.code == 4 and "embedding.table.scales" in refused.err


@pytest.mark.gpu
def test_a_gpu_widens_the_weights_of_an_exported_file(run, tmp_path):
    path = tmp_path / "int8.safetensors"
    tat("export", run, "--int8", "-o", path)
    loaded = load_model(path, load(path), device=GPU)
    assert not loaded.model.parameters.channels and loaded.backend.name.startswith("gpu")
    made = tat(
        "generate", "x", "--run", path, "--device", GPU, "--validate", "0", "--max-tokens", "4"
    )
    assert made.code == 0, made


@pytest.mark.gpu
def test_int8_needs_the_cpu(run):
    refused = tat("generate", "x", "--run", run, "--int8", "--device", GPU)
    assert refused.code == 5 and "--int8 is for the CPU" in refused.err
