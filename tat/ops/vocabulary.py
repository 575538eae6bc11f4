"""The operations a model is written in: for each its shapes, its forward call and its gradient.

A weight with scales is int8: its operations have no gradient, and kernels of their own.
An activation is [N, D] with N = B*T rows. Activation gradients are returned by the rules; weight
gradients are accumulated into the flat gradient, which has the weights' layout.
"""

import struct
from zlib import crc32

from tat.ops.graph import Gradient, Tensor, current


def embedding(ids: Tensor, table: Tensor, scale: float) -> Tensor:
    """ids [B, T], table [V, D] -> table[ids] * scale, [B*T, D]."""
    graph, rows, (vocabulary, width) = current(), ids.size, table.shape
    dims = dict(rows=rows, width=width)
    if table.scales:
        inputs = [ids, table, table.scales]
        return graph.emit("embedding_int8", [(rows, width)], inputs, **dims, scale=scale)[0]
    (y,) = graph.emit("embedding", [(rows, width)], [ids, table], **dims, scale=scale)

    def backward(dy: Tensor) -> list[Gradient]:
        dtable, accumulate = graph.parameter_gradient(table)
        graph.emit(
            "embedding_backward",
            [dtable],
            [dy, ids],
            **dims,
            vocabulary=vocabulary,
            scale=scale,
            accumulate=accumulate,
        )
        return []

    return graph.record(y, backward)


def positional_encoding(x: Tensor, table: Tensor, start: Tensor) -> Tensor:
    """x [B*T, D] + table[start[b] + t]; table [M, D] constant, start [B] the first positions."""
    graph, batch, (rows, width) = current(), start.size, x.shape
    dims = dict(batch=batch, length=rows // batch, width=width)
    (y,) = graph.emit("positional_encoding", [x.shape], [x, table, start], **dims)
    return graph.record(y, lambda dy: [(x, dy)])


def rotary(x: Tensor, turns: Tensor, start: Tensor, heads: int) -> Tensor:
    """Turns pairs of columns by an angle that grows with the position (Su et al. 2021).

    x [B*T, H*R + E] begins with heads of R columns, of which 2i and 2i + 1 are a pair; E columns
    behind them stay. turns [M, R] constant, the sine and cosine of each pair; start [B] positions.
    """
    graph, batch, (rows, width), size = current(), start.size, x.shape, turns.shape[1]
    dims = dict(batch=batch, length=rows // batch, heads=heads, pairs=size // 2)
    dims |= dict(others=width - heads * size)
    (y,) = graph.emit("rotary", [x.shape], [x, turns, start], **dims, direction=1.0)

    def backward(dy: Tensor) -> list[Gradient]:
        (dx,) = graph.emit("rotary", [x.shape], [dy, turns, start], **dims, direction=-1.0)
        return [(x, dx)]

    return graph.record(y, backward)


def dropout(x: Tensor, counter: Tensor, rate: float) -> Tensor:
    """Zeroes elements with probability `rate`, scales the rest by 1/(1 - rate); only in training.

    The mask is a hash of (counter, operation, element): the same bits on every backend, and the
    backward pass makes it again instead of keeping it. counter [3]: seed, step, micro-batch.
    """
    graph = current()
    if not graph.training or rate == 0:
        return x
    attributes = dict(size=x.size, rate=_single(rate), key=_dropout_key())
    (y,) = graph.emit("dropout", [x.shape], [x, counter], **attributes)
    return graph.record(y, lambda dy: [(x, _dropout_backward(dy, counter, attributes))])


def dropout_add(residual: Tensor, x: Tensor, counter: Tensor, rate: float) -> Tensor:
    """residual + dropout(x), both [N, D]: the end of every sublayer."""
    graph = current()
    if not graph.training or rate == 0:
        return add(residual, x)
    attributes = dict(size=x.size, rate=_single(rate), key=_dropout_key())
    (y,) = graph.emit("dropout_add", [x.shape], [residual, x, counter], **attributes)
    return graph.record(
        y, lambda dy: [(residual, dy), (x, _dropout_backward(dy, counter, attributes))]
    )


def _single(value: float) -> float:
    """The nearest float32, as shaders get it: thresholds are the same on every device."""
    return struct.unpack("f", struct.pack("f", value))[0]


def _dropout_key() -> int:
    """A number from the scope's name, so that adding other operations does not move it."""
    graph = current()
    if graph.path in graph.dropout_scopes:
        raise ValueError(
            f"{graph.path}: two dropouts in one scope would draw the same mask; nest a scope"
        )
    graph.dropout_scopes.add(graph.path)
    return crc32(graph.path.encode())


def _dropout_backward(dy: Tensor, counter: Tensor, attributes: dict[str, int | float]) -> Tensor:
    (dx,) = current().emit("dropout", [dy.shape], [dy, counter], **attributes)
    return dx


def add(a: Tensor, b: Tensor) -> Tensor:
    """a + b of equal shapes."""
    graph = current()
    (y,) = graph.emit("add", [a.shape], [a, b], size=a.size)
    return graph.record(y, lambda dy: [(a, dy), (b, dy)])


def layer_norm(x: Tensor, gain: Tensor, bias: Tensor, epsilon: float = 1e-5) -> Tensor:
    """Rows of x [N, D] to mean 0 and variance 1, times gain [D] plus bias [D] (Ba et al. 2016)."""
    graph, (rows, width) = current(), x.shape
    dims = dict(rows=rows, width=width)
    outputs = [x.shape, (rows,), (rows,)]
    y, mean, rstd = graph.emit("layer_norm", outputs, [x, gain, bias], **dims, epsilon=epsilon)

    def backward(dy: Tensor) -> list[Gradient]:
        (dx,) = graph.emit("layer_norm_backward", [x.shape], [dy, x, gain, mean, rstd], **dims)
        dgain, accumulate = graph.parameter_gradient(gain)
        dbias, _ = graph.parameter_gradient(bias)
        graph.emit(
            "layer_norm_backward_parameters",
            [dgain, dbias],
            [dy, x, mean, rstd],
            **dims,
            accumulate=accumulate,
        )
        return [(x, dx)]

    return graph.record(y, backward)


def rms_norm(x: Tensor, gain: Tensor, epsilon: float = 1e-5) -> Tensor:
    """Rows of x [N, D] over the root of their mean square, times gain [D] (Zhang 2019)."""
    graph, (rows, width) = current(), x.shape
    dims = dict(rows=rows, width=width)
    y, rstd = graph.emit("rms_norm", [x.shape, (rows,)], [x, gain], **dims, epsilon=epsilon)

    def backward(dy: Tensor) -> list[Gradient]:
        (dx,) = graph.emit("rms_norm_backward", [x.shape], [dy, x, gain, rstd], **dims)
        dgain, accumulate = graph.parameter_gradient(gain)
        inputs = [dy, x, rstd]
        graph.emit("rms_norm_backward_gain", [dgain], inputs, **dims, accumulate=accumulate)
        return [(x, dx)]

    return graph.record(y, backward)


def linear(x: Tensor, weight: Tensor, bias: Tensor, into: Tensor | None = None) -> Tensor:
    """x [N, I] @ weight [I, O] + bias [O] -> [N, O], a new tensor or `into`."""
    graph, rows, (inputs, outputs) = current(), x.shape[0], weight.shape
    dims = dict(rows=rows, inputs=inputs, outputs=outputs)
    made = [(rows, outputs) if into is None else into]
    if weight.scales:
        return graph.emit("linear_int8", made, [x, weight, weight.scales, bias], **dims)[0]
    (y,) = graph.emit("linear", made, [x, weight, bias], **dims)

    def backward(dy: Tensor) -> list[Gradient]:
        (dx,) = graph.emit("linear_backward_input", [x.shape], [dy, weight], **dims)
        dweight, accumulate = graph.parameter_gradient(weight)
        dbias, _ = graph.parameter_gradient(bias)
        graph.emit(
            "linear_backward_parameters", [dweight, dbias], [dy, x], **dims, accumulate=accumulate
        )
        return [(x, dx)]

    return graph.record(y, backward)


def gelu(x: Tensor) -> Tensor:
    """x * Phi(x) in the tanh form of Hendrycks and Gimpel (2016)."""
    graph = current()
    (y,) = graph.emit("gelu", [x.shape], [x], size=x.size)

    def backward(dy: Tensor) -> list[Gradient]:
        (dx,) = graph.emit("gelu_backward", [x.shape], [dy, x], size=x.size)
        return [(x, dx)]

    return graph.record(y, backward)


def swiglu(x: Tensor) -> Tensor:
    """gate * sigmoid(gate) * up, where x [N, 2F] has the gate [N, F] and then up (Shazeer 2020)."""
    graph, (rows, double) = current(), x.shape
    dims = dict(rows=rows, width=double // 2)
    (y,) = graph.emit("swiglu", [(rows, double // 2)], [x], **dims)

    def backward(dy: Tensor) -> list[Gradient]:
        (dx,) = graph.emit("swiglu_backward", [x.shape], [dy, x], **dims)
        return [(x, dx)]

    return graph.record(y, backward)


def attention(
    q: Tensor, kv: Tensor, lengths: Tensor, *,
    heads: int, sources: int = 1, causal: bool = False, into: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Scaled dot-product attention of H heads (Vaswani et al. 2017), over K sources side by side.

    q [B*T, D], kv [B*K*S, 2D] (keys, then values), lengths [B, K] -> [B*T, D], a new tensor or
    `into`. Key s of source k counts where s < lengths[b, k], and with `causal` only where s <= t.
    Over no keys the result is 0, and so is the gradient. Kept is the log of each softmax's
    denominator, no T x S matrix.
    """
    graph, (rows, width) = current(), q.shape
    batch = lengths.size // sources
    dims = dict(
        batch=batch,
        queries=rows // batch,
        sources=sources,
        keys=kv.shape[0] // lengths.size,
        width=width,
        heads=heads,
        causal=int(causal),
    )
    outputs = [q.shape if into is None else into, (rows, heads)]
    y, lse = graph.emit("attention", outputs, [q, kv, lengths], **dims)

    def backward(dy: Tensor) -> list[Gradient]:
        inputs = [dy, y, q, kv, lse, lengths]
        dq, dkv = graph.emit("attention_backward", [q.shape, kv.shape], inputs, **dims)
        return [(q, dq), (kv, dkv)]

    return graph.record(y, backward)


def output_projection(x: Tensor, table: Tensor, into: Tensor | None = None) -> Tensor:
    """Logits [N, V] of x [N, D] against the table [V, D] (tied weights, Press and Wolf 2017)."""
    rows, (vocabulary, width) = x.shape[0], table.shape
    dims = dict(rows=rows, width=width, vocabulary=vocabulary)
    outputs = [(rows, vocabulary) if into is None else into]
    if table.scales:
        inputs = [x, table, table.scales]
        return current().emit("output_projection_int8", outputs, inputs, **dims)[0]
    (logits,) = current().emit("output_projection", outputs, [x, table], **dims)
    return logits


def total(x: Tensor, into: Tensor) -> None:
    """Sum of all elements of x into a metric of one element."""
    current().emit("sum", [into], [x], size=x.size)
