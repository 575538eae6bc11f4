"""References of concepts/numerics.txt."""

import math

import numpy as np


def depressedCubicRoot(p, q):
    roots = np.roots([1, 0, p, q])
    return roots[abs(roots.imag).argmin()].real


def unitQuadraticRoot(a, b, c):
    roots = np.roots([a, b, c])
    inside = sorted(r.real for r in roots if abs(r.imag) < 1e-9 and 0 <= r.real <= 1)
    return inside[0] if inside else -1.0


def sinTaylor(x):
    return math.sin(x)


def cosTaylor(x):
    return math.cos(x)


def atanSeries(x, n):
    return math.atan(x)


def logSeries(x):
    return math.log(x)


def harmonicNumber(n):
    # Euler-Maclaurin from the tenth term on
    m = n + 10
    tail = sum(1 / k for k in range(n + 1, m + 1))
    far = math.log(m) + 0.5772156649015329 + 1 / (2 * m) - 1 / (12 * m**2)
    return far - tail


def insertionSort4(v):
    return np.sort(v)


def digitSum(n0):
    return sum(map(int, str(n0)))


def erfApprox(x):
    return math.erf(x)


def newtonSqrt(x):
    return math.sqrt(x)


def geometricSum(r, n):
    return (r**n - 1) / (r - 1)


def catmullWeight(x):
    a = abs(x)
    if a < 1:
        return 1.5 * a**3 - 2.5 * a**2 + 1
    return -0.5 * (a - 1) * (a - 2) ** 2 if a < 2 else 0.0


def lanczos(x, a):
    return np.sinc(x) * np.sinc(x / a) if abs(x) < a else 0.0


def expSeries(x):
    return math.exp(x)
