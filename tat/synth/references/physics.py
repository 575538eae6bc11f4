"""References of physics, in NumPy."""

import math

import numpy as np


def integrateVelocity(v, a, dt):
    return np.add(v, np.multiply(dt, a))


def separationForce(p, other, radius):
    away = p - other
    far = math.hypot(*away)
    return away * max(1 / far - 1 / radius, 0)


def gerstner(p, dir, amplitude, wavelength, t):
    k = 2 * math.pi / wavelength
    wave = amplitude * np.exp(1j * (k * (dir @ p) - math.sqrt(9.8 * k) * t))
    return dir[0] * wave.real, wave.imag, dir[1] * wave.real


def grayScott(ab, lap, feed, kill):
    a, b = ab
    return a + lap[0] - a * b**2 + feed - feed * a, b + lap[1] / 2 + b * (a * b - kill - feed)
