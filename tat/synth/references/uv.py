"""References of concepts/uv.txt."""

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
