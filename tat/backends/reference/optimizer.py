"""NumPy kernels of the update: norm, clipping, AdamW and the moving average."""

import numpy as np
from numpy import ndarray as Array

from tat.backends.reference.blocks import blocks


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
    for w, first, second, gradient in blocks(weights, m, v, gradients):
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
        for mean, w in blocks(average, weights):
            mean += (1 - decay) * (w - mean)
