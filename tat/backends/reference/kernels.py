"""NumPy kernels in any float type: the reference of all backends, and the float64 oracle.

Names, argument order and attributes are those of ops/kernels.py, as in all modules of this room;
functions.py has them all. Arrays have the shapes of the plan's tensors; outputs are written in
place. Letters as there.
"""

import numpy as np
from numpy import ndarray as Array
from numpy import uint32

from tat import hashing
from tat.backends.reference.blocks import blocks as _blocks

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


def rotary(
    y: Array, x: Array, turns: Array, start: Array, *,
    batch: int, length: int, heads: int, pairs: int, others: int, direction: float,
) -> None:  # fmt: skip
    turned, position = 2 * heads * pairs, start.reshape(batch, 1) + np.arange(length)
    sines, cosines = (turns[position.reshape(-1), i::2][:, None] for i in (0, 1))
    sines = sines * x.dtype.type(direction)
    pair = x[:, :turned].reshape(-1, heads, pairs, 2)
    left, right = pair[..., 0], pair[..., 1]
    both = [left * cosines - right * sines, right * cosines + left * sines]
    y[:, :turned] = np.stack(both, axis=-1).reshape(-1, turned)
    y[:, turned:] = x[:, turned:]


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


def rms_norm(
    y: Array, rstd: Array, x: Array, gain: Array, *, rows: int, width: int, epsilon: float
) -> None:
    np.einsum("nd,nd->n", x, x, out=rstd)
    np.divide(1, np.sqrt(rstd / width + epsilon), out=rstd)
    np.multiply(x, rstd[:, None], out=y)
    y *= gain


def rms_norm_backward(
    dx: Array, dy: Array, x: Array, gain: Array, rstd: Array, *, rows: int, width: int
) -> None:
    normal = x * rstd[:, None]
    np.multiply(dy, gain, out=dx)
    normal *= (np.einsum("nd,nd->n", dx, normal) / width)[:, None]
    dx -= normal
    dx *= rstd[:, None]


def rms_norm_backward_gain(
    dgain: Array, dy: Array, x: Array, rstd: Array, *, rows: int, width: int, accumulate: int
) -> None:
    _assign(dgain, np.einsum("nd,nd->d", dy, x * rstd[:, None]), accumulate)


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


def swiglu(y: Array, x: Array, *, rows: int, width: int) -> None:
    gate = x[:, :width]
    np.multiply(gate * _sigmoid(gate), x[:, width:], out=y)


def swiglu_backward(dx: Array, dy: Array, x: Array, *, rows: int, width: int) -> None:
    gate, up = x[:, :width], x[:, width:]
    part = _sigmoid(gate)
    dx[:, :width] = dy * up * part * (1 + gate * (1 - part))
    np.multiply(dy, gate * part, out=dx[:, width:])


def _sigmoid(x: Array) -> Array:
    return 0.5 + 0.5 * np.tanh(0.5 * x)  # which does not overflow, as exp(-x) would


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
