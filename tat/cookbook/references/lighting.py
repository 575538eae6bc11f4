"""References of the lighting entries: angles, complex waves and integrals over directions.

The shaders have closed forms in cosines; here many of the same quantities are integrated.
"""

import cmath
import math

import numpy as np

from tat.cookbook.references import FloatArray, Interval, Unit, pure

_SINES = 1e-3  # for WGSL's sin and cos, which are within 2^-11 from -π to π
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)


@pure(
    n_dot_h=Interval(0, 1),
    roughness=Interval(0.1, 1),
    edges=[(1, 1), (0, 1), (0, 0.5), (1, 0.25), (0.5, 1)],
    relative=2e-4,
)
def distribution_ggx(n_dot_h, roughness) -> float:
    """As a distribution of slopes, the tangents of the angle to the normal."""
    alpha = roughness**2
    if n_dot_h == 0:
        return alpha**2 / math.pi
    slope = math.tan(math.acos(n_dot_h))
    return alpha**2 / (math.pi * n_dot_h**4 * (alpha**2 + slope**2) ** 2)


@pure(
    cos_theta=Interval(-0.2, 1.2),
    f0=Interval(0, 1),
    edges=[(0, [0.04] * 3), (1, [0.04] * 3), (0.5, [0, 0.5, 1])],
    absolute=2e-6,
)
def fresnel_schlick(cos_theta, f0) -> FloatArray:
    return f0 + (1 - f0) * (1 - min(max(cos_theta, 0), 1)) ** 5


@pure(
    n_dot_v=Interval(0.01, 1),
    n_dot_l=Interval(0.01, 1),
    roughness=Interval(0.05, 1),
    edges=[(1, 1, 1), (0, 1, 0.5), (1, 0.1, 0.1), (0.5, 0.5, 1)],
    relative=5e-5,
)
def visibility_smith_ggx(n_dot_v, n_dot_l, roughness) -> float:
    """By the auxiliary function Λ of the slopes, and the denominator of the BRDF."""

    def below(cosine: float) -> float:
        return math.hypot(1, roughness**2 * math.tan(math.acos(cosine))) / 2 - 0.5

    if n_dot_v == 0:
        return 1 / (2 * n_dot_l * roughness**2)  # the limit
    return 1 / (1 + below(n_dot_v) + below(n_dot_l)) / (4 * n_dot_v * n_dot_l)


def _unpolarised(cos_theta: float, index: complex) -> float:
    """Mean reflectance of both polarisations at the border to a medium of the complex `index`."""
    normal = cmath.sqrt(1 - (1 - cos_theta**2) / index**2)  # cosine of the complex angle inside
    across = (cos_theta - index * normal) / (cos_theta + index * normal)
    along = (index * cos_theta - normal) / (index * cos_theta + normal)
    return (abs(across) ** 2 + abs(along) ** 2) / 2


@pure(
    cos_theta=Interval(0, 1),
    index_ratio=Interval(0.4, 2.5),
    edges=[(1, 1.5), (0, 1.5), (0.5, 1), (0.1, 0.66), (1, 0.66), (0.7453559, 0.5)],
    absolute=5e-5,  # steep just before total reflection
)
def fresnel_dielectric(cos_theta, index_ratio) -> float:
    """Past the critical angle the square root is imaginary and both moduli are 1."""
    return _unpolarised(cos_theta, index_ratio)


@pure(
    cos_theta=Interval(0, 1),
    eta=Interval(0.1, 4),
    kappa=Interval(0, 7),
    edges=[
        (1, [0.18, 0.42, 1.37], [3.42, 2.35, 1.77]),
        (0, [0.18, 0.42, 1.37], [3.42, 2.35, 1.77]),
        (0.5, [1.5, 1.33, 2.4], [0, 0, 0]),
    ],
    absolute=1e-5,
)
def fresnel_conductor(cos_theta, eta, kappa) -> list[float]:
    return [_unpolarised(cos_theta, complex(n, k)) for n, k in zip(eta, kappa)]


_UP = [0, 0, 1]


def _is_lit_and_seen(normal, light, view, sigma) -> bool:
    return min(normal @ light, normal @ view) > 0


@pure(
    normal=Unit(3),
    light=Unit(3),
    view=Unit(3),
    sigma=Interval(0, 0.8),
    edges=[
        (_UP, _UP, _UP, 0.5),
        (_UP, [1, 0, 0], _UP, 0.5),
        (_UP, [0.6, 0, 0.8], [0.6, 0, 0.8], 0.5),
        (_UP, [0.6, 0, 0.8], [-0.6, 0, 0.8], 0.5),
        (_UP, [0, 0, -1], _UP, 0.5),
        (_UP, [0.6, 0, 0.8], [0, 0.8, 0.6], 0),
    ],
    keep=_is_lit_and_seen,
    absolute=1e-5,
)
def oren_nayar(normal, light, view, sigma) -> float:
    """With the angles of the paper."""
    if normal @ light <= 0 or normal @ view <= 0:
        return 0.0
    theta_i, theta_r = (math.acos(min(normal @ way, 1)) for way in (light, view))
    flat = [way - (normal @ way) * normal for way in (light, view)]
    sizes = np.linalg.norm(flat[0]) * np.linalg.norm(flat[1])
    cos_phi = flat[0] @ flat[1] / sizes if sizes > 1e-9 else 0
    a = 1 - 0.5 * sigma**2 / (sigma**2 + 0.33)
    b = 0.45 * sigma**2 / (sigma**2 + 0.09)
    alpha, beta = max(theta_i, theta_r), min(theta_i, theta_r)
    return math.cos(theta_i) * (a + b * max(cos_phi, 0) * math.sin(alpha) * math.tan(beta))


def _meets_a_highlight(normal, light, view, shininess) -> bool:
    return normal @ light > 0 and normal @ (light + view) > 0.5 * np.linalg.norm(light + view)


@pure(
    normal=Unit(3),
    light=Unit(3),
    view=Unit(3),
    shininess=Interval(1, 60),
    edges=[
        (_UP, _UP, _UP, 1),
        (_UP, [0.6, 0, 0.8], [-0.6, 0, 0.8], 1000),
        (_UP, [0, 0, -1], [0, 0, 1], 10),
        (_UP, [1, 0, 0], [0, 0, 1], 10),
    ],
    keep=_meets_a_highlight,
    absolute=1e-5,
    relative=1e-3,  # the power of a cosine with its rounding
)
def blinn_phong(normal, light, view, shininess) -> float:
    """The half vector by halving the angle from light to view."""
    if normal @ light <= 0:
        return 0.0
    half_angle = math.acos(min(light @ view, 1)) / 2
    half = (light + view) / (2 * math.cos(half_angle)) if half_angle < 1.57 else light
    specular = max(normal @ half, 0) ** shininess
    return (shininess + 8) / (8 * math.pi) * specular * (normal @ light)


@pure(
    way=Interval(0, 12),
    range=Interval(0.5, 10),
    edges=[(0, 1), (0.001, 10), (10, 10), (20, 10), (5, 10)],
    absolute=1e-6,
    relative=2e-5,
)
def light_attenuation(way, range) -> float:
    if way >= range:
        return 0.0
    return (1 - (way / range) ** 4) ** 2 / max(way, 0.01) ** 2


@pure(
    direction=Unit(3),
    axis=Unit(3),
    inner=Interval(0, 1),
    outer=Interval(1.1, 3),
    edges=[
        (_UP, _UP, 0.2, 0.5),
        ([0, 0.6, 0.8], _UP, 0.5, 0.7),
        ([0, 0.6, 0.8], _UP, 0.5, 0.5),
        ([1, 0, 0], _UP, 0.2, 0.5),
        (_UP, _UP, 0.5, 0.5),
    ],
    absolute=4 * _SINES,
)
def spot_light_cone(direction, axis, inner, outer) -> float:
    return np.interp(direction @ axis, [math.cos(outer), math.cos(inner)], [0, 1]) ** 2


def _hemisphere(normal: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Directions around `normal` and weights that integrate times the cosine over them."""
    helper = np.eye(3)[np.argmin(np.abs(normal))]
    x = np.cross(helper, normal) / np.linalg.norm(np.cross(helper, normal))
    y = np.cross(normal, x)
    cosines = (_NODES + 1) / 2
    turns = 2 * math.pi * (np.arange(64) + 0.5) / 64
    cosine, turn = (grid.ravel() for grid in np.meshgrid(cosines, turns, indexing="ij"))
    sine = np.sqrt(1 - cosine**2)
    ways = np.outer(sine * np.cos(turn), x) + np.outer(sine * np.sin(turn), y)
    return ways + np.outer(cosine, normal), np.repeat(_WEIGHTS / 2, 64) * cosine * 2 * math.pi / 64


@pure(
    normal=Unit(3),
    up=Unit(3),
    sky=Interval(0, 2),
    ground=Interval(0, 1),
    edges=[(_UP, _UP, [1, 2, 3], [0, 0, 0]), ([1, 0, 0], _UP, [1, 2, 3], [0, 1, 0])],
    absolute=0.02,  # the horizon cuts through the samples
)
def hemisphere_light(normal, up, sky, ground) -> FloatArray:
    """Integrates over what the surface sees."""
    ways, weights = _hemisphere(normal)
    share = weights @ (ways @ up > 0) / math.pi
    return ground + share * (sky - ground)


def _harmonics(ways: FloatArray) -> FloatArray:
    """The nine real spherical harmonics of bands 0 to 2, one in each column."""
    x, y, z = ways.T
    one = np.full_like(x, 0.5 * math.sqrt(1 / math.pi))
    band_1 = math.sqrt(3 / (4 * math.pi)) * np.stack([y, z, x], axis=1)
    k = math.sqrt(15 / math.pi) / 2
    zonal = math.sqrt(5 / math.pi) / 4 * (3 * z**2 - 1)
    band_2 = [k * x * y, k * y * z, zonal, k * x * z, k / 2 * (x**2 - y**2)]
    return np.column_stack([one, band_1, *band_2])


_PROBE = """
fn sh_irradiance_of(
    normal: vec3f, a: vec3f, b: vec3f, c: vec3f, d: vec3f, e: vec3f, f: vec3f, g: vec3f, h: vec3f,
    i: vec3f,
) -> vec3f {
    return sh_irradiance(normal, array<vec3f, 9>(a, b, c, d, e, f, g, h, i));
}
"""


@pure(
    normal=Unit(3),
    **{name: Interval(-1, 1) for name in "abcdefghi"},
    edges=[(_UP, *np.ones((9, 3))), ([1, 0, 0], *np.eye(9, 3)), ([0, 1, 0], *np.eye(9, 3, -4))],
    harness=_PROBE,
    absolute=1e-5,
)
def sh_irradiance(normal, a, b, c, d, e, f, g, h, i) -> FloatArray:
    """Integrates the radiance, times the cosine, over the hemisphere."""
    ways, weights = _hemisphere(normal)
    return weights @ _harmonics(ways) @ np.array([a, b, c, d, e, f, g, h, i])


@pure(
    cos_theta=Interval(-1, 1),
    g=Interval(-0.85, 0.85),
    edges=[(1, 0), (-1, 0.5), (1, 0.85), (1, -0.85), (0.5, 0)],
    absolute=1e-5,
    relative=1e-4,
)
def henyey_greenstein(cos_theta, g) -> float:
    """By its moments: the mean of the Legendre polynomial of degree l is g to the power of l."""
    degrees = np.arange(200)
    return np.polynomial.legendre.legval(cos_theta, (2 * degrees + 1) * g**degrees) / (4 * math.pi)


@pure(
    origin=Interval([-5, -1, -5], [5, 5, 5]),
    direction=Unit(3),
    path=Interval(0, 10),
    density=Interval(0, 1),
    falloff=Interval(0.05, 1),
    edges=[
        ([0, 1, 0], [1, 0, 0], 5, 0.5, 0.5),
        ([0, 1, 0], [0, 1, 0], 0, 0.5, 0.5),
        ([0, 5, 0], [0, -1, 0], 5, 0.5, 1),
        ([0, 1, 0], [1, 1e-4, 0], 5, 0.5, 0.5),
        ([0, 1, 0], [1, 0.0039, 0], 5, 0.5, 0.5),
        ([0, 1, 0], [0, 1, 0], 5, 0.5, 0),
        ([0, 1000, 0], [0, -1, 0], 1000, 0.1, 1),
    ],
    absolute=2e-5,
)
def height_fog(origin, direction, path, density, falloff) -> float:
    """Adds up the density along the ray, over short pieces."""
    cuts = np.linspace(0, path, 65)
    middles, halves = (cuts[1:] + cuts[:-1]) / 2, (cuts[1:] - cuts[:-1]) / 2
    heights = origin[1] + direction[1] * np.add.outer(middles, path / 128 * _NODES)
    return math.exp(-density * halves @ (np.exp(-falloff * heights) @ _WEIGHTS))


def _is_above_the_horizon(position, normal, corner, edge_u, edge_v) -> bool:
    corners = [corner, corner + edge_u, corner + edge_v, corner + edge_u + edge_v]
    return min(normal @ (point - position) for point in corners) > 0.3


@pure(
    position=Interval(-1, 1),
    normal=Unit(3),
    corner=Interval(-3, 3),
    edge_u=Interval(-1.5, 1.5),
    edge_v=Interval(-1.5, 1.5),
    edges=[
        ([0, 0, 0], _UP, [-1, -1, 1], [2, 0, 0], [0, 2, 0]),
        ([0, 0, 0], _UP, [-1, -1, 1], [0, 2, 0], [2, 0, 0]),
        ([0, 0, 0], _UP, [1, 0, 0.5], [0, 0, 1], [0, 1, 0]),
        ([0, 0, 0], _UP, [5, 5, 5], [0.01, 0, 0], [0, 0.01, 0]),
    ],
    keep=_is_above_the_horizon,
    absolute=2e-5,
    relative=1e-4,
)
def quad_light_irradiance(position, normal, corner, edge_u, edge_v) -> float:
    """Adds up small pieces of the light: both cosines over the squared distance."""
    steps = (_NODES + 1) / 2
    points = corner + np.multiply.outer(steps, edge_u)[:, None] + np.multiply.outer(steps, edge_v)
    ways = points - position
    squares = (ways**2).sum(axis=-1)
    seen = np.abs(ways @ np.cross(edge_u, edge_v)) * (ways @ normal) / squares**2
    return _WEIGHTS @ seen @ _WEIGHTS / 4


@pure(
    moments=Interval([0, 0], [1, 1.2]),
    receiver=Interval(0, 1.5),
    min_variance=Interval(1e-5, 1e-2),
    bleeding=Interval(0, 0.6),
    edges=[
        ([0.5, 0.25], 0.5, 1e-4, 0.2),
        ([0.5, 0.25], 0.75, 1e-4, 0),
        ([0.5, 0.25], 0.25, 1e-4, 0.2),
        ([0.5, 0.5], 1, 1e-4, 0),
    ],
    absolute=2e-5,
)
def variance_shadow(moments, receiver, min_variance, bleeding) -> float:
    mean, mean_square = moments
    if receiver <= mean:
        return 1.0
    deviations = (receiver - mean) / math.sqrt(max(mean_square - mean**2, min_variance))
    return max(1 / (1 + deviations**2) - bleeding, 0) / (1 - bleeding)
