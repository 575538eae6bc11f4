"""The table from kernels to ONNX nodes.

A function takes the graph, the names of the kernel's inputs as tensors of the row's shapes, and its
attributes. It gives the kernel's first outputs; what only a backward pass reads is not made. A
kernel that updates its output takes the value before as `old`.
"""

from collections.abc import Callable

import numpy as np

from tat.export.onnx.nodes import Nodes

_LOW = -1e30  # a score that no softmax sees
_LEAST = 1e-37  # a share whose logarithm float32 has


def embedding(n: Nodes, ids: str, table: str, *, rows: int, width: int, scale: float) -> list[str]:
    found = n("Gather", table, n.shaped(ids, rows), axis=0)
    return [n("Mul", found, n.constant(scale))]


def positional_encoding(
    n: Nodes, x: str, table: str, start: str, *, batch: int, length: int, width: int
) -> list[str]:
    places = n("Add", n.shaped(start, batch, 1), n.constant(np.arange(length), np.int32))
    return [n("Add", x, n("Gather", table, n.shaped(places, batch * length), axis=0))]


def layer_norm(
    n: Nodes, x: str, gain: str, bias: str, *, rows: int, width: int, epsilon: float
) -> list[str]:
    return [n("LayerNormalization", x, gain, bias, axis=-1, epsilon=epsilon)]


def rms_norm(
    n: Nodes, x: str, gain: str, *, rows: int, width: int, epsilon: float
) -> list[str]:  # fmt: skip
    mean = n("ReduceMean", n("Mul", x, x), n.constant([1], np.int64))
    return [n("Mul", n("Div", x, n("Sqrt", n("Add", mean, n.constant(epsilon)))), gain)]


def rotary(
    n: Nodes, x: str, turns: str, start: str, *,
    batch: int, length: int, heads: int, pairs: int, others: int, direction: float,
) -> list[str]:  # fmt: skip
    rows, turned = batch * length, 2 * heads * pairs
    places = n("Add", n.shaped(start, batch, 1), n.constant(np.arange(length), np.int32))
    turn = n.shaped(n("Gather", turns, n.shaped(places, rows), axis=0), rows, 1, pairs, 2)
    pair = n.shaped(_columns(n, x, 0, turned), rows, heads, pairs, 2)
    sines, cosines = (n("Gather", turn, n.constant(i, np.int64), axis=3) for i in (0, 1))
    left, right = (n("Gather", pair, n.constant(i, np.int64), axis=3) for i in (0, 1))
    sines = n("Mul", sines, n.constant(direction))
    both = [
        n("Sub", n("Mul", left, cosines), n("Mul", right, sines)),
        n("Add", n("Mul", right, cosines), n("Mul", left, sines)),
    ]
    joined = n("Concat", *(n.shaped(half, rows, heads, pairs, 1) for half in both), axis=3)
    y = n.shaped(joined, rows, turned)
    return [n("Concat", y, _columns(n, x, turned, turned + others), axis=1) if others else y]


def linear(
    n: Nodes, x: str, weight: str, bias: str, *, rows: int, inputs: int, outputs: int
) -> list[str]:
    return [n("Add", n("MatMul", x, weight), bias)]


def add(n: Nodes, a: str, b: str, *, size: int) -> list[str]:
    return [n("Add", a, b)]


def gelu(n: Nodes, x: str, *, size: int) -> list[str]:
    return [n("Gelu", x, approximate="tanh")]


def swiglu(n: Nodes, x: str, *, rows: int, width: int) -> list[str]:
    gate = _columns(n, x, 0, width)
    return [n("Mul", n("Mul", gate, n("Sigmoid", gate)), _columns(n, x, width, 2 * width))]


def attention(
    n: Nodes, q: str, kv: str, lengths: str, *,
    batch: int, queries: int, sources: int, keys: int, width: int, heads: int, causal: int,
) -> list[str]:  # fmt: skip
    size, count = width // heads, sources * keys
    split = n.shaped(kv, batch, count, 2, heads, size)
    k, v = (n("Gather", split, n.constant(i, np.int64), axis=2) for i in (0, 1))
    k = n("Transpose", k, perm=[0, 2, 3, 1])
    v = n("Transpose", v, perm=[0, 2, 1, 3])
    q = n("Transpose", n.shaped(q, batch, queries, heads, size), perm=[0, 2, 1, 3])
    scores = n("Mul", n("MatMul", q, k), n.constant(size**-0.5))
    counts = n.shaped(_within(n, lengths, batch, sources, keys), batch, 1, 1, count)
    if causal:
        earlier = np.arange(keys) <= np.arange(queries)[:, None]
        counts = n("And", counts, n.constant(earlier, np.bool_))
    y = n("MatMul", _softmax(n, scores, counts), v)
    return [n.shaped(n("Transpose", y, perm=[0, 2, 1, 3]), batch * queries, width)]


def output_projection(
    n: Nodes, x: str, table: str, *, rows: int, width: int, vocabulary: int
) -> list[str]:
    return [n("MatMul", x, n("Transpose", table, perm=[1, 0]))]


def cache_write(
    n: Nodes, old: str, x: str, position: str, *, batch: int, width: int, length: int
) -> list[str]:
    sequence = n.constant(np.arange(batch)[:, None], np.int64)
    place = n("Cast", n.shaped(position, batch, 1), to=7)  # 7: int64
    index = n("Concat", sequence, place, axis=1)
    cache = n("ScatterND", n.shaped(old, batch, length, width), index, x)
    return [n.shaped(cache, batch * length, width)]


def pointer(
    n: Nodes, q: str, k: str, gate: str, ids: str, lengths: str, *,
    batch: int, queries: int, sources: int, keys: int, width: int, first: int,
) -> list[str]:  # fmt: skip
    count = sources * keys
    turned = n("Transpose", n.shaped(k, batch, count, width), perm=[0, 2, 1])
    scores = n("MatMul", n.shaped(q, batch, queries, width), turned)
    scores = n("Mul", scores, n.constant(width**-0.5))
    text = n("GreaterOrEqual", n.shaped(ids, batch, 1, count), n.constant(first, np.int32))
    within = n.shaped(_within(n, lengths, batch, sources, keys), batch, 1, count)
    offered = n("And", within, text)
    logit = n.shaped(gate, batch, queries, 1)
    shares = n("Mul", _softmax(n, scores, offered), n("Sigmoid", logit))
    some = n("ReduceMax", n("Cast", offered, to=1), n.constant([2], np.int64))  # 1: float
    log_rest = n("Mul", n("Neg", n("Softplus", logit)), some)
    return [n.shaped(shares, batch * queries, count), n.shaped(log_rest, batch * queries)]


def copy_mixture(
    n: Nodes, old: str, shares: str, log_rest: str, ids: str, *,
    batch: int, queries: int, sources: int, keys: int, vocabulary: int,
) -> list[str]:  # fmt: skip
    rows, count = batch * queries, sources * keys
    own = n("Add", n("LogSoftmax", old, axis=1), n.shaped(log_rest, rows, 1))
    places = n("Expand", n.shaped(ids, batch, 1, count),
               n.constant([batch, queries, count], np.int64))  # fmt: skip
    places = n("Cast", n.shaped(places, rows, count), to=7)
    none = n.constant(np.zeros((rows, vocabulary)))
    copied = n("ScatterElements", none, places, shares, axis=1, reduction="add")
    log = n("Log", n("Max", copied, n.constant(_LEAST)))
    mixed = n("Add", own, n("Softplus", n("Sub", log, own)))
    return [n("Where", n("Greater", copied, n.constant(0.0)), mixed, own)]


def _within(n: Nodes, lengths: str, batch: int, sources: int, keys: int) -> str:
    """[B, K, S]: whether a key counts."""
    places = n.constant(np.arange(keys).reshape(1, 1, keys), np.int32)
    return n("Less", places, n.shaped(lengths, batch, sources, 1))


def _columns(n: Nodes, x: str, start: int, end: int) -> str:
    """Columns of a matrix."""
    return n("Slice", x, *(n.constant([value], np.int64) for value in (start, end, 1)))


def _softmax(n: Nodes, scores: str, counts: str) -> str:
    """Over the last axis, 0 where a key does not count, also where none does."""
    shares = n("Softmax", n("Where", counts, scores, n.constant(_LOW)), axis=-1)
    return n("Where", counts, shares, n.constant(0.0))


TABLE: dict[str, Callable[..., list[str]]] = {
    function.__name__: function
    for function in (
        embedding, positional_encoding, rotary, layer_norm, rms_norm, linear, add, gelu, swiglu,
        attention, output_projection, cache_write, pointer, copy_mixture,
    )
}  # fmt: skip
UPDATES = ("cache_write", "copy_mixture")  # whose first input is the output's value before
