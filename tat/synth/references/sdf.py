"""References of concepts/sdf.txt: distances from sampled outlines, polygons and corners."""

import math

import numpy as np


def _segments(p, a, b):
    """Distances of `p` to the segments from rows of `a` to rows of `b`."""
    d = b - a
    t = np.clip(((p - a) * d).sum(1) / (d * d).sum(1), 0, 1)
    return np.linalg.norm(a + d * t[:, None] - p, axis=1)


def _polygon(p, corners):
    """Signed distance to a simple polygon by its winding number."""
    a = np.asarray(corners, float)
    b = np.roll(a, -1, axis=0)
    u, v = a - p, b - p
    turn = np.arctan2(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0], (u * v).sum(1)).sum()
    distance = _segments(p, a, b).min()
    return -distance if abs(turn) > np.pi else distance


def _regular(p, sides, apothem):
    angles = np.pi / 2 + np.pi / sides + 2 * np.pi * np.arange(sides) / sides
    radius = apothem / np.cos(np.pi / sides)
    return _polygon(p, np.stack([np.cos(angles), np.sin(angles)], 1) * radius)


def _arc(center, radius, start, end, count=20000):
    angles = np.linspace(start, end, count)
    return center + radius * np.stack([np.cos(angles), np.sin(angles)], 1)


def sdRhombus(p, b):
    return _polygon(p, [(b[0], 0), (0, b[1]), (-b[0], 0), (0, -b[1])])


def sdTrapezoid(p, r1, r2, h):
    return _polygon(p, [(-r1, -h), (r1, -h), (r2, h), (-r2, h)])


def sdParallelogram(p, wi, he, sk):
    return _polygon(p, [(-wi - sk, -he), (wi - sk, -he), (wi + sk, he), (-wi + sk, he)])


def sdPentagon(p, r):
    return _regular(p, 5, r)


def sdOctagon(p, r):
    return _regular(p, 8, r)


def sdHexagram(p, r):
    outer, inner = 2 * r, 2 * r / np.sqrt(3)
    angles = np.pi / 2 + np.pi / 6 * np.arange(12)
    radii = np.where(np.arange(12) % 2 == 0, outer, inner)
    return _polygon(p, np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None])


def sdStar5(p, r, rf):
    angles = np.pi / 2 + np.pi / 5 * np.arange(10)
    radii = np.where(np.arange(10) % 2 == 0, r, r * rf)
    return _polygon(p, np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None])


def sdVesica(p, r, d):
    half = np.arccos(d / r)
    right = _arc(np.array([-d, 0.0]), r, -half, half)
    outline = np.concatenate([right, right * [-1, 1]])
    distance = np.linalg.norm(outline - p, axis=1).min()
    inside = np.hypot(p[0] + d, p[1]) < r and np.hypot(p[0] - d, p[1]) < r
    return -distance if inside else distance


def sdHeart(p):
    q = np.array([abs(p[0]), p[1]])
    side = np.linspace(0, 0.5, 20000)[:, None] * np.ones(2)
    lobe = _arc(np.array([0.25, 0.75]), np.sqrt(2) / 4, -np.pi / 4, 3 * np.pi / 4)
    distance = np.linalg.norm(np.concatenate([side, lobe]) - q, axis=1).min()
    in_lobe = np.linalg.norm(q - [0.25, 0.75]) < np.sqrt(2) / 4
    in_square = q[0] < q[1] < 1 - q[0]
    return -distance if in_lobe or in_square else distance


def sdUnevenCapsule(p, r1, r2, h):
    # the envelope of circles whose radius runs from r1 to r2
    t = np.linspace(0, 1, 20001)
    return (np.hypot(p[0], p[1] - t * h) - (r1 + (r2 - r1) * t)).min()


def _segment_of_disk(q, r, h):
    half = np.arccos(h / r)
    arc = _arc(np.zeros(2), r, np.pi / 2 - half, np.pi / 2 + half)
    width = np.sqrt(r * r - h * h)
    chord = np.stack([np.linspace(-width, width, 20000), np.full(20000, h)], 1)
    distance = np.linalg.norm(np.concatenate([arc, chord]) - q, axis=1).min()
    return -distance if np.hypot(*q) < r and q[1] > h else distance


def sdCutDisk(p, r, h):
    return _segment_of_disk(p, r, h)


def sdCutSphere(p, r, h):
    return _segment_of_disk(np.array([np.hypot(p[0], p[2]), p[1]]), r, h)


def sdTunnel(p, wh):
    arc = _arc(np.zeros(2), wh[0], 0, np.pi)
    corners = np.array([(wh[0], 0), (wh[0], -wh[1]), (-wh[0], -wh[1]), (-wh[0], 0)])
    distance = min(
        np.linalg.norm(arc - p, axis=1).min(), _segments(p, corners[:-1], corners[1:]).min()
    )
    inside = np.hypot(*p) < wh[0] if p[1] > 0 else abs(p[0]) < wh[0] and p[1] > -wh[1]
    return -distance if inside else distance


def sdConeExact(p, c, h):
    width = h * c[0] / c[1]
    return _polygon(np.array([np.hypot(p[0], p[2]), p[1]]), [(0, 0), (-width, -h), (width, -h)])


def sdDeathStar(p, ra, rb, d):
    a = (ra * ra - rb * rb + d * d) / (2 * d)
    if ra * ra <= a * a:
        return np.nan
    q = np.array([p[0], np.hypot(p[1], p[2])])
    ball = _arc(np.zeros(2), ra, 0, np.pi)
    dent = _arc(np.array([d, 0.0]), rb, 0, np.pi)
    outline = np.concatenate(
        [ball[np.hypot(ball[:, 0] - d, ball[:, 1]) > rb], dent[np.hypot(*dent.T) < ra]]
    )
    outline = np.concatenate([outline, outline * [1, -1]])
    distance = np.linalg.norm(outline - q, axis=1).min()
    if np.hypot(*q) < ra and np.hypot(q[0] - d, q[1]) > rb:
        return max(
            np.hypot(*q) - ra, rb - np.hypot(q[0] - d, q[1])
        )  # inside, the bound is what is asked
    return distance


def sdPyramid(p, h):
    top = np.array([0, h, 0.0])
    base = np.array([(-0.5, 0, -0.5), (0.5, 0, -0.5), (0.5, 0, 0.5), (-0.5, 0, 0.5)])
    faces = [(top, base[k], base[(k + 1) % 4]) for k in range(4)]
    faces += [(base[0], base[1], base[2]), (base[0], base[2], base[3])]
    distance = min(_triangle(p, *face) for face in faces)
    slope = p[1] / h
    inside = p[1] > 0 and max(abs(p[0]), abs(p[2])) < 0.5 * (1 - slope)
    return -distance if inside else distance


def _triangle(p, a, b, c):
    """Distance to a triangle: its plane where the foot lies inside, else its edges."""
    weights = np.linalg.lstsq(np.stack([b - a, c - a], 1), p - a, rcond=None)[0]
    if weights.min() >= 0 and weights.sum() <= 1:
        return np.linalg.norm(a + weights[0] * (b - a) + weights[1] * (c - a) - p)
    return _segments(p, np.array([a, b, c]), np.array([b, c, a])).min()


def udQuad3(p, corner, u, v):
    w = v - u * (u @ v) / (u @ u)
    grid = np.linspace(0, 1, 401)
    s, t = np.meshgrid(grid, grid)
    for _ in range(2):
        points = corner + s[..., None] * u + t[..., None] * w
        distances = np.linalg.norm(points - p, axis=2)
        k = np.unravel_index(distances.argmin(), distances.shape)
        s, t = np.meshgrid(
            np.clip(s[k] + np.linspace(-0.005, 0.005, 101), 0, 1),
            np.clip(t[k] + np.linspace(-0.005, 0.005, 101), 0, 1),
        )
    return distances.min()


def sdHexagon(p, r):
    return _regular(p, 6, r)


def sdTriangleEquilateral(p, r):
    height = r * np.sqrt(3)
    return _polygon(p, [(-r, -height / 3), (r, -height / 3), (0, 2 * height / 3)])


def sdBox2D(p, b):
    return _polygon(p, [(-b[0], -b[1]), (b[0], -b[1]), (b[0], b[1]), (-b[0], b[1])])


def sdBox(p, b):
    nearest = np.clip(p, -b, b)
    outside = np.linalg.norm(p - nearest)
    return outside if outside > 0 else -(b - abs(p)).min()


def sdCylinder(p, h, r):
    x, y = math.hypot(p[0], p[2]) - r, abs(p[1]) - h
    return max(x, y) if max(x, y) < 0 else math.hypot(max(x, 0), max(y, 0))


def sdGround(p, h):
    return np.subtract(p[1], h)


def sdPolygon(p, r, sides):
    turns = (np.arange(sides) + 0.0) * 2 * math.pi / sides
    return max(p[0] * np.sin(turns) + p[1] * np.cos(turns)) - r


def sdArc(p, sc, ra, rb):
    x, y = abs(p[0]), p[1]
    inside = sc[1] * x <= sc[0] * y
    return (
        abs(math.hypot(x, y) - ra) if inside else math.hypot(x - sc[0] * ra, y - sc[1] * ra)
    ) - rb


def opXor(d1, d2):
    low, high = sorted((d1, d2))
    return low if low > -high else -high


def opRound(d, r):
    return np.subtract(d, r)


def opRepeatLimited(p, s, most):
    cell = np.floor(p / s + 0.5)
    return p - s * np.minimum(np.maximum(cell, -most), most)


def opTwist(p, k):
    turned = (p[0] + 1j * p[2]) * np.exp(1j * k * p[1])
    return turned.real, p[1], turned.imag


def opBend(p, k):
    turned = (p[0] + 1j * p[1]) * np.exp(1j * k * p[0])
    return turned.real, turned.imag, p[2]


def opTranslate(p, offset):
    return np.subtract(p, offset)


def opExtrude(p, d, h):
    z = abs(p[2]) - h
    return max(d, z) if max(d, z) < 0 else math.hypot(max(d, 0), max(z, 0))
