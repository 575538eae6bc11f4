"""References of concepts/easing.txt."""

import numpy as np


def cssEase(x, x1, y1, x2, y2):
    t = np.roots([1 + 3 * (x1 - x2), 3 * (x2 - 2 * x1), 3 * x1, -x])
    t = t[(abs(t.imag) < 1e-6) & (t.real > -1e-6) & (t.real < 1 + 1e-6)].real[0]
    return 3 * (1 - t) ** 2 * t * y1 + 3 * (1 - t) * t**2 * y2 + t**3
