"""The traces that are compiled: a program is a graph with named feeds and metrics.

Feeds of a batch, as data.batches makes them: sources [B, K, S], source_lengths [B, K],
inputs [B, T], targets [B, T], target_lengths [B, 1]; start and source_start, the first positions,
are zeros.
"""

import hashlib
from dataclasses import dataclass

from tat.model.layers import LayerCaches, StepFeeds
from tat.model.loss import CrossEntropyLoss
from tat.model.transformer import Transformer
from tat.ops import vocabulary as ops
from tat.ops.graph import Graph, Shape, Tensor


@dataclass(frozen=True)
class BatchShape:
    """B rows of K sources of S tokens, and T target tokens."""

    rows: int
    source: int
    target: int
    sources: int = 1


def _feed(name: str, shape: Shape) -> Tensor:
    return Tensor(name, shape, "feed", "int")


def _encode(model: Transformer, shape: BatchShape, counter: Tensor) -> tuple[Tensor, Tensor]:
    """Memory [B*K*S, D] and its lengths [B, K] from the source feeds."""
    lengths = _feed("source_lengths", (shape.rows, shape.sources))
    ids = _feed("sources", (shape.rows, shape.sources, shape.source))
    start = _feed("source_start", (shape.rows * shape.sources,))
    return model.encode(ids, start, lengths, counter), lengths


def _hidden(model: Transformer, shape: BatchShape, counter: Tensor) -> Tensor:
    """Hidden states [B*T, D] of the whole forward pass with given targets (teacher forcing)."""
    memory, memory_lengths = _encode(model, shape, counter)
    inputs = _feed("inputs", (shape.rows, shape.target))
    start = _feed("start", (shape.rows,))
    lengths = _feed("target_lengths", (shape.rows, 1))
    x = model.embed(inputs, start, counter, "decoder")
    return model.decode(x, lengths, memory, memory_lengths, counter)


def loss_program(
    model: Transformer, shape: BatchShape, loss: CrossEntropyLoss, *, training: bool
) -> Graph:
    """Metric "loss" [1]: the sum over all target tokens; with `training` its flat gradient too."""
    with Graph(training=training) as graph:
        counter = _feed("counter", (3,))
        hidden = _hidden(model, shape, counter)
        with graph.scope("loss"):
            targets = _feed("targets", (shape.rows, shape.target))
            losses = loss(hidden, model.embedding.table, targets)
            ops.total(losses, Tensor("loss", (1,), "metric"))
            if training:
                # Each token's loss counts 1: cross_entropy_backward needs no gradient from above.
                graph.backward({losses: losses})
    return graph


def logits_program(model: Transformer, shape: BatchShape) -> Graph:
    """Metric "logits" [B*T, V] of given targets, without dropout."""
    with Graph() as graph:
        hidden = _hidden(model, shape, _feed("counter", (3,)))
        with graph.scope("output"):
            size = (shape.rows * shape.target, model.vocabulary)
            logits = Tensor("logits", size, "metric")
            ops.output_projection(hidden, model.embedding.table, into=logits)
    return graph


def _memory_cache(model: Transformer, shape: BatchShape, layer: int) -> Tensor:
    rows = shape.rows * shape.sources * shape.source
    name = f"cache.memory.{layer}.{shape.rows}x{shape.sources}x{shape.source}"
    return Tensor(name, (rows, 2 * model.config.width), "state")


def encode_program(model: Transformer, shape: BatchShape) -> Graph:
    """Encodes the sources once and keeps every decoder layer's keys and values of them."""
    with Graph() as graph:
        memory, _ = _encode(model, shape, _feed("counter", (3,)))
        caches = [_memory_cache(model, shape, i) for i in range(len(model.decoder))]
        model.write_memory_caches(memory, caches)
    return graph


def step_program(model: Transformer, shape: BatchShape) -> Graph:
    """One decoding step: feeds token [B, 1], position [B], lengths [B, 1]; metric "logits" [B, V].

    shape.target is the capacity of the caches, in tokens.
    """
    with Graph() as graph:
        feeds = StepFeeds(
            position=_feed("position", (shape.rows,)),
            lengths=_feed("lengths", (shape.rows, 1)),
            memory_lengths=_feed("source_lengths", (shape.rows, shape.sources)),
        )
        caches = []
        for i in range(len(model.decoder)):
            size = (shape.rows * shape.target, 2 * model.config.width)
            own = Tensor(f"cache.own.{i}.{shape.rows}x{shape.target}", size, "state")
            caches.append(LayerCaches(own, _memory_cache(model, shape, i)))
        hidden = model.step(_feed("token", (shape.rows, 1)), caches, feeds, _feed("counter", (3,)))
        with graph.scope("output"):
            logits = Tensor("logits", (shape.rows, model.vocabulary), "metric")
            ops.output_projection(hidden, model.embedding.table, into=logits)
    return graph


def model_hash(model: Transformer) -> str:
    """SHA-256 of the weights' names and shapes and of the forward operations, whatever the layout.

    Two checkpoints with one hash hold weights of the same function.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(model.parameters.tensors.items()):
        digest.update(f"{name} {list(tensor.shape)}\n".encode())
    for call in logits_program(model, BatchShape(1, 1, 1)).calls:
        digest.update(f"{call.scope} {call.kernel} {call.attributes}\n".encode())
    return digest.hexdigest()
