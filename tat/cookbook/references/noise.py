"""References of the noise entries: lattice hashes in Python integers, the rest in float64.

Lattice noises are sums over corners, each weighted by a product of fades, and derivatives are
differences, where the shaders nest interpolations and differentiate by hand.
"""

import math
from collections.abc import Callable

import numpy as np

from tat.cookbook.references import Bits, FloatArray, Integers, Interval, pure

_WORD = 2**32
_SINES = 1e-3  # for WGSL's sin and cos, which are within 2^-11 from -π to π


def _mixed(word: int, *steps: tuple[int, int]) -> int:
    """`word` after steps of (shift, multiplier): xor with itself shifted right, then multiply."""
    word %= _WORD
    for shift, multiplier in steps:
        word = (word ^ word >> shift) * multiplier % _WORD
    return word


def _fraction(word: int) -> float:
    """The top 24 bits of `word` as a number in [0, 1)."""
    return (word >> 8) / 2**24


def _direction(word: int) -> FloatArray:
    turn = np.exp(2j * np.pi * word / _WORD)
    return np.array([turn.real, turn.imag])


def _cubic(f: FloatArray) -> FloatArray:
    return 3 * f**2 - 2 * f**3


def _quintic(f: FloatArray) -> FloatArray:
    return 6 * f**5 - 15 * f**4 + 10 * f**3


def _lattice_sum(
    p: FloatArray,
    corner: Callable[[tuple[int, ...], FloatArray], float],
    fade: Callable[[FloatArray], FloatArray] = _quintic,
) -> float:
    """Corner values, called with grid point and way from it to `p`, weighted around `p`."""
    total = 0.0
    for offset in np.ndindex(*(2,) * len(p)):
        point = np.floor(p).astype(int) + offset
        way = p - point
        total = total + np.prod(fade(1 - np.abs(way))) * corner(tuple(map(int, point)), way)
    return total


def _gradient(field: Callable[[FloatArray], float], p: FloatArray) -> FloatArray:
    """Gradient of `field` by central differences."""
    steps = 1e-5 * np.eye(len(p))
    return np.array([(field(p + step) - field(p - step)) / 2e-5 for step in steps])


@pure(value=Bits(), edges=[(0,), (1,), (_WORD - 1,)])
def pcg_hash(value) -> int:
    state = (value * 747796405 + 2891336453) % _WORD
    word = (state >> ((state >> 28) + 4) ^ state) * 277803737 % _WORD
    return word >> 22 ^ word


@pure(key=Bits(), edges=[([0, 0, 0],), ([_WORD - 1] * 3,), ([1, 0, 0],)])
def pcg3d(key) -> list[int]:
    v = [(int(word) * 1664525 + 1013904223) % _WORD for word in key]
    for shift in (32, 16):  # a shift by all 32 bits changes nothing
        v = [word ^ word >> shift for word in v]
        for i in range(3):
            v[i] = (v[i] + v[(i + 1) % 3] * v[(i + 2) % 3]) % _WORD
    return v


@pure(p=Interval(-50, 50), edges=[([0, 0],), ([-3, 7],), ([0.5, -0.5],)], absolute=2e-6)
def value_noise(p) -> float:
    def corner(point: tuple[int, ...], _: FloatArray) -> float:
        word = (point[0] * 0x9E3779B1 % _WORD) ^ (point[1] * 0x85EBCA77 % _WORD)
        return _fraction(_mixed(word, (16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)))

    return _lattice_sum(p, corner, _cubic)


@pure(p=Interval(-50, 50), edges=[([0, 0],), ([-3, 7],), ([0.25, -9.5],)], absolute=1e-5)
def value_noise_gradient(p) -> list[float]:
    def corner(point: tuple[int, ...], _: FloatArray) -> float:
        word = point[0] * 0x8DA6B343 + point[1] * 0xD8163841
        return _fraction(_mixed(word, (15, 0x2C1B3C6D), (12, 0x297A2D39), (15, 1)))

    def noise(at: FloatArray) -> float:
        return _lattice_sum(at, corner)

    return [noise(p), *_gradient(noise, p)]


@pure(p=Interval(-50, 50), edges=[([0, 0],), ([-3, 7],), ([0.5, -0.5],)], absolute=_SINES)
def gradient_noise(p) -> float:
    def corner(point: tuple[int, ...], way: FloatArray) -> float:
        word = (point[0] * 1597334673 % _WORD) ^ (point[1] * 3812015801 % _WORD)
        return _direction(_mixed(word, (16, 1597334673))) @ way

    return math.sqrt(2) * _lattice_sum(p, corner)


@pure(p=Interval(-50, 50), edges=[([0, 0, 0],), ([-3, 7, 2],), ([0.5, -0.5, 0.5],)], absolute=1e-5)
def gradient_noise_3d(p) -> float:
    def corner(point: tuple[int, ...], way: FloatArray) -> float:
        keys = zip(point, (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D))
        x, y, z = (coordinate * factor % _WORD for coordinate, factor in keys)
        word = _mixed(x ^ y ^ z, (16, 0x7FEB352D), (15, 0x846CA68B))
        gradient = np.array([1.0 if word >> 28 + axis & 1 == 0 else -1.0 for axis in range(3)])
        gradient[(word >> 8) % 3] = 0
        return gradient @ way

    return _lattice_sum(p, corner)


@pure(p=Interval(-30, 30), edges=[([0, 0],), ([0.5, 0.5],), ([-2.25, -2.25],)], absolute=_SINES)
def simplex_noise(p) -> float:
    """Sums over all grid points near enough, whatever triangle `p` is in."""
    unskew = (3 - math.sqrt(3)) / 6
    first = np.floor(p + (math.sqrt(3) - 1) / 2 * p.sum()).astype(int)
    total = 0.0
    for offset in np.ndindex(4, 4):
        i, j = (int(k) for k in first + offset - 1)
        way = p - (np.array([i, j]) - unskew * (i + j))
        word = (i * 0x27D4EB2F % _WORD) ^ (j * 0x165667B1 % _WORD)
        gradient = _direction(_mixed(word, (15, 0x85EBCA77), (13, 0xC2B2AE3D), (16, 1)))
        total += max(0.5 - way @ way, 0) ** 4 * (gradient @ way)
    return 99.204334 * total


@pure(p=Interval(-50, 50), edges=[([0, 0],), ([-3, 7],), ([0.5, -0.5],)], absolute=1e-5)
def worley_noise(p) -> float:
    """Searches 7 x 7 cells."""
    distances = []
    for offset in np.ndindex(7, 7):
        x, y = (int(k) for k in np.floor(p) + offset - 3)
        word = _mixed(x * 0x9E3779B9 + y, (16, 0x21F0AAAD), (15, 0x735A2D97), (15, 1))
        point = [x + word % 2**16 / 2**16, y + word // 2**16 / 2**16]
        distances.append(math.dist(p, point))
    return min(distances)


@pure(p=Interval(-50, 50), edges=[([0, 0],), ([-3, 7],), ([0.5, -0.5],)], absolute=2e-5)
def voronoi_edges(p) -> float:
    """Half the difference of squared distances over the distance of the sites, over 9 x 9 cells."""
    sites = []
    for offset in np.ndindex(9, 9):
        cell = [int(k) for k in np.floor(p) + offset - 4]
        word = (cell[0] * 1597334677 % _WORD) ^ (cell[1] * 3812015801 % _WORD)
        pair = [word * 0x9E3779B1 % _WORD, word * 0x7FEB352D % _WORD]
        stirred = [pair[0] ^ pair[1] >> 16, pair[1] ^ pair[0] >> 16]
        inside = [_fraction(half * 0x846CA68B % _WORD) for half in stirred]
        sites.append(np.add(cell, 0.2 + 0.6 * np.array(inside)))
    home, *others = sorted(sites, key=lambda site: math.dist(site, p))
    near = math.dist(home, p) ** 2
    return min((math.dist(far, p) ** 2 - near) / (2 * math.dist(far, home)) for far in others)


@pure(
    p=Interval(-10, 10),
    octaves=Integers(1, 8),
    gain=Interval(0.2, 0.9),
    edges=[([0, 0], 1, 0.5), ([0.5, -0.5], 4, 0), ([3, -2], 6, 1)],
    absolute=2e-4,
)
def fractal_noise(p, octaves, gain) -> float:
    def corner(point: tuple[int, ...], _: FloatArray) -> float:
        word = point[0] * 0xB5297A4D + point[1] * 0x68E31DA4
        word = _mixed(word, (17, 0xED5AD4BB), (11, 0xAC4C1B51), (15, 1))
        return (word - _WORD * (word >> 31)) / 2**31

    position = complex(*p)
    layers = []
    for _ in range(octaves):
        layers.append(_lattice_sum(np.array([position.real, position.imag]), corner))
        position = (1.6 + 1.2j) * position + (17.3 + 17.3j)
    return np.average(layers, weights=[gain**i for i in range(octaves)])


@pure(
    p=Interval(-10, 10),
    octaves=Integers(1, 7),
    edges=[([0, 0], 1), ([0.5, -0.5], 3), ([3, -2], 5)],
    absolute=2e-4,
)
def ridged_noise(p, octaves) -> float:
    def corner(point: tuple[int, ...], way: FloatArray) -> float:
        word = (point[0] * 73856093 % _WORD) ^ (point[1] * 19349663 % _WORD)
        word = word * 0x5BD1E995 % _WORD >> 28
        gradient = (2 * (word & 1) - 1) * np.array([1, 2 * (word >> 1 & 1) - 1])
        return gradient @ way

    layers, presence = [], 1.0
    for _ in range(octaves):
        layers.append((1 - abs(_lattice_sum(p, corner))) ** 2 * presence)
        presence = min(2 * layers[-1], 1)
        p = np.array([2.03 * p[1] + 31.7, 2.03 * p[0] - 11.9])
    return np.average(layers, weights=0.5 ** np.arange(octaves))


@pure(
    p=Interval(-20, 20),
    strength=Interval(0, 4),
    edges=[([0, 0], 0), ([0.5, -0.5], 1)],
    absolute=1e-4,
)
def domain_warp(p, strength) -> float:
    def noise(at: FloatArray, axis: int) -> float:
        def corner(point: tuple[int, ...], _: FloatArray) -> float:
            one, other = (0x9E3779B1, 0xC2B2AE35), (0x85EBCA6B, 0x27D4EB2F)
            here, there = (one, other)[axis]
            word = point[axis] * here + point[1 - axis] * there
            return _fraction(_mixed(word, (15, 0x2C1B3C6D), (13, 0x297A2D39)))

        return _lattice_sum(at, corner, _cubic)

    def pull(at: FloatArray) -> FloatArray:
        return strength * (2 * np.array([noise(at, 0), noise(at, 1)]) - 1)

    return noise(p + pull(p + pull(p) + [5.2, 1.3]), 0)


@pure(p=Interval(-50, 50), edges=[([0, 0],), ([-3, 7],), ([0.5, -0.5],)], absolute=4 * _SINES)
def curl_noise(p) -> list[float]:
    def corner(point: tuple[int, ...], way: FloatArray) -> float:
        x, y = (coordinate % _WORD for coordinate in point)
        word = x ^ (y << 16 | y >> 16) % _WORD
        return _direction(_mixed(word, (16, 0xA812D533), (15, 0xB278E4AD), (17, 1))) @ way

    slope = _gradient(lambda at: _lattice_sum(at, corner), p)
    return [slope[1], -slope[0]]


@pure(
    p=Interval(-30, 30),
    period=Integers(1, 9),
    edges=[([0, 0], [4, 4]), ([-0.5, 3.5], [1, 1]), ([-7.25, 12], [7, 3]), ([6.75, 12], [7, 3])],
    absolute=1e-5,
)
def tileable_noise(p, period) -> float:
    def corner(point: tuple[int, ...], way: FloatArray) -> float:
        x, y = (coordinate % int(size) for coordinate, size in zip(point, period))
        word = _mixed(x * 0x45D9F3B + y * 0x119DE1F3, (16, 0x45D9F3B), (16, 1))
        sign_x, sign_y = 2 * (word & 1) - 1, 2 * (word >> 1 & 1) - 1
        if word & 4:
            return math.sqrt(0.5) * (sign_x * way[0] + sign_y * way[1])
        return sign_x * (way[1] if word & 2 else way[0])

    return math.sqrt(2) * _lattice_sum(p, corner)


@pure(
    p=Interval(-30, 30),
    frequency=Interval(-6, 6),
    edges=[([0, 0], [0, 0]), ([0.5, -0.5], [2, 1]), ([3, 4], [0, 8])],
    absolute=2 * _SINES,
)
def gabor_noise(p, frequency) -> float:
    """Looks two cells far, where the window must leave nothing to find."""
    total = 0.0
    for offset in np.ndindex(5, 5):
        cell = np.floor(p).astype(int) + offset - 2
        state = (int(cell[0]) * 0x9E3779B1 % _WORD) ^ (int(cell[1]) * 0xC2B2AE3D % _WORD)
        numbers = []
        for _ in range(12):
            state = (state * 1664525 + 1013904223) % _WORD
            numbers.append(_fraction(_mixed(state, (15, 0x2C1B3C6D))))
        for x, y, phase in zip(*[iter(numbers)] * 3):
            way = p - cell - [x, y]
            wave = np.exp(2j * np.pi * (frequency @ way + phase)).real
            total += max(1 - way @ way, 0) ** 3 * wave
    return 0.35 * total


def _clear_of_the_wrap(pixel) -> bool:
    x, y = map(int, pixel)
    return 0.001 < 52.9829189 * ((0.06711056 * x + 0.00583715 * y) % 1) % 1 < 0.999


@pure(
    pixel=Integers(0, 4095),
    edges=[([0, 0],), ([1, 0],), ([0, 1],), ([3839, 2159],)],
    keep=_clear_of_the_wrap,
    absolute=5e-5,
)
def interleaved_gradient_noise(pixel) -> float:
    """The published form, which float64 can afford."""
    x, y = map(int, pixel)
    return 52.9829189 * ((0.06711056 * x + 0.00583715 * y) % 1) % 1
