"""References of the physics entries: potentials differentiated, systems solved, sums in NumPy."""

import math
from collections.abc import Iterator

import numpy as np

from tat.cookbook.references import (
    FloatArray,
    Interval,
    Read,
    Run,
    Storage,
    Uniform,
    Unit,
    kernel,
    pure,
)

_SPACE = Interval(-2, 2)
_SINE = 5e-4  # what WGSL allows sin and cos to be off by, 2^-11, and a little more


@pure(
    position=_SPACE, velocity=_SPACE, dt=Interval(0, 0.1),
    edges=[((1, 0, 0), (0, 1, 0), 0), ((1, 0, 0), (0, 1, 0), 0.01), ((0, 2, 0), (0, 0, 0), 0.5)],
    keep=lambda position, velocity, dt: np.linalg.norm(position) > 0.5,
    absolute=3e-6,
    harness="""
fn stepped(position: vec3f, velocity: vec3f, dt: f32) -> mat2x3f {
    let body = leapfrog_step(Body(position, velocity), dt);
    return mat2x3f(body.position, body.velocity);
}
""",
)  # fmt: skip
def leapfrog_step(position: FloatArray, velocity: FloatArray, dt: float) -> FloatArray:
    """In the form of a Taylor series for the way and a mean of accelerations."""

    def pull(p: FloatArray) -> FloatArray:
        return -p / np.linalg.norm(p) ** 3

    moved = position + velocity * dt + pull(position) * dt**2 / 2
    return np.array([moved, velocity + (pull(position) + pull(moved)) / 2 * dt])


@pure(
    a=_SPACE, b=_SPACE, mass_a=Interval(0.2, 5), mass_b=Interval(0.2, 5), normal=Unit(3),
    restitution=Interval(0, 1),
    edges=[
        ((1, 0, 0), (-1, 0, 0), 1, 1, (1, 0, 0), 1), ((-1, 0, 0), (1, 0, 0), 1, 1, (1, 0, 0), 1),
        ((1, 2, 0), (0, 0, 0), 2, 2, (1, 0, 0), 0), ((1, 1, 1), (1, 1, 1), 1, 3, (0, 1, 0), 1),
        ((0, 3, 0), (0, 0, 0), 1, 1e6, (0, 1, 0), 1),
    ],
    absolute=5e-6,
    harness="""
fn collided(
    a: vec3f, b: vec3f, mass_a: f32, mass_b: f32, normal: vec3f, restitution: f32,
) -> mat2x3f {
    let after = collide_spheres(Velocities(a, b), mass_a, mass_b, normal, restitution);
    return mat2x3f(after.a, after.b);
}
""",
)  # fmt: skip
def collide_spheres(
    a: FloatArray, b: FloatArray, mass_a: float, mass_b: float, normal: FloatArray,
    restitution: float,
) -> FloatArray:  # fmt: skip
    """Seen by who moves with the centre of mass, normal speeds are turned round and damped."""
    centre = (mass_a * a + mass_b * b) / (mass_a + mass_b)
    if (b - a) @ normal >= 0:
        return np.array([a, b])
    turn = np.eye(3) - (1 + restitution) * np.outer(normal, normal)
    return np.array([centre + turn @ (a - centre), centre + turn @ (b - centre)])


@pure(
    offset=_SPACE, size=Interval(0.5, 1), depth=Interval(0.1, 2),
    edges=[
        ((1, 0, 0), 1, 1), ((0, 2 ** (1 / 6), 0), 1, 1), ((0, 0, 3), 1, 1), ((2.4, 0, 0), 1, 1),
        ((2.6, 0, 0), 1, 1),
    ],
    keep=lambda offset, size, depth: (
        np.linalg.norm(offset) > 0.8 * size and abs(np.linalg.norm(offset) / size - 2.5) > 1e-3
    ),
    absolute=2e-5,
    relative=2e-5,
)  # fmt: skip
def lennard_jones_force(offset: FloatArray, size: float, depth: float) -> FloatArray:
    """By differences of the potential, with a step in the imaginary direction."""
    if np.linalg.norm(offset) > 2.5 * size:
        return np.zeros(3)

    def potential(p: np.ndarray) -> complex:
        sixth = size**6 / np.sum(p * p) ** 3
        return 4 * depth * (sixth**2 - sixth)

    step = 1e-30
    return np.array([-potential(offset + 1j * step * axis).imag / step for axis in np.eye(3)])


@pure(
    r=Interval(0, 3),
    h=Interval(0.5, 1.5),
    edges=[(0, 1), (1, 1), (2, 1), (5, 1), (0.5, 0.5), (0.001, 0.01)],
    absolute=2e-6,
)
def sph_kernel(r: float, h: float) -> float:
    """The piecewise polynomials of the paper."""
    q = r / h
    if q >= 2:
        return 0.0
    shape = 1 - 1.5 * q**2 + 0.75 * q**3 if q < 1 else (8 - 12 * q + 6 * q**2 - q**3) / 4
    return shape / (math.pi * h**3)


@pure(
    radius=Interval(0, 2),
    depth=Interval(-3, 3),
    edges=[(1, 0), (1, 1), (1, -1), (1, 5), (1, -5), (0, 1), (2, -1.99)],
    absolute=3e-6,
)
def submerged_volume(radius: float, depth: float) -> float:
    """Discs added up by Gaussian quadrature, which two points would make exact."""
    low, high = -radius, min(max(depth, -radius), radius)
    nodes, weights = np.polynomial.legendre.leggauss(4)
    heights = (low + high) / 2 + (high - low) / 2 * nodes
    return (high - low) / 2 * weights @ (math.pi * (radius**2 - heights**2))


@pure(
    state=_SPACE, goal=Interval(-2, 2), frequency=Interval(0.5, 10), dt=Interval(0, 1),
    edges=[((0, 0), 1, 5, 0), ((0, 0), 1, 5, 100), ((1, 0), 1, 3, 0.5), ((0, 9), 0, 2, 0.3)],
    absolute=2e-5,
)  # fmt: skip
def damped_spring(state: FloatArray, goal: float, frequency: float, dt: float) -> FloatArray:
    """By the exponential of the equation's matrix: a short series, squared over and over."""
    matrix = np.array([[0, 1], [-(frequency**2), -2 * frequency]]) * dt / 2**20
    step = np.linalg.matrix_power(np.eye(2) + matrix + matrix @ matrix / 2, 2**20)
    return np.array([goal, 0]) + step @ (state - [goal, 0])


@pure(
    velocity=_SPACE, normal=Unit(3), restitution=Interval(0, 1), friction=Interval(0, 1),
    edges=[
        ((0, -1, 0), (0, 1, 0), 1, 0.5), ((0, 1, 0), (0, 1, 0), 1, 0.5),
        ((3, 0, 0), (0, 1, 0), 1, 0.5), ((3, -1, 0), (0, 1, 0), 0, 0),
        ((1, -1, 0), (0, 1, 0), 0, 1), ((0.1, -1, 0.2), (0, 1, 0), 0.5, 1),
        ((0, 0, 0), (0, 1, 0), 1, 1),
    ],
    absolute=3e-6,
)  # fmt: skip
def bounce_off_plane(
    velocity: FloatArray, normal: FloatArray, restitution: float, friction: float
) -> FloatArray:
    """The nearest velocity to a stop that the cone of possible impulses allows."""
    normal = normal / np.linalg.norm(normal)
    if velocity @ normal >= 0:
        return velocity
    impulse = -(1 + restitution) * (velocity @ normal)
    sliding = np.cross(normal, np.cross(velocity, normal))
    speed = np.linalg.norm(sliding)
    rest = sliding - min(friction * impulse, speed) * sliding / speed if speed else sliding
    return rest + (velocity @ normal + impulse) * normal


@pure(
    goal=Interval(-4, 4), speed=Interval(4, 12), gravity=Interval(0, 10),
    edges=[
        ((3, 0, 0), 10, 9.81), ((0, 2, 0), 10, 9.81), ((0, -2, 0), 10, 9.81), ((9, 0, 0), 3, 9.81),
        ((1, 1, 1), 2, 0), ((0.01, 0, 0), 10, 9.81), ((0, 9, 0), 5, 9.81),
    ],
    keep=lambda goal, speed, gravity: (
        abs(speed**2 - gravity * (goal[1] + np.linalg.norm(goal))) > 0.05 * speed**2
    ),
    absolute=2e-5,
    relative=2e-5,
)  # fmt: skip
def aim_projectile(goal: FloatArray, speed: float, gravity: float) -> FloatArray:
    """From the first time at which |goal - fall| is as far as the speed reaches."""
    terms = [gravity**2 / 4, 0, gravity * goal[1] - speed**2, 0, goal @ goal]
    times = np.roots(terms)
    times = times.real[(np.abs(times.imag) < 1e-9) & (times.real > 0)]
    if not times.size:
        return np.zeros(3)
    time = times.min()
    fall = np.array([0, gravity * time**2 / 2, 0])
    return (goal + fall) / time


@pure(
    a=_SPACE, b=_SPACE, inverse_mass=Interval(0, 2), rest_length=Interval(0, 3),
    compliance=Interval(0, 2),
    edges=[
        ((0, 0, 0), (2, 0, 0), (1, 1), 1, 0), ((0, 0, 0), (2, 0, 0), (0, 1), 1, 0),
        ((0, 0, 0), (2, 0, 0), (0, 0), 1, 0), ((1, 1, 1), (1, 1, 1), (1, 1), 1, 0),
        ((0, 0, 0), (0, 0, 1), (1, 3), 5, 0), ((0, 0, 0), (0, 0, 1), (1, 3), 1, 0.5),
    ],
    absolute=5e-6,
    harness="""
fn constrained(
    a: vec3f, b: vec3f, inverse_mass: vec2f, rest_length: f32, compliance: f32,
) -> mat2x3f {
    let pair = solve_distance_constraint(Pair(a, b), inverse_mass, rest_length, compliance);
    return mat2x3f(pair.a, pair.b);
}
""",
)  # fmt: skip
def solve_distance_constraint(
    a: FloatArray, b: FloatArray, inverse_mass: FloatArray, rest_length: float, compliance: float
) -> FloatArray:
    """Tension, and the moves it causes along the line, from Newton's and Hooke's laws."""
    gap = np.linalg.norm(b - a)
    if gap == 0 or inverse_mass.sum() + compliance == 0:
        return np.array([a, b])
    # Unknowns: move of a, move of b, tension. The stretch left over is compliance times tension.
    laws = [[1, 0, -inverse_mass[0]], [0, 1, inverse_mass[1]], [-1, 1, -compliance]]
    move_a, move_b, _ = np.linalg.solve(laws, [0, 0, rest_length - gap])
    along = (b - a) / gap
    return np.array([a + move_a * along, b + move_b * along])


@pure(
    rest=_SPACE, direction=Unit(2), wavelength=Interval(0.3, 5), steepness=Interval(0, 1),
    time=Interval(0, 20),
    edges=[((0, 0), (1, 0), 1, 1, 0), ((0.5, 0), (1, 0), 1, 0.5, 0), ((1, 2), (0, 1), 2, 0, 3)],
    absolute=_SINE,
)  # fmt: skip
def gerstner_wave(
    rest: FloatArray, direction: FloatArray, wavelength: float, steepness: float, time: float
) -> FloatArray:
    """A point that turns with the speed of the wave, sqrt(g wavelength / 2 pi)."""
    speed = math.sqrt(9.81 * wavelength / (2 * math.pi))
    turned = np.exp(2j * math.pi * (direction @ rest - speed * time) / wavelength)
    circle = steepness * wavelength / (2 * math.pi) * turned
    level = rest - direction * circle.imag
    return np.array([level[0], circle.real, level[1]])


@kernel()
def wave_equation_step(rng: np.random.Generator) -> Iterator[Run]:
    """With the Laplacian as a difference of fluxes between cells, none through the edge."""
    layout = np.dtype([("size", np.uint32, 2), ("courant", np.float32), ("damping", np.float32)])
    for width, height, courant, damping in ((1, 1, 0.5, 0), (20, 11, 0.7, 0), (7, 9, 0.3, 0.25)):
        before, now = rng.uniform(-1, 1, (2, height, width)).astype(np.float32).astype(float)
        flux_x = np.pad(np.diff(now, axis=1), ((0, 0), (1, 1)))
        flux_y = np.pad(np.diff(now, axis=0), ((1, 1), (0, 0)))
        curvature = np.diff(flux_x, axis=1) + np.diff(flux_y, axis=0)
        after = now + (1 - damping) * (now - before) + courant**2 * curvature
        bound = [
            Uniform(0, np.array([((width, height), courant, damping)], layout)),
            Read(1, before), Read(2, now), Storage(3, np.zeros((height, width))),
        ]  # fmt: skip
        yield Run(bound, (3, 2, 1), {(0, 3): after})


@kernel(absolute=1e-5, relative=1e-4)
def nbody_accelerations(rng: np.random.Generator) -> Iterator[Run]:
    for count in (1, 2, 64, 150):
        bodies = rng.uniform((-2, -2, -2, 0), (2, 2, 2, 1), (count, 4))
        bodies = bodies.astype(np.float32).astype(float)
        ways = bodies[None, :, :3] - bodies[:, None, :3]
        squares = np.sum(ways**2, axis=2) + 0.1**2
        pulls = 1.5 * np.einsum("j,ij,ijk->ik", bodies[:, 3], squares**-1.5, ways)
        expected = np.pad(pulls, ((0, 0), (0, 1)))
        bound = [
            Uniform(0, np.array([1.5, 0.1])), Read(1, bodies), Storage(2, np.zeros((count, 4))),
        ]  # fmt: skip
        yield Run(bound, (-(-count // 64), 1, 1), {(0, 2): expected})


@kernel(absolute=2e-4, relative=1e-4)
def boids_steering(rng: np.random.Generator) -> Iterator[Run]:
    """One boid at a time, from the list of those it sees."""
    for count, view in ((1, 1.0), (2, 9.0), (100, 0.7), (100, 0.05)):
        boids = rng.uniform(-1, 1, (count, 4)).astype(np.float32).astype(float)
        places, velocities = boids[:, :2], boids[:, 2:]
        steering = np.zeros((count, 2))
        for i, (place, velocity) in enumerate(zip(places, velocities)):
            far = np.hypot(*(places - place).T)
            seen = (far < view) & (np.arange(count) != i)
            if seen.any():
                away = ((place - places[seen]) / far[seen, None] ** 2).sum(axis=0)
                align = velocities[seen].mean(axis=0) - velocity
                gather = places[seen].mean(axis=0) - place
                steering[i] = 0.05 * away + 0.5 * align + 0.3 * gather
        rules = Uniform(0, np.array([view, 0.05, 0.5, 0.3]))
        bound = [rules, Read(1, boids), Storage(2, np.zeros((count, 2)))]
        yield Run(bound, (2, 1, 1), {(0, 2): steering})


@kernel(absolute=3e-5)
def advect_density(rng: np.random.Generator) -> Iterator[Run]:
    """Interpolation as a sum over all cells, each with a hat around it."""
    layout = np.dtype([("size", np.uint32, 2), ("dt", np.float32)])
    for width, height, dt in ((1, 1, 1.0), (9, 6, 0.0), (17, 12, 0.7)):
        velocities = rng.uniform(-3, 3, (height, width, 2)).astype(np.float32).astype(float)
        densities = rng.uniform(0, 1, (height, width)).astype(np.float32).astype(float)
        advected = np.zeros((height, width))
        for y, x in np.ndindex(height, width):
            here = np.array([x, y])
            halfway = here - dt / 2 * _interpolated(velocities, here)
            source = here - dt * _interpolated(velocities, halfway)
            advected[y, x] = _interpolated(densities, source)
        bound = [
            Uniform(0, np.array([((width, height), dt)], layout)),
            Read(1, velocities), Read(2, densities), Storage(3, np.zeros((height, width))),
        ]  # fmt: skip
        yield Run(bound, (3, 2, 1), {(0, 3): advected})


def _interpolated(grid: FloatArray, p: FloatArray) -> FloatArray:
    height, width = grid.shape[:2]
    hats_x = np.maximum(1 - np.abs(np.arange(width) - np.clip(p[0], 0, width - 1)), 0)
    hats_y = np.maximum(1 - np.abs(np.arange(height) - np.clip(p[1], 0, height - 1)), 0)
    return np.einsum("y,x,yx...->...", hats_y, hats_x, grid)
