"""References of the geometry entries: linear systems, searches, and lists of candidates."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from tat.cookbook.references import (
    Choice,
    FloatArray,
    Integers,
    Interval,
    Read,
    Rotation,
    Run,
    Storage,
    Uniform,
    Unit,
    kernel,
    pure,
)

_NEAR = Interval(-2, 2)
_MISS = -1.0


@pure(
    origin=_NEAR, direction=Unit(3), centre=Interval(-1, 1), radius=Interval(0.2, 2),
    edges=[
        ((0, 0, 0), (0, 0, 1), (0, 0, 0), 1), ((0, 0, -3), (0, 0, 1), (0, 0, 0), 1),
        ((0, 0, 3), (0, 0, 1), (0, 0, 0), 1), ((0, 2, -3), (0, 0, 1), (0, 0, 0), 1),
        ((0, 0, -1000), (0, 0, 1), (0, 0, 0), 0.5),
    ],
    keep=lambda origin, direction, centre, radius: (
        abs(np.linalg.norm(np.cross(direction, centre - origin)) - radius) > 0.02
        and abs(np.linalg.norm(centre - origin) - radius) > 0.02
    ),
    absolute=2e-5,
)  # fmt: skip
def intersect_sphere(
    origin: FloatArray, direction: FloatArray, centre: FloatArray, radius: float
) -> float:
    """From the roots of |origin + t direction - centre|² - radius²."""
    way = origin - centre
    roots = np.roots([direction @ direction, 2 * way @ direction, way @ way - radius**2])
    ahead = [root.real for root in roots if not root.imag and root.real >= 0]
    return min(ahead, default=_MISS)


@pure(
    origin=_NEAR, direction=Unit(3), normal=Unit(3), height=Interval(-2, 2),
    edges=[
        ((0, 1, 0), (1, 0, 0), (0, 1, 0), 0), ((0, 1, 0), (0, -2, 0), (0, 1, 0), 0),
        ((0, 1, 0), (0, 1, 0), (0, 1, 0), 0), ((5, 0, 5), (0, 1, 0), (0, 1, 0), 0),
        ((0, -3, 0), (0, 1, 0), (0, 1, 0), -1),
    ],
    keep=lambda origin, direction, normal, height: (
        abs(direction @ normal) > 0.02 and abs(origin @ normal - height) > 1e-3
    ),
    absolute=1e-5,
    relative=1e-4,
)  # fmt: skip
def intersect_plane(
    origin: FloatArray, direction: FloatArray, normal: FloatArray, height: float
) -> float:
    """From the line's equation and the plane's, solved together for point and distance."""
    if abs(direction @ normal) == 0:
        return _MISS
    system = np.block([[np.eye(3), -direction[:, None]], [normal, np.zeros(1)]])
    distance = np.linalg.solve(system, [*origin, height])[3]
    return distance if distance >= 0 else _MISS


def _wide(a: FloatArray, b: FloatArray, c: FloatArray) -> bool:
    return bool(np.linalg.norm(np.cross(b - a, c - a)) > 0.3)


_CORNERS = {"a": _NEAR, "b": _NEAR, "c": _NEAR}


@pure(
    p=_NEAR, **_CORNERS,
    edges=[
        ((0, 0, 0), (0, 0, 0), (1, 0, 0), (0, 1, 0)), ((0, 1, 5), (0, 0, 0), (1, 0, 0), (0, 1, 0)),
        ((101, 100, 0), (100, 100, 0), (102, 100, 0), (100, 101, 0)),
    ],
    keep=lambda p, a, b, c: _wide(a, b, c),
    absolute=2e-4,
)  # fmt: skip
def barycentric_coordinates(
    p: FloatArray, a: FloatArray, b: FloatArray, c: FloatArray
) -> FloatArray:
    """By least squares on the two edges."""
    (weight_b, weight_c), *_ = np.linalg.lstsq(np.stack([b - a, c - a], axis=1), p - a)
    return np.array([1 - weight_b - weight_c, weight_b, weight_c])


def _box_gap(centre: FloatArray, low: FloatArray, high: FloatArray) -> float:
    below, above = np.maximum(low - centre, 0), np.maximum(centre - high, 0)
    return math.hypot(*below, *above)


@pure(
    centre=_NEAR, radius=Interval(0, 2), low=Interval(-2, 0), high=Interval(0, 1),
    edges=[
        ((0, 0, 0), 0, (-1, -1, -1), (1, 1, 1)), ((2, 0, 0), 1, (-1, -1, -1), (1, 1, 1)),
        ((4, 5, 0), 5, (-1, -1, -1), (1, 1, 1)), ((2, 2, 0), 1.25, (-1, -1, -1), (1, 1, 1)),
    ],
    keep=lambda centre, radius, low, high: abs(_box_gap(centre, low, high) - radius) > 1e-4,
)  # fmt: skip
def sphere_box_overlap(
    centre: FloatArray, radius: float, low: FloatArray, high: FloatArray
) -> bool:
    return _box_gap(centre, low, high) <= radius


def _outlines(rng: np.random.Generator) -> list[FloatArray]:
    """Random stars around the origin, then a unit square far off, a bow tie and two points."""
    outlines = []
    for count in (3, 4, 7, 40):
        angles = np.sort(rng.uniform(0, 2 * math.pi, count))
        radii = rng.uniform(0.5, 2, count)
        outlines.append(np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1))
    square = np.array([[0, 0], [0, 1], [1, 1], [1, 0]])
    return [*outlines, square + 4096, square[[0, 1, 3, 2]], square[:2]]


@kernel(absolute=1e-5)
def polygon_area(rng: np.random.Generator) -> Iterator[Run]:
    """As half the integral of x dy - y dx, edge by edge."""
    harness = """
@group(0) @binding(1) var<storage, read> ranges: array<vec2u>;
@group(0) @binding(2) var<storage, read_write> areas: array<f32>;

@compute @workgroup_size(1)
fn find_areas(@builtin(global_invocation_id) id: vec3u) {
    areas[id.x] = polygon_area(ranges[id.x].x, ranges[id.x].y);
}
"""
    outlines = [outline.astype(np.float32).astype(float) for outline in _outlines(rng)]
    expected = []
    for outline in outlines:
        (x, y), (next_x, next_y) = outline.T, np.roll(outline, -1, axis=0).T
        expected.append(0.5 * np.sum((next_x + x) * (next_y - y)))
    bound = [
        Read(0, np.concatenate(outlines)), Read(1, _ranges(outlines)),
        Storage(2, np.zeros(len(outlines))),
    ]  # fmt: skip
    yield Run(bound, (len(outlines), 1, 1), {(0, 2): np.array(expected)}, harness)


def _ranges(outlines: Sequence[FloatArray]) -> np.ndarray:
    counts = [len(outline) for outline in outlines]
    return np.stack([np.cumsum([0, *counts[:-1]]), counts], axis=1).astype(np.uint32)


@kernel()
def point_in_polygon(rng: np.random.Generator) -> Iterator[Run]:
    """By the angles under which the edges are seen, which add up to whole turns."""
    harness = """
@group(0) @binding(1) var<storage, read> points: array<vec2f>;
@group(0) @binding(2) var<uniform> corner_range: vec2u;
@group(0) @binding(3) var<storage, read_write> found: array<u32>;

@compute @workgroup_size(64)
fn find_points(@builtin(global_invocation_id) id: vec3u) {
    if id.x < arrayLength(&points) {
        found[id.x] = u32(point_in_polygon(points[id.x], corner_range.x, corner_range.y));
    }
}
"""
    outlines = [outline.astype(np.float32).astype(float) for outline in _outlines(rng)]
    points = rng.uniform(-2, 2, (200, 2)).astype(np.float32).astype(float)
    for outline, (first, count) in zip(outlines, _ranges(outlines)):
        around = points + np.round(outline.mean(axis=0))
        to_corners = (outline[:, None] - around) @ [1, 1j]
        turns = np.angle(np.roll(to_corners, -1, axis=0) / to_corners).sum(axis=0) / (2 * np.pi)
        inside = np.round(turns).astype(int) % 2
        bound = [
            Read(0, np.concatenate(outlines)), Read(1, around),
            Uniform(2, np.array([first, count], np.uint32)),
            Storage(3, np.zeros(len(around), np.uint32)),
        ]  # fmt: skip
        yield Run(bound, (4, 1, 1), {(0, 3): inside}, harness)
    yield from _shared_edges(rng, harness)


def _shared_edges(rng: np.random.Generator, harness: str) -> Iterator[Run]:
    """Points on the diagonal of the unit square: each is in one of its two triangles."""
    diagonal = np.repeat(rng.uniform(0, 1, (100, 1)), 2, axis=1)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 0], [1, 1], [0, 1]])
    for first, inside in ((0, 1), (3, 0)):
        bound = [
            Read(0, corners.astype(float)), Read(1, diagonal),
            Uniform(2, np.array([first, 3], np.uint32)), Storage(3, np.zeros(100, np.uint32)),
        ]  # fmt: skip
        yield Run(bound, (2, 1, 1), {(0, 3): np.full(100, inside)}, harness)


@pure(
    p=_NEAR, u=Unit(3), q=_NEAR, v=Unit(3),
    edges=[
        ((0, 0, 0), (1, 0, 0), (0, 0, 2), (0, 1, 0)), ((0, 0, 0), (1, 0, 0), (9, 3, 4), (-1, 0, 0)),
        ((0, 0, 0), (1, 0, 0), (0, 0, 0), (0, 1, 0)), ((1, 1, 1), (0, 1, 0), (1, 5, 1), (0, 1, 0)),
    ],
    keep=lambda p, u, q, v: np.linalg.norm(np.cross(u, v)) > 0.05,
    absolute=3e-5,
)  # fmt: skip
def line_distance(p: FloatArray, u: FloatArray, q: FloatArray, v: FloatArray) -> float:
    """The least that p + s u - q - t v can be."""
    sides = np.stack([u, -v], axis=1)
    steps, *_ = np.linalg.lstsq(sides, q - p)
    return np.linalg.norm(p + sides @ steps - q)


@pure(
    a=Interval((-2, -2, -2, 0), (2, 2, 2, 2)),
    b=Interval((-2, -2, -2, 0), (2, 2, 2, 2)),
    edges=[
        ((0, 0, 0, 1), (0, 0, 0, 1)), ((0, 0, 0, 1), (3, 0, 0, 1)), ((0, 0, 0, 3), (1, 0, 0, 1)),
        ((1, 0, 0, 1), (0, 0, 0, 3)), ((0, 0, 0, 0), (2, 0, 0, 0)), ((0, 0, 0, 2), (1, 0, 0, 1)),
    ],
    absolute=2e-6,
)  # fmt: skip
def merge_spheres(a: FloatArray, b: FloatArray) -> FloatArray:
    """The interval that holds both, on the line of the centres."""
    gap = np.linalg.norm(b[:3] - a[:3])
    low, high = min(-a[3], gap - b[3]), max(a[3], gap + b[3])
    along = (b[:3] - a[:3]) / gap if gap else np.zeros(3)
    return np.array([*(a[:3] + 0.5 * (low + high) * along), 0.5 * (high - low)])


@pure(index=Integers(0, 2), edges=[(0,), (1,), (2,)])
def fullscreen_triangle(index: int) -> FloatArray:
    return np.array([[-1, -1, 0, 1], [3, -1, 0, 1], [-1, 3, 0, 1]])[index]


def _box_hits(
    origin: FloatArray, direction: FloatArray, low: FloatArray, high: FloatArray, slack: float
) -> list[float]:
    """Distances of the points on the six faces, widened by `slack`, that the ray's line meets."""
    hits = []
    for axis in range(3):
        for wall in (low[axis], high[axis]):
            if direction[axis]:
                t = (wall - origin[axis]) / direction[axis]
                p = np.delete(origin + t * direction, axis)
                inside = (p >= np.delete(low, axis) - slack) & (p <= np.delete(high, axis) + slack)
                hits += [t] if inside.all() else []
    return hits


def _clear_of_box_edges(
    origin: FloatArray, direction: FloatArray, low: FloatArray, high: FloatArray
) -> bool:
    wide, narrow = (_box_hits(origin, direction, low, high, slack) for slack in (1e-3, -1e-3))
    return len(wide) == len(narrow) and all(abs(t) > 1e-3 for t in wide)


@pure(
    origin=_NEAR, direction=Unit(3), low=Interval(-1.5, -0.5), high=Interval(0.5, 1.5),
    edges=[
        ((0, 0, -3), (0, 0, 1), (-1, -1, -1), (1, 1, 1)),
        ((0, 0, 0), (0, 0, -2), (-1, -1, -1), (1, 1, 1)),
        ((0, 0, 3), (0, 0, 1), (-1, -1, -1), (1, 1, 1)),
        ((2, 0, -3), (0, 0, 1), (-1, -1, -1), (1, 1, 1)),
        ((-2, 0, 0), (1, -0.0, 0), (-1, -1, -1), (1, 1, 1)),
    ],
    keep=_clear_of_box_edges,
    absolute=1e-5,
)  # fmt: skip
def intersect_box(
    origin: FloatArray, direction: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    hits = _box_hits(origin, direction, low, high, 0)
    if not hits or max(hits) < 0:
        return np.array([_MISS, _MISS])
    return np.array([max(min(hits), 0), max(hits)])


def _triangle_hit(
    origin: FloatArray, direction: FloatArray, a: FloatArray, b: FloatArray, c: FloatArray
) -> FloatArray:
    """Distance and weights of all three corners where the line meets the triangle's plane."""
    t, v, w = np.linalg.solve(np.stack([-direction, b - a, c - a], axis=1), origin - a)
    return np.array([t, 1 - v - w, v, w])


def _clear_of_triangle_edges(
    origin: FloatArray, direction: FloatArray, a: FloatArray, b: FloatArray, c: FloatArray
) -> bool:
    if abs(np.linalg.det([direction, b - a, c - a])) < 0.3:
        return False
    return bool((np.abs(_triangle_hit(origin, direction, a, b, c)) > 1e-3).all())


_FLAT = ((-1, -1, 0), (1, -1, 0), (0, 1, 0))


@pure(
    origin=_NEAR, direction=Unit(3), **_CORNERS,
    edges=[
        ((0, 0, 2), (0, 0, -1), *_FLAT), ((0, 0, -2), (0, 0, 2), *_FLAT),
        ((0, 0, 2), (0, 0, 1), *_FLAT), ((-1, -1, 1), (0, 0, -1), *_FLAT),
        ((5, 0, 0), (-1, 0, 0), *_FLAT), ((0, 5, 1), (0, 0, -1), *_FLAT),
        ((0, -1, 1), (0, 0, -1), *_FLAT),
    ],
    keep=_clear_of_triangle_edges,
    absolute=1e-5,
    relative=1e-4,
)  # fmt: skip
def intersect_triangle(
    origin: FloatArray, direction: FloatArray, a: FloatArray, b: FloatArray, c: FloatArray
) -> FloatArray:
    if not np.linalg.det([direction, b - a, c - a]):
        return np.array([_MISS, 0, 0])
    hit = _triangle_hit(origin, direction, a, b, c)
    return hit[[0, 2, 3]] if (hit >= 0).all() else np.array([_MISS, 0, 0])


def _line_crossing(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> FloatArray:
    return np.linalg.solve(np.stack([b - a, c - d], axis=1), c - a)


def _clear_of_segment_ends(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> bool:
    if abs(np.linalg.det([b - a, d - c])) < 0.1:
        return False
    at = _line_crossing(a, b, c, d)
    return bool((np.abs([at, at - 1]) > 1e-3).all())


@pure(
    a=_NEAR, b=_NEAR, c=_NEAR, d=_NEAR,
    edges=[
        ((0, 0), (2, 0), (1, -1), (1, 1)), ((0, 0), (2, 0), (2, 0), (3, 5)),
        ((0, 0), (2, 0), (1, 0), (3, 0)), ((0, 0), (2, 0), (0, 1), (2, 1)),
        ((0, 0), (0, 0), (0, 0), (1, 1)), ((0, 0), (1, 0), (2, -1), (2, 1)),
    ],
    keep=_clear_of_segment_ends,
    absolute=2e-5,
)  # fmt: skip
def segment_crossing(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> FloatArray:
    if not np.linalg.det([b - a, d - c]):
        return np.array([_MISS, _MISS])
    at = _line_crossing(a, b, c, d)
    return at if ((at >= 0) & (at <= 1)).all() else np.array([_MISS, _MISS])


def _cameras() -> list[FloatArray]:
    """View-projection matrices, column by column, of a few cameras near the origin."""
    cameras = []
    rng = np.random.default_rng(7)
    for aspect in (0.5, 1.0, 1.5, 2.0):
        near, far, focal = 0.5, 6.0, rng.uniform(0.8, 2)
        depth = far / (near - far)
        project = np.diag([focal / aspect, focal, depth, 0])
        project[2, 3], project[3, 2] = near * depth, -1
        view = np.eye(4)
        view[:3, :3] = Rotation(3).draw(rng, 1, (3, 3))[0]
        view[:3, 3] = rng.uniform(-1, 1, 3)
        cameras.append((project @ view).T)
    return cameras


def _depth_in_frustum(view_projection: FloatArray, centre: FloatArray, radius: float) -> float:
    """How deep the sphere reaches behind that plane of the six which it reaches behind least."""

    def distances(p: FloatArray) -> FloatArray:
        x, y, z, w = np.array([*p, 1]) @ view_projection
        return np.array([w + x, w - x, w + y, w - y, z, w - z])

    steps = [distances(centre + axis) - distances(centre) for axis in np.eye(3)]
    return (distances(centre) / np.linalg.norm(steps, axis=0) + radius).min()


@pure(
    view_projection=Choice(_cameras()),
    centre=Interval(-6, 6),
    radius=Interval(0, 2),
    edges=[
        (np.eye(4), (0, 0, 0.5), 0),
        (np.eye(4), (0, 0, -0.5), 0.25),
        (np.eye(4), (2, 0, 0), 1.5),
    ],
    keep=lambda view_projection, centre, radius: (
        abs(_depth_in_frustum(view_projection, centre, radius)) > 1e-3
    ),
)
def sphere_in_frustum(view_projection: FloatArray, centre: FloatArray, radius: float) -> bool:
    return _depth_in_frustum(view_projection, centre, radius) >= 0


@pure(
    low=Interval(-2, 0), high=Interval(0, 2), matrix=Interval(-2, 2),
    edges=[
        ((-1, -2, -3), (1, 2, 3), np.eye(4)), ((1, 1, 1), (1, 1, 1), np.diag([-2, 3, 0, 1])),
        ((0, 0, 0), (1, 1, 1), [[0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 1, 0], [5, 6, 7, 1]]),
    ],
    absolute=3e-6,
    harness="""
fn transformed(low: vec3f, high: vec3f, matrix: mat4x4f) -> mat2x3f {
    let box = transform_box(Box(low, high), matrix);
    return mat2x3f(box.low, box.high);
}
""",
)  # fmt: skip
def transform_box(low: FloatArray, high: FloatArray, matrix: FloatArray) -> FloatArray:
    """From the eight corners."""
    corners = np.array([np.where(at, high, low) for at in np.ndindex(2, 2, 2)])
    moved = corners @ matrix[:3, :3] + matrix[3, :3]
    return np.array([moved.min(axis=0), moved.max(axis=0)])


@pure(
    **_CORNERS,
    edges=[
        ((1, 0, 0), (0, 2, 0), (0, 0, 3)), ((1, 0, 0), (0, 0, 1), (0, 1, 0)),
        ((1, 0, 0), (-1, 1, 0), (-1, -1, 0.01)), ((1, 0, 9), (0, 1, 9), (-1, 0, 9)),
    ],
    keep=lambda a, b, c: abs(np.linalg.det([a, b, c])) > 0.3,
    absolute=2e-5,
    relative=1e-3,
)  # fmt: skip
def solid_angle_triangle(a: FloatArray, b: FloatArray, c: FloatArray) -> float:
    """By l'Huilier's theorem, from the sides."""
    a, b, c = (corner / np.linalg.norm(corner) for corner in (a, b, c))
    pairs = ((b, c), (c, a), (a, b))
    sides = np.array([2 * math.asin(min(np.linalg.norm(p - q) / 2, 1)) for p, q in pairs])
    half = sides.sum() / 2
    square = math.tan(half / 2) * np.prod(np.tan((half - sides) / 2))
    return 4 * math.atan(math.sqrt(max(square, 0)))


@pure(
    p=Interval(-100, 100), normal=Unit(3),
    edges=[
        ((0, 0, 0), (0, 1, 0)), ((1, -1, 1e6), (0, 0, 1)), ((0.03, -0.03, 0.5), (1, 0, 0)),
        ((-1, -1, -1), (-1, 0, 0)), ((-4096, 1, 1), (1, 0, 0)),
    ],
    absolute=1e-9,
    relative=6e-8,
)  # fmt: skip
def offset_ray_origin(p: FloatArray, normal: FloatArray) -> FloatArray:
    """One step to the next float after the other."""
    moved = []
    for x, n in zip(p, normal):
        stepped = np.float32(x)
        for _ in range(int(abs(256 * n))):
            stepped = np.nextafter(stepped, np.float32(math.copysign(math.inf, n)))
        moved.append(x + n / 65536 if abs(x) < 1 / 32 else float(stepped))
    return np.array(moved)


def _cylinder_hits(
    origin: FloatArray, direction: FloatArray, a: FloatArray, b: FloatArray, radius: float,
    slack: float = 0.0,
) -> list[float]:  # fmt: skip
    """Distances of all points of the surface, widened by `slack`, that the ray's line meets."""
    height = np.linalg.norm(b - a)
    axis = (b - a) / height
    hits = []
    for cap in (a, b):
        if abs(direction @ axis) > 1e-12:
            t = (cap - origin) @ axis / (direction @ axis)
            if np.linalg.norm(origin + t * direction - cap) <= radius + slack:
                hits.append(t)
    across, aside = np.cross(axis, direction), np.cross(axis, origin - a)
    if across @ across > 1e-12:
        terms = [across @ across, 2 * across @ aside, aside @ aside - (radius + slack) ** 2]
        for root in np.roots(terms):
            level = (origin + root.real * direction - a) @ axis
            if not root.imag and -slack <= level <= height + slack:
                hits.append(root.real)
    return hits


def _clear_of_cylinder_edges(
    origin: FloatArray, direction: FloatArray, a: FloatArray, b: FloatArray, radius: float
) -> bool:
    if np.linalg.norm(b - a) < 0.3:
        return False
    hits = [_cylinder_hits(origin, direction, a, b, radius, s) for s in (-0.01, 0.01)]
    return len(hits[0]) == len(hits[1]) and all(abs(t) > 0.01 for t in hits[0])


@pure(
    origin=_NEAR, direction=Unit(3), a=Interval(-1, 1), b=Interval(-1, 1), radius=Interval(0.2, 1),
    edges=[
        ((0, 0, 5), (0, 0, -1), (0, 0, -1), (0, 0, 1), 0.5),
        ((0, 0, 0), (0, 0, -1), (0, 0, -1), (0, 0, 1), 0.5),
        ((1, 0, 5), (0, 0, -1), (0, 0, -1), (0, 0, 1), 0.5),
        ((5, 0, 0), (-1, 0, 0), (0, 0, -1), (0, 0, 1), 0.5),
        ((5, 0, 2), (-1, 0, 0), (0, 0, -1), (0, 0, 1), 0.5),
        ((5, 0, 0), (1, 0, 0), (0, 0, -1), (0, 0, 1), 0.5),
    ],
    keep=_clear_of_cylinder_edges,
    absolute=1e-4,
)  # fmt: skip
def intersect_cylinder(
    origin: FloatArray, direction: FloatArray, a: FloatArray, b: FloatArray, radius: float
) -> float:
    hits = _cylinder_hits(origin, direction, a, b, radius)
    return min((t for t in hits if t >= 0), default=_MISS)


def _projected(p: FloatArray, corners: Sequence[FloatArray]) -> FloatArray:
    """The point of the flat span of `corners` that is nearest to `p`, as weights of them."""
    sides = np.stack([corner - corners[0] for corner in corners[1:]], axis=1)
    weights, *_ = np.linalg.lstsq(sides, p - corners[0])
    return np.array([1 - weights.sum(), *weights])


@pure(
    p=_NEAR, **_CORNERS,
    edges=[
        ((0, 0, 1), *_FLAT), ((0, 9, 1), *_FLAT), ((0, -5, 1), *_FLAT), ((3, 3, 0), *_FLAT),
        ((-1, -1, 0), *_FLAT), ((1, 2, 3), (0, 0, 0), (1, 0, 0), (2, 0, 0)),
        ((1, 2, 3), (0, 0, 0), (0, 0, 0), (0, 0, 0)),
    ],
    keep=lambda p, a, b, c: _wide(a, b, c),
    absolute=2e-5,
)  # fmt: skip
def closest_point_on_triangle(
    p: FloatArray, a: FloatArray, b: FloatArray, c: FloatArray
) -> FloatArray:
    """The best of the projections onto corners, edges and triangle that lie within them."""
    found = [a, b, c]
    for corners in ((a, b), (b, c), (c, a), (a, b, c)):
        weights = _projected(p, corners)
        if (weights >= 0).all():
            found.append(weights @ np.array(corners))
    return min(found, key=lambda q: np.linalg.norm(p - q))


@pure(
    a=_NEAR, b=_NEAR, c=_NEAR, d=_NEAR,
    edges=[
        ((0, 0, 0), (2, 0, 0), (1, -1, 1), (1, 1, 1)), ((0, 0, 0), (1, 0, 0), (3, 0, 0), (4, 0, 0)),
        ((0, 0, 0), (4, 0, 0), (1, 2, 0), (2, 2, 0)), ((0, 0, 0), (0, 0, 0), (1, 1, 1), (1, 1, 1)),
        ((0, 0, 0), (2, 0, 0), (1, 0, 0), (1, 5, 0)), ((0, 0, 0), (0, 0, 0), (-1, 1, 0), (1, 1, 0)),
    ],
    absolute=3e-5,
)  # fmt: skip
def segment_distance(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> float:
    """By search along the first: the distance of its points to the second has a single valley."""

    def gap(s: float) -> float:
        p, square = a + s * (b - a), (d - c) @ (d - c)
        t = min(max((p - c) @ (d - c) / square, 0), 1) if square else 0.0
        return np.linalg.norm(p - c - t * (d - c))

    low, high = 0.0, 1.0
    for _ in range(60):
        one, other = (2 * low + high) / 3, (low + 2 * high) / 3
        low, high = (low, other) if gap(one) <= gap(other) else (one, high)
    return gap(0.5 * (low + high))


def _walls(origin: FloatArray, direction: FloatArray, reach: float) -> list[float]:
    """Distances at which the ray passes from one cell into another."""
    walls = [0.0]
    for x, slope in zip(origin, direction):
        ends = sorted((x, x + reach * slope))
        crossed = range(math.ceil(ends[0]), math.floor(ends[1]) + 1)
        walls += [(wall - x) / slope for wall in crossed if slope]
    return sorted(t for t in walls if 0 <= t <= reach)


@pure(
    origin=Interval(-10, 10), direction=Unit(3), reach=Interval(5, 30),
    edges=[
        ((0.5, 0.5, 0.5), (0, 0, 1), 9), ((1.5, 1.5, 1.5), (1, 0, 0), 9),
        ((-2.5, 0.5, 0.5), (1, 0, 0), 9), ((2.5, 0.5, 0.5), (-1, 0, 0), 9),
        ((-2.5, 0.5, 0.5), (1, 0, 0), 2),
    ],
    keep=lambda origin, direction, reach: (
        np.diff(_walls(origin, direction, 40)).min() > 1e-3 and abs(direction).min() > 1e-3
    ),
    absolute=2e-4,
)  # fmt: skip
def trace_voxels(origin: FloatArray, direction: FloatArray, reach: float) -> float:
    """All walls at once, in order; the cell behind each is found by its middle."""
    walls = _walls(origin, direction, reach)
    for start, end in zip(walls, [*walls[1:], reach]):
        cell = np.floor(origin + 0.5 * (start + end) * direction)
        if (cell % 4 == 0).all():
            return start
    return _MISS
