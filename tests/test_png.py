"""PNG files read back by a decoder written from the specification, independent of the encoder."""

import struct
import zlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tat.cookbook import png


def decode(data: bytes) -> np.ndarray:
    """Pixels of an 8-bit grey or RGB file without interlacing, one byte at a time."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    position = 8
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        kind, body = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, position + 8 + length)
        assert checksum == zlib.crc32(kind + body)
        chunks[kind] = body
        position += 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"] and position == len(data)
    width, height, depth, colour, *methods = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert depth == 8 and methods == [0, 0, 0]
    channels = {0: 1, 2: 3}[colour]
    lines = zlib.decompress(chunks[b"IDAT"])
    stride = width * channels
    assert len(lines) == height * (stride + 1)
    above = bytearray(stride)
    rows = []
    for y in range(height):
        line = lines[y * (stride + 1) : (y + 1) * (stride + 1)]
        row = bytearray(stride)
        for i in range(stride):
            a = row[i - channels] if i >= channels else 0
            c = above[i - channels] if i >= channels else 0
            b = above[i]
            nearest = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
            row[i] = (line[i + 1] + (0, a, b, (a + b) // 2, nearest)[line[0]]) % 256
        rows.append(bytes(row))
        above = row
    pixels = np.frombuffer(b"".join(rows), np.uint8).reshape(height, width, channels)
    return np.broadcast_to(pixels, (height, width, 3))


@given(
    st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1), st.booleans(), st.booleans()
)
def test_pixels_survive(height: int, width: int, seed: int, grey: bool, smooth: bool):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    if smooth:  # ramps, for which the filters differ from row to row
        ramp = np.arange(height)[:, None, None] * rng.integers(0, 9) + np.arange(width)[:, None]
        pixels = (ramp * rng.integers(0, 9, 3)).astype(np.uint8)
    if grey:
        pixels = np.repeat(pixels[:, :, :1], 3, axis=2)
    assert (decode(png.encode(pixels)) == pixels).all()


def test_smooth_and_grey_pictures_are_small():
    ramp = np.add.outer(np.arange(256), np.arange(256))[:, :, None] // 2
    grey = np.repeat(ramp, 3, axis=2).astype(np.uint8)
    assert len(png.encode(grey)) < 5_000
