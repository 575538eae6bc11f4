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
from tat.ops import decoding
from tat.ops import vocabulary as ops
from tat.ops.copying import Pointer, copy_mixture
from tat.ops.graph import Graph, Kind, Shape, Tensor, current


@dataclass(frozen=True)
class BatchShape:
    """B rows of K sources of S tokens, and T target tokens."""

    rows: int
    source: int
    target: int
    sources: int = 1


def _feed(name: str, shape: Shape) -> Tensor:
    return Tensor(name, shape, "feed", "int")


def _sources(shape: BatchShape) -> tuple[Tensor, Tensor]:
    """Feeds of the source ids [B, K, S] and their lengths [B, K]."""
    ids = _feed("sources", (shape.rows, shape.sources, shape.source))
    return ids, _feed("source_lengths", (shape.rows, shape.sources))


def _encode(
    model: Transformer, shape: BatchShape, counter: Tensor, ids: Tensor, lengths: Tensor
) -> Tensor:
    """Memory [B*K*S, D] of the sources."""
    start = _feed("source_start", (shape.rows * shape.sources,))
    return model.encode(ids, start, lengths, counter)


def _hidden(
    model: Transformer, shape: BatchShape, counter: Tensor
) -> tuple[Tensor, Pointer | None]:
    """Hidden states [B*T, D] of the whole forward pass with given targets (teacher forcing).

    With a copy head also what it points at from there.
    """
    ids, memory_lengths = _sources(shape)
    memory = _encode(model, shape, counter, ids, memory_lengths)
    inputs = _feed("inputs", (shape.rows, shape.target))
    start = _feed("start", (shape.rows,))
    lengths = _feed("target_lengths", (shape.rows, 1))
    x = model.embed(inputs, start, counter, "decoder")
    hidden = model.decode(x, start, lengths, memory, memory_lengths, counter)
    if model.copy_head is None:
        return hidden, None
    keys = model.copy_head.keys(memory)
    return hidden, model.copy_head.point(hidden, keys, ids, memory_lengths)


def loss_program(
    model: Transformer, shape: BatchShape, loss: CrossEntropyLoss, *, training: bool,
    scaled: bool = False,
) -> Graph:  # fmt: skip
    """Metric "loss" [1]: the sum over all target tokens; with `training` its flat gradient too.

    `scaled` multiplies gradients by the feed "loss_scale" [1], so that small ones survive in f16.
    """
    with Graph(training=training) as graph:
        counter = _feed("counter", (3,))
        hidden, pointer = _hidden(model, shape, counter)
        with graph.scope("loss"):
            targets = _feed("targets", (shape.rows, shape.target))
            losses = loss(hidden, model.embedding.table, targets, pointer)
            ops.total(losses, Tensor("loss", (1,), "metric"))
            if training:
                # Each token's loss counts 1, or the scale: cross-entropy needs no more from above.
                scale = Tensor("loss_scale", (1,), "feed") if scaled else losses
                graph.backward({losses: scale})
    return graph


def logits_program(model: Transformer, shape: BatchShape) -> Graph:
    """Metric "logits" [B*T, V] of given targets, without dropout."""
    with Graph() as graph:
        hidden, pointer = _hidden(model, shape, _feed("counter", (3,)))
        _logits(model, hidden, pointer)
    return graph


def drawing_program(model: Transformer, shape: BatchShape, first: int) -> Graph:
    """Metric "drawn" [B*T, 1]: behind each of the given inputs, a token drawn from the model.

    No drawn token is fed; ids are `first` or above, without dropout. Feeds settings [B*T, 5], key
    [B*T] and place [B*T] say how each is drawn (tat.draws); idle [B*T, 1] stays zero.
    """
    count = shape.rows * shape.target
    with Graph() as graph:
        hidden, pointer = _hidden(model, shape, _feed("counter", (3,)))
        logits = _logits(model, hidden, pointer, "temporary")
        with graph.scope("output"):
            drawn = Tensor("drawn", (count, 1), "metric", "int")
            history = graph.temporary("history", (1, count, model.vocabulary + 1))
            place, idle = _feed("place", (count,)), _feed("idle", (count, 1))
            settings = Tensor("settings", (count, decoding.SETTINGS), "feed")
            key = _feed("key", (count,))
            decoding.sample_token(drawn, place, idle, history, logits, settings, key, first)
    return graph


def _logits(
    model: Transformer, hidden: Tensor, pointer: Pointer | None, kind: Kind = "metric"
) -> Tensor:
    """Tensor "logits" [N, V] of hidden states [N, D], the pointer's copies mixed in."""
    with current().scope("output"):
        logits = Tensor("logits", (hidden.shape[0], model.vocabulary), kind)
        ops.output_projection(hidden, model.embedding.table, into=logits)
        if pointer is not None:
            copy_mixture(logits, pointer)
    return logits


def _memory_caches(model: Transformer, shape: BatchShape) -> list[Tensor]:
    """Caches of the memory: each decoder layer's keys and values [B*K*S, 2D]."""
    size = (shape.rows * shape.sources * shape.source, 2 * model.config.width)
    key = f"{shape.rows}x{shape.sources}x{shape.source}"
    return [Tensor(f"cache.memory.{i}.{key}", size, "state") for i in range(len(model.decoder))]


def _own_caches(model: Transformer, shape: BatchShape) -> list[Tensor]:
    """Caches of the tokens so far: each decoder layer's keys and values [B*T, 2D]."""
    size = (shape.rows * shape.target, 2 * model.config.width)
    key = f"{shape.rows}x{shape.target}"
    return [Tensor(f"cache.own.{i}.{key}", size, "state") for i in range(len(model.decoder))]


def _copy_cache(model: Transformer, shape: BatchShape) -> Tensor:
    """The copy head's keys of the memory."""
    rows = shape.rows * shape.sources * shape.source
    name = f"cache.memory.copy.{shape.rows}x{shape.sources}x{shape.source}"
    return Tensor(name, (rows, model.config.width), "state")


def encode_program(model: Transformer, shape: BatchShape) -> Graph:
    """Encodes the sources once and keeps every decoder layer's keys and values of them.

    With a copy head its keys too.
    """
    with Graph() as graph:
        memory = _encode(model, shape, _feed("counter", (3,)), *_sources(shape))
        model.write_memory_caches(memory, _memory_caches(model, shape))
        if model.copy_head is not None:
            model.copy_head.keys(memory, into=_copy_cache(model, shape))
    return graph


def step_program(
    model: Transformer, shape: BatchShape, tokens: int = 1, shared: bool = False
) -> Graph:
    """One decoding step: feeds token [N, 1], position [N], lengths [N, 1]; metric "logits" [N, V].

    N is B, or `tokens` of a batch of one sequence, which follow each other. shape.target is the
    capacity of the caches, in tokens. A copy head reads the sources again. With `shared`, feed
    memory [B] says which of the B memories each sequence reads: several may read the same one.
    """
    with Graph() as graph:
        _step(model, shape, shape.rows * tokens, shared)
    return graph


def sampling_program(
    model: Transformer, shape: BatchShape, block: int, first: int, ranks: int = 0
) -> Graph:
    """`step_program` that feeds itself: each run goes on from the tokens that the last one drew.

    Drawn ids are `first` or above. Feeds settings [B, 5] and key [B] say how a row draws; written
    [B, T] has its tokens up to the one that is fed, each at its position. Metric "history" [block,
    B, V + 1] holds the logits behind position p at p % block, and behind them the drawn token, for
    the last `block` positions. With `ranks`, metric "offers" has that many of the best tokens of
    each of these positions (`decoding.rank_tokens`).
    """
    history = Tensor("history", (block, shape.rows, model.vocabulary + 1), "metric")
    settings = Tensor("settings", (shape.rows, decoding.SETTINGS), "feed")
    written, key = _feed("written", (shape.rows, shape.target)), _feed("key", (shape.rows,))
    with Graph() as graph:
        token, feeds, logits = _step(model, shape, shape.rows)
        place = token, feeds.position
        with graph.scope("output"):
            decoding.repetition_penalty(written, history, logits, *place, settings)
            draw = history, logits, settings, key
            decoding.sample_token(*place, feeds.lengths, *draw, first)
            if ranks:
                offers = Tensor("offers", (block, shape.rows, 3 * ranks + 3), "metric")
                fed = *place, feeds.lengths
                decoding.rank_tokens(offers, *draw[:2], *fed, *draw[2:], shape.target, first)
    return graph


def _step(
    model: Transformer, shape: BatchShape, count: int, shared: bool = False
) -> tuple[Tensor, StepFeeds, Tensor]:
    """One token for each of `count` rows: the feeds, and the metric "logits" [count, V]."""
    ids, memory_lengths = _sources(shape)
    feeds = StepFeeds(
        position=_feed("position", (count,)),
        lengths=_feed("lengths", (count, 1)),
        memory_lengths=memory_lengths,
        memory=_feed("memory", (count,)) if shared else None,
    )
    pairs = zip(_own_caches(model, shape), _memory_caches(model, shape), strict=True)
    caches = [LayerCaches(own, memory) for own, memory in pairs]
    token = _feed("token", (count, 1))
    hidden = model.step(token, caches, feeds, _feed("counter", (3,)))
    pointer = None
    if model.copy_head is not None:
        keys = _copy_cache(model, shape)
        pointer = model.copy_head.point(hidden, keys, ids, memory_lengths, feeds.memory)
    return token, feeds, _logits(model, hidden, pointer)


def place_program(model: Transformer, source: BatchShape, target: BatchShape) -> Graph:
    """Copies the memory of encoded sources into the caches of another batch.

    Feed memory_index [B*K] names the source to copy, -1 for none: that place keeps its rows.
    memory_counts [B*K] says how many rows to copy.
    """
    with Graph() as graph:
        _place_memory(model, source, target)
    return graph


def _place_memory(model: Transformer, source: BatchShape, target: BatchShape) -> None:
    segments = target.rows * target.sources
    index, counts = _feed("memory_index", (segments,)), _feed("memory_counts", (segments,))
    pairs = [*zip(_memory_caches(model, target), _memory_caches(model, source), strict=True)]
    if model.copy_head is not None:
        pairs.append((_copy_cache(model, target), _copy_cache(model, source)))
    for cache, old in pairs:
        decoding.cache_gather(cache, old, index, counts, source.rows * source.sources)


def move_program(model: Transformer, source: BatchShape, target: BatchShape) -> Graph:
    """Copies whole rows into the caches of another batch: memory, and the tokens so far.

    Feeds: those of `place_program`, and likewise index [B] and counts [B] of the tokens.
    """
    with Graph() as graph:
        _place_memory(model, source, target)
        index, counts = _feed("index", (target.rows,)), _feed("counts", (target.rows,))
        for cache, old in zip(_own_caches(model, target), _own_caches(model, source), strict=True):
            decoding.cache_gather(cache, old, index, counts, source.rows)
    return graph


def reorder_program(model: Transformer, shape: BatchShape) -> Graph:
    """Row b continues the first counts[b] tokens of row index[b], both [B], as beams do.

    Several rows may continue the same one. So all are copied into the arena first, and read back by
    `back` [B], which is 0, 1, and so on.
    """
    with Graph() as graph:
        index, back = _feed("index", (shape.rows,)), _feed("back", (shape.rows,))
        counts = _feed("counts", (shape.rows,))
        for i, cache in enumerate(_own_caches(model, shape)):
            copy = graph.temporary(f"copy.{i}", cache.shape)
            decoding.cache_gather(copy, cache, index, counts, shape.rows)
            decoding.cache_gather(cache, copy, back, counts, shape.rows)
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
