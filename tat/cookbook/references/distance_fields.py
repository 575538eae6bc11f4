"""References of the distance fields: nearest points by search, signs by winding numbers.

The shaders fold a shape by its symmetry or solve for the nearest point. Here outlines are polygons
with all their corners, curves are sampled ever more finely, solids are unions of simpler ones.
"""

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np

from tat.cookbook.references import FloatArray, Integers, Interval, Unit, pure

_SINES = 1e-3  # for WGSL's sin and cos, which are within 2^-11 from -π to π


def _to_segment(p: FloatArray, a: FloatArray, b: FloatArray) -> float:
    """Distance to an end, or by Pythagoras to the line where the foot is between the ends."""
    p, a, b = np.array(p), np.array(a), np.array(b)
    to_a, to_b, size = math.dist(p, a), math.dist(p, b), math.dist(a, b)
    if size == 0 or (p - a) @ (b - a) <= 0:
        return to_a
    if (p - b) @ (a - b) <= 0:
        return to_b
    return math.sqrt(max(to_a**2 - ((p - a) @ (b - a) / size) ** 2, 0))


def _to_polygon(p: FloatArray, corners: Sequence[FloatArray]) -> float:
    """Signed distance to a closed polygon, negative where it winds around `p`."""
    following = [*corners[1:], corners[0]]
    gap = min(_to_segment(p, a, b) for a, b in zip(corners, following))
    ways = [complex(*np.subtract(corner, p)) for corner in corners]
    if min(map(abs, ways)) == 0:
        return 0.0
    turned = sum(np.angle(b / a) for a, b in zip(ways, [*ways[1:], ways[0]]))
    return -gap if abs(turned) > math.pi else gap


def _least(field: Callable[[FloatArray], FloatArray], low: float, high: float) -> float:
    """Smallest value of `field` from `low` to `high`: sampled, then again around the best."""
    for count in (4001, 401, 401, 401):
        t = np.linspace(low, high, count)
        values = field(t)
        best = int(np.argmin(values))
        low, high = t[max(best - 1, 0)], t[min(best + 1, count - 1)]
    return float(values.min())


def _to_curve(
    p: FloatArray, curve: Callable[[FloatArray], list[FloatArray]], low: float, high: float
) -> float:
    return _least(lambda t: np.hypot(*np.subtract(curve(t), p[:, None])), low, high)


def _to_box(p: FloatArray, low: FloatArray, high: FloatArray) -> float:
    outside = math.dist(p, np.clip(p, low, high))
    return outside or -float(np.min([p - low, high - p]))


@pure(
    a=Interval(-1, 1),
    b=Interval(-1, 1),
    width=Interval(0.01, 1),
    edges=[(0, 0, 0.1), (1, -1, 0.5), (0.5, 0.25, 0.25), (3, 3, 1e-3)],
)
def smooth_minimum(a, b, width) -> float:
    share = np.clip(0.5 + 0.5 * (b - a) / width, 0, 1)
    return b + (a - b) * share - width * share * (1 - share)


@pure(
    p=Interval(-2, 2),
    a=Interval(-1, 1),
    b=Interval(-1, 1),
    radius=Interval(0, 0.5),
    edges=[([0, 0, 0], [0, 0, 0], [0, 0, 0], 0.5), ([1, 0, 0], [-1, 0, 0], [1, 0, 0], 0)],
)
def sd_capsule(p, a, b, radius) -> float:
    return _to_segment(p, a, b) - radius


@pure(
    p=Interval(-2, 2),
    half_size=Interval(0.3, 1),
    radius=Interval(0, 0.3),
    edges=[([0, 0], [1, 0.5], 0), ([1, 0.5], [1, 0.5], 0), ([0, 2], [1, 0.5], 0.5)],
)
def sd_rounded_box(p, half_size, radius) -> float:
    x, y = half_size - radius
    return _to_polygon(p, [[x, y], [-x, y], [-x, -y], [x, -y]]) - radius


@pure(
    p=Interval(-2, 2),
    a=Interval(-1, 1),
    b=Interval(-1, 1),
    c=Interval(-1, 1),
    edges=[
        ([0, 0.25], [-1, 0], [1, 0], [0, 1]),
        ([0, 0.25], [1, 0], [-1, 0], [0, 1]),
        ([0, 2], [-1, 0], [1, 0], [0, 0]),
        ([1, 1], [0, 0], [0, 0], [0, 0]),
    ],
)
def sd_triangle(p, a, b, c) -> float:
    return _to_polygon(p, [a, b, c])


@pure(
    p=Interval(-2, 2),
    sides=Integers(3, 12),
    radius=Interval(0.2, 1.5),
    edges=[([0, 0], 3, 1), ([0, 0], 6, 1), ([0, 2], 5, 1), ([0, -2], 5, 1), ([0, -1], 4, 0.5)],
    absolute=_SINES,
)
def sd_regular_polygon(p, sides, radius) -> float:
    turns = np.arange(sides) * 2 * math.pi / sides
    return _to_polygon(p, list(radius * np.stack([np.sin(turns), np.cos(turns)], axis=1)))


@pure(
    p=Interval(-1.5, 1.5),
    points=Integers(2, 9),
    outer=Interval(0.8, 1.2),
    inner=Interval(0.1, 0.8),
    edges=[([0, 0], 5, 1, 0.4), ([0, 1.5], 5, 1, 0.4), ([0, -1], 6, 1, 1), ([0.5, 0.5], 4, 1, 0)],
    absolute=_SINES,
)
def sd_star(p, points, outer, inner) -> float:
    turns = np.arange(2 * points) * math.pi / points
    reach = np.where(np.arange(2 * points) % 2, inner, outer)
    return _to_polygon(p, list(np.stack([reach * np.sin(turns), reach * np.cos(turns)], axis=1)))


@pure(
    p=Interval(-1.5, 1.5),
    radii=Interval(0.05, 1),
    edges=[([0, 0], [1, 0.5]), ([0, 0], [1, 1]), ([2, 0], [1, 0.5]), ([0, 0.5], [0.5, 1])],
    absolute=5e-6,
)
def sd_ellipse(p, radii) -> float:
    gap = _to_curve(p, lambda t: [radii[0] * np.cos(t), radii[1] * np.sin(t)], 0, 2 * math.pi)
    return math.copysign(gap, np.hypot(*(p / radii)) - 1)


@pure(
    p=Interval(-1.5, 1.5),
    half_angle=Interval(0.1, 3.1),
    radius=Interval(0.3, 1),
    thickness=Interval(0, 0.3),
    edges=[
        ([0, -1], math.pi, 1, 0.1),
        ([0, 0], 1, 1, 0),
        ([0, 1.5], 0, 1, 0.2),
        ([1, 0], math.pi / 2, 1, 0.25),
    ],
    absolute=_SINES,
)
def sd_arc(p, half_angle, radius, thickness) -> float:
    def arc(t: FloatArray) -> list[FloatArray]:
        return [radius * np.sin(t), radius * np.cos(t)]

    return _to_curve(p, arc, -half_angle, half_angle) - thickness / 2


@pure(
    p=Interval(-1.5, 1.5),
    a=Interval(-1, 1),
    b=Interval(-3, 3),
    c=Interval(-1, 1),
    thickness=Interval(0, 0.2),
    edges=[
        ([0.5, 0.5], [-1, 0], [0, 0], [1, 0], 0.1),  # straight and evenly paced
        ([0.5, 0.5], [-1, 0], [0.5, 0], [1, 0], 0.1),  # straight and unevenly paced
        ([0.2, -0.1], [0, 0], [2, 0], [0, 0], 0),  # there and back
        ([1, 1], [0, 0], [0, 0], [0, 0], 0),  # a point
        ([0, 0], [-1, 0], [0, 2], [1, 0], 0),  # on the axis of a parabola
        ([0.05, 0.3], [-1, 0], [0, 2], [1, 0], 0),
        ([-0.9, 0.03], [-1, 0], [3, 0.1], [-1, 0.2], 0),  # beside one leg of a hairpin
        ([-0.9, 0.17], [-1, 0], [3, 0.1], [-1, 0.2], 0),  # beside the other
        ([-1, 0], [-1, 0], [0, 1], [1, 0], 0),
    ],
    absolute=1e-5,
)
def sd_quadratic_bezier(p, a, b, c, thickness) -> float:
    def curve(t: FloatArray) -> FloatArray:
        return np.outer(a, (1 - t) ** 2) + np.outer(b, 2 * t * (1 - t)) + np.outer(c, t**2)

    return _to_curve(p, curve, 0, 1) - thickness / 2


@pure(
    p=Interval(-1.5, 1.5),
    half_size=Interval(0.3, 1),
    thickness=Interval(0.02, 0.3),
    edges=[
        ([0, 0, 0], [1, 1, 1], 0.1),
        ([2, 2, 2], [1, 1, 1], 0.1),
        ([1, 1, 1], [1, 1, 1], 0.1),
        ([0.95, -0.93, 0.1], [1, 1, 1], 0.2),
    ],
)
def sd_box_frame(p, half_size, thickness) -> float:
    """The least distance to twelve beams, each a box of its own."""
    beams = []
    for axis, *signs in itertools.product(range(3), (-1, 1), (-1, 1)):
        outer = np.insert(np.array(signs, float), axis, 1)
        inner = outer * (half_size - thickness)
        inner[axis] = -half_size[axis]
        outer *= half_size
        beams.append(_to_box(p, np.minimum(inner, outer), np.maximum(inner, outer)))
    return min(beams)


@pure(
    p=Interval(-1.5, 1.5),
    half_length=Interval(0, 0.6),
    ring_radius=Interval(0.2, 0.6),
    tube_radius=Interval(0.02, 0.2),
    edges=[([0, 0, 0], 0.3, 0.4, 0.1), ([0, 0, 0], 0, 0.5, 0.25), ([0.4, 0.3, 0], 0.3, 0.4, 0.1)],
)
def sd_link(p, half_length, ring_radius, tube_radius) -> float:
    """The least distance to two straight pieces and two half circles."""
    ring, height = ring_radius, half_length
    gaps = [_to_segment(p, [x, -height, 0], [x, height, 0]) for x in (-ring, ring)]
    for side in (-1, 1):
        x, y = p[0], side * p[1] - height
        if y >= 0:
            gaps.append(math.hypot(math.hypot(x, y) - ring, p[2]))
    return min(gaps) - tube_radius


def _is_no_dot(p, a, b, radius) -> bool:
    return math.dist(a, b) > 0.1


@pure(
    p=Interval(-1.5, 1.5),
    a=Interval(-1, 1),
    b=Interval(-1, 1),
    radius=Interval(0.05, 0.6),
    edges=[
        ([0, 0, 0], [0, -1, 0], [0, 1, 0], 0.5),
        ([0, 2, 0], [0, -1, 0], [0, 1, 0], 0.5),
        ([1, 2, 0], [0, -1, 0], [0, 1, 0], 0.5),
    ],
    keep=_is_no_dot,
    absolute=2e-6,
)
def sd_cylinder(p, a, b, radius) -> float:
    """A box in coordinates (along the axis, away from it)."""
    size = math.dist(a, b)
    along = (p - a) @ (b - a) / size
    away = np.linalg.norm(np.cross(p - a, b - a)) / size
    return _to_box(np.array([along, away]), np.array([0, -radius]), np.array([size, radius]))


@pure(
    p=Interval(-1.5, 1.5),
    half_height=Interval(0.1, 1),
    bottom=Interval(0.05, 1),
    top=Interval(0, 1),
    edges=[
        ([0, 0, 0], 1, 0.5, 0.5),
        ([0, 2, 0], 1, 0.5, 0),
        ([0, -2, 0], 1, 0, 0.5),
        ([2, -1, 0], 1, 0.5, 0.25),
    ],
    absolute=2e-6,
)
def sd_capped_cone(p, half_height, bottom, top) -> float:
    h = half_height
    profile = [[-bottom, -h], [bottom, -h], [top, h], [-top, h]]
    return _to_polygon([math.hypot(p[0], p[2]), p[1]], profile)


@pure(
    p=Interval(-1.5, 1.5),
    radius=Interval(0.3, 1.2),
    edges=[([0, 0, 0], 1), ([2, 0, 0], 1), ([1, 1, 0], 1), ([0, -1, 0], 1), ([0.9, 0.9, -0.1], 1)],
)
def sd_octahedron(p, radius) -> float:
    """The least distance to eight triangles: to the plane above one, else to an edge."""
    gaps = []
    for signs in itertools.product((-1, 1), repeat=3):
        corners = np.diag(np.array(signs) * radius)
        normal = np.array(signs) / math.sqrt(3)
        height = (p - corners[0]) @ normal
        shares = np.linalg.solve(corners.T, p - height * normal)
        if min(shares) >= 0:
            gaps.append(abs(height))
        gaps += [_to_segment(p, corners[i - 1], corners[i]) for i in range(3)]
    return math.copysign(min(gaps), np.abs(p).sum() - radius)


@pure(
    p=Interval(-1.5, 1.5),
    a=Interval(-1, 1),
    b=Interval(-1, 1),
    radius_a=Interval(0, 0.6),
    radius_b=Interval(0, 0.6),
    edges=[
        ([0, 1, 0], [0, 0, 0], [0, 1, 0], 0.5, 0.25),
        ([0, 1, 0], [0, 0, 0], [0, 0.1, 0], 0.5, 0.25),
        ([0, -1, 0], [0, 0, 0], [0, 0.1, 0], 0.25, 0.5),
        ([0, 1, 0], [0, 0, 0], [0, 0, 0], 0.25, 0.25),
        ([0.1, 1.2, 0], [0, 0, 0], [0, 1, 0], 0.6, 0.1),
    ],
    absolute=2e-6,
)
def sd_round_cone(p, a, b, radius_a, radius_b) -> float:
    """The least distance to the balls that grow from one end to the other."""

    def to_ball(t: FloatArray) -> FloatArray:
        centres = np.outer(1 - t, a) + np.outer(t, b)
        return np.linalg.norm(centres - p, axis=1) - (radius_a + t * (radius_b - radius_a))

    return _least(to_ball, 0, 1)


@pure(
    p=Interval(-2, 2),
    period=Interval(0.3, 3),
    thickness=Interval(0, 0.2),
    edges=[([0, 0, 0], 1, 0), ([0.25, 0, 0], 1, 0.125), ([0.125, 0.125, 0.125], 1, 0)],
    absolute=_SINES,
)
def sd_gyroid(p, period, thickness) -> float:
    """With each product of sine and cosine as a sum of two sines."""
    q = 2 * math.pi / period * p
    level = 0.5 * np.sum(np.sin(q + np.roll(q, -1)) + np.sin(q - np.roll(q, -1)))
    return abs(level) * period / (2 * math.pi * math.sqrt(3)) - thickness / 2


@pure(
    p=Interval(-1.3, 1.3),
    levels=Integers(0, 4),
    edges=[([0, 0, 0], 3), ([0, 0, 0], 0), ([2, 2, 2], 2), ([1, 1, 1], 4), ([0.9, 0.9, 0.9], 4)],
    absolute=2e-6,
)
def sd_menger_sponge(p, levels) -> float:
    """Inside a bar of a cross when two coordinates of three are near the middle of their cells."""
    bound = _to_box(p, -np.ones(3), np.ones(3))
    for level in range(levels):
        cell = 2 / 3**level
        middles = cell * np.arange(-(3**level), 3**level + 1)
        off_middle = np.sort(np.abs(p[:, None] - middles).min(axis=1))
        bound = max(bound, cell / 6 - off_middle[1])
    return bound


@pure(
    flat_distance=Interval(-1, 1),
    z=Interval(-2, 2),
    half_depth=Interval(0, 1.5),
    edges=[(-0.5, 0, 1), (0, 1, 1), (0.75, -2, 1), (-0.5, 2, 1)],
)
def extrude_distance(flat_distance, z, half_depth) -> float:
    past_face = max(z - half_depth, -half_depth - z)
    if flat_distance > 0 and past_face > 0:
        return math.hypot(flat_distance, past_face)
    return max(flat_distance, past_face)


def _copies(spacing, counts) -> FloatArray:
    """Centres of the copies, one in each row."""
    numbers = np.array(list(np.ndindex(*(int(count) for count in counts))))
    return spacing * (numbers - numbers.mean(axis=0))


def _has_one_nearest_copy(p, spacing, counts) -> bool:
    gaps = np.sort(np.linalg.norm(_copies(spacing, counts) - p, axis=1))
    return gaps.size == 1 or gaps[1] - gaps[0] > 1e-4


@pure(
    p=Interval(-4, 4),
    spacing=Interval(0.5, 2),
    counts=Integers(1, 5),
    edges=[([9, 9, 9], [1, 1, 1], [1, 1, 1]), ([9, -9, 0.25], [1, 1, 1], [2, 3, 4])],
    keep=_has_one_nearest_copy,
    absolute=2e-6,
)
def repeat_limited(p, spacing, counts) -> FloatArray:
    ways = p - _copies(spacing, counts)
    return ways[np.argmin(np.linalg.norm(ways, axis=1))]


def _turned(p, count) -> list[complex]:
    """`p` in the coordinates of every sector, the one it lies in last."""
    turns = np.exp(-2j * math.pi * np.arange(count) / count)
    return sorted(complex(*p) * turns, key=lambda q: q.real)


def _is_inside_a_sector(p, count) -> bool:
    return count == 1 or _turned(p, count)[-1].real - _turned(p, count)[-2].real > 1e-4


@pure(
    p=Interval(-2, 2),
    count=Integers(1, 12),
    edges=[([0, 0], 5), ([1, 0], 3), ([0, 1], 4), ([0, -1], 4), ([-1, 0.25], 1)],
    keep=_is_inside_a_sector,
    absolute=_SINES,
)
def repeat_polar(p, count) -> list[float]:
    q = _turned(p, count)[-1]
    return [q.real, q.imag]


def _is_off_the_torus_axes(p) -> bool:
    off_axis = math.hypot(p[0], p[2])
    return off_axis > 0.15 and math.hypot(off_axis - 0.6, p[1]) > 0.1


@pure(
    p=Interval(-1, 1),
    edges=[([0.85, 0, 0],), ([0, 0.25, 0.6],), ([-0.35, 0, 0],)],
    keep=_is_off_the_torus_axes,
    absolute=5e-3,  # the step, 1e-3, times the curvature near the middle of the tube, below 10
)
def surface_normal(p) -> FloatArray:
    """Away from the nearest point of the circle in the middle of the tube."""
    core = 0.6 * np.array([p[0], 0, p[2]]) / math.hypot(p[0], p[2])
    return (p - core) / math.dist(p, core)


def _hits(origin, direction) -> tuple[float, float, float]:
    """Distances to plane and ball, and how near the ray grazes the ball's rim."""
    to_plane = -origin[1] / direction[1] if direction[1] < 0 else math.inf
    to_middle = (np.array([0, 1, 0]) - origin) @ direction
    off_axis = math.dist(origin + to_middle * direction, [0, 1, 0])
    meets = off_axis < 1 and to_middle > 0
    to_ball = to_middle - math.sqrt(1 - off_axis**2) if meets else math.inf
    return to_plane, to_ball, abs(off_axis - 1)


def _is_clear_hit_or_miss(origin, direction, reach) -> bool:
    to_plane, to_ball, graze = _hits(origin, direction)
    from_ball = math.dist(origin, [0, 1, 0]) - 1
    clear = from_ball > 0.05 and graze > 0.02 and abs(direction[1]) > 0.1
    return clear and abs(min(to_plane, to_ball) - reach) > 0.1


@pure(
    origin=Interval([-3, 0.2, -3], [3, 4, 3]),
    direction=Unit(3),
    reach=Interval(1, 30),
    edges=[
        ([0, 4, 0], [0, -1, 0], 10),
        ([0, 4, 0], [0, 1, 0], 10),
        ([3, 4, 0], [0, -1, 0], 10),
        ([0, 1, -3], [0, 0, 1], 1),
        ([3, 0.8, 0], [0, -1, 0], 1),  # the first step leads past hit and reach
        ([0, 1, -3], [0, 0, 1], 10),
    ],
    keep=_is_clear_hit_or_miss,
    absolute=2e-3,
    relative=2e-3,
)
def sphere_trace(origin, direction, reach) -> float:
    """The scene is a ball on a plane, which a ray hits where a formula says."""
    nearest = min(_hits(origin, direction)[:2])
    return nearest if nearest < reach else -1.0
