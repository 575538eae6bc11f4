"""The table that replays inference plans: against float64, and the bits that must not move."""

import numpy as np
import pytest
from harness import compile_graph, random_batch
from hypothesis import given, settings
from hypothesis import strategies as st

from tat import weights
from tat.backends import notes
from tat.backends.cpu.columns import COLUMNS, COLUMNS_OF, OPERATIONS, fill, number, renew
from tat.backends.cpu.columns import columns as columns_of
from tat.backends.cpu.executable import CpuBackend
from tat.backends.cpu.packing import pack
from tat.backends.cpu.table_rows import LAYOUT
from tat.backends.reference import kernels
from tat.config import resolve
from tat.config_tables import model_variants
from tat.errors import TatError
from tat.model.programs import BatchShape, encode_program, logits_program, step_program
from tat.model.transformer import Transformer
from tat.ops import decoding
from tat.ops import vocabulary as ops
from tat.ops.graph import Graph, Tensor
from tat.ops.kernels import KERNELS
from tat.ops.row import row

VOCABULARY = 291  # no multiple of a panel's 16 columns


_DEFAULTS, *_OTHERS = model_variants()


@pytest.fixture(
    scope="module",
    params=[(False, _DEFAULTS), *((True, parts) for parts in (_DEFAULTS, *_OTHERS))],
    ids=["plain", "copying", *("-".join(parts.values()) for parts in _OTHERS)],
)
def model(request) -> Transformer:
    copy, parts = request.param
    flags = {
        "preset": "tiny", "model.layers": 2, "model.width": 40, "model.heads": 4,
        "model.feed_forward": 72, "model.copy": copy, **parts,
    }  # fmt: skip
    return Transformer(resolve(flags=flags).config.model, VOCABULARY)


def logits(model, shape, batch, threads=1, dtype=np.float32, numba=True) -> np.ndarray:
    backend = CpuBackend(threads, dtype=dtype, numba=numba)
    executable = compile_graph(logits_program(model, shape), backend, batch)
    weights.install(backend, model, weights.draw(model.parameters, 0))
    executable.run()
    return executable.read("logits").reshape(shape.rows, shape.target, VOCABULARY)


@pytest.mark.parametrize("sources", [1, 3])
def test_the_table_is_close_to_float64(model, sources):
    shape = BatchShape(rows=3, source=11, target=9, sources=sources)
    lengths = [[11] + [4] * (sources - 1), [1] * sources, [0] * sources]
    batch = random_batch(shape, VOCABULARY, lengths, [9, 5, 0])
    expected = logits(model, shape, batch, dtype=np.float64)
    got = logits(model, shape, batch)
    assert np.abs(got - expected).max() < 1e-5 * np.abs(expected).max()


def test_inference_plans_are_replayed_by_the_table(model):
    shape = BatchShape(rows=1, source=3, target=3)
    backend = CpuBackend(1)
    for program in (logits_program, encode_program, step_program):
        graph = program(model, shape)
        assert {call.kernel for call in graph.calls} <= set(OPERATIONS)
        assert compile_graph(graph, backend, {})._table is not None


@pytest.mark.parametrize("threads", [2, 3, 4])
def test_threads_move_no_bit(model, threads):
    shape = BatchShape(rows=3, source=11, target=9)
    batch = random_batch(shape, VOCABULARY, [[11], [4], [0]], [9, 5, 0])
    one, more = logits(model, shape, batch), logits(model, shape, batch, threads)
    assert one.tobytes() == more.tobytes()


@settings(max_examples=10)
@given(rows=st.integers(2, 12), seed=st.integers(0, 1000), data=st.data())
def test_a_sequence_has_the_same_bits_in_any_batch(model, rows, seed, data):
    many = BatchShape(rows=rows, source=7, target=10)
    lengths = [[data.draw(st.integers(0, 7))] for _ in range(rows)]
    targets = [data.draw(st.integers(1, 10)) for _ in range(rows)]
    batch = random_batch(many, VOCABULARY, lengths, targets, seed)
    together = logits(model, many, batch, threads=2)
    row = data.draw(st.integers(0, rows - 1))
    alone = {
        name: values if name == "counter" else values[row : row + 1]
        for name, values in batch.items()
    }
    single = logits(model, BatchShape(rows=1, source=7, target=10), alone)
    assert together[row, : targets[row]].tobytes() == single[0, : targets[row]].tobytes()


def test_cached_decoding_gives_the_bits_of_the_whole_pass(model):
    shape = BatchShape(rows=2, source=7, target=12)
    batch = random_batch(shape, VOCABULARY, [[7], [3]], [12, 12])
    whole = logits(model, shape, batch, threads=2)
    backend = CpuBackend(2)
    encode = compile_graph(encode_program(model, shape), backend, batch)
    step = compile_graph(step_program(model, shape), backend, batch)
    weights.install(backend, model, weights.draw(model.parameters, 0))
    encode.run()
    for t in range(shape.target):
        step.write("token", batch["inputs"][:, t : t + 1])
        step.write("position", np.full(2, t))
        step.write("lengths", np.full((2, 1), t + 1))
        step.run()
        assert step.read("logits").tobytes() == whole[:, t].copy().tobytes(), t


def test_new_weights_are_packed_anew(model):
    shape = BatchShape(rows=1, source=3, target=2)
    batch = random_batch(shape, VOCABULARY, [[3]], [2])
    backend = CpuBackend(1)
    executable = compile_graph(logits_program(model, shape), backend, batch)
    results = []
    for seed in (0, 1, 0):
        weights.install(backend, model, weights.draw(model.parameters, seed))
        executable.run()
        results.append(executable.read("logits").tobytes())
    assert results[0] == results[2] != results[1]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_infinity_and_nan_reach_the_logits(model, value):
    shape = BatchShape(rows=1, source=3, target=2)
    batch = random_batch(shape, VOCABULARY, [[3]], [2])
    backend = CpuBackend(1)
    executable = compile_graph(logits_program(model, shape), backend, batch)
    values = weights.draw(model.parameters, 0)
    values["decoder.0.attention.query.weight"][0, 0] = value
    weights.install(backend, model, values)
    executable.run()
    assert not np.isfinite(executable.read("logits")).all()
    assert "decoder.0.attention" in executable.first_non_finite()


@given(st.integers(1, 40), st.integers(1, 140), st.sampled_from([np.float32, np.int8]))
def test_blocks_hold_every_column_and_are_filled_up_with_zeros(depth, columns, dtype):
    matrix = np.random.default_rng(0).integers(-127, 128, (depth, columns)).astype(dtype)
    blocks, step = pack(matrix), 2 if dtype is np.int8 else 1
    assert blocks.dtype == dtype
    assert blocks.shape == (-(-columns // 64), -(-depth // step), 64, step)
    unpacked = blocks.transpose(1, 3, 0, 2).reshape(-(-depth // step) * step, -1)
    np.testing.assert_array_equal(unpacked[:depth, :columns], matrix)
    assert not unpacked[:, columns:].any() and not unpacked[depth:].any()


@pytest.fixture
def planted(monkeypatch) -> str:
    """An operation with a row and a reference, and nothing else; GELU stands for it."""
    name = "planted"
    monkeypatch.setitem(KERNELS, name, row(name, "y[size]; x[size]; size"))
    monkeypatch.setattr(kernels, name, kernels.gelu, raising=False)
    monkeypatch.setattr(notes, "_said", set())
    return name


def forward(kernel: str) -> Graph:
    x = Tensor("x", (3, 4), "feed")
    with Graph() as graph:
        (y,) = graph.emit(kernel, [x.shape], [x], size=12)
        graph.emit("add", [Tensor("y", (3, 4), "metric")], [y, x], size=12)
    return graph


def test_a_kernel_that_the_table_lacks_is_named_once_and_gives_up_alike_rows(planted, capsys):
    backend, x = CpuBackend(1), np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
    compile_graph(forward("gelu"), backend, {})
    assert backend.rows_alike and capsys.readouterr().err == ""
    found = [compile_graph(forward(planted), backend, {"x": x}) for _ in range(2)]
    said = capsys.readouterr().err.splitlines()
    assert not backend.rows_alike
    assert [line for line in said if line.startswith(f"tat: {planted}: not in the compiled table")]
    assert [line for line in said if f"{planted} runs on the reference alone" in line]
    assert len(said) == 2
    for executable in found:
        executable.run()
        plain = compile_graph(forward("gelu"), CpuBackend(1, dtype=np.float64), {"x": x})
        plain.run()
        np.testing.assert_allclose(executable.read("y"), plain.read("y"), atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 2), min_size=3, max_size=11).map(sorted),
    st.sampled_from([(8, 256), (2, 26), (3, 48)]),
    st.integers(1, 2),
    st.integers(1, 3),
    st.integers(0, 40),
)
def test_rows_that_share_a_memory_have_the_bits_of_their_own(memory, size, sources, threads, last):
    """Whether one row reads it, a tile of four, or a tile and some more."""
    (heads, width), keys, batch = size, 40, len(memory)
    rng = np.random.default_rng(last)
    kv = rng.standard_normal((batch, sources * keys, 2 * width)).astype(np.float32)
    lengths = rng.integers(0, keys + 1, (batch, sources))[memory]
    lengths[-1] = last  # of the same memory, perhaps, and of another length
    q = rng.standard_normal((batch, width)).astype(np.float32)

    def attended(kv: np.ndarray, shared: bool) -> np.ndarray:
        given = {"q": q, "kv": kv.reshape(-1, 2 * width), "lengths": lengths, "memory": memory}
        kinds = {"q": "float", "kv": "float", "lengths": "int", "memory": "int"}
        tensors = {n: Tensor(n, np.shape(v), "feed", kinds[n]) for n, v in given.items()}
        with Graph() as graph:
            if shared:
                y = decoding.shared_attention(*tensors.values(), heads=heads)
            else:
                del given["memory"]
                y = ops.attention(*list(tensors.values())[:3], heads=heads, sources=sources)
        executable = compile_graph(graph, CpuBackend(threads), given)
        executable.run()
        return executable.value(y)

    np.testing.assert_array_equal(attended(kv, True), attended(kv[memory], False))


def test_training_plans_and_moved_rows_say_nothing(capsys):
    backend = CpuBackend(1)
    cache, source = Tensor("cache", (4, 2), "state"), Tensor("source", (4, 2), "state")
    index, counts = (Tensor(name, (2,), "feed", "int") for name in ("index", "counts"))
    with Graph() as graph:
        decoding.cache_gather(cache, source, index, counts, 2)
    compile_graph(graph, backend, {})
    x = Tensor("x", (3, 4), "state")
    with Graph(training=True) as graph:
        y = ops.gelu(x)
        graph.backward({y: Tensor("dy", (3, 4), "state")})
    compile_graph(graph, backend, {})
    assert backend.rows_alike and capsys.readouterr().err == ""


def test_columns_are_named_and_an_overflow_of_them_is_an_error():
    for name, columns in COLUMNS_OF.items():
        attributes = [attribute for attribute, _ in KERNELS[name].attributes]
        assert columns._fields == (*KERNELS[name].arguments, *attributes)
        assert [*columns] == [*range(1, len(columns) + 1)]
    inputs = " ".join(f"x{i}[size]" for i in range(COLUMNS))
    with pytest.raises(ValueError, match="raise COLUMNS"):
        columns_of(row("wide", f"y[size]; {inputs}; size"))
    with pytest.raises(ValueError, match="values for a row"):
        fill(np.zeros(4, np.int64), "gelu", [1, 2, 3], {"size": 4})


def test_a_call_stands_in_its_row_as_compiled_code_reads_it():
    table_row = np.zeros(COLUMNS, np.int64)
    fill(table_row, "embedding", [11, 12, 13], dict(rows=2, width=3, scale=0.5))
    found = {name: table_row[column] for name, column in COLUMNS_OF["embedding"]._asdict().items()}
    assert table_row[0] == number("embedding")
    assert np.int32(found.pop("scale")).view(np.float32) == 0.5
    assert found == dict(y=11, ids=12, table=13, rows=2, width=3)


def test_code_that_was_compiled_from_older_sources_is_forgotten():
    forgotten = []
    renew([(LAYOUT, LAYOUT)], lambda: forgotten.append(True))
    assert not forgotten
    renew([(LAYOUT, LAYOUT), (LAYOUT, LAYOUT + 1)], lambda: forgotten.append(True))
    assert forgotten

    def refuse() -> None:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(TatError, match="cannot be replaced"):
        renew([(LAYOUT, LAYOUT + 1)], refuse)


def test_kernels_have_numbers_of_their_own():
    assert len({number(name) for name in KERNELS}) == len(KERNELS)
