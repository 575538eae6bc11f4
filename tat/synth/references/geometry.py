"""References of concepts/geometry.txt: linear systems, polynomial roots and integrals."""

import numpy as np


def _roots(coefficients):
    roots = np.roots(coefficients)
    real = np.sort(roots[abs(roots.imag) < 1e-9].real)
    return real if len(real) == 2 else np.array([-1.0, -1.0])


def rayTriangleUv(ro, rd, a, b, c):
    try:
        t, u, v = np.linalg.solve(np.stack([-rd, b - a, c - a], 1), ro - a)
    except np.linalg.LinAlgError:
        return np.full(3, np.nan)
    if min(abs(u), abs(v), abs(1 - u - v), abs(t)) < 1e-4:
        return np.full(3, np.nan)  # on an edge, rounding decides
    inside = u >= 0 and v >= 0 and u + v <= 1 and t >= 0
    return np.array([t, u, v]) if inside else np.array([-1.0, 0, 0])


def _quadric(ro, rd, weights, constant):
    """Roots of sum of weights * (ro + t rd)^2 = constant."""
    return _roots([weights @ rd**2, 2 * (weights @ (ro * rd)), weights @ ro**2 - constant])


def rayInfiniteCylinder(ro, rd, radius):
    return _quadric(ro, rd, np.array([1, 0, 1]), radius**2)


def rayConeY(ro, rd, tanAngle):
    return _quadric(ro, rd, np.array([1, -(tanAngle**2), 1]), 0)


def rayCapsule(ro, rd, a, b, r):
    t = np.linspace(0, 8, 4001)
    for _ in range(3):
        p = ro + t[:, None] * rd
        ab = b - a
        k = np.clip((p - a) @ ab / (ab @ ab), 0, 1)
        d = np.linalg.norm(a + k[:, None] * ab - p, axis=1) - r
        if abs(d.min()) < 0.01:
            return np.nan  # it grazes
        inside = np.nonzero(d < 0)[0]
        if len(inside) == 0:
            return -1.0
        t = np.linspace(t[inside[0] - 1], t[inside[0]], 101)
    return t[50]


def rayRectangle(ro, rd, corner, u, v):
    try:
        t, s, r = np.linalg.solve(np.stack([-rd, u, v], 1), ro - corner)
    except np.linalg.LinAlgError:
        return np.nan
    if min(abs(t), abs(s), abs(r), abs(1 - s), abs(1 - r)) < 1e-3:
        return np.nan
    return t if t >= 0 and 0 <= s <= 1 and 0 <= r <= 1 else -1.0


def circumcenter(a, b, c):
    return np.linalg.solve(np.stack([b - a, c - a]), [(b @ b - a @ a) / 2, (c @ c - a @ a) / 2])


def incenter(a, b, c):
    # where two bisectors cross
    u = (b - a) / np.linalg.norm(b - a) + (c - a) / np.linalg.norm(c - a)
    v = (a - b) / np.linalg.norm(a - b) + (c - b) / np.linalg.norm(c - b)
    return a + u * np.linalg.solve(np.stack([u, -v], 1), b - a)[0]


def barycentric3d(p, a, b, c):
    s, t = np.linalg.lstsq(np.stack([b - a, c - a], 1), p - a, rcond=None)[0]
    return np.array([1 - s - t, s, t])


def planeIntersection3(a, b, c):
    system = np.stack([a, b, c])
    if abs(np.linalg.det(system[:, :3])) < 0.02:
        return np.full(3, np.nan)
    return np.linalg.solve(system[:, :3], -system[:, 3])


def ellipsePerimeter(a, b):
    t = (np.arange(4096) + 0.5) * 2 * np.pi / 4096
    return np.hypot(a * np.sin(t), b * np.cos(t)).mean() * 2 * np.pi


def greatCircleDistance(a, b, r):
    def point(p):
        return np.array([np.cos(p[0]) * np.cos(p[1]), np.cos(p[0]) * np.sin(p[1]), np.sin(p[0])])

    u, v = point(a), point(b)
    return r * np.arctan2(np.linalg.norm(np.cross(u, v)), u @ v)


def raySegment2(ro, rd, a, b):
    try:
        t, u = np.linalg.solve(np.stack([rd, a - b], 1), a - ro)
    except np.linalg.LinAlgError:
        return np.nan
    if min(abs(t), abs(u), abs(1 - u)) < 1e-3:
        return np.nan
    return t if t >= 0 and 0 <= u <= 1 else -1.0


def heightInterpolate(p, a, b, c):
    system = np.array([[v[0], v[2], 1] for v in (a, b, c)])
    if abs(np.linalg.det(system)) < 0.01:
        return np.nan
    return np.array([p[0], p[1], 1]) @ np.linalg.solve(system, [a[1], b[1], c[1]])


def rayBox(ro, rd, boxMin, boxMax):
    hits = np.sort([(boxMin - ro) / rd, (boxMax - ro) / rd], axis=0)
    return hits[0].max(), hits[1].min()


def rayBoxHit(ro, invDir, boxMin, boxMax):
    near, far = rayBox(ro, 1 / invDir, boxMin, boxMax)
    return near <= far and far >= 0


def rayTriangle(ro, rd, a, b, c):
    try:
        t, u, v = np.linalg.solve(np.stack([-rd, b - a, c - a], axis=1), ro - a)
    except np.linalg.LinAlgError:
        return -1.0
    return t if min(t, u, v, 1 - u - v) >= 0 else -1.0


def planeFromPoints(a, b, c):
    *_, rows = np.linalg.svd([b - a, c - a])
    n = rows[2] * np.sign(np.linalg.det([rows[2], b - a, c - a]))
    return np.append(n, -(n @ (a + b + c)) / 3)
