"""The copy head's mixture (See et al. 2017) in losses and logits: a distribution."""

from math import exp, log, sqrt

import numpy as np
import pytest
from decoding import PROMPTS, new_generator
from harness import compile_graph, expose
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy import ndarray as Array

from tat.backends.cpu.executable import CpuBackend
from tat.decode.generator import Generator, Request
from tat.ops.copying import Pointer, copy_mixture
from tat.ops.graph import Graph, Tensor
from tat.ops.losses import copy_cross_entropy
from tat.ops.vocabulary import output_projection

BATCH, QUERIES, SOURCES, KEYS, WIDTH, VOCABULARY, FIRST = 2, 3, 2, 4, 6, 9, 3
ROWS, POSITIONS = BATCH * QUERIES, BATCH * SOURCES * KEYS


def drawn(seed: int) -> dict[str, Array]:
    """Random values for all inputs of a copy head; some sources are short or empty."""
    random = np.random.default_rng(seed)
    return {
        "x": random.normal(0, 2, (ROWS, WIDTH)),
        "table": random.normal(0, 2, (VOCABULARY, WIDTH)),
        "q": random.normal(0, 2, (ROWS, WIDTH)),
        "k": random.normal(0, 2, (POSITIONS, WIDTH)),
        "gate": random.normal(0, 3, (ROWS, 1)),
        "ids": random.integers(0, VOCABULARY, (BATCH, SOURCES, KEYS)),
        "lengths": random.integers(0, KEYS + 1, (BATCH, SOURCES)),
        "targets": random.integers(1, VOCABULARY, ROWS),
    }


def tensors(values: dict[str, Array]) -> dict[str, Tensor]:
    return {
        name: Tensor(name, value.shape, "feed", "int")
        if value.dtype.kind == "i"
        else Tensor(name, value.shape, "state")
        for name, value in values.items()
    }


def pointer_of(t: dict[str, Tensor]) -> Pointer:
    return Pointer(t["q"], t["k"], t["gate"], t["ids"], t["lengths"], FIRST)


def log_probabilities(values: dict[str, Array], dtype: type = np.float64) -> Array:
    """The logits that decoding sees, [B*T, V]."""
    t = tensors(values)
    with Graph() as graph:
        logits = Tensor("logits", (ROWS, VOCABULARY), "metric")
        output_projection(t["x"], t["table"], into=logits)
        copy_mixture(logits, pointer_of(t))
    executable = compile_graph(graph, CpuBackend(1, dtype=dtype), values)
    executable.run()
    return executable.read("logits")


def by_hand(values: dict[str, Array], row: int) -> list[float]:
    """The probabilities of one row, in plain arithmetic."""
    b = row // QUERIES
    logits = [float(values["x"][row] @ token) for token in values["table"]]
    scores = {}
    for source in range(SOURCES):
        for s in range(values["lengths"][b, source]):
            if values["ids"][b, source, s] >= FIRST:
                key = values["k"][(b * SOURCES + source) * KEYS + s]
                scores[source, s] = float(values["q"][row] @ key) / sqrt(WIDTH)
    gate = 1 / (1 + exp(-values["gate"][row, 0])) if scores else 0
    total = sum(map(exp, logits))
    mixed = [(1 - gate) * exp(z) / total for z in logits]
    for (source, s), score in scores.items():
        mixed[values["ids"][b, source, s]] += gate * exp(score) / sum(map(exp, scores.values()))
    return mixed


@given(st.integers(0, 10_000))
def test_the_mixture_is_that_of_the_definition(seed: int):
    values = drawn(seed)
    got = np.exp(log_probabilities(values))
    expected = [by_hand(values, row) for row in range(ROWS)]
    np.testing.assert_allclose(got, expected, rtol=1e-9)
    np.testing.assert_allclose(got.sum(axis=1), 1, rtol=1e-12)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_the_loss_is_that_of_the_logits_of_decoding(seed: int):
    values = drawn(seed)
    t = tensors(values)
    with Graph() as graph:
        losses = copy_cross_entropy(
            t["x"], t["table"], pointer_of(t), t["targets"], smoothing=0.0, chunk_bytes=1
        )
        expose(graph, losses, "losses")
    executable = compile_graph(graph, CpuBackend(1, dtype=np.float64), values)
    executable.run()
    expected = -log_probabilities(values)[np.arange(ROWS), values["targets"]]
    np.testing.assert_allclose(executable.read("losses"), expected, rtol=1e-9)


def test_special_tokens_are_never_copied():
    values = drawn(1)
    values["gate"][:] = 50.0  # all of the probability, as far as there is text
    values["lengths"][:], values["ids"][:] = KEYS, FIRST - 1
    values["ids"][1, 1, 0] = FIRST
    got = log_probabilities(values)
    plain = values["x"] @ values["table"].T
    plain -= np.log(np.exp(plain).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(got[:QUERIES], plain[:QUERIES], rtol=1e-9)
    np.testing.assert_allclose(got[QUERIES:, FIRST], 0, atol=1e-12)


@pytest.mark.parametrize("gate", [-300.0, 300.0])
def test_a_gate_beyond_the_range_of_exp_leaves_finite_numbers(gate: float):
    values = drawn(2)
    values["gate"][:] = gate
    values["lengths"][:], values["ids"][:] = KEYS, FIRST
    got = log_probabilities(values, np.float32)
    assert np.isfinite(got).all()
    assert got[:, FIRST].min() > (log(0.999) if gate > 0 else -1e3)


def copying_generator(gate: float) -> Generator:
    """A generator with random weights and one gate everywhere."""
    generator = new_generator(12, model__copy=True, generate__batch=2)
    backend, model = generator.loaded.backend, generator.loaded.model
    flat = backend.read(model.parameters.flat)
    flat[model.copy_head.gate_bias.offset] = gate
    backend.write(model.parameters.flat, flat)
    return generator


def test_with_an_open_gate_every_token_is_one_of_the_prompt():
    generator = copying_generator(gate=50.0)
    for prompt in PROMPTS.values():
        source = generator.source(prompt)
        tokens = list(generator.tokens(source))
        assert len(tokens) == generator.max_tokens
        assert set(tokens) <= set(source)


def test_a_batch_copies_what_each_prompt_alone_does():
    """More prompts than rows, so that rows get other sources while their neighbours go on."""
    generator = copying_generator(gate=1.0)
    requests = [Request(prompt) for prompt in PROMPTS.values()]
    alone = [generator.generate(request.prompt) for request in requests]
    assert len({generation.text for generation in alone}) == len(alone)
    assert generator.generate_all(requests) == alone
