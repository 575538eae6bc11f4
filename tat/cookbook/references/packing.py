"""References of the packing entries: Python integers, strings of bits, searches for the best."""

import math

import numpy as np

from tat.cookbook.references import Bits, Choice, FloatArray, Integers, Interval, Unit, pure

_MAX = 2**32 - 1
_SOME_WORDS = [(0,), (1,), (2,), (2**31,), (_MAX,), (0x11223344,), (0xFFFF,), (0x10000,)]


def _f32_bits(value: float) -> int:
    return int(np.float32(value).view(np.uint32))


def _f32(bits: int) -> float:
    return float(np.uint32(bits).view(np.float32))


def _unfold(p: FloatArray) -> FloatArray:
    """A point beyond the diamond |x| + |y| = 1, mirrored at the side of it in its quadrant."""
    sides = np.where(p >= 0, 1.0, -1.0)
    return p - sides * (np.abs(p).sum() - 1)


@pure(
    n=Unit(3),
    edges=[
        ((0, 0, 1),), ((0, 0, -1),), ((1, 0, 0),), ((0, -1, 0),), ((0.6, 0, -0.8),),
        ((-0.6, 0.8, 0),),
    ],
)  # fmt: skip
def octahedral_encode(n: FloatArray) -> FloatArray:
    """By the shadow on the octahedron."""
    shadow = n / np.abs(n).sum()
    return shadow[:2] if n[2] >= 0 else _unfold(shadow[:2])


@pure(
    e=Interval(-1, 1),
    edges=[((0, 0),), ((1, 1),), ((-1, 1),), ((1, 0),), ((0, -1),), ((0.5, -0.5),), ((0, 0.75),)],
)
def octahedral_decode(e: FloatArray) -> FloatArray:
    size = np.abs(e).sum()
    point = np.array([*(_unfold(e) if size > 1 else e), 1 - size])
    return point / np.linalg.norm(point)


def _nearest_step(value: float, steps: int) -> int:
    return min(range(steps + 1), key=lambda step: abs(step / steps - value))


@pure(
    colour=Interval(-0.2, 1.2),
    edges=[((0, 0, 0, 0),), ((1, 1, 1, 1),), ((-5, 9, 0.25, 0.3),), ((1e-4, 0.9999, 0, 0.9),)],
)
def pack_rgb10a2(colour: FloatArray) -> int:
    red, green, blue = (f"{_nearest_step(value, 1023):010b}" for value in colour[:3])
    return int(f"{_nearest_step(colour[3], 3):02b}" + blue + green + red, 2)


@pure(gray=Bits(), edges=_SOME_WORDS)
def gray_to_binary(gray: int) -> int:
    """Bit by bit from the top: each flips if the one above it is set."""
    value = 0
    for place in reversed(range(32)):
        value |= ((gray >> place & 1) ^ (value >> place + 1 & 1)) << place
    assert value ^ value >> 1 == gray
    return value


@pure(
    value=Integers(-1000, 1000),
    edges=[(0,), (-1,), (1,), (-2,), (2**31 - 1,), (-(2**31),)],
)
def zigzag_encode(value: int) -> int:
    return 2 * value if value >= 0 else -2 * value - 1


@pure(word=Bits(), edges=_SOME_WORDS)
def swap_bytes(word: int) -> int:
    return int.from_bytes(word.to_bytes(4, "little"), "big")


def _wide(words: FloatArray) -> int:
    return int(words[0]) + (int(words[1]) << 32)


def _words(value: int) -> list[int]:
    return [value & _MAX, value >> 32 & _MAX]


@pure(
    a=Bits(), b=Bits(),
    edges=[
        ((0, 0), (0, 0)), ((_MAX, 0), (1, 0)), ((_MAX, _MAX), (1, 0)), ((_MAX, 7), (_MAX, 8)),
        ((_MAX, 0), (0, 0)),
    ],
)  # fmt: skip
def add_u64(a: FloatArray, b: FloatArray) -> list[int]:
    return _words(_wide(a) + _wide(b))


@pure(
    a=Bits(),
    b=Bits(),
    edges=[(0, 0), (_MAX, _MAX), (_MAX, 1), (0x10000, 0x10000), (0xFFFF, 0x10001), (_MAX, 2)],
)
def multiply_wide(a: int, b: int) -> list[int]:
    return _words(a * b)


@pure(cell=Integers(0, 65535), edges=[((0, 0),), ((1, 0),), ((0, 1),), ((65535, 65535),)])
def morton_encode_2d(cell: FloatArray) -> int:
    pairs = zip(f"{int(cell[1]):016b}", f"{int(cell[0]):016b}")
    return int("".join(y + x for y, x in pairs), 2)


@pure(code=Integers(0, 2**30 - 1), edges=[(0,), (1,), (2,), (4,), (8,), (2**30 - 1,), (2**29,)])
def morton_decode_3d(code: int) -> list[int]:
    bits = f"{code:030b}"
    return [int(bits[first::3], 2) for first in (2, 1, 0)]


@pure(
    value=Interval(-1000, 1000),
    edges=[(0.0,), (-0.0,), (1,), (-1,), (1e-40,), (-1e-40,), (3.4e38,), (-3.4e38,)],
)
def sortable_float_bits(value: float) -> int:
    """Counted from the middle: the n-th float above +0, or below -0."""
    magnitude = _f32_bits(abs(value))
    return 2**31 - 1 - magnitude if math.copysign(1, value) < 0 else 2**31 + magnitude


@pure(
    values=Interval(-300, 300),
    edges=[
        ((0.0, -0.0),), ((1, -1),), ((1 + 2**-8, 1 + 3 * 2**-8),), ((1.9999999, 255.9),),
        ((1 + 2**-8 + 2**-20, -1 - 2**-8),), ((3.38e38, -1e-38),),
    ],
)  # fmt: skip
def pack_bfloat16(values: FloatArray) -> int:
    """The nearest of the neighbours that have 16 bits, or the even one of two."""

    def half(value: float) -> int:
        cut = _f32_bits(value) >> 16
        return min((cut, cut + 1), key=lambda h: (abs(_f32(h << 16) - value), h % 2))

    return half(values[0]) | half(values[1]) << 16


@pure(
    word=Bits(),
    n=Integers(0, 20),
    edges=[(0, 0), (_MAX, 31), (_MAX, 32), (1, 0), (2**31, 0), (2**31, 1), (0x80010, 1), (5, _MAX)],
)
def nth_set_bit(word: int, n: int) -> int:
    positions = [place for place in range(32) if word >> place & 1]
    return positions[n] if n < len(positions) else 32


@pure(
    word=Bits(),
    scale=Interval(-2, 2),
    edges=[(0, 1), (0x89ABCDEF, 1), (0x76543210, 0.5), (_MAX, 0)],
)
def unpack_int4(word: int, scale: float) -> FloatArray:
    nibbles = [int(digit, 16) for digit in reversed(f"{word:08x}")]
    return scale * np.array([(n ^ 8) - 8 for n in nibbles], float).reshape(2, 4)


def _hilbert_curve(order: int) -> np.ndarray:
    """All cells in order: four smaller curves, the first and the last of them mirrored."""
    if order == 0:
        return np.zeros((1, 2), int)
    part, side = _hilbert_curve(order - 1), 2 ** (order - 1)
    first, last = part[:, ::-1], side - 1 - part[:, ::-1]
    right, up = np.array([[side, 0], [0, side]])
    return np.concatenate([first, part + up, part + up + right, last + right])


_CURVE = {tuple(cell): index for index, cell in enumerate(_hilbert_curve(7).tolist())}


@pure(
    cell=Integers(0, 127),
    order=Choice([7]),
    edges=[((0, 0), 7), ((127, 0), 7), ((0, 127), 7), ((127, 127), 7), ((64, 63), 7)],
)
def hilbert_index(cell: FloatArray, order: int) -> int:
    return _CURVE[tuple(int(x) for x in cell)]


def _rgb9e5_steps(colour: FloatArray, exponent: int) -> list[int]:
    return [math.floor(value / 2.0 ** (exponent - 24) + 0.5) for value in colour]


@pure(
    colour=Interval(-0.1, 4),
    edges=[
        ((0, 0, 0),), ((1, 1, 1),), ((0.9999, 0.5, 0),), ((65408, 65408, 65408),), ((1e9, -1, 3),),
        ((511.5, 1, 2),), ((511.4, 0.3, 2),), ((1e-6, 2e-6, 0),), ((1e-8, 0, 0),), ((2, 4, 8),),
        ((3.9999998, 0, 1),), ((255.75, 1, 1),),
    ],
)  # fmt: skip
def encode_rgb9e5(colour: FloatArray) -> int:
    """With the smallest exponent for which nine bits suffice."""
    colour = np.clip(colour, 0, 65408)
    fitting = (e for e in range(32) if max(_rgb9e5_steps(colour, e)) <= 511)
    exponent = next(fitting)
    red, green, blue = _rgb9e5_steps(colour, exponent)
    return red | green << 9 | blue << 18 | exponent << 27


@pure(
    q=Unit(4),
    edges=[
        ((0, 0, 0, 1),), ((0, 0, 0, -1),), ((1, 0, 0, 0),), ((0, -1, 0, 0),), ((0, 0, 1, 0),),
        ((0.5, 0.5, 0.5, 0.5),), ((-0.5, 0.5, -0.5, 0.5),), ((0.1, -0.7, 0.1, 0.7),),
    ],
)  # fmt: skip
def pack_quaternion(q: FloatArray) -> int:
    largest = int(np.argmax(np.abs(q)))
    rest = np.delete(q, largest) * (1 if q[largest] >= 0 else -1)
    grid = np.arange(-512, 512) / 511 / math.sqrt(2)
    steps = [int(np.argmin(np.abs(grid - value))) for value in rest]
    return int(f"{largest:02b}" + "".join(f"{step:010b}" for step in steps), 2)
