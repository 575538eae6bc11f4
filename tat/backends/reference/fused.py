"""NumPy kernels of what several calls do together: the references of a GPU's fused kernels.

Each calls the functions that it stands for. Letters and conventions as in kernels.py.
"""

import numpy as np
from numpy import ndarray as Array

from tat.backends.reference import copying, decoding, kernels, optimizer


def linear_gelu(
    y: Array, x: Array, weight: Array, bias: Array, *, rows: int, inputs: int, outputs: int
) -> None:
    linear_gelu_sloped(
        y, np.empty_like(y), x, weight, bias, rows=rows, inputs=inputs, outputs=outputs
    )


def linear_gelu_sloped(
    y: Array, slope: Array, x: Array, weight: Array, bias: Array, *,
    rows: int, inputs: int, outputs: int,
) -> None:  # fmt: skip
    inner = np.empty_like(y)
    kernels.linear(inner, x, weight, bias, rows=rows, inputs=inputs, outputs=outputs)
    kernels.gelu(y, inner, size=y.size)
    kernels.gelu_backward(slope, np.ones_like(inner), inner, size=y.size)


def linear_add(
    y: Array, x: Array, weight: Array, bias: Array, addend: Array, *,
    rows: int, inputs: int, outputs: int,
) -> None:  # fmt: skip
    kernels.linear(y, x, weight, bias, rows=rows, inputs=inputs, outputs=outputs)
    y += addend


def linear_dropout_add(
    y: Array, x: Array, weight: Array, bias: Array, residual: Array, counter: Array, *,
    rows: int, inputs: int, outputs: int, rate: float, key: int,
) -> None:  # fmt: skip
    branch = np.empty_like(y)
    kernels.linear(branch, x, weight, bias, rows=rows, inputs=inputs, outputs=outputs)
    kernels.dropout_add(y, residual, branch, counter, size=y.size, rate=rate, key=key)


def layer_norm_linear(
    y: Array, x: Array, gain: Array, shift: Array, weight: Array, bias: Array, *,
    rows: int, inputs: int, outputs: int, epsilon: float,
) -> None:  # fmt: skip
    normal = _normal(x, gain, shift, epsilon)
    kernels.linear(y, normal, weight, bias, rows=rows, inputs=inputs, outputs=outputs)


def layer_norm_linear_gelu(
    y: Array, x: Array, gain: Array, shift: Array, weight: Array, bias: Array, *,
    rows: int, inputs: int, outputs: int, epsilon: float,
) -> None:  # fmt: skip
    normal = _normal(x, gain, shift, epsilon)
    linear_gelu(y, normal, weight, bias, rows=rows, inputs=inputs, outputs=outputs)


def layer_norm_linear_cache_write(
    y: Array, x: Array, gain: Array, shift: Array, weight: Array, bias: Array, position: Array, *,
    rows: int, inputs: int, outputs: int, epsilon: float, length: int,
) -> None:  # fmt: skip
    made, extents = np.empty_like(y[:rows]), dict(rows=rows, inputs=inputs, outputs=outputs)
    layer_norm_linear(made, x, gain, shift, weight, bias, **extents, epsilon=epsilon)
    decoding.cache_write(y, made, position, batch=rows, width=outputs, length=length)


def _normal(x: Array, gain: Array, shift: Array, epsilon: float) -> Array:
    y, mean, rstd = np.empty_like(x), np.empty_like(x[:, 0]), np.empty_like(x[:, 0])
    rows, width = x.shape
    kernels.layer_norm(y, mean, rstd, x, gain, shift, rows=rows, width=width, epsilon=epsilon)
    return y


def linear_backward_input_gelu_backward_sloped(
    dx: Array, dy: Array, weight: Array, slope: Array, *, rows: int, inputs: int, outputs: int
) -> None:
    kernels.linear_backward_input(dx, dy, weight, rows=rows, inputs=inputs, outputs=outputs)
    dx *= slope


def linear_backward_input_add(
    dx: Array, dy: Array, weight: Array, addend: Array, *, rows: int, inputs: int, outputs: int
) -> None:
    kernels.linear_backward_input(dx, dy, weight, rows=rows, inputs=inputs, outputs=outputs)
    dx += addend


def layer_norm_backward_add(
    dx: Array, dy: Array, x: Array, gain: Array, mean: Array, rstd: Array, addend: Array, *,
    rows: int, width: int,
) -> None:  # fmt: skip
    kernels.layer_norm_backward(dx, dy, x, gain, mean, rstd, rows=rows, width=width)
    dx += addend


def layer_norm_backward_add_layer_norm_backward_parameters(
    dx: Array, dgain: Array, dbias: Array, dy: Array, x: Array, gain: Array, mean: Array,
    rstd: Array, addend: Array, *, rows: int, width: int, accumulate: int,
) -> None:  # fmt: skip
    extents = dict(rows=rows, width=width)
    layer_norm_backward_add(dx, dy, x, gain, mean, rstd, addend, **extents)
    kernels.layer_norm_backward_parameters(
        dgain, dbias, dy, x, mean, rstd, **extents, accumulate=accumulate
    )


def adamw_fold(
    weights: Array, m: Array, v: Array, copy: Array, gradients: Array, scale: Array, rate: Array, *,
    size: int, decayed: int, beta1: float, beta2: float, epsilon: float, weight_decay: float,
) -> None:  # fmt: skip
    decay = dict(decayed=decayed, weight_decay=weight_decay)
    moments = dict(beta1=beta1, beta2=beta2, epsilon=epsilon)
    optimizer.adamw(weights, m, v, gradients, scale, rate, size=size, **decay, **moments)
    if np.isfinite(scale[0]):
        copy[...] = weights


def cross_entropy_backward_scale(
    dlogits: Array, logits: Array, lse: Array, targets: Array, factor: Array, *,
    rows: int, vocabulary: int, smoothing: float,
) -> None:  # fmt: skip
    dims = dict(rows=rows, vocabulary=vocabulary, smoothing=smoothing)
    kernels.cross_entropy_backward(dlogits, logits, lse, targets, **dims)
    dlogits *= factor[0]


def copy_cross_entropy_backward_scale(
    dlogits: Array, logits: Array, lse: Array, kept: Array, targets: Array, factor: Array, *,
    rows: int, vocabulary: int, smoothing: float,
) -> None:  # fmt: skip
    dims = dict(rows=rows, vocabulary=vocabulary, smoothing=smoothing)
    copying.copy_cross_entropy_backward(dlogits, logits, lse, kept, targets, **dims)
    dlogits *= factor[0]
