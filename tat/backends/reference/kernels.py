"""NumPy kernels, complete and in any float type: reference of all backends and float64 oracle.

Names, argument order and attributes are those of ops/kernels.py. Arrays have the shapes of the
plan's tensors; outputs are written in place. Letters as there.
"""

import numpy as np
from numpy import ndarray as Array
from numpy import uint32

from tat import hashing
from tat.backends.reference.copying import copy_cross_entropy as copy_cross_entropy
from tat.backends.reference.copying import (
    copy_cross_entropy_backward as copy_cross_entropy_backward,
)
from tat.backends.reference.copying import copy_mixture as copy_mixture
from tat.backends.reference.copying import pointer as pointer
from tat.backends.reference.copying import pointer_backward as pointer_backward
from tat.backends.reference.decoding import repetition_penalty as repetition_penalty
from tat.backends.reference.decoding import sample_token as sample_token
from tat.backends.reference.int8 import embedding_int8 as embedding_int8
from tat.backends.reference.int8 import linear_int8 as linear_int8
from tat.backends.reference.int8 import output_projection_int8 as output_projection_int8

_BLOCK = 65536  # elements of a flat array worked on at a time, so that temporaries stay in cache
_GELU = 0.7978845608028654  # sqrt(2/pi)
_GELU_CUBE = 0.044715


def embedding(y: Array, ids: Array, table: Array, *, rows: int, width: int, scale: float) -> None:
    np.take(table, ids.reshape(rows), axis=0, out=y, mode="clip")
    y *= scale


def embedding_backward(
    dtable: Array, dy: Array, ids: Array, *,
    rows: int, width: int, vocabulary: int, scale: float, accumulate: int,
) -> None:  # fmt: skip
    """Rows of one id are summed in order of position."""
    if not accumulate:
        dtable[:] = 0
    order = np.argsort(ids.reshape(rows), kind="stable")
    ordered = ids.reshape(rows)[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    dtable[ordered[starts]] += np.add.reduceat(dy[order], starts, axis=0) * scale


def positional_encoding(
    y: Array, x: Array, table: Array, start: Array, *, batch: int, length: int, width: int
) -> None:
    position = start.reshape(batch, 1) + np.arange(length)
    np.add(x, table[position.reshape(-1)], out=y)


def dropout(y: Array, x: Array, counter: Array, *, size: int, rate: float, key: int) -> None:
    np.multiply(x, _keep(counter, size, rate, key, x.dtype).reshape(x.shape), out=y)


def dropout_add(
    y: Array, residual: Array, x: Array, counter: Array, *, size: int, rate: float, key: int
) -> None:
    np.multiply(x, _keep(counter, size, rate, key, x.dtype).reshape(x.shape), out=y)
    y += residual


def _keep(counter: Array, size: int, rate: float, key: int, dtype: np.dtype) -> Array:
    """1/(1 - rate) for each element that stays and 0 for the others, [size]."""
    hashes = hashing.element_hashes(hashing.fold(key, counter.reshape(-1).tolist()), size)
    return (hashes >= uint32(int(rate * 2**32))).astype(dtype) * dtype.type(1 / (1 - rate))


def add(y: Array, a: Array, b: Array, *, size: int) -> None:
    np.add(a, b, out=y)


def scale(y: Array, x: Array, factor: Array, *, size: int) -> None:
    np.multiply(x, factor[0], out=y)


def layer_norm(
    y: Array, mean: Array, rstd: Array, x: Array, gain: Array, bias: Array, *,
    rows: int, width: int, epsilon: float,
) -> None:  # fmt: skip
    np.mean(x, axis=1, out=mean)
    np.subtract(x, mean[:, None], out=y)
    np.einsum("nd,nd->n", y, y, out=rstd)
    np.divide(1, np.sqrt(rstd / width + epsilon), out=rstd)
    y *= rstd[:, None]
    y *= gain
    y += bias


def layer_norm_backward(
    dx: Array, dy: Array, x: Array, gain: Array, mean: Array, rstd: Array, *, rows: int, width: int
) -> None:
    normal = (x - mean[:, None]) * rstd[:, None]
    np.multiply(dy, gain, out=dx)
    along = np.einsum("nd,nd->n", dx, normal) / width
    dx -= dx.mean(axis=1, keepdims=True)
    normal *= along[:, None]
    dx -= normal
    dx *= rstd[:, None]


def layer_norm_backward_parameters(
    dgain: Array, dbias: Array, dy: Array, x: Array, mean: Array, rstd: Array, *,
    rows: int, width: int, accumulate: int,
) -> None:  # fmt: skip
    normal = (x - mean[:, None]) * rstd[:, None]
    _assign(dgain, np.einsum("nd,nd->d", dy, normal), accumulate)
    _assign(dbias, dy.sum(axis=0), accumulate)


def _assign(out: Array, value: Array, accumulate: int) -> None:
    if accumulate:
        out += value
    else:
        out[:] = value


def linear(
    y: Array, x: Array, weight: Array, bias: Array, *, rows: int, inputs: int, outputs: int
) -> None:
    np.matmul(x, weight, out=y)
    y += bias


def linear_backward_input(
    dx: Array, dy: Array, weight: Array, *, rows: int, inputs: int, outputs: int
) -> None:
    np.matmul(dy, weight.T, out=dx)


def linear_backward_parameters(
    dweight: Array, dbias: Array, dy: Array, x: Array, *,
    rows: int, inputs: int, outputs: int, accumulate: int,
) -> None:  # fmt: skip
    _matmul(dweight, x.T, dy, accumulate)
    _assign(dbias, dy.sum(axis=0), accumulate)


def _matmul(out: Array, a: Array, b: Array, accumulate: int) -> None:
    if accumulate:
        out += a @ b
    else:
        np.matmul(a, b, out=out)


def gelu(y: Array, x: Array, *, size: int) -> None:
    for source, out in _blocks(x, y):
        out[:] = source * (0.5 + 0.5 * np.tanh(_gelu_inner(source)))


def gelu_backward(dx: Array, dy: Array, x: Array, *, size: int) -> None:
    for source, above, out in _blocks(x, dy, dx):
        bend = np.tanh(_gelu_inner(source))
        slope = _GELU * (1 + 3 * _GELU_CUBE * source * source)
        out[:] = above * (0.5 + 0.5 * bend + 0.5 * source * (1 - bend * bend) * slope)


def _gelu_inner(x: Array) -> Array:
    return _GELU * x * (1 + _GELU_CUBE * x * x)


def _blocks(*arrays: Array) -> zip:
    """The arrays flat, in slices of a size that stays in cache."""
    flat = [a.reshape(-1) for a in arrays]
    starts = range(0, flat[0].size, _BLOCK)
    return zip(*([a[i : i + _BLOCK] for i in starts] for a in flat), strict=True)


def attention(
    y: Array, lse: Array, q: Array, kv: Array, lengths: Array, *,
    batch: int, queries: int, sources: int, keys: int, width: int, heads: int, causal: int,
) -> None:  # fmt: skip
    keys = _reach(lengths, sources, keys)
    k, v = _keys_values(kv, batch, sources * keys, heads)
    scores = _scores(_heads(q, batch, heads), k, lengths.reshape(batch, sources), keys, causal)
    top = scores.max(axis=-1, keepdims=True, initial=-np.inf)
    top[np.isneginf(top)] = 0  # no keys: the sum below is 0
    scores -= top
    np.exp(scores, out=scores)
    sums = scores.sum(axis=-1, keepdims=True)
    sums[sums == 0] = 1
    lse[:] = _merge(top + np.log(sums))
    scores /= sums
    y[:] = _merge(scores @ v)


def attention_backward(
    dq: Array, dkv: Array, dy: Array, y: Array, q: Array, kv: Array, lse: Array, lengths: Array, *,
    batch: int, queries: int, sources: int, keys: int, width: int, heads: int, causal: int,
) -> None:  # fmt: skip
    reach = _reach(lengths, sources, keys)
    k, v = _keys_values(kv, batch, sources * reach, heads)
    qh, dyh = _heads(q, batch, heads), _heads(dy, batch, heads)
    p = _scores(qh, k, lengths.reshape(batch, sources), reach, causal)
    p -= _heads(lse, batch, heads)
    np.exp(p, out=p)
    ds = dyh @ v.swapaxes(2, 3)
    ds -= np.einsum("bhte,bhte->bht", dyh, _heads(y, batch, heads))[..., None]
    ds *= p
    ds *= (width // heads) ** -0.5
    dq[:] = _merge(ds @ k)
    dkv_rows = dkv.reshape(batch, sources * keys, 2, heads, width // heads)
    dkv_rows[:, sources * reach :] = 0
    dkv_rows[:, : sources * reach, 0] = (ds.swapaxes(2, 3) @ qh).transpose(0, 2, 1, 3)
    dkv_rows[:, : sources * reach, 1] = (p.swapaxes(2, 3) @ dyh).transpose(0, 2, 1, 3)


def _reach(lengths: Array, sources: int, keys: int) -> int:
    """Keys up to the longest length: those behind it count nowhere. Several sources stay whole."""
    return int(lengths.max(initial=0)) if sources == 1 else keys


def _scores(q: Array, k: Array, lengths: Array, keys: int, causal: int) -> Array:
    """Scaled products [B, H, T, K*S], -inf where a key does not count."""
    scores = q @ k.swapaxes(2, 3)
    scores *= q.shape[-1] ** -0.5
    if lengths.min(initial=keys) < keys:
        masked = np.arange(keys) >= lengths[..., None]  # [B, K, S]
        np.copyto(scores, -np.inf, where=masked.reshape(len(lengths), 1, 1, -1))
    if causal:
        queries = q.shape[2]
        np.copyto(scores, -np.inf, where=np.arange(keys) > np.arange(queries)[:, None])
    return scores


def _heads(x: Array, batch: int, heads: int) -> Array:
    """[B*T, D] -> [B, H, T, D/H], a view."""
    return x.reshape(batch, -1, heads, x.shape[1] // heads).transpose(0, 2, 1, 3)


def _keys_values(kv: Array, batch: int, count: int, heads: int) -> tuple[Array, Array]:
    """[B*K*S, 2D] -> the first `count` keys and values of each row [B, H, count, D/H], views."""
    split = kv.reshape(batch, -1, 2, heads, kv.shape[1] // (2 * heads))[:, :count]
    k, v = split.transpose(2, 0, 3, 1, 4)
    return k, v


def _merge(x: Array) -> Array:
    """[B, H, T, E] -> [B*T, H*E]."""
    batch, heads, queries, size = x.shape
    return x.transpose(0, 2, 1, 3).reshape(batch * queries, heads * size)


def output_projection(
    logits: Array, x: Array, table: Array, *, rows: int, width: int, vocabulary: int
) -> None:
    np.matmul(x, table.T, out=logits)


def output_projection_backward_input(
    dx: Array, dlogits: Array, table: Array, *, rows: int, width: int, vocabulary: int
) -> None:
    np.matmul(dlogits, table, out=dx)


def output_projection_backward_table(
    dtable: Array,
    dlogits: Array,
    x: Array,
    *,
    rows: int,
    width: int,
    vocabulary: int,
    accumulate: int,
) -> None:
    _matmul(dtable, dlogits.T, x, accumulate)


def cross_entropy(
    loss: Array, lse: Array, logits: Array, targets: Array, *,
    rows: int, vocabulary: int, smoothing: float,
) -> None:  # fmt: skip
    top = logits.max(axis=1, keepdims=True)
    lse[:] = top[:, 0] + np.log(np.exp(logits - top).sum(axis=1))
    chosen = logits[np.arange(rows), targets]
    loss[:] = lse - (1 - smoothing) * chosen
    if smoothing:
        loss -= smoothing * logits.mean(axis=1)
    loss[targets == 0] = 0


def cross_entropy_backward(
    dlogits: Array, logits: Array, lse: Array, targets: Array, *,
    rows: int, vocabulary: int, smoothing: float,
) -> None:  # fmt: skip
    np.subtract(logits, lse[:, None], out=dlogits)
    np.exp(dlogits, out=dlogits)
    dlogits -= smoothing / vocabulary
    dlogits[np.arange(rows), targets] -= 1 - smoothing
    dlogits[targets == 0] = 0


def sum(total: Array, x: Array, *, size: int) -> None:
    total[0] = np.sum(x)


def fold(total: Array, x: Array, *, size: int, accumulate: int) -> None:
    _assign(total, x, accumulate)


def transpose(y: Array, x: Array, matrices: Array, *, size: int, count: int) -> None:
    """Matrices [R, C] of a flat array as [C, R], each where it stood: offset, R and C of each."""
    for start, rows, columns in matrices.reshape(count, 3):
        part = slice(start, start + rows * columns)
        y[part] = x[part].reshape(rows, columns).T.reshape(-1)


def square_sum(partials: Array, x: Array, *, size: int, chunk: int) -> None:
    for i in range(partials.size):
        part = x[i * chunk : (i + 1) * chunk]
        partials[i] = np.dot(part, part)


def clip(scale: Array, partials: Array, tokens: Array, *, count: int, clip_norm: float) -> None:
    """scale[0]: factor of the summed gradient, NaN to skip it; scale[1]: the mean's norm."""
    norm = np.sqrt(np.sum(partials)) / tokens[0]
    factor = clip_norm / norm if 0 < clip_norm < norm else 1.0
    scale[0] = factor / tokens[0] if np.isfinite(norm) else np.nan
    scale[1] = norm


def adamw(
    weights: Array, m: Array, v: Array, gradients: Array, scale: Array, rate: Array, *,
    size: int, decayed: int, beta1: float, beta2: float, epsilon: float, weight_decay: float,
) -> None:  # fmt: skip
    """rate: learning rate, 1 - beta1^t and 1 - beta2^t; elements before `decayed` decay."""
    if not np.isfinite(scale[0]):
        return
    lr, correction1, correction2 = (float(x) for x in rate)
    weights[:decayed] *= 1 - lr * weight_decay
    for w, first, second, gradient in _blocks(weights, m, v, gradients):
        g = gradient * scale[0]
        first *= beta1
        first += (1 - beta1) * g
        second *= beta2
        second += (1 - beta2) * g * g
        w -= (lr / correction1) * first / (np.sqrt(second / correction2) + epsilon)


def moving_average(
    average: Array, weights: Array, scale: Array, *, size: int, decay: float
) -> None:
    if np.isfinite(scale[0]):
        for mean, w in _blocks(average, weights):
            mean += (1 - decay) * (w - mean)


def cache_write(
    cache: Array, x: Array, position: Array, *, batch: int, width: int, length: int
) -> None:
    cache.reshape(batch, length, width)[np.arange(batch), position] = x


def cache_gather(
    cache: Array, source: Array, index: Array, counts: Array, *,
    batch: int, length: int, source_batch: int, source_length: int, width: int,
) -> None:  # fmt: skip
    """Sequence b takes counts[b] rows of sequence index[b]; where there is no such, it stays."""
    to = cache.reshape(batch, length, width)
    rows = source.reshape(source_batch, source_length, width)
    for b in np.flatnonzero((index >= 0) & (index < source_batch)):
        to[b, : counts[b]] = rows[index[b], : counts[b]]
