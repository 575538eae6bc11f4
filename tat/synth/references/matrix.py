"""References of concepts/matrix.txt: linear algebra of NumPy, rotations by their formula."""

import math

import numpy as np


def _conditioned(m, result):
    """The result, or NaN where rounding of float32 would show."""
    return result if np.linalg.cond(m) < 30 else np.full(np.shape(result), np.nan)


def composeTrs(t, q, s):
    # Rodrigues, with axis and angle of the quaternion
    length = np.linalg.norm(q[:3])
    axis, angle = q[:3] / length, 2 * np.arctan2(length, q[3])
    k = np.cross(axis, np.eye(3)).T
    m = np.eye(4)
    m[:3, :3] = (np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k) * s
    m[:3, 3] = t
    return m


def inverseTranspose3(m):
    return _conditioned(m, np.linalg.inv(m).T)


def affineInverse(m):
    affine = np.vstack([m[:3], [0, 0, 0, 1]])
    return _conditioned(affine, np.linalg.inv(affine))


def solve2x2(m, b):
    return _conditioned(m, np.linalg.solve(m, b))


def solve3x3(m, b):
    return _conditioned(m, np.linalg.solve(m, b))


def eigenvalues2(a, b, c):
    return np.linalg.eigvalsh([[a, b], [b, c]])[::-1]


def eigenvectorAngle2(a, b, c):
    vector = np.linalg.eigh([[a, b], [b, c]])[1][:, 1]
    return np.arctan(vector[1] / vector[0])


def frustumMatrix(left, right, bottom, top, near, far):
    # the linear map of homogeneous corners that a projection has to take to the cube
    corners, wanted = [], []
    for z, depth in ((near, 0), (far, 1)):
        for x, u in ((left, -1), (right, 1)):
            for y, v in ((bottom, -1), (top, 1)):
                corners.append([x * z / near, y * z / near, -z, 1])
                wanted.append(np.array([u, v, depth, 1]) * z)
    return np.linalg.lstsq(np.array(corners), np.array(wanted), rcond=None)[0].T


def inverse3(m):
    return _conditioned(m, np.linalg.inv(m))


def axisAngleMatrix(axis, angle):
    # the exponential of the cross product matrix, as a series
    k = np.cross(axis, np.eye(3)).T * angle
    result, term = np.eye(3), np.eye(3)
    for n in range(1, 40):
        term = term @ k / n
        result = result + term
    return result


def quatToMatrix(q):
    length = np.linalg.norm(q[:3])
    return axisAngleMatrix(q[:3] / length, 2 * np.arctan2(length, q[3]))


def orthographic(left, right, bottom, top, near, far):
    corner = np.array([[left, bottom, -near, 1], [right, top, -far, 1]])
    scale = np.array([2, 2, -1]) / (corner[1] - corner[0])[:3] * [1, 1, -1]
    shift = [-1, -1, 0] - scale * corner[0, :3]
    return np.block([[np.diag(scale), np.reshape(shift, (3, 1))], [np.zeros((1, 3)), 1]])


def lookAt(eye, center, up):
    forward = (center - eye) / math.hypot(*(center - eye))
    side = np.cross(forward, up)
    side /= math.hypot(*side)
    rows = np.stack([side, np.cross(side, forward), -forward])
    return np.block([[rows, -rows @ eye.reshape(3, 1)], [np.zeros((1, 3)), 1]])


def matrixColumn(m, i):
    return m[:, min(i, 3)] if i < 4 else [np.nan] * 4


def matrixRow(m, i):
    return m[i] if i < 4 else [np.nan] * 4


def eulerToMatrix(e):
    i = np.eye(3)
    turns = []
    for axis, angle in enumerate(e):
        k = np.cross(i, i[axis])
        turns.append(i + math.sin(angle) * k + (1 - math.cos(angle)) * k @ k)
    return turns[2] @ turns[1] @ turns[0]


def quatSlerp(a, b, t):
    a, b = a / math.hypot(*a), b / math.hypot(*b)
    b = b if a @ b > 0 else -b
    side = b - a * (a @ b)
    side /= math.hypot(*side)
    angle = math.acos(min(a @ b, 1)) * t
    return a * math.cos(angle) + side * math.sin(angle)
