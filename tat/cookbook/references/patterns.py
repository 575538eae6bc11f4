"""References of the patterns: cells by search, averages by summing pieces, complex numbers."""

import cmath
import itertools
import math

import numpy as np

from tat.cookbook.references import FloatArray, Integers, Interval, pure

_WORD = 2**32
_SINES = 1e-3  # for WGSL's sin and cos, which are within 2^-11 from -π to π


@pure(p=Interval(-50, 50), edges=[([0, 0],), ([1, 0],), ([-1, 0],), ([-0.5, -1.5],)])
def checkerboard(p) -> float:
    return (math.floor(p[0]) + math.floor(p[1])) % 2


def _mean_of_steps(centre: float, size: float, value) -> float:
    """Average of `value`, constant from integer to integer, over an interval of `size`."""
    low, high = centre - size / 2, centre + size / 2
    cuts = [low, *range(math.ceil(low), math.floor(high) + 1), high]
    pieces = itertools.pairwise(cuts)
    return sum((b - a) * value(math.floor((a + b) / 2)) for a, b in pieces) / size


@pure(
    p=Interval(-20, 20),
    footprint=Interval(0.01, 5),
    edges=[([0, 0], [1, 1]), ([0.5, 0.5], [0, 0]), ([1.5, 0.5], [0, 0]), ([7, 3], [2, 2])],
    absolute=2e-4,
)
def checkerboard_filtered(p, footprint) -> float:
    x, y = (
        _mean_of_steps(centre, max(size, 1e-3), lambda i: 1 - 2 * (i % 2))
        for centre, size in zip(p, footprint)
    )
    return 0.5 - 0.5 * x * y


def _bricks(p, brick) -> list[tuple[float, int, int]]:
    """How deep `p` is in the bricks around it, the deepest last, with column and row of each."""
    width, height = brick
    found = []
    for row in range(math.floor(p[1] / height) - 1, math.floor(p[1] / height) + 2):
        for column in range(math.floor(p[0] / width) - 2, math.floor(p[0] / width) + 2):
            left, bottom = width * (column + row % 2 / 2), height * row
            sides = (p[0] - left, left + width - p[0], p[1] - bottom, bottom + height - p[1])
            found.append((min(sides), column, row))
    return sorted(found)


def _is_inside_a_brick(p, brick, mortar) -> bool:
    return _bricks(p, brick)[-1][0] > 1e-4


@pure(
    p=Interval(-5, 5),
    brick=Interval(0.2, 1.5),
    mortar=Interval(0, 0.1),
    edges=[([0.5, 0.5], [1, 1], 0), ([-0.25, -0.5], [1, 1], 0.5), ([0.25, 1.5], [1, 1], 0.1)],
    keep=_is_inside_a_brick,
    absolute=5e-6,
)
def brick_wall(p, brick, mortar) -> list[float]:
    depth, column, row = _bricks(p, brick)[-1]
    return [column, row, depth - mortar / 2]


def _hexagon_centres(p) -> list[FloatArray]:
    """Centres around `p`, the nearest first."""
    near = [np.array([math.floor(p[0]), math.floor(p[1] / math.sqrt(0.75))])]
    cells = near[0] + np.array(list(np.ndindex(9, 9))) - 4
    centres = [np.array([x + y % 2 / 2, y * math.sqrt(0.75)]) for x, y in cells]
    return sorted(centres, key=lambda centre: math.dist(centre, p))


def _has_one_nearest_centre(p) -> bool:
    first, second, *_ = (math.dist(centre, p) for centre in _hexagon_centres(p))
    return second - first > 1e-4


@pure(
    p=Interval(-20, 20),
    edges=[([0, 0],), ([0.5, 0.8660254],), ([0.25, 0],), ([0, -0.5],)],
    keep=_has_one_nearest_centre,
    absolute=1e-5,
)
def hexagon_cells(p) -> list[float]:
    """The border is half way to the next centre, measured along the line between them."""
    home, *others = _hexagon_centres(p)
    ways = [other - home for other in others]
    border = min((way @ way / 2 - (p - home) @ way) / np.hypot(*way) for way in ways)
    return [*home, border]


@pure(
    p=Interval(-20, 20),
    width=Interval(0, 1),
    footprint=Interval(0.01, 5),
    edges=[([0, 0.5], 0.1, [0, 0]), ([0.5, 0.5], 0.1, [0, 0]), ([0, 0], 0, [1, 1])],
    absolute=2e-4,
)
def grid_lines(p, width, footprint) -> float:
    """Sums the overlaps of the box with each line near it."""
    gaps = []
    for centre, size in zip(p, np.maximum(footprint, 1e-3)):
        lines = math.floor(centre) + np.arange(-4, 6)
        high = np.minimum(lines + width / 2, centre + size / 2)
        low = np.maximum(lines - width / 2, centre - size / 2)
        gaps.append(1 - np.maximum(high - low, 0).sum() / size)
    return 1 - gaps[0] * gaps[1]


@pure(
    p=Interval(-10, 10),
    tone=Interval(0, 1),
    blur=Interval(0.05, 0.3),
    edges=[([0, 0], 0, 0.1), ([0.2, 0.1], 1, 0.1), ([1, 0.5], 0.25, 0.05), ([1, 0.5], 0.75, 0.05)],
    absolute=1e-4,
)
def halftone_dots(p, tone, blur) -> float:
    """Searches the nearest dot, or for dark tones the nearest gap, of a lattice turned by 45°."""
    q = complex(*p) * cmath.exp(1j * math.pi / 4)
    share, offset = (tone, 0.5) if tone <= 0.5 else (1 - tone, 0)
    spots = [
        complex(x + offset, y + offset)
        for x in range(math.floor(q.real) - 1, math.floor(q.real) + 3)
        for y in range(math.floor(q.imag) - 1, math.floor(q.imag) + 3)
    ]
    depth = math.sqrt(share / math.pi) - min(abs(q - spot) for spot in spots)
    soft = max(min(blur, math.sqrt(share / math.pi)), 1e-6)
    spot = np.interp(depth, [-soft, soft], [0, 1])
    return spot if tone <= 0.5 else 1 - spot


@pure(p=Interval(-30, 30), edges=[([0, 0],), ([0.5, 1],), ([-3, -0.5],)], absolute=2e-6)
def truchet_arcs(p) -> float:
    """The nearer of both circles, by the corner that is not bent around."""
    x, y = (math.floor(k) for k in p)
    bits = (x * 0x9E3779B1 + y * 0x85EBCA77) % _WORD
    is_turned = (bits ^ bits >> 13) * 0xC2B2AE3D % _WORD >= 2**31
    corners = [(x + 1, y), (x, y + 1)] if is_turned else [(x, y), (x + 1, y + 1)]
    return min(abs(math.dist(p, corner) - 0.5) for corner in corners)


@pure(p=Interval(-6, 6), edges=[([0, 0, 0],), ([1, 0, 0],), ([0, -2, 3],)], absolute=2 * _SINES)
def wood_rings(p) -> float:
    x, y, z = p
    dx = math.sin(0.9 * y + 1.7 * z) + 0.4 * math.sin(2.6 * y + 3.1 * z)
    dz = math.sin(1.1 * y + 1.7 * x) + 0.4 * math.sin(2.6 * y + 3.1 * x)
    radius = math.hypot(x + 0.2 * dx, z + 0.2 * dz)
    season = math.modf(radius + 0.15 * math.sin(2.3 * radius))[0]
    t = (season - 0.2) / 0.7 if season < 0.9 else (1 - season) / 0.1
    t = max(t, 0)
    return t * t * (3 - 2 * t)


@pure(
    p=Interval(-4, 4),
    waves=Integers(1, 12),
    phase=Interval(-2, 2),
    edges=[([0, 0], 5, 0), ([0, 0], 7, 0.5), ([1, 2], 1, 0)],
    absolute=5 * _SINES,
)
def quasicrystal(p, waves, phase) -> float:
    directions = np.exp(1j * np.pi * np.arange(waves) / waves)
    along = (np.conj(directions) * complex(*p)).real
    return np.mean(np.cos(np.pi * (along + phase)) ** 2)


def _escape(c: complex, limit: int) -> float:
    z = 0j
    for i in range(limit):
        z = z * z + c
        if abs(z) > 256:
            return max(i + 1 - math.log2(math.log2(abs(z)) / 8), 0)
    return limit


def _escapes_calmly(c, limit) -> bool:
    """Whether rounding to f32 makes no difference to speak of."""
    count = _escape(complex(*c), limit)
    nudges = (3e-7, -3e-7, 3e-7j, -3e-7j)
    return all(abs(_escape(complex(*c) + nudge, limit) - count) < 1e-3 for nudge in nudges)


@pure(
    c=Interval([-2, -1.3], [0.7, 1.3]),
    limit=Integers(1, 80),
    edges=[([0, 0], 50), ([-1, 0], 50), ([-2, 0], 50), ([2, 2], 50), ([1e6, 0], 50), ([2, 0], 0)],
    keep=_escapes_calmly,
    absolute=5e-3,
)
def mandelbrot(c, limit) -> float:
    """Iterates complex numbers, inside as well."""
    return _escape(complex(*c), limit)


def _distance_to_julia(z: complex, c: complex, limit: int) -> float:
    slope = 1 + 0j
    for _ in range(limit):
        if abs(z) > 1000:
            return abs(z) * math.log(abs(z)) / abs(slope)
        slope *= 2 * z
        if abs(slope) > 1e15:
            return 0.0
        z = z * z + c
    return 0.0


def _parts_calmly(start, c, limit) -> bool:
    z = complex(*start)
    values = [_distance_to_julia(z + nudge, complex(*c), limit) for nudge in (0, 1e-6, -1e-6j)]
    return max(values) - min(values) < 1e-3 * max(*values, 1e-4)


@pure(
    start=Interval(-2, 2),
    c=Interval([-1, -0.7], [0.3, 0.7]),
    limit=Integers(5, 100),
    edges=[([0, 0], [0, 0], 50), ([2, 0], [0, 0], 50), ([2, 0], [-1, 0], 0), ([0, 2], [-1, 0], 50)],
    keep=_parts_calmly,
    absolute=1e-5,
    relative=2e-3,
)
def julia_distance(start, c, limit) -> float:
    return _distance_to_julia(complex(*start), complex(*c), limit)


@pure(pixel=Integers(0, 4095), edges=[([0, 0],), ([7, 7],), ([8, 8],), ([1, 0],), ([0, 1],)])
def bayer_threshold(pixel) -> float:
    """Looks into the matrix, built from blocks as it is defined."""
    matrix = np.zeros((1, 1), int)
    for _ in range(3):
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    return (matrix[pixel[1] % 8, pixel[0] % 8] + 0.5) / 64


@pure(
    p=Interval(-2, 2),
    mirrors=Integers(1, 12),
    edges=[([0, 0], 6), ([-1, 0], 1), ([0, 1], 2), ([0, -1], 3), ([1, 0], 5)],
    absolute=2 * _SINES,
)
def kaleidoscope(p, mirrors) -> list[float]:
    """Tries all copies of the point for the one in the wedge."""
    turns = np.exp(2j * math.pi * np.arange(mirrors) / mirrors)
    copies = np.concatenate([complex(*p) * turns, complex(*p).conjugate() * turns])
    in_upper_half = copies[copies.imag >= -1e-12]
    q = in_upper_half[np.argmax(in_upper_half.real)]
    return [q.real, q.imag]


@pure(p=Interval(-30, 30), edges=[([0, 0],), ([-3, 7],), ([0.5, -0.5],)], absolute=1e-4)
def starfield(p) -> FloatArray:
    """Looks two cells far, where no star may reach."""
    light = np.zeros(3)
    for offset in np.ndindex(5, 5):
        cell = [int(k) for k in np.floor(p) + offset - 2]
        numbers = []
        for salt in (0, 0x3C6EF372, 0xDAA66D2B, 0x78DDE6E4):
            word = (cell[0] * 0x9E3779B9 + cell[1] * 0x7F4A7C15 + salt) % _WORD
            word = (word ^ word >> 16) * 0x21F0AAAD % _WORD
            word = (word ^ word >> 15) * 0x735A2D97 % _WORD
            numbers.append(((word ^ word >> 15) >> 8) / 2**24)
        x, y, magnitude, warmth = numbers
        reach = 0.08 + 0.42 * magnitude**4
        glow = max(1 - math.dist(p, [cell[0] + x, cell[1] + y]) ** 2 / reach**2, 0) ** 6
        tint = (1 - warmth) * np.array([1, 0.75, 0.5]) + warmth * np.array([0.65, 0.8, 1])
        light += tint * glow * (0.15 + 0.85 * magnitude**4)
    return light


def _digits(number: float, levels: int) -> list[int]:
    """The first digits after the point, in base 3."""
    return [math.floor(number * 3**level) % 3 for level in range(1, levels + 1)]


def _is_clear_of_hole_edges(p, levels) -> bool:
    scaled = p * 3.0**levels
    return bool(np.all(np.abs(scaled - np.round(scaled)) > 1e-3))


@pure(
    p=Interval(-3, 3),
    levels=Integers(0, 6),
    edges=[([0.5, 0.5], 1), ([0.5, 0.5], 0), ([0.125, 0.125], 2), ([0, 0], 6), ([-0.5, 1.5], 3)],
    keep=_is_clear_of_hole_edges,
)
def sierpinski_carpet(p, levels) -> float:
    return float((1, 1) not in zip(_digits(p[0], levels), _digits(p[1], levels)))


_SEGMENTS = {
    "a": (-0.5 + 1j, 0.5 + 1j),
    "b": (0.5 + 1j, 0.5),
    "c": (0.5, 0.5 - 1j),
    "d": (-0.5 - 1j, 0.5 - 1j),
    "e": (-0.5, -0.5 - 1j),
    "f": (-0.5 + 1j, -0.5),
    "g": (-0.5, 0.5),
}
_DIGITS = [
    *("abcdef", "bc", "abdeg", "abcdg", "bcfg", "acdfg", "acdefg", "abc", "abcdefg", "abcdfg"),
    *("abcefg", "cdefg", "adef", "bcdeg", "adefg", "aefg"),
]


@pure(
    p=Interval([-1, -1.5], [1, 1.5]),
    digit=Integers(0, 15),
    thickness=Interval(0.05, 0.4),
    edges=[([0, 0], 8, 0.2), ([0, 0], 0, 0.2), ([0.5, 1], 1, 0.2), ([-0.5, -0.5], 2, 0.2)],
)
def seven_segment_digit(p, digit, thickness) -> float:
    """The lit segments are known by their letters."""
    gaps = []
    for start, end in (_SEGMENTS[letter] for letter in _DIGITS[digit]):
        inset = 0.6 * thickness * (end - start)
        line = end - start - 2 * inset
        t = ((complex(*p) - start - inset) / line).real
        gaps.append(abs(start + inset + min(max(t, 0), 1) * line - complex(*p)))
    return min(gaps) - thickness / 2


_GOLDEN_RATIO = (1 + math.sqrt(5)) / 2
_NUMBERS = np.arange(1000)
_SEEDS = np.sqrt(_NUMBERS + 0.5) * np.exp(2j * np.pi * (_NUMBERS / _GOLDEN_RATIO**2 % 1))


def _has_one_nearest_seed(p) -> bool:
    first, second = np.partition(np.abs(_SEEDS - complex(*p)), 1)[:2]
    return second - first > 0.05


@pure(
    p=Interval(-20, 20),
    edges=[([0, 0],), ([0.5, 0.5],), ([0, -20],)],
    keep=_has_one_nearest_seed,
    absolute=20 * _SINES,
)
def phyllotaxis(p) -> list[float]:
    """Searches all seeds."""
    gaps = np.abs(_SEEDS - complex(*p))
    return [gaps.min(), int(gaps.argmin())]


@pure(
    p=Interval(-2, 2),
    arms=Integers(1, 8),
    tightness=Interval(-5, 5),
    edges=[([1, 0], 3, 2), ([0, -1], 3, 2), ([-1, 0], 2, 0), ([0, 0], 4, 0)],
    absolute=_SINES,
)
def spiral_arms(p, arms, tightness) -> float:
    """The power of a complex number turns with the logarithm of its length."""
    turned = (complex(*p) or 1e-6) ** (1 - 1j * tightness)
    return 0.5 + 0.5 * ((turned / abs(turned)) ** arms).real
