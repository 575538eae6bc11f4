"""Writes PNG files with the standard library (ISO/IEC 15948)."""

import struct
import zlib

import numpy as np


def encode(pixels: np.ndarray) -> bytes:
    """An 8-bit PNG of `pixels`, uint8 [height, width, 3]; stored as greys where all are grey."""
    height, width, _ = pixels.shape
    grey = bool((pixels == pixels[:, :, :1]).all())
    if grey:
        pixels = pixels[:, :, :1]
    header = struct.pack(">IIBBBBB", width, height, 8, 0 if grey else 2, 0, 0, 0)
    data = zlib.compress(_filtered(pixels), 9)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def _filtered(pixels: np.ndarray) -> bytes:
    """The rows, each after the number of the filter that leaves it the smallest differences."""
    now = pixels.astype(np.int16)
    left, above, corner = np.zeros_like(now), np.zeros_like(now), np.zeros_like(now)
    left[:, 1:], above[1:], corner[1:, 1:] = now[:, :-1], now[:-1], now[:-1, :-1]
    predictions = [
        np.zeros_like(now), left, above, (left + above) // 2, _paeth(left, above, corner),
    ]  # fmt: skip
    rows = np.stack([now - prediction for prediction in predictions]).astype(np.uint8)
    rows = rows.reshape(len(predictions), len(now), -1)
    cost = np.abs(rows.astype(np.int8).astype(np.int32)).sum(axis=2)
    best = cost.argmin(axis=0)
    chosen = rows[best, np.arange(len(now))]
    return np.column_stack([best.astype(np.uint8), chosen]).tobytes()


def _paeth(left: np.ndarray, above: np.ndarray, corner: np.ndarray) -> np.ndarray:
    """The neighbour nearest to left + above - corner; left before above before corner in a tie."""
    estimate = left + above - corner
    to_left, to_above = abs(estimate - left), abs(estimate - above)
    to_corner = abs(estimate - corner)
    nearer = np.where(to_above <= to_corner, above, corner)
    return np.where((to_left <= to_above) & (to_left <= to_corner), left, nearer)
