"""References of the sampling entries; most of them invert the cumulative distribution by search."""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from tat.cookbook.references import (
    Bits,
    Choice,
    FloatArray,
    Integers,
    Interval,
    Read,
    Run,
    Storage,
    Uniform,
    Unit,
    kernel,
    pure,
)

_SINE = 5e-4  # what WGSL allows sin and cos to be off by, 2^-11, and a little more
_ONE = 1 - 2**-24  # the largest f32 below 1
_SQUARE = Interval(0, _ONE)


def _solve(share: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    """Where the rising function `share` reaches `wanted`, by bisection."""
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if share(middle) < wanted else (low, middle)
    return 0.5 * (low + high)


def _mirrored(index: int) -> float:
    """The van der Corput sequence in base 2, by way of a string."""
    return int(f"0{index:b}"[::-1], 2) / 2.0 ** len(f"0{index:b}")


@pure(index=Integers(0, 100_000), base=Integers(2, 29), edges=[(0, 2), (1, 2), (28, 29)])
def halton(index: int, base: int) -> float:
    """All digits first, then Horner's rule from the last one on."""
    digits = []
    while index:
        index, digit = divmod(index, base)
        digits.append(digit)
    value = 0.0
    for digit in reversed(digits):
        value = (value + digit) / base
    return value


@pure(
    index=Integers(0, 255),
    count=Integers(256, 4096),
    edges=[(0, 1), (1, 2), (2**31, 2**32 - 1)],
)
def hammersley_point(index: int, count: int) -> FloatArray:
    return np.array([(index + 0.5) / count, _mirrored(index)])


@pure(index=Integers(0, 4096), edges=[(0,), (1,)])
def r2_point(index: int) -> FloatArray:
    """With the real root of p³ = p + 1, in floats."""
    plastic = np.roots([1, 0, -1, -1]).real.max()
    return np.mod(0.5 + index * np.array([1 / plastic, 1 / plastic**2]), 1)


@pure(u=_SQUARE, edges=[((0, 0),), ((_ONE, 0.5),), ((0.5, _ONE),)], absolute=_SINE)
def sample_cosine_hemisphere(u: FloatArray) -> FloatArray:
    """The share of directions nearer to +z than theta is sin² theta."""
    theta = _solve(lambda angle: math.sin(angle) ** 2, u[0], 0, math.pi / 2)
    azimuth = 2 * math.pi * u[1]
    radius = math.sin(theta)
    return np.array([radius * math.cos(azimuth), radius * math.sin(azimuth), math.cos(theta)])


@pure(u=_SQUARE, edges=[((0, 0.3),), ((_ONE, 0),), ((0.5, 0.75),)], absolute=6 * _SINE)
def gaussian_pair(u: FloatArray) -> FloatArray:
    """The radius is distributed after Rayleigh."""
    radius = _solve(lambda r: -math.expm1(-0.5 * r * r), u[0], 0, 10)
    turned = radius * np.exp(2j * math.pi * u[1])
    return np.array([turned.real, turned.imag])


@pure(index=Integers(0, 1023), count=Integers(1024, 4096), edges=[(0, 1), (1, 2)], absolute=_SINE)
def fibonacci_sphere(index: int, count: int) -> FloatArray:
    z = 1 - (2 * index + 1) / count
    golden = (1 + math.sqrt(5)) / 2
    turned = math.sin(math.acos(z)) * np.exp(2j * math.pi * index / golden)
    return np.array([turned.real, turned.imag, z])


@pure(index=Bits(), edges=[(0,), (1,), (2**32 - 1,)], absolute=2e-7)
def sobol_point(index: int) -> FloatArray:
    """The matrix of the second dimension is Pascal's triangle modulo 2."""
    bits = [k for k in range(32) if index >> k & 1]
    y = sum((sum(math.comb(k, row) for k in bits) % 2) / 2 ** (row + 1) for row in range(32))
    return np.array([min(_mirrored(index), _ONE), min(y, _ONE)])


@pure(value=Bits(), seed=Bits(), edges=[(0, 0), (2**32 - 1, 2**32 - 1), (0, 1)])
def owen_scramble(value: int, seed: int) -> int:
    """From the top bit down, on bits 0 to i of the mirrored value at a time."""
    state = int(f"{value:032b}"[::-1], 2) + seed
    for factor in (0x6C50B47C, 0xB82F1E52, 0xC7AFE638, 0x8D22F6E6):
        mixed = 0
        for i in range(32):
            carried = (state * factor) % 2 ** (i + 1) >> i
            mixed |= ((state >> i & 1) ^ carried) << i
        state = mixed
    return int(f"{state % 2**32:032b}"[::-1], 2)


@pure(
    u=_SQUARE,
    edges=[((0.5, 0.5),), ((0, 0),), ((1, 1),), ((0, 1),), ((0.5, 0),), ((0.25, 0.75),)],
    absolute=_SINE,
)
def sample_disk(u: FloatArray) -> FloatArray:
    """By the way along the square's edge from (1, 0), anticlockwise, an eighth of it a unit."""
    x, y = 2 * u - 1
    radius = max(abs(x), abs(y))
    if radius == 0:
        return np.zeros(2)
    x, y = x / radius, y / radius
    if x == 1:
        way = y
    elif y == 1:
        way = 2 - x
    elif x == -1:
        way = 4 - y
    else:
        way = 6 + x
    turned = radius * np.exp(1j * math.pi / 4 * way)
    return np.array([turned.real, turned.imag])


@pure(
    u=_SQUARE,
    half_angle=Interval(0, math.pi),
    edges=[((0.5, 0.5), 0), ((0, 0), 1), ((0.7, 0.2), 1e-4), ((0.5, 0.1), 3.1415925)],
    absolute=2 * _SINE,
)
def sample_cone(u: FloatArray, half_angle: float) -> FloatArray:
    """The share of the cap within theta is sin²(theta / 2) / sin²(half_angle / 2)."""
    share = u[0] * math.sin(half_angle / 2) ** 2
    theta = _solve(lambda angle: math.sin(angle / 2) ** 2, share, 0, math.pi)
    turned = math.sin(theta) * np.exp(2j * math.pi * u[1])
    return np.array([turned.real, turned.imag, math.cos(theta)])


@kernel()
def sample_alias_table(rng: np.random.Generator) -> Iterator[Run]:
    """As many draws of each index as its weight says, when u runs evenly through [0, 1)."""
    harness = """
@group(0) @binding(1) var<storage, read_write> drawn: array<atomic<u32>>;

@compute @workgroup_size(64)
fn count_draws(@builtin(global_invocation_id) id: vec3u) {
    atomicAdd(&drawn[sample_alias_table((f32(id.x) + 0.5) / 16384.0)], 1u);
}
"""
    for weights in ([1], [1, 0, 2, 5], rng.multinomial(256, np.full(64, 1 / 64))):
        bound = [Read(0, _alias_bins(weights)), Storage(1, np.zeros(len(weights), np.uint32))]
        expected = np.array(weights) * 16384 // sum(weights)
        yield Run(bound, (256, 1, 1), {(0, 1): expected}, harness)


def _alias_bins(weights: Sequence[int]) -> np.ndarray:
    """A table that gives each index its weight: the poorest fills up its bin from the richest."""
    bins = np.zeros(len(weights), [("threshold", np.float32), ("other", np.uint32)])
    total = sum(weights)
    left = {i: weight * len(weights) for i, weight in enumerate(weights)}  # a full bin is `total`
    while left:
        poor, rich = min(left, key=left.get), max(left, key=left.get)
        bins[poor] = (left[poor] / total, rich)
        left[rich] -= total - left[poor]
        del left[poor]
    return bins


@pure(
    weight_sum=Interval(0, 10),
    weight=Interval(0, 4),
    u=_SQUARE,
    edges=[(0, 0, 0), (0, 1, _ONE), (1, 0, 0), (3, 1, 0.2), (3, 1, 0.3)],
    harness="""
fn updated(weight_sum: f32, weight: f32, u: f32) -> vec3f {
    let reservoir = reservoir_update(Reservoir(7u, 5u, weight_sum), 8u, weight, u);
    return vec3f(f32(reservoir.chosen), f32(reservoir.count), reservoir.weight_sum);
}
""",
)
def reservoir_update(weight_sum: float, weight: float, u: float) -> FloatArray:
    total = weight_sum + weight
    chosen = 8 if weight > 0 and u < weight / total else 7
    return np.array([chosen, 6, total])


def _henyey_greenstein_share(g: float, cosine: float) -> float:
    """The share of light that is scattered with a smaller cosine."""
    if abs(g) < 1e-9:
        return 0.5 * (1 + cosine)
    return (1 - g * g) / (2 * g) * (1 / math.sqrt(1 + g * g - 2 * g * cosine) - 1 / (1 + g))


@pure(
    g=Interval(-0.95, 0.95),
    u=_SQUARE,
    edges=[(0, (0.3, 0)), (0.5, (0, 0)), (-0.9, (_ONE, 0.25)), (0.001, (0.5, 0.5))],
    absolute=_SINE,
)
def sample_henyey_greenstein(g: float, u: FloatArray) -> FloatArray:
    cosine = _solve(lambda c: _henyey_greenstein_share(g, c), u[0], -1, 1)
    turned = math.sqrt(1 - cosine * cosine) * np.exp(2j * math.pi * u[1])
    return np.array([turned.real, turned.imag, cosine])


@kernel()
def permute_index(rng: np.random.Generator) -> Iterator[Run]:
    """All places of some lengths, from the permutation of the next power of two as a table."""
    harness = """
@group(0) @binding(0) var<storage, read_write> places: array<u32>;
@group(0) @binding(1) var<uniform> shuffle_seed: u32;

@compute @workgroup_size(64)
fn shuffle_all(@builtin(global_invocation_id) id: vec3u) {
    let length = arrayLength(&places);
    if id.x < length {
        places[id.x] = permute_index(id.x, length, shuffle_seed);
    }
}
"""
    for length in (1, 2, 3, 5, 64, 65, 100, 1000):
        seed = int(rng.integers(2**32))
        expected = _shuffled(length, seed)
        assert sorted(expected) == list(range(length))
        bound = [Storage(0, np.zeros(length, np.uint32)), Uniform(1, np.array([seed], np.uint32))]
        yield Run(bound, (16, 1, 1), {(0, 0): np.array(expected)}, harness)


def _shuffled(length: int, seed: int) -> list[int]:
    bits = max((length - 1).bit_length(), 1)
    table = np.arange(2**bits)
    key = (seed * 0x9E3779B1 + 0x7F4A7C15) % 2**32
    for _ in range(4):
        key = (key ^ key >> 15) * 0x2C1B3C6D % 2**32
        table = (table ^ key % 2**bits) * (key >> 8 | 1) % 2**bits
        table ^= table >> (bits // 2 + 1)
    places = []
    for index in range(length):
        place = table[index]
        while place >= length:
            place = table[place]
        places.append(int(place))
    return places


_HALF_SPHERE = Choice(
    [
        (math.sin(theta) * math.cos(phi), math.sin(theta) * math.sin(phi), math.cos(theta))
        for theta in np.linspace(0, math.pi / 2, 9)
        for phi in np.linspace(0, 5, 4)
    ]
)


@pure(
    view=_HALF_SPHERE,
    alpha=Interval(0.02, 1),
    u=_SQUARE,
    edges=[((0, 0, 1), (0.5, 0.5), (0, 0)), ((1, 0, 0), (0.3, 0.3), (0.2, 0.9))],
    absolute=_SINE,
)
def sample_visible_normal(view: FloatArray, alpha: FloatArray, u: FloatArray) -> FloatArray:
    """The normal that mirrors the viewer to the cap's point, brought back as normals are."""
    stretch = np.diag([alpha[0], alpha[1], 1.0])
    towards = stretch @ view
    towards /= np.linalg.norm(towards)
    # A cap's area grows evenly with its height.
    polar = _solve(lambda t: (1 - math.cos(t)) / (1 + towards[2]), u[1], 0, math.pi)
    azimuth = 2 * math.pi * u[0]
    reflected = np.array([math.cos(azimuth), math.sin(azimuth), 0]) * math.sin(polar)
    reflected[2] = math.cos(polar)
    normal = reflected + towards
    assert np.allclose(2 * normal * (normal @ towards) / (normal @ normal) - towards, reflected)
    normal = np.linalg.inv(np.linalg.inv(stretch)).T @ normal
    return normal / np.linalg.norm(normal)


def _solid_angle(a: FloatArray, b: FloatArray, c: FloatArray) -> float:
    """By Girard's theorem: the angles' excess over pi."""

    def angle(at: FloatArray, p: FloatArray, q: FloatArray) -> float:
        p, q = np.cross(at, p), np.cross(at, q)
        return math.atan2(np.linalg.norm(np.cross(p, q)), p @ q)

    return angle(a, b, c) + angle(b, c, a) + angle(c, a, b) - math.pi


def _arc(start: FloatArray, end: FloatArray, share: float) -> FloatArray:
    angle = math.atan2(np.linalg.norm(np.cross(start, end)), start @ end)
    return (math.sin((1 - share) * angle) * start + math.sin(share * angle) * end) / math.sin(angle)


@pure(
    a=Unit(3),
    b=Unit(3),
    c=Unit(3),
    u=Interval(0.001, 0.999),
    edges=[
        ((1, 0, 0), (0, 1, 0), (0, 0, 1), (0.5, 0.25)),
        ((1, 0, 0), (0, 0, 1), (0, 1, 0), (1, 1)),
    ],
    keep=lambda a, b, c, u: abs(np.linalg.det([a, b, c])) > 0.2,
    absolute=4 * _SINE,
)
def sample_spherical_triangle(
    a: FloatArray, b: FloatArray, c: FloatArray, u: FloatArray
) -> FloatArray:
    """Both steps by search: for the area next to `a`, then for the cosine on the way from `b`."""
    area = _solid_angle(a, b, c)
    cut = _arc(a, c, _solve(lambda t: _solid_angle(a, b, _arc(a, c, t)) / area, u[0], 1e-9, 1))
    share = _solve(lambda t: (1 - b @ _arc(b, cut, t)) / (1 - b @ cut), u[1], 0, 1)
    return _arc(b, cut, share)
