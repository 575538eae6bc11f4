"""Weights as the bytes of a page: f32, f16, or int8 with scales; in parts with their SHA-256."""

import base64
import hashlib
from collections.abc import Iterator

import numpy as np

from tat import weights
from tat.export.leaving import LeavingModel

KINDS = ("f16", "int8", "f32")
PART = 3 << 20  # bytes; a multiple of 3, so that base64 needs no padding in between
_LARGEST_HALF = float(np.finfo(np.float16).max)


def packed(leaving: LeavingModel, kind: str) -> tuple[bytes, list[list[int]]]:
    """The bytes of all weights, and for int8 where each tensor belongs.

    f32 and f16 are the flat layout. Of int8 each tensor follows the one before at a multiple of 4
    bytes: [offset in the layout, rows, columns, axis of the channels] of a matrix in int8, whose
    scales in f32 come first, and [offset, size, 0, 0] of one in f32.
    """
    if kind == "int8":
        return _packed_int8(leaving)
    flat = weights.pack(leaving.model.parameters, leaving.values)
    if kind == "f32":
        return flat.astype("<f4").tobytes(), []
    return flat.clip(-_LARGEST_HALF, _LARGEST_HALF).astype("<f2").tobytes(), []


def _packed_int8(leaving: LeavingModel) -> tuple[bytes, list[list[int]]]:
    model, values = leaving.quantized()
    channels = model.parameters.channels
    parts, entries = [], []
    for name, tensor in leaving.model.parameters.tensors.items():
        if name in channels:
            data = values[f"{name}.scales"].astype("<f4").tobytes() + values[name].tobytes()
            entries.append([tensor.offset, *tensor.shape, channels[name]])
        else:
            data = np.asarray(values[name], "<f4").tobytes()
            entries.append([tensor.offset, tensor.size, 0, 0])
        parts.append(data + b"\0" * (-len(data) % 4))
    return b"".join(parts), entries


def in_parts(data: bytes) -> Iterator[tuple[str, str]]:
    """Base64 and SHA-256 of each part."""
    for start in range(0, len(data), PART):
        part = data[start : start + PART]
        yield base64.b64encode(part).decode(), hashlib.sha256(part).hexdigest()
