"""Values of a model's tensors: drawn at the start, and moved between names and a flat layout."""

import hashlib
from collections.abc import Mapping

import numpy as np
from numpy import ndarray as Array

from tat.backends.backend import Backend
from tat.model.parameters import Parameters
from tat.model.transformer import Transformer
from tat.ops.graph import Tensor


def draw(parameters: Parameters, seed: int) -> dict[str, Array]:
    """Initial float32 values by name; each depends on the seed and its own name alone."""
    return {name: _draw(parameters, name, seed) for name in parameters.tensors}


def _draw(parameters: Parameters, name: str, seed: int) -> Array:
    shape, initial = parameters.tensors[name].shape, parameters.initials[name]
    if initial.kind == "constant":
        return np.full(shape, initial.scale, np.float32)
    key = int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:16], "little")
    generator = np.random.Generator(np.random.Philox(key=key))
    if initial.kind == "normal":
        return generator.standard_normal(shape, np.float32) * np.float32(initial.scale)
    return (generator.random(shape, np.float32) * 2 - 1) * np.float32(initial.scale)


def sinusoids(max_length: int, width: int) -> Array:
    """[M, D]: sin in even, cos in odd columns, wavelengths 2 pi to 20000 pi (Vaswani 2017)."""
    rates = np.exp(np.arange(0, width, 2) * (-np.log(10000.0) / width))
    angles = np.arange(max_length)[:, None] * rates
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(max_length, width)


def pack(parameters: Parameters, values: Mapping[str, Array]) -> Array:
    """Named arrays into one flat float32 array of the weights' layout, zeros between them.

    int8 weights do not belong to the layout and are left out.
    """
    flat = np.zeros(parameters.flat.size, np.float32)
    for name, tensor in _laid_out(parameters).items():
        _part(flat, tensor)[...] = values[name]
    return flat


def quantize(parameters: Parameters, values: Mapping[str, Array]) -> dict[str, Array]:
    """float32 weights rounded to the int8 matrices and scales of an int8 model.

    The largest magnitude of an output channel becomes 127 steps; its scale is the size of a step.
    """
    made = {name: values[name] for name in parameters.tensors if name in values}
    for name, channels in parameters.channels.items():
        largest = np.abs(values[name]).max(axis=1 - channels, keepdims=True)
        step = np.where(largest > 0, largest / np.float32(127), np.float32(1))
        made[name] = np.rint(values[name] / step).clip(-127, 127).astype(np.int8)
        made[f"{name}.scales"] = step.reshape(-1)
    return made


def widen(parameters: Parameters, values: Mapping[str, Array]) -> dict[str, Array]:
    """float32 weights from those of an int8 model: the inverse of `quantize`, but for rounding.

    `parameters` are those of the int8 model.
    """
    made = {name: array for name, array in values.items() if not name.endswith(".scales")}
    for name, channels in parameters.channels.items():
        scales = np.expand_dims(values[f"{name}.scales"], 1 - channels)
        made[name] = values[name].astype(np.float32) * scales
    return made


def unpack(parameters: Parameters, flat: Array) -> dict[str, Array]:
    """Views by name into a flat array of the weights' layout."""
    return {name: _part(flat, tensor) for name, tensor in _laid_out(parameters).items()}


def mixed(values: Array, first: Array, share: float) -> Array:
    """`share` of the first weights and the rest of the others, float32."""
    return np.float32(1 - share) * values + np.float32(share) * first


def _laid_out(parameters: Parameters) -> dict[str, Tensor]:
    return {n: tensor for n, tensor in parameters.tensors.items() if tensor.base}


def _part(flat: Array, tensor: Tensor) -> Array:
    return flat[tensor.offset : tensor.offset + tensor.size].reshape(tensor.shape)


def install(backend: Backend, model: Transformer, values: Mapping[str, Array]) -> None:
    """Puts named weights and the model's constants into a backend."""
    backend.write(model.parameters.flat, pack(model.parameters, values))
    for name in model.parameters.channels:
        backend.write(model.parameters.tensors[name], values[name])
    install_constants(backend, model)


def install_constants(backend: Backend, model: Transformer) -> None:
    """Puts what is not learnt into a backend."""
    table = model.positions.table
    backend.write(table, sinusoids(*table.shape))
