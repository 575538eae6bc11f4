"""References of concepts/scalar.txt: whole numbers by Python, functions by NumPy in float64."""

import math

import numpy as np


def sumOfHarmonics(x, n):
    k = np.arange(1, n + 1)
    return 2 / np.pi * (np.exp(1j * k * x) / k).sum().imag


def squareSeries(x, n):
    m = np.arange(1, 2 * n, 2)
    return 4 / np.pi * (np.exp(1j * m * x) / m).sum().imag


def tanhApprox(x):
    return np.tanh(x)


def expApprox(x):
    return np.exp(x)


def log2Approx(x):
    return np.log2(x)


def exp2Approx(x):
    return 2.0**x


def arithmeticGeometricMean(a0, b0):
    # Gauss: pi / (2 K), with the elliptic integral as a mean over the period
    theta = (np.arange(512) + 0.5) * np.pi / 512
    return 1 / np.mean(1 / np.sqrt((a0 * np.cos(theta)) ** 2 + (b0 * np.sin(theta)) ** 2))


def binomial(n, k):
    return math.comb(n, k)


def catalanNumber(n):
    return math.comb(2 * n, n) // (n + 1)


def digitCount(n):
    return len(str(n))


def digitAt(n, place):
    return int(str(n).zfill(place + 1)[-1 - place])


def reverseDigits(n):
    return int(str(n)[::-1])


def modPow(base, exponent, modulus):
    return pow(base, exponent, modulus)


def triangularRoot(k):
    return (math.isqrt(8 * k + 1) - 1) // 2


def smoothDampStep(current, goal, velocity, smoothTime, dt):
    # the exact critically damped spring
    omega = 2 / smoothTime
    change = current - goal
    slope = velocity + omega * change
    decay = np.exp(-omega * dt)
    return np.array([goal + (change + slope * dt) * decay, (velocity - omega * slope * dt) * decay])


def factorial(n):
    return math.factorial(n)


def fibonacci(n):
    # Binet
    return round(((1 + 5**0.5) / 2) ** n / 5**0.5)


def gcd(a, b):
    return math.gcd(a, b)


def collatzSteps(n):
    return 0 if n == 1 else 1 + collatzSteps(3 * n + 1 if n % 2 else n // 2)


def intPow(base, exponent):
    return base**exponent


def mirrorIndex(i, n):
    return (list(range(n)) + list(reversed(range(n))))[i % (2 * n)]


def fastSin(x):
    return math.sin(x)


def fastAcos(x):
    return math.acos(x)


def sinc(x):
    return np.sinc(x)


def smootherstepRange(edge0, edge1, x):
    t = min(max((x - edge0) / (edge1 - edge0), 0), 1)
    return 6 * t**5 - 15 * t**4 + 10 * t**3


def square(x):
    return np.power(x, 2)


def taylorInvSqrt(r):
    return 1.79284291400159 + np.multiply(r, -0.85373472095314)


def gainCurve(x, k):
    return 2 ** (k - 1) * x**k if x < 0.5 else 1 - 2 ** (k - 1) * (1 - x) ** k


def powerCurve(x, a, b):
    top = a / (a + b)
    return (x / top) ** a * ((1 - x) / (1 - top)) ** b


def gain(t, g):
    def bias(s):
        return s / ((1 / g - 2) * (1 - s) + 1)

    return bias(2 * t) / 2 if t < 0.5 else 1 - bias(2 - 2 * t) / 2
