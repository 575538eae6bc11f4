"""References of concepts/uv.txt."""

import math

import numpy as np


def hexRound(h):
    # the nearest center among the neighbours, in the plane
    def place(q, r):
        return np.array([q + r / 2, r * np.sqrt(3) / 2])

    base = np.floor(h)
    cells = [base + np.array([i, j]) for i in range(-1, 3) for j in range(-1, 3)]
    distances = np.array([np.linalg.norm(place(*h) - place(*cell)) for cell in cells])
    order = distances.argsort()
    if distances[order[1]] - distances[order[0]] < 1e-3:
        return np.full(2, np.nan)
    return cells[order[0]]


def mobius(z, a, b, c, d):
    z, a, b, c, d = (complex(*v) for v in (z, a, b, c, d))
    w = (a * z + b) / (c * z + d)
    return np.array([w.real, w.imag])


def cubeFaceUv(d):
    # right and down axes of each face, as the graphics interfaces define them
    faces = {
        (0, 1): ([0, 0, -1], [0, -1, 0]),
        (0, -1): ([0, 0, 1], [0, -1, 0]),
        (1, 1): ([1, 0, 0], [0, 0, 1]),
        (1, -1): ([1, 0, 0], [0, 0, -1]),
        (2, 1): ([1, 0, 0], [0, -1, 0]),
        (2, -1): ([-1, 0, 0], [0, -1, 0]),
    }
    axis = int(abs(d).argmax())
    right, down = faces[axis, int(np.sign(d[axis]))]
    return np.array([d @ np.array(right), d @ np.array(down)]) / abs(d[axis]) / 2 + 0.5


def polarUv(uv, center):
    z = complex(*(uv - center))
    return 2 * abs(z), np.angle(z) / (2 * math.pi) + 0.5


def swirl(uv, center, radius, strength):
    z = complex(*(uv - center))
    turn = max(1 - abs(z) / radius, 0) ** 2 * strength
    z = complex(*center) + z * np.exp(1j * turn)
    return z.real, z.imag


def rippleUv(uv, time, freq, amp):
    z = complex(*uv) - 0.5 - 0.5j
    z = complex(*uv) + np.exp(1j * np.angle(z)) * math.sin(freq * abs(z) - time) * amp
    return z.real, z.imag


def ringMask(uv, center, radius, width):
    t = min(abs(math.hypot(*(uv - center)) - radius) / width, 1)
    return 1 - t * t * (3 - 2 * t)


def kaleidoscope(uv, segments):
    slice_ = 2 * math.pi / segments
    turn = math.atan2(uv[1], uv[0]) % slice_
    z = math.hypot(*uv) * np.exp(1j * abs(turn - slice_ / 2))
    return z.real, z.imag
