"""References of the numerics entries: the standard library, NumPy's solvers, and bisection."""

import cmath
import math
from collections.abc import Callable, Iterator

import numpy as np

from tat.cookbook.references import (
    Bits,
    FloatArray,
    Integers,
    Interval,
    Read,
    Run,
    Storage,
    Uniform,
    kernel,
    pure,
)

_SINE = 5e-4  # what WGSL allows sin and cos to be off by, 2^-11, and a little more


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where the rising `function` is 0, by bisection."""
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if function(middle) < 0 else (low, middle)
    return 0.5 * (low + high)


def _hermite(start: float, end: float, slope: float, end_slope: float, t: float) -> float:
    """The cubic of these values and slopes at 0 and 1, from a linear system for its terms."""
    rows = [[1, 0, 0, 0], [1, 1, 1, 1], [0, 1, 0, 0], [0, 1, 2, 3]]
    return np.linalg.solve(rows, [start, end, slope, end_slope]) @ t ** np.arange(4)


_POINT = Interval(-2, 2)


@pure(
    p0=_POINT, p1=_POINT, p2=_POINT, p3=_POINT, t=Interval(0, 1),
    edges=[
        ((0, 0, 0), (1, 2, 3), (4, 5, 6), (9, 9, 9), 0),
        ((0, 0, 0), (1, 2, 3), (4, 5, 6), (9, 9, 9), 1),
    ],
    absolute=3e-6,
)  # fmt: skip
def catmull_rom(
    p0: FloatArray, p1: FloatArray, p2: FloatArray, p3: FloatArray, t: float
) -> FloatArray:
    tangents = (p2 - p0) / 2, (p3 - p1) / 2
    return np.array([_hermite(*values, t) for values in zip(p1, p2, *tangents)])


@pure(t=Interval(0, 1), edges=[(0,), (1,), (0.5,)])
def bspline_weights(t: float) -> FloatArray:
    """By the recursion of Cox and de Boor, on the knots 0, 1, 2, …"""

    def basis(i: int, degree: int, x: float) -> float:
        if degree == 0:
            return float(i <= x < i + 1)
        rising = (x - i) / degree * basis(i, degree - 1, x)
        falling = (i + degree + 1 - x) / degree * basis(i + 1, degree - 1, x)
        return rising + falling

    return np.array([basis(i, 3, 3 + t) for i in range(4)])


@pure(
    x=Interval(-10, 10),
    edges=[(0,), (1,), (-3,), (0.5,), (1e-4,), (0.019,), (0.021,), (1000.5,), (1e-30,)],
)
def sinc(x: float) -> float:
    """As the mean of cos(pi x s) over s from 0 to 1."""
    panels = 2000 + 100 * math.ceil(abs(x))
    middles = (np.arange(panels) + 0.5) / panels
    correction = 1 + (math.pi * x / panels) ** 2 / 24  # of the midpoint rule, to the fourth order
    return np.cos(np.pi * x * middles).mean() / correction


@pure(
    x=Interval(-15, 15),
    edges=[(0,), (-100,), (100,), (1e30,), (-6.2,), (-6.3,), (-30,)],
    absolute=1e-12,
    relative=2e-4,
)
def softplus(x: float) -> float:
    return float(np.logaddexp(0, x))


@pure(
    low=Interval(-2, 2),
    high=Interval(-2, 2),
    pairs=Integers(32, 100),
    edges=[(0, 0, 1), (-1, 1, 50), (1, -1, 50), (0, 0.25, 2)],
    absolute=1e-5,
)
def simpson_rule(low: float, high: float, pairs: int) -> float:
    """The exact integral, by the error function."""
    return 0.5 * math.sqrt(math.pi) * (math.erf(high) - math.erf(low))


@pure(
    a=Integers(0, 5000),
    b=Integers(0, 5000),
    edges=[
        (0, 0), (0, 7), (7, 0), (1, 2**32 - 1), (2**32 - 1, 2**31), (2971215073, 1836311903),
        (2**32 - 2, 2**32 - 4),
    ],
)  # fmt: skip
def greatest_common_divisor(a: int, b: int) -> int:
    return math.gcd(a, b)


@pure(x=Interval(0.001, 100), edges=[(1,), (4,), (1e-30,), (1e30,)], relative=1.8e-3, absolute=0)
def fast_inverse_sqrt(x: float) -> float:
    return 1 / math.sqrt(x)


def _clear_of_double_roots(a: float, b: float, c: float) -> bool:
    return abs(b * b - 4 * a * c) > 0.05


@pure(
    a=Interval(-2, 2), b=Interval(-4, 4), c=Interval(-2, 2),
    edges=[
        (0, 2, -3), (0, 0, 1), (1, -2, 1), (1, 0, 0), (1, 0, 1), (-1, 0, 4), (1, 4096, 1),
        (1, -4096, 1), (2, 3, 0),
    ],
    keep=_clear_of_double_roots,
    absolute=1e-7,
    relative=5e-5,
)  # fmt: skip
def solve_quadratic(a: float, b: float, c: float) -> FloatArray:
    if a == 0:
        return np.array([1, -c / b, -c / b]) if b else np.zeros(3)
    middle, offset = -b / (2 * a), cmath.sqrt((b / (2 * a)) ** 2 - c / a)
    if offset.imag:
        return np.zeros(3)
    return np.array([2, middle - offset.real, middle + offset.real])


@pure(
    mean_anomaly=Interval(-30, 30),
    eccentricity=Interval(0, 0.9),
    edges=[(0, 0.5), (0, 0), (math.pi, 0.9), (1, 0), (0.01, 0.99), (-0.01, 0.99), (6.28, 0.9)],
    absolute=2 * _SINE,
)
def solve_kepler(mean_anomaly: float, eccentricity: float) -> float:
    def excess(anomaly: float) -> float:
        return anomaly - eccentricity * math.sin(anomaly) - mean_anomaly

    return _root(excess, mean_anomaly - 1, mean_anomaly + 1)


@pure(
    x=Interval(-4, 4),
    edges=[(0,), (1e-20,), (-0.001,), (0.499,), (0.501,), (-0.501,), (10,), (-1e6,)],
    absolute=1e-12,
    relative=2e-6,
)
def error_function(x: float) -> float:
    return math.erf(x)


@pure(
    x=Interval(-0.99, 0.99),
    edges=[(0,), (1e-6,), (0.9966,), (0.9967,), (-0.99999,), (0.99999994,)],
    absolute=1e-12,
    relative=1e-5,
)
def inverse_error_function(x: float) -> float:
    return _root(lambda y: math.erf(y) - x, -6, 6)


@pure(
    z=Interval(-4, 4),
    edges=[
        ((0, 0),), ((4, 0),), ((-4, 0),), ((0, 2),), ((0, -2),), ((-1, 1e-6),), ((-1, -1e-6),),
        ((1e30, 1e30),), ((3e-30, -4e-30),),
    ],
    absolute=1e-20,
)  # fmt: skip
def complex_square_root(z: FloatArray) -> FloatArray:
    root = cmath.sqrt(complex(z[0], z[1] or 0.0))  # without the sign of a zero
    return np.array([root.real, root.imag])


@pure(
    n=Bits(),
    edges=[(0,), (1,), (2,), (3,), (4,), (2**24 + 1,), (2**32 - 1,)]
    + [(r * r + d,) for r in (4097, 32768, 65534, 65535) for d in (-1, 0, 1)],
)
def integer_square_root(n: int) -> int:
    return math.isqrt(n)


@pure(
    y=Interval(-2, 2),
    t=Interval(0, 1),
    edges=[
        ((0, 0, 1, 1), 0.5), ((0, 1, 2, 3), 0.25), ((0, 1, 0, 1), 0.3), ((1, 1, 1, 1), 0.7),
        ((0, 1, 3, 9), 0), ((0, 1, 3, 9), 1), ((0, 0.1, 3, 3.1), 0.9),
    ],
    absolute=2e-6,
)  # fmt: skip
def monotone_cubic(y: FloatArray, t: float) -> float:
    def slope(before: float, after: float) -> float:
        if before * after <= 0:
            return 0.0
        limits = (2 * before, 2 * after, (before + after) / 2)
        return min(limits, key=abs)

    chords = np.diff(y)
    return _hermite(y[1], y[2], slope(chords[0], chords[1]), slope(chords[1], chords[2]), t)


def _discriminant(b: float, c: float, d: float) -> float:
    return 18 * b * c * d - 4 * b**3 * d + b * b * c * c - 4 * c**3 - 27 * d * d


@pure(
    b=Interval(-3, 3), c=Interval(-4, 4), d=Interval(-3, 3),
    edges=[(0, 0, 0), (0, -1, 0), (0, 0, -8), (0, 1, 0), (-6, 11, -6), (0, 3, 1e-3), (0, -3, 1)],
    keep=lambda b, c, d: abs(_discriminant(b, c, d)) > 1,
    absolute=2e-5,
)  # fmt: skip
def solve_cubic(b: float, c: float, d: float) -> FloatArray:
    """From the eigenvalues of the companion matrix."""
    roots = np.roots([1, b, c, d])
    real = np.sort(roots.real[np.abs(roots.imag) < 1e-6])
    return np.array([len(real), *real, 0, 0][:4])


@pure(
    diagonal=Interval(-3, 3),
    off_diagonal=Interval(-2, 2),
    edges=[
        ((0, 0, 0), (0, 0, 0)), ((2, 2, 2), (0, 0, 0)), ((3, 1, 2), (0, 0, 0)),
        ((1, 1, 1), (1, 1, 1)), ((1, 1, 1), (0, 0, 1e-4)), ((0, 0, 0), (0, 0, 1)),
        ((1e10, 2e10, -1e10), (0, 1e10, 0)), ((1e-12, 0, 0), (0, 1e-12, 0)),
    ],
    keep=lambda diagonal, off_diagonal: bool(np.abs(diagonal).max() > 0.1),
    absolute=3e-6,
    relative=1e-5,
)  # fmt: skip
def eigenvalues_symmetric(diagonal: FloatArray, off_diagonal: FloatArray) -> FloatArray:
    yz, xz, xy = off_diagonal
    return np.linalg.eigvalsh(np.array([[0, xy, xz], [xy, 0, yz], [xz, yz, 0]]) + np.diag(diagonal))


@pure(
    x=Interval(-40, 40),
    edges=[(0,), (2.4048256,), (2.9999,), (3,), (-3.0001,), (5.5200781,), (100,)],
    absolute=_SINE,
)
def bessel_j0(x: float) -> float:
    """The mean of cos(x sin t) over a period; the trapezoidal rule soon has all digits of it."""
    return np.cos(x * np.sin(np.arange(400) * math.pi / 400)).mean()


@kernel(absolute=2e-5)
def solve_tridiagonal(rng: np.random.Generator) -> Iterator[Run]:
    """Each system as a dense one."""
    for count, rows in ((1, 1), (3, 2), (70, 33)):
        lower, upper, known = rng.uniform(-1, 1, (3, rows, count))
        diagonal = rng.choice([-1, 1], (rows, count)) * rng.uniform(2.2, 4, (rows, count))
        bands = np.stack([lower, diagonal, upper, known]).astype(np.float32).astype(np.float64)
        solved = np.stack([_solve_dense(*bands[:, :, i]) for i in range(count)], axis=1)
        bound = [
            Uniform(0, np.array([count, rows], np.uint32)),
            Read(1, lower), Read(2, diagonal), Storage(3, upper), Storage(4, known),
        ]  # fmt: skip
        yield Run(bound, (2, 1, 1), {(0, 4): solved})


def _solve_dense(
    lower: FloatArray, diagonal: FloatArray, upper: FloatArray, known: FloatArray
) -> FloatArray:
    matrix = np.diag(diagonal) + np.diag(lower[1:], -1) + np.diag(upper[:-1], 1)
    return np.linalg.solve(matrix, known)
