"""References of concepts/vector.txt: complex numbers of Python, angles by their definition."""

import cmath
import math

import numpy as np


def miterOffset(a, b, width):
    # the crossing of both offset lines
    n, m = np.array([-a[1], a[0]]), np.array([-b[1], b[0]])
    system = np.stack([n, m])
    if abs(np.linalg.det(system)) < 0.05 or a @ b < -0.8:
        return np.full(2, np.nan)
    return np.linalg.solve(system, [width / 2, width / 2])


def windingAngle(a, b, c):
    u, v = complex(*(b - a)), complex(*(c - b))
    return cmath.phase(v / u)


def complexPowComplex(z, w):
    power = complex(*z) ** complex(*w)
    return np.array([power.real, power.imag])


def newtonFractalStep(z):
    z = complex(*z)
    step = (2 * z**3 + 1) / (3 * z**2)
    return np.array([step.real, step.imag])


def barycentric(p, a, b, c):
    system = np.vstack([np.stack([a, b, c], 1), np.ones(3)])
    if abs(np.linalg.det(system)) < 0.02:
        return np.full(3, np.nan)
    return np.linalg.solve(system, [p[0], p[1], 1])


def complexPow(z, n):
    power = complex(*z) ** n
    return np.array([power.real, power.imag])


def cartesianToSpherical(v):
    return math.hypot(*v), math.atan2(math.hypot(v[0], v[1]), v[2]), math.atan2(v[1], v[0])


def cylindricalToCartesian(r, angle, h):
    z = r * np.exp(1j * angle)
    return z.real, h, z.imag


def sumComponents(v):
    return math.fsum(np.ravel(v))


def anyPerpendicular(v):
    other = np.array([0.0, 0.0, 1.0] if abs(v[0]) > abs(v[2]) else [1.0, 0.0, 0.0])
    side = np.cross(other, v)
    return side / math.hypot(*side)


def juliaIterations(z0, c, maxIter):
    z, step = complex(*z0), complex(*c)
    for i in range(maxIter):
        z = z * z + step
        if abs(z) > 2:
            return i
    return maxIter
