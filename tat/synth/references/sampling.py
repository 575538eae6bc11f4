"""References of concepts/sampling.txt."""

import math

import numpy as np


def sampleLinear(u, a, b):
    low, high = 0.0, 1.0
    for _ in range(60):  # the distribution function, halved
        x = 0.5 * (low + high)
        if (a * x + (b - a) * x * x / 2) / ((a + b) / 2) < u:
            low = x
        else:
            high = x
    return x


def fibonacciSphere(i, n):
    z = 1 - (2 * i + 1) / n
    turn = np.exp(1j * i * math.pi * (3 - math.sqrt(5))) * math.sqrt(max(1 - z * z, 0))
    return turn.real, turn.imag, z


def vogelDisk(i, n):
    turn = np.exp(1j * i * math.pi * (3 - math.sqrt(5))) * math.sqrt((i + 0.5) / n)
    return turn.real, turn.imag


def concentricDisk(u):
    x, y = 2 * u - 1
    if abs(x) > abs(y):
        turn = x * np.exp(0.25j * math.pi * y / x)
    else:
        turn = y * np.exp(1j * math.pi * (0.5 - 0.25 * x / y))
    return turn.real, turn.imag


def sampleCone(u, cosMax):
    angle = math.acos(1 + u[0] * (cosMax - 1))
    turn = np.exp(2j * math.pi * u[1]) * math.sin(angle)
    return turn.real, turn.imag, math.cos(angle)


def sampleGgxLocal(xi, alpha):
    tangent = alpha * math.sqrt(xi[1] / (1 - xi[1]))
    turn = np.exp(2j * math.pi * xi[0]) * math.sin(math.atan(tangent))
    return turn.real, turn.imag, math.cos(math.atan(tangent))
