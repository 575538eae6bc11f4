"""References of camera, in NumPy."""

import math

import numpy as np


def ndcToWorld(ndc, invViewProj):
    row = np.append(ndc, 1.0) @ invViewProj.T
    return row[:3] / row[3]


def viewPositionFromDepth(uv, depth, invProj):
    x, y = 2 * uv[0] - 1, 1 - 2 * uv[1]
    return ndcToWorld(np.array([x, y, depth]), invProj)


def worldToScreenUv(p, viewProj):
    x, y, _ = ndcToWorld(p, viewProj)
    return (x + 1) / 2, (1 - y) / 2


def viewDirFromUv(uv, invProj, invView):
    ray = invView[:3, :3] @ viewPositionFromDepth(uv, 1.0, invProj)
    return ray / math.hypot(*ray)


def reverseDepth(d):
    return (1 - d * d) / (1 + d)
