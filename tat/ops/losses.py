"""Losses of hidden states against targets, in chunks of rows: memory never holds all logits.

With one chunk the backward pass reuses the logits; with several it makes them again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tat.ops.copying import Pointer, point
from tat.ops.graph import Gradient, Tensor, current
from tat.ops.vocabulary import output_projection


@dataclass(frozen=True)
class _Chunk:
    """Some of the rows: hidden states [n, D], targets [n] and logits [n, V]."""

    start: int
    x: Tensor
    targets: Tensor
    logits: Tensor

    @property
    def size(self) -> int:
        return self.x.shape[0]

    def of(self, rows: Tensor) -> Tensor:
        """This chunk's part of a tensor [N, ...] of all rows."""
        return rows.rows(self.start, self.size)


def cross_entropy(
    x: Tensor, table: Tensor, targets: Tensor, *, smoothing: float, chunk_bytes: int
) -> Tensor:
    """Cross-entropy in nats of rows, 0 where the target is; x [N, D], table [V, D], targets [N].

    Works in chunks of rows whose logits fit `chunk_bytes`.
    """
    graph, losses = current(), current().temporary("losses", (x.shape[0],))
    made = []
    for chunk in _chunks(x, table, targets, chunk_bytes):
        dims = dict(rows=chunk.size, vocabulary=table.shape[0], smoothing=smoothing)
        outputs, inputs = [chunk.of(losses), (chunk.size,)], [chunk.logits, chunk.targets]
        _, lse = graph.emit("cross_entropy", outputs, inputs, **dims)
        made.append((chunk, lse, dims))

    def backward(seed: Tensor) -> list[Gradient]:
        dx = graph.temporary("dx", x.shape)
        for chunk, lse, dims in made:
            logits = chunk.logits if len(made) == 1 else output_projection(chunk.x, table)
            inputs = [logits, lse, chunk.targets]
            (dlogits,) = graph.emit("cross_entropy_backward", [logits.shape], inputs, **dims)
            dlogits = _seeded(dlogits, seed, losses)
            _output_projection_backward(chunk.of(dx), dlogits, chunk.x, table)
        return [(x, dx)]

    return graph.record(losses, backward)


def copy_cross_entropy(
    x: Tensor, table: Tensor, pointer: Pointer, targets: Tensor, *,
    smoothing: float, chunk_bytes: int,
) -> Tensor:  # fmt: skip
    """Cross-entropy of the mixture with the pointer's copies; see copying.copy_mixture.

    Label smoothing spreads over the vocabulary's own distribution: copies are not smoothed.
    """
    graph, count = current(), x.shape[0]
    losses, kept = graph.temporary("losses", (count,)), graph.temporary("kept", (count,))
    shares, log_rest = point(pointer)
    made = []
    for chunk in _chunks(x, table, targets, chunk_bytes):
        dims = dict(rows=chunk.size, vocabulary=table.shape[0])
        outputs = [chunk.of(losses), (chunk.size,), chunk.of(kept)]
        inputs = [chunk.logits, chunk.of(shares), chunk.of(log_rest), pointer.ids, chunk.targets]
        rows = dict(**dims, start=chunk.start, **pointer.dims, smoothing=smoothing)
        _, lse, _ = graph.emit("copy_cross_entropy", outputs, inputs, **rows)
        made.append((chunk, lse, dict(**dims, smoothing=smoothing)))

    def backward(seed: Tensor) -> list[Gradient]:
        dx = graph.temporary("dx", x.shape)
        for chunk, lse, dims in made:
            logits = chunk.logits if len(made) == 1 else output_projection(chunk.x, table)
            inputs = [logits, lse, chunk.of(kept), chunk.targets]
            (dlogits,) = graph.emit("copy_cross_entropy_backward", [logits.shape], inputs, **dims)
            dlogits = _seeded(dlogits, seed, losses)
            _output_projection_backward(chunk.of(dx), dlogits, chunk.x, table)
        pointed = _pointer_backward(pointer, shares, kept, targets, smoothing)
        return [(x, dx), *((tensor, _seeded(d, seed, losses)) for tensor, d in pointed)]

    return graph.record(losses, backward)


def _pointer_backward(
    pointer: Pointer, shares: Tensor, kept: Tensor, targets: Tensor, smoothing: float
) -> list[Gradient]:
    q, k, gate = pointer.q, pointer.k, pointer.gate
    inputs = [q, k, shares, kept, pointer.ids, targets]
    dims = dict(**pointer.dims, width=q.shape[1], smoothing=smoothing)
    made = current().emit("pointer_backward", [q.shape, k.shape, gate.shape], inputs, **dims)
    return list(zip((q, k, gate), made, strict=True))


def _seeded(gradient: Tensor, seed: Tensor, losses: Tensor) -> Tensor:
    """A gradient times the seed, a factor [1] of all losses; unchanged if that is the losses."""
    if seed is losses:
        return gradient
    size = gradient.size
    return current().emit("scale", [gradient.shape], [gradient, seed], size=size)[0]


def _chunks(x: Tensor, table: Tensor, targets: Tensor, chunk_bytes: int) -> Iterator[_Chunk]:
    """The rows in chunks; the logits of a chunk are traced when it is asked for."""
    rows = x.shape[0]
    step = _chunk_rows(rows, table.shape[0], chunk_bytes)
    for start in range(0, rows, step):
        count = min(step, rows - start)
        part, own = x.rows(start, count), targets.view(f"{targets.name}[{start}]", (count,), start)
        yield _Chunk(start, part, own, output_projection(part, table))


def _chunk_rows(rows: int, vocabulary: int, chunk_bytes: int) -> int:
    """Rows of float32 logits that fit: a multiple of 64, so that every chunk starts aligned."""
    return min(rows, max(64, chunk_bytes // (4 * vocabulary) // 64 * 64))


def _output_projection_backward(dx: Tensor, dlogits: Tensor, x: Tensor, table: Tensor) -> None:
    graph, (vocabulary, width) = current(), table.shape
    dims = dict(rows=x.shape[0], width=width, vocabulary=vocabulary)
    graph.emit("output_projection_backward_input", [dx], [dlogits, table], **dims)
    dtable, accumulate = graph.parameter_gradient(table)
    graph.emit(
        "output_projection_backward_table", [dtable], [dlogits, x], **dims, accumulate=accumulate
    )
