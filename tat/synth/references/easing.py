"""References of concepts/easing.txt."""

import math

import numpy as np


def cssEase(x, x1, y1, x2, y2):
    t = np.roots([1 + 3 * (x1 - x2), 3 * (x2 - 2 * x1), 3 * x1, -x])
    t = t[(abs(t.imag) < 1e-6) & (t.real > -1e-6) & (t.real < 1 + 1e-6)].real[0]
    return 3 * (1 - t) ** 2 * t * y1 + 3 * (1 - t) * t**2 * y2 + t**3


def easeOutBounce(t):
    for centre, floor in ((0, 0), (6 / 11, 0.75), (9 / 11, 0.9375), (21 / 22, 0.984375)):
        half = math.sqrt((1 - floor) / 7.5625)
        if t < centre + half or centre == 21 / 22:
            return 1 - (1 - floor) * (1 - ((t - centre) / half) ** 2)
    return float("nan")
