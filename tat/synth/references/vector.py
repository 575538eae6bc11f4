"""References of concepts/vector.txt: complex numbers of Python, angles by their definition."""

import cmath

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
