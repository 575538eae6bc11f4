"""Converts bindings of references to bytes for the sandbox, and outputs back to arrays."""

import numpy as np

from tat.cookbook.references import Binding, Image, Read, Sampler, Storage, Texture, Uniform
from tat.wgsl import protocol

_BUFFERS = {Storage: "storage", Read: "read", Uniform: "uniform"}
_TEXELS = {
    "rgba8unorm": (np.uint8, 4),
    "rgba16float": (np.float16, 4),
    "rgba32float": (np.float32, 4),
    "r32float": (np.float32, 1),
}


def sandbox_binding(binding: Binding) -> protocol.Binding:
    """`binding` as the sandbox takes it; ValueError if its data do not suit it."""
    place = (binding.group, binding.binding)
    if isinstance(binding, Sampler):
        return protocol.Binding(*place, "sampler")
    if isinstance(binding, Image):
        kind, channels = _texel(binding.format)
        blank = np.zeros((binding.height, binding.width, channels), kind).tobytes()
        size = (binding.width, binding.height)
        return protocol.Binding(*place, "storage_texture", blank, *size, binding.format)
    if isinstance(binding, Texture):
        height, width, *channels = binding.data.shape
        if channels not in ([], [4]):
            raise ValueError(f"a texture is [height, width, 4], not {list(binding.data.shape)}")
        form = "rgba32float" if channels else "r32float"
        data = binding.data.astype(np.float32).tobytes()
        return protocol.Binding(*place, "texture", data, width, height, form)
    data = _words(binding.data)
    if isinstance(binding, Uniform):
        data += bytes(-len(data) % 16)
    return protocol.Binding(*place, _BUFFERS[type(binding)], data)


def read_output(binding: Binding, data: bytes, like: np.ndarray) -> np.ndarray:
    """The output of a kernel in `binding`, in shape and kind of `like`; ValueError otherwise.

    Floats come as float64. Integers come as int64, negative only where `like` has negative ones.
    """
    if isinstance(binding, Image):
        kind, channels = _texel(binding.format)
        values = np.frombuffer(data, kind).reshape(binding.height, binding.width, channels)
        scale = 255 if kind is np.uint8 else 1
        return _shaped(values.astype(np.float64) / scale, like)
    if like.dtype.names:
        return _shaped(np.frombuffer(data, like.dtype), like)
    if like.dtype.kind == "f":
        return _shaped(np.frombuffer(data, np.float32).astype(np.float64), like)
    signed = like.dtype.kind == "i" and like.size and like.min() < 0
    return _shaped(np.frombuffer(data, np.int32 if signed else np.uint32).astype(np.int64), like)


def _shaped(values: np.ndarray, like: np.ndarray) -> np.ndarray:
    if values.size != like.size:
        raise ValueError(f"{values.size} values came out, {like.size} are expected")
    return values.reshape(like.shape)


def _texel(form: str) -> tuple[type, int]:
    if form not in _TEXELS:
        raise ValueError(f"an image is of {', '.join(_TEXELS)}, not {form}")
    return _TEXELS[form]


def _words(array: np.ndarray) -> bytes:
    """`array` as 32-bit words by its kind, or byte for byte if its type is structured."""
    if array.dtype.names:
        return array.tobytes()
    if array.dtype.kind in "iu":  # wrapped, so that u32 values may come as any integers
        return (array.astype(np.int64) & 0xFFFFFFFF).astype(np.uint32).tobytes()
    return array.astype(np.float32 if array.dtype.kind == "f" else np.uint32).tobytes()
