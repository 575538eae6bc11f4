"""The model, its loss and its optimizer against PyTorch's, as independent implementations.

PyTorch is installed by `make setup`; tat itself never needs it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from harness import compile_graph, random_batch
from numpy import ndarray as Array
from torch import nn
from torch.nn import functional

from tat import weights
from tat.backends.cpu.executable import CpuBackend
from tat.config import resolve
from tat.config_tables import TransformerConfig
from tat.model.loss import CrossEntropyLoss
from tat.model.programs import BatchShape, logits_program, loss_program
from tat.model.transformer import Transformer
from tat.ops.graph import Graph, Tensor
from tat.ops.losses import cross_entropy

pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor is True:UserWarning")

SMALL = replace(
    resolve(flags={"preset": "tiny"}, environment={}).config.model,
    layers=2, width=18, heads=3, feed_forward=26, dropout=0.0, max_length=32, copy=False,
)  # fmt: skip
# PyTorch's Transformer has no copy head: tests/test_copying.py has that.
PLAIN = {"preset": "tiny", "model.copy": False, "model.dropout": 0.0}
TINY = resolve(flags=PLAIN, environment={}).config.model
DTYPES = {np.float32: torch.float32, np.float64: torch.float64}


class Peer(nn.Module):
    """nn.Transformer between embeddings as this model has them."""

    def __init__(self, config: TransformerConfig, vocabulary: int) -> None:
        super().__init__()
        self.width = config.width
        self.embedding = nn.Embedding(vocabulary, config.width)
        self.transformer = nn.Transformer(
            config.width,
            config.heads,
            config.layers,
            config.layers,
            config.feed_forward,
            dropout=0.0,
            activation=partial(functional.gelu, approximate="tanh"),
            batch_first=True,
            norm_first=True,
        )
        positions = torch.arange(config.max_length, dtype=torch.float64)[:, None]
        even = torch.arange(0, config.width, 2, dtype=torch.float64)
        angles = positions / 10000 ** (even / config.width)
        encoding = torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)
        self.register_buffer("encoding", encoding)

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        return self.embedding(ids) * self.width**0.5 + self.encoding[: ids.shape[1]]

    def forward(self, batch: Mapping[str, Array]) -> torch.Tensor:
        """Logits [B, T, V]."""
        sources, inputs = torch.tensor(batch["sources"][:, 0]), torch.tensor(batch["inputs"])
        padding = [
            torch.arange(ids.shape[1]) >= torch.tensor(lengths)
            for ids, lengths in (
                (sources, batch["source_lengths"]),
                (inputs, batch["target_lengths"]),
            )
        ]
        steps = inputs.shape[1]
        hidden = self.transformer(
            self.embed(sources),
            self.embed(inputs),
            tgt_mask=torch.ones(steps, steps, dtype=torch.bool).triu(1),
            src_key_padding_mask=padding[0],
            tgt_key_padding_mask=padding[1],
            memory_key_padding_mask=padding[0],
        )
        return hidden @ self.embedding.weight.T


def pieces(peer: Peer) -> dict[str, Callable[[Callable], torch.Tensor]]:
    """For each weight of the model where it lies in the peer, as it lies here.

    The values map a choice, of weights or of their gradients, to a view in this model's layout.
    """
    width = peer.width
    found: dict[str, Callable[[Callable], torch.Tensor]] = {
        "embedding.table": lambda get: get(peer.embedding.weight)
    }

    def linear(name: str, weight: nn.Parameter, bias: nn.Parameter, rows: slice) -> None:
        found[f"{name}.weight"] = lambda get: get(weight)[rows].T
        found[f"{name}.bias"] = lambda get: get(bias)[rows]

    def norm(name: str, module: nn.LayerNorm) -> None:
        found[f"{name}.gain"] = lambda get: get(module.weight)
        found[f"{name}.bias"] = lambda get: get(module.bias)

    def attention(name: str, module: nn.MultiheadAttention) -> None:
        weight, bias = module.in_proj_weight, module.in_proj_bias
        linear(f"{name}.query", weight, bias, slice(width))
        linear(f"{name}.key_value", weight, bias, slice(width, None))
        linear(f"{name}.output", module.out_proj.weight, module.out_proj.bias, slice(None))

    for side, stack in (
        ("encoder", peer.transformer.encoder),
        ("decoder", peer.transformer.decoder),
    ):
        norm(f"{side}.norm", stack.norm)
        for i, layer in enumerate(stack.layers):
            name = f"{side}.{i}"
            attention(f"{name}.attention", layer.self_attn)
            if side == "decoder":
                attention(f"{name}.cross_attention", layer.multihead_attn)
            for n in (1, 2, 3) if side == "decoder" else (1, 2):
                norm(f"{name}.norm{n}", getattr(layer, f"norm{n}"))
            up, down = layer.linear1, layer.linear2
            linear(f"{name}.feed_forward.up", up.weight, up.bias, slice(None))
            linear(f"{name}.feed_forward.down", down.weight, down.bias, slice(None))
    return found


class Pair:
    """The model and its peer with the same weights, none of them at a special value."""

    def __init__(self, config: TransformerConfig, vocabulary: int, dtype: type) -> None:
        self.model = Transformer(config, vocabulary)
        self.backend = CpuBackend(dtype=dtype)
        self.peer = Peer(config, vocabulary).to(DTYPES[dtype])
        random = np.random.default_rng(0)
        values = {
            name: value + 0.02 * random.standard_normal(value.shape)
            for name, value in weights.draw(self.model.parameters, seed=1).items()
        }
        values = {name: value.astype(np.float32) for name, value in values.items()}
        weights.install(self.backend, self.model, values)
        pieces_here = pieces(self.peer)
        assert pieces_here.keys() == values.keys()
        with torch.no_grad():
            for name, piece in pieces_here.items():
                piece(lambda p: p.data).copy_(torch.tensor(values[name]))

    def weight_gradients(self) -> dict[str, Array]:
        flat = Tensor("gradients", self.model.parameters.flat.shape, "gradient")
        return weights.unpack(self.model.parameters, self.backend.read(flat))

    def peer_gradients(self) -> dict[str, Array]:
        return {name: piece(lambda p: p.grad).numpy() for name, piece in pieces(self.peer).items()}


MODELS = pytest.mark.parametrize(
    ("config", "vocabulary", "shape"),
    [
        (SMALL, 41, BatchShape(3, 7, 10)),
        (TINY, TINY.width * 8, BatchShape(3, 24, 33)),
    ],
    ids=["small", "tiny"],
)


def batch_of(shape: BatchShape, vocabulary: int) -> dict[str, Array]:
    """Full, short and minimal rows; PyTorch's attention over no keys would be NaN."""
    source_lengths = [[shape.source], [2], [shape.source - 1]]
    return random_batch(shape, vocabulary, source_lengths, [shape.target, shape.target // 2, 1])


@MODELS
@pytest.mark.parametrize(("dtype", "bound"), [(np.float32, 1e-4), (np.float64, 1e-11)])
def test_logits(
    config: TransformerConfig, vocabulary: int, shape: BatchShape, dtype: type, bound: float
):
    pair, batch = Pair(config, vocabulary, dtype), batch_of(shape, vocabulary)
    executable = compile_graph(logits_program(pair.model, shape), pair.backend, batch)
    executable.run()
    with torch.no_grad():
        expected = pair.peer(batch).numpy()
    got = executable.read("logits").reshape(expected.shape)
    counts = np.arange(shape.target) < batch["target_lengths"]
    assert np.abs(expected[counts]).max() > 1
    np.testing.assert_allclose(got[counts], expected[counts], rtol=0, atol=bound)


@MODELS
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize(("dtype", "bound"), [(np.float32, 1e-3), (np.float64, 1e-9)])
def test_loss_and_every_weight_gradient(
    config: TransformerConfig,
    vocabulary: int,
    shape: BatchShape,
    dtype: type,
    bound: float,
    smoothing: float,
):
    pair, batch = Pair(config, vocabulary, dtype), batch_of(shape, vocabulary)
    loss = CrossEntropyLoss(smoothing, chunk_bytes=4096)
    graph = loss_program(pair.model, shape, loss, training=True)
    executable = compile_graph(graph, pair.backend, batch)
    executable.run()
    expected = functional.cross_entropy(
        pair.peer(batch).flatten(0, 1),
        torch.tensor(batch["targets"]).flatten(),
        ignore_index=0,
        label_smoothing=smoothing,
        reduction="sum",
    )
    expected.backward()
    assert executable.read("loss")[0] == pytest.approx(expected.item(), rel=bound / 100)
    gradients = pair.peer_gradients()
    for name, got in pair.weight_gradients().items():
        largest = np.abs(gradients[name]).max()
        np.testing.assert_allclose(got, gradients[name], rtol=0, atol=bound * largest, err_msg=name)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
def test_cross_entropy_of_each_position(smoothing: float):
    rows, width, vocabulary = 9, 5, 13
    random = np.random.default_rng(1)
    x, table = random.standard_normal((rows, width)), random.standard_normal((vocabulary, width))
    targets = np.array([0, 12, 3, 0, 1, 1, 7, 0, 5])
    with Graph() as graph:
        tensors = [Tensor(n, v.shape, "state") for n, v in (("x", x), ("table", table))]
        ids = Tensor("targets", (rows,), "feed", "int")
        losses = cross_entropy(*tensors, ids, smoothing=smoothing, chunk_bytes=2**20)
        metric = Tensor("losses", (rows,), "metric")
        graph.emit("fold", [metric], [losses], size=rows, accumulate=0)
    values = {"x": 5 * x, "table": table, "targets": targets}
    executable = compile_graph(graph, CpuBackend(dtype=np.float64), values)
    executable.run()
    expected = functional.cross_entropy(
        torch.tensor(5 * x @ table.T),
        torch.tensor(targets),
        ignore_index=0,
        label_smoothing=smoothing,
        reduction="none",
    )
    np.testing.assert_allclose(executable.read("losses"), expected.numpy(), rtol=1e-12)
