"""References of the transforms: rotations by exponentials and eigenvectors, matrices by NumPy.

Quaternions come as (x, y, z, w), matrices as arrays of columns.
"""

import math

import numpy as np

from tat.cookbook.references import FloatArray, Interval, Rotation, Unit, pure

_SINES = 1e-3  # for WGSL's sin and cos, which are within 2^-11 from -π to π

# The matrices that stand for the quaternions i, j, k and 1: products become matrix products.
_BASIS = np.array([[[1j, 0], [0, -1j]], [[0, 1], [-1, 0]], [[0, 1j], [1j, 0]], [[1, 0], [0, 1]]])


def _as_matrix(q: FloatArray) -> np.ndarray:
    return np.tensordot(q, _BASIS, 1)


def _as_quaternion(m: np.ndarray) -> FloatArray:
    return np.array([np.trace(unit.conj().T @ m).real / 2 for unit in _BASIS])


def _rotated(q: FloatArray, v: FloatArray) -> FloatArray:
    """The product q v q*."""
    m = _as_matrix(q)
    return _as_quaternion(m @ _as_matrix(np.append(v, 0)) @ m.conj().T)[:3]


def _turn(axis: FloatArray, angle: float) -> FloatArray:
    return np.append(math.sin(angle / 2) * np.asarray(axis), math.cos(angle / 2))


_I, _J, _K, _ONE = np.eye(4)
_X, _Y, _Z = np.eye(3)


@pure(
    q=Unit(4),
    v=Interval(-3, 3),
    edges=[(_ONE, [1, 2, 3]), (_I, [1, 2, 3]), (_J, [0, 0, 0]), ([0.6, 0, 0, 0.8], [0, 1, 0])],
    absolute=1e-5,
)
def quaternion_rotate(q, v) -> FloatArray:
    return _rotated(q, v)


@pure(
    a=Interval(-2, 2),
    b=Interval(-2, 2),
    edges=[(_I, _J), (_J, _I), (_K, _K), (_ONE, [1, 2, 3, 4]), ([0, 0, 0, 0], [1, 2, 3, 4])],
    absolute=5e-6,
)
def quaternion_multiply(a, b) -> FloatArray:
    return _as_quaternion(_as_matrix(a) @ _as_matrix(b))


def _has_one_short_way(a, b, t) -> bool:
    return abs(a @ b) > 0.01


@pure(
    a=Unit(4),
    b=Unit(4),
    t=Interval(0, 1),
    edges=[
        (_ONE, _I, 0.5),
        (_ONE, _ONE, 0.5),
        (_ONE, -_ONE, 0.25),
        (_ONE, _turn(_X, 1e-3), 0.5),
        (_ONE, _turn(_X, 3e-3), 0.25),
        (_turn(_Z, 1), _turn(_Z, -2), 0),
        (_turn(_Z, 1), -_turn(_Z, 2), 1),
    ],
    keep=_has_one_short_way,
    absolute=2 * _SINES,
)
def quaternion_slerp(a, b, t) -> FloatArray:
    """The first rotation, and a power of the one from there to the second."""
    sign = 1 if a @ b >= 0 else -1
    start = _as_matrix(a / np.linalg.norm(a))
    between = start.conj().T @ _as_matrix(sign * b / np.linalg.norm(b))
    phases, axes = np.linalg.eig(between)
    angles = np.angle(phases)
    if np.abs(angles).max() < 1e-9:
        return _as_quaternion(start)
    power = axes @ np.diag(np.exp(1j * t * angles)) @ np.linalg.inv(axes)
    return _as_quaternion(start @ power)


_APPLY = """
fn rotate_start_to_end(start: vec3f, end: vec3f) -> vec4f {
    let q = quaternion_between(start, end);
    let t = 2.0 * cross(q.xyz, start);
    return vec4f(start + q.w * t + cross(q.xyz, t), q.w);
}
"""


def _is_not_opposite(start, end) -> bool:
    return start @ end > -0.9999


@pure(
    start=Unit(3),
    end=Unit(3),
    edges=[
        (_X, _Y),
        (_X, _X),
        (_X, -_X),
        (_Y, -_Y),
        (_Z, -_Z),
        ([0.6, 0, 0.8], [-0.6, 0, -0.8]),
        (_Z, [0, 0.01, -0.99995]),
    ],
    keep=_is_not_opposite,
    harness=_APPLY,
    absolute=1e-4,
)
def quaternion_between(start, end) -> FloatArray:
    """Its task: turn `start` into `end`, by no more than the angle between both."""
    cosine = min(max(start @ end, -1), 1)
    return np.append(end, math.cos(math.acos(cosine) / 2))


@pure(
    yaw=Interval(-7, 7),
    pitch=Interval(-7, 7),
    roll=Interval(-7, 7),
    edges=[(0, 0, 0), (math.pi / 2, 0, 0), (0, math.pi / 2, 0), (0, 0, math.pi), (1, 1.5, 2)],
    absolute=_SINES,
)
def quaternion_from_euler(yaw, pitch, roll) -> FloatArray:
    turns = (_turn(_Y, yaw), _turn(_X, pitch), _turn(_Z, roll))
    return _as_quaternion(np.linalg.multi_dot([_as_matrix(turn) for turn in turns]))


@pure(
    q=Unit(4),
    edges=[(_ONE,), (_I,), (_J,), (_K,), (_turn(_Z, math.pi / 2),)],
    absolute=5e-6,
)
def quaternion_to_matrix(q) -> list[FloatArray]:
    """The columns are the rotated axes."""
    return [_rotated(q, axis) for axis in np.eye(3)]


def _is_no_half_turn(m) -> bool:
    return np.trace(m) > -0.999  # the quaternion of a half turn may have either sign


@pure(
    m=Rotation(3),
    edges=[
        (np.eye(3),),
        (np.diag([1, -1, -1]),),
        (np.diag([-1, 1, -1]),),
        (np.diag([-1, -1, 1]),),
        ([[0, 1, 0], [0, 0, 1], [1, 0, 0]],),
        ([[0, 1, 0], [-1, 0, 0], [0, 0, 1]],),
    ],
    keep=_is_no_half_turn,
    absolute=5e-6,
)
def matrix_to_quaternion(m) -> FloatArray:
    """The rotation that fits the matrix best, as the largest eigenvector of K (Bar-Itzhack)."""
    r = m.T
    k = np.zeros((4, 4))
    k[:3, :3] = r + r.T - np.trace(r) * np.eye(3)
    k[3, :3] = k[:3, 3] = [r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]]
    k[3, 3] = np.trace(r)
    q = np.linalg.eigh(k)[1][:, -1]
    largest = q[np.argmax(np.abs(q))]
    return q * np.sign(q[3] if abs(q[3]) > 1e-9 else largest)


@pure(
    v=Interval(-3, 3),
    axis=Unit(3),
    angle=Interval(-7, 7),
    edges=[([1, 0, 0], _Z, math.pi / 2), ([1, 2, 3], _Y, 0), ([0, 0, 3], _Z, 1)],
    absolute=4 * _SINES,
)
def rotate_about_axis(v, axis, angle) -> FloatArray:
    return _rotated(_turn(axis, angle), v)


def _is_a_proper_view(eye, focus, up) -> bool:
    sight = focus - eye
    sizes = np.linalg.norm(sight) * np.linalg.norm(up)
    return sizes > 0.1 and np.linalg.norm(np.cross(sight, up)) > 0.05 * sizes


@pure(
    eye=Interval(-5, 5),
    focus=Interval(-5, 5),
    up=Interval(-1, 1),
    edges=[
        ([0, 0, 0], [0, 0, -1], [0, 1, 0]),
        ([0, 0, 5], [0, 0, 0], [0, 10, 0]),
        ([0, 5, 0], [0, 0, 0], [0, 1, 0]),
        ([5, 0, 0], [0, 0, 0], [-1, 0, 0]),
    ],
    keep=_is_a_proper_view,
    absolute=5e-5,
)
def look_at(eye, focus, up) -> FloatArray:
    """Inverts the matrix that places the camera in the world; Gram and Schmidt find its axes."""
    back = (eye - focus) / math.dist(eye, focus)
    if np.linalg.norm(np.cross(back, up)) < 1e-6:
        up = _Z if abs(back[0]) > 0.5 else _X
    above = up - (up @ back) * back
    above /= np.linalg.norm(above)
    placed = np.eye(4)
    placed[:3] = np.column_stack([np.cross(above, back), above, back, eye])
    return np.linalg.inv(placed).T


@pure(
    fov_y=Interval(0.2, 2.8),
    aspect=Interval(0.4, 3),
    near=Interval(0.01, 1),
    edges=[(math.pi / 2, 1, 0.1), (1, 16 / 9, 0.001)],
    absolute=_SINES,
    relative=5 * _SINES,
)
def perspective_reversed(fov_y, aspect, near) -> FloatArray:
    """Found from points whose places in clip space are known, rather than written down."""
    top = near * math.tan(fov_y / 2)
    corners = np.array(
        [
            [top * aspect, top, -near, 1],
            [-top * aspect, top, -near, 1],
            [top * aspect, -top, -near, 1],
            [2 * top * aspect, 2 * top, -2 * near, 1],
        ]
    )
    clip = near * np.array([[1, 1, 1, 1], [-1, 1, 1, 1], [1, -1, 1, 1], [2, 2, 1, 2]])
    return np.linalg.solve(corners, clip)


def _is_not_at_infinity(uv, depth, inverse_projection) -> bool:
    clip = [2 * uv[0] - 1, 1 - 2 * uv[1], depth, 1]
    return abs(clip @ inverse_projection[:, 3]) > 0.2


@pure(
    uv=Interval(0, 1),
    depth=Interval(0, 1),
    inverse_projection=Interval(-1, 1),
    edges=[
        ([0, 0], 1, np.eye(4)),
        ([1, 1], 0, np.eye(4)),
        ([0.5, 0.5], 0.5, [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 10], [0, 0, -1, 0]]),
    ],
    keep=_is_not_at_infinity,
    absolute=5e-5,
)
def position_from_depth(uv, depth, inverse_projection) -> FloatArray:
    """Mixes the positions of the four corners of the screen, weighted by their w."""
    mixed = np.zeros(4)
    for x, y in np.ndindex(2, 2):
        share = (uv[0] if x else 1 - uv[0]) * (uv[1] if y else 1 - uv[1])
        mixed += share * (np.array([2 * x - 1, 1 - 2 * y, depth, 1]) @ inverse_projection)
    return mixed[:3] / mixed[3]


def _is_well_conditioned(m) -> bool:
    return np.linalg.cond(m) < 30


_PROJECTION = [[1, 0, 0, 0], [0, 2, 0, 0], [0, 0, 0, -1], [0, 0, 0.1, 0]]


@pure(
    m=Interval(-2, 2),
    edges=[(np.eye(4),), (_PROJECTION,), (np.diag([1, 2, 4, 0.5]),), (np.eye(4)[[1, 2, 3, 0]],)],
    keep=_is_well_conditioned,
    absolute=2e-4,
    relative=1e-4,
)
def inverse_4x4(m) -> FloatArray:
    return np.linalg.inv(m)


def _is_solid(model) -> bool:
    return abs(np.linalg.det(model[:3, :3])) > 0.05


@pure(
    model=Interval(-2, 2),
    edges=[(np.eye(4),), (np.diag([1, 2, 4, 1]),), (np.diag([-1, 1, 1, 1]),)],
    keep=_is_solid,
    absolute=1e-5,
)
def normal_matrix(model) -> FloatArray:
    """The inverse transpose times the volume."""
    linear = model[:3, :3]
    return np.linalg.inv(linear).T * abs(np.linalg.det(linear))


def _is_off_seam_and_poles(direction) -> bool:
    return np.hypot(direction[0], direction[2]) > 0.01 and abs(direction[2]) > 1e-4


@pure(
    direction=Interval(-2, 2),
    edges=[(_X,), (_Y,), ([0, -1, 0],), (_Z,), (-_Z,), ([1, 1, 1],), ([1e-4, 1, 0],)],
    keep=_is_off_seam_and_poles,
    absolute=3e-4,
)
def direction_to_equirect(direction) -> list[float]:
    x, y, z = direction / np.linalg.norm(direction)
    return [0.5 + np.angle(complex(x, z)) / (2 * np.pi), 0.5 - math.asin(y) / np.pi]


_SKIN = """
fn half_product(t: vec3f, q: vec4f) -> vec4f {
    return 0.5 * vec4f(q.w * t + cross(t, q.xyz), -dot(t, q.xyz));
}

fn skin_point(
    p: vec3f, turn_a: vec4f, move_a: vec3f, turn_b: vec4f, move_b: vec3f, weight: f32,
) -> vec3f {
    let a = RigidMotion(turn_a, half_product(move_a, turn_a));
    let b = RigidMotion(turn_b, half_product(move_b, turn_b));
    return dual_quaternion_skin(p, a, b, weight);
}
"""


def _turns_are_not_opposite(p, turn_a, move_a, turn_b, move_b, weight) -> bool:
    return abs(turn_a @ turn_b) > 0.05


@pure(
    p=Interval(-2, 2),
    turn_a=Unit(4),
    move_a=Interval(-2, 2),
    turn_b=Unit(4),
    move_b=Interval(-2, 2),
    weight=Interval(0, 1),
    edges=[
        ([1, 2, 3], _ONE, [0, 0, 0], _ONE, [2, 0, 0], 0.5),
        ([1, 0, 0], _ONE, [0, 0, 0], _turn(_Z, math.pi / 2), [0, 0, 1], 0),
        ([1, 0, 0], _ONE, [0, 0, 0], _turn(_Z, math.pi / 2), [0, 0, 1], 1),
        ([1, 0, 0], _ONE, [0, 0, 0], -_turn(_Z, math.pi / 2), [0, 0, 1], 0.5),
    ],
    keep=_turns_are_not_opposite,
    harness=_SKIN,
    absolute=5e-5,
)
def dual_quaternion_skin(p, turn_a, move_a, turn_b, move_b, weight) -> FloatArray:
    """Blends translations by quaternion algebra: each counts with its turn over the mean turn."""
    weight_b = weight if turn_a @ turn_b >= 0 else -weight
    shares = [(1 - weight) * _as_matrix(turn_a), weight_b * _as_matrix(turn_b)]
    mean = shares[0] + shares[1]
    moves = [_as_matrix(np.append(move, 0)) for move in (move_a, move_b)]
    moved = (moves[0] @ shares[0] + moves[1] @ shares[1]) @ np.linalg.inv(mean)
    turn = _as_quaternion(mean)
    return _rotated(turn / np.linalg.norm(turn), p) + _as_quaternion(moved)[:3]
