"""References of the colour entries: other derivations, inverse curves, and measured tables."""

import colorsys
import math
from collections.abc import Callable

import numpy as np

from tat.cookbook.references import FloatArray, Interval, pure

_SINES = 1e-3  # for WGSL's sin and cos, which are within 2^-11 from -π to π

# XYZ of the sRGB primaries and white D65, from their chromaticities (IEC 61966-2-1).
_XY = np.array([[0.64, 0.33], [0.30, 0.60], [0.15, 0.06], [0.3127, 0.3290]])
_CORNERS = np.column_stack([_XY[:, 0] / _XY[:, 1], np.ones(4), (1 - _XY.sum(axis=1)) / _XY[:, 1]])
_RGB_TO_XYZ = _CORNERS[:3].T * np.linalg.solve(_CORNERS[:3].T, _CORNERS[3])


def _inverse(curve: Callable[[float], float], value: float, low: float, high: float) -> float:
    """Where the rising `curve` has `value`, by bisection."""
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (low, middle) if curve(middle) > value else (middle, high)
    return (low + high) / 2


def _encode_srgb(light: float) -> float:
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


@pure(
    linear=Interval(-0.2, 1.2),
    edges=[([0, 0.5, 1],), ([0.0031308, 0.003, 0.0032],), ([-1, 2, 0.18],)],
    absolute=2e-6,
)
def linear_to_srgb(linear) -> list[float]:
    return [_encode_srgb(min(max(light, 0), 1)) for light in linear]


@pure(
    encoded=Interval(-1.5, 1.5),
    edges=[([0, 0.5, 1],), ([0.04045, 0.04, 0.041],), ([-1, 2, 0.02],)],
    absolute=1e-6,
    relative=2e-5,
)
def srgb_to_linear(encoded) -> list[float]:
    """Inverts the encoding."""
    found = [_inverse(_encode_srgb, abs(value), 0, 10) for value in encoded]
    return list(np.copysign(found, encoded))


@pure(
    hsv=Interval([-2, 0, 0], [2, 1, 1]),
    edges=[([0, 1, 1],), ([1 / 3, 1, 1],), ([0.5, 0, 0.5],), ([1, 1, 0],), ([-0.25, 1, 1],)],
    absolute=5e-6,
)
def hsv_to_rgb(hsv) -> tuple[float, ...]:
    return colorsys.hsv_to_rgb(hsv[0] % 1, hsv[1], hsv[2])


def _has_clear_hue(rgb) -> bool:
    hue, saturation, _ = colorsys.rgb_to_hsv(*rgb)
    return 1e-4 < hue < 1 - 1e-4 and saturation > 0.01


@pure(
    rgb=Interval(0, 1),
    edges=[
        ([0, 0, 0],),
        ([1, 1, 1],),
        ([1, 0, 0],),
        ([0, 1, 1],),
        ([0.5, 0.5, 0],),
        ([1, 0, 1],),
        ([0.5, 0.51, 0.5],),
    ],
    keep=_has_clear_hue,
    absolute=1e-5,
)
def rgb_to_hsv(rgb) -> tuple[float, ...]:
    return colorsys.rgb_to_hsv(*rgb)


# Oklab as it was defined: from XYZ to cones, and from their cube roots to Lab.
_XYZ_TO_CONES = np.array(
    [
        [0.8189330101, 0.3618667424, -0.1288597137],
        [0.0329845436, 0.9293118715, 0.0361456387],
        [0.0482003018, 0.2643662691, 0.6338517070],
    ]
)
_ROOTS_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


@pure(
    linear=Interval(-0.1, 1.2),
    edges=[([0, 0, 0],), ([1, 1, 1],), ([1, 0, 0],), ([0, 0, 1],), ([-1, 0, 0],)],
    absolute=3e-4,  # the matrix from RGB was fitted again after the definition
)
def linear_to_oklab(linear) -> FloatArray:
    """Takes the way over XYZ."""
    return _ROOTS_TO_LAB @ np.cbrt(_XYZ_TO_CONES @ _RGB_TO_XYZ @ linear)


@pure(
    lch=Interval([0, 0, -1], [1, 0.3, 2]),
    edges=[([0, 0, 0],), ([1, 0, 0.5],), ([0.5, 0.1, 0.25],), ([0.627955, 0.257683, 0.0812052],)],
    absolute=3 * _SINES,  # as above, too, enlarged by the cubes and the matrix to RGB
)
def oklch_to_linear(lch) -> FloatArray:
    """Solves the definition backwards, over XYZ."""
    ab = lch[1] * np.exp(2j * np.pi * lch[2])
    cones = np.linalg.solve(_ROOTS_TO_LAB, [lch[0], ab.real, ab.imag]) ** 3
    return np.linalg.solve(_RGB_TO_XYZ, np.linalg.solve(_XYZ_TO_CONES, cones))


def _hue_degrees(a: float, b: float) -> float:
    return math.degrees(math.atan2(b, a)) % 360


def _has_clear_mean_hue(first, second) -> bool:
    apart = abs(_hue_degrees(*first[1:]) - _hue_degrees(*second[1:]))
    return abs(apart - 180) > 2


@pure(
    first=Interval([0, -45, -45], [100, 45, 45]),
    second=Interval([0, -45, -45], [100, 45, 45]),
    edges=[  # from the table of Sharma et al., which has 2.0425, 1.0000, 7.2195, 1.2644, 0.9082
        ([50, 2.6772, -79.7751], [50, 0, -82.7485]),
        ([50, -1.1848, -84.8006], [50, 0, -82.7485]),
        ([50, 2.5, 0], [50, 0, -2.5]),
        ([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387]),
        ([2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514]),
        ([50, 0, 0], [50, 0, 0]),
        ([0, 0, 0], [100, 0, 0]),
        ([50, 0, 0], [50, -1, 2]),
        ([70, -100, 90], [60, -80, 110]),
    ],
    keep=_has_clear_mean_hue,
    absolute=20 * _SINES,
    relative=1e-4,
)
def delta_e_2000(first, second) -> float:
    """In degrees and in the order of the paper."""
    (l1, a1, b1), (l2, a2, b2) = first, second
    mean_chroma = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    g = 0.5 * (1 - math.sqrt(mean_chroma**7 / (mean_chroma**7 + 25**7)))
    a1, a2 = (1 + g) * a1, (1 + g) * a2
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)
    h1, h2 = _hue_degrees(a1, b1), _hue_degrees(a2, b2)
    if c1 * c2 == 0:
        turn, h_mean = 0.0, h1 + h2
    else:
        turn = (h2 - h1 + 180) % 360 - 180
        h_mean = (h1 + turn / 2) % 360
    l_mean, c_mean = (l1 + l2) / 2, (c1 + c2) / 2
    waves = [(-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.20, 4, -63)]
    t = 1 + sum(k * math.cos(math.radians(n * h_mean + shift)) for k, n, shift in waves)
    s_l = 1 + 0.015 * (l_mean - 50) ** 2 / math.sqrt(20 + (l_mean - 50) ** 2)
    s_c, s_h = 1 + 0.045 * c_mean, 1 + 0.015 * c_mean * t
    r_c = 2 * math.sqrt(c_mean**7 / (c_mean**7 + 25**7))
    r_t = -r_c * math.sin(math.radians(60 * math.exp(-(((h_mean - 275) / 25) ** 2))))
    d_h = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2))
    by_l, by_c, by_h = (l2 - l1) / s_l, (c2 - c1) / s_c, d_h / s_h
    return math.sqrt(max(by_l**2 + by_c**2 + by_h**2 + r_t * by_c * by_h, 0))


def _luminance(srgb: FloatArray) -> float:
    linear = [_inverse(_encode_srgb, value, 0, 1.1) for value in srgb]
    return _RGB_TO_XYZ[1] @ linear


@pure(
    one=Interval(0, 1),
    other=Interval(0, 1),
    edges=[([0, 0, 0], [1, 1, 1]), ([1, 1, 1], [0, 0, 0]), ([0.4, 0.4, 0.4], [0.4, 0.4, 0.4])],
    relative=2e-4,  # the guidelines round the weights of luminance to four digits
)
def contrast_ratio(one, other) -> float:
    low, high = sorted([_luminance(one), _luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pure(
    hdr=Interval(0, 8),
    white=Interval(0.5, 10),
    edges=[([0, 0, 0], 1), ([4, 4, 4], 4), ([1, 0, 0], 100), ([0.18, 0.18, 0.18], 2)],
    relative=5e-4,
)
def tone_map_reinhard(hdr, white) -> FloatArray:
    """Maps the luminance and scales the colour to it."""
    luminance = _RGB_TO_XYZ[1] @ hdr
    if luminance == 0:
        return hdr
    mapped = (luminance + (luminance / white) ** 2) / (luminance + 1)
    return hdr / luminance * mapped


@pure(
    hdr=Interval(0, 12),
    edges=[([0, 0, 0],), ([0.18, 0.18, 0.18],), ([1, 10, 1000],)],
    absolute=2e-6,
)
def tone_map_aces(hdr) -> FloatArray:
    numerators = np.polynomial.polynomial.polyval(hdr, [0, 0.03, 2.51])
    return np.clip(numerators / np.polynomial.polynomial.polyval(hdr, [0.14, 0.59, 2.43]), 0, 1)


@pure(
    hdr=Interval(0, 3),
    contrast=Interval(0.6, 1.5),
    toe=Interval(1, 3),
    edges=[
        ([0, 0.22, 0.532], 1, 1.33),
        ([0.1, 0.2, 0.3], 1, 1),
        ([1, 10, 100], 1, 1.33),
        ([0.05, 0.5, 0.6], 0.75, 3),
    ],
    absolute=1e-5,
)
def tone_map_uchimura(hdr, contrast, toe) -> list[float]:
    """Channel by channel with the weights of the three pieces, as it was published."""
    peak, start, share = 1.0, 0.22, 0.4
    length = (peak - start) * share / contrast
    knee = start + contrast * length
    mapped = []
    for x in hdr:
        t = min(max(x / start, 0), 1)
        no_toe = t * t * (3 - 2 * t)
        is_shoulder = float(x >= start + length)
        line = start + contrast * (x - start)
        shoulder = peak - (peak - knee) * math.exp(
            -contrast * peak / (peak - knee) * (x - start - length) / peak
        )
        lower = (1 - no_toe) * start * (x / start) ** toe + (no_toe - is_shoulder) * line
        mapped.append(max(lower, 0) + is_shoulder * shoulder)
    return mapped


# The CIE 1931 standard observer (CIE 015:2018), x, y and z every 10 nm from 380 nm.
# fmt: off
_OBSERVER = np.array(
    [
        0.001368, 0.004243, 0.01431, 0.04351, 0.13438, 0.2839, 0.34828, 0.3362, 0.2908, 0.19536,
        0.09564, 0.03201, 0.0049, 0.0093, 0.06327, 0.1655, 0.2904, 0.43345, 0.5945, 0.7621,
        0.9163, 1.0263, 1.0622, 1.0026, 0.85445, 0.6424, 0.4479, 0.2835, 0.1649, 0.0874,
        0.04677, 0.0227, 0.011359, 0.00579, 0.002899, 0.00144, 0.00069,
        0.000039, 0.00012, 0.000396, 0.00121, 0.004, 0.0116, 0.023, 0.038, 0.06, 0.09098,
        0.13902, 0.20802, 0.323, 0.503, 0.71, 0.862, 0.954, 0.99495, 0.995, 0.952,
        0.87, 0.757, 0.631, 0.503, 0.381, 0.265, 0.175, 0.107, 0.061, 0.032,
        0.017, 0.00821, 0.004102, 0.002091, 0.001047, 0.00052, 0.000249,
        0.00645, 0.02005, 0.06785, 0.2074, 0.6456, 1.3856, 1.74706, 1.77211, 1.6692, 1.28764,
        0.81295, 0.46518, 0.272, 0.1582, 0.07825, 0.04216, 0.0203, 0.00875, 0.0039, 0.0021,
        0.00165, 0.0011, 0.0008, 0.00034, 0.00019, 0.00005, 0.00002, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0,
    ]
).reshape(3, 37)
_NANOMETRES = np.arange(380, 750, 10)
# fmt: on


@pure(
    kelvin=Interval(1000, 15000),
    edges=[(1000,), (1900,), (2856,), (6504,), (15000,)],
    absolute=4e-3,
)
def blackbody_colour(kelvin) -> FloatArray:
    """Planck's law, seen by the standard observer."""
    radiance = _NANOMETRES**-5.0 / np.expm1(1.4387769e7 / (_NANOMETRES * kelvin))
    rgb = np.maximum(np.linalg.solve(_RGB_TO_XYZ, _OBSERVER @ radiance), 0)
    return rgb / rgb.max()


@pure(
    t=Interval(-3, 3),
    centre=Interval(0, 1),
    contrast=Interval(-1, 1),
    cycles=Interval(-3, 3),
    shift=Interval(-1, 1),
    edges=[
        (0, [0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [1, 1, 1], [0, 1 / 3, 2 / 3]),
        (1, [0, 0, 0], [1, 1, 1], [2, 2, 2], [0, 0, 0]),
    ],
    absolute=_SINES,
)
def cosine_palette(t, centre, contrast, cycles, shift) -> FloatArray:
    return centre + contrast * np.exp(2j * np.pi * (t * cycles + shift)).real


@pure(
    fraction=Interval(0, 1),
    start=Interval(0, 3),
    turns=Interval(-3, 3),
    colourfulness=Interval(0, 1.5),
    edges=[(0, 0.5, -1.5, 1), (1, 0.5, -1.5, 1), (0.5, 0.5, -1.5, 1), (0.5, 2, 0, 0)],
    absolute=_SINES,
)
def cubehelix(fraction, start, turns, colourfulness) -> FloatArray:
    """The winding as one complex factor for each channel."""
    phasors = np.array([-0.14861 - 1.78277j, -0.29227 + 0.90649j, 1.97294])
    helix = phasors * np.exp(2j * np.pi * (start / 3 + turns * fraction))
    amplitude = colourfulness * (fraction - fraction**2) / 2
    return np.clip(fraction + amplitude * helix.real, 0, 1)


def _pq_to_nits(signal: float) -> float:
    m1, m2 = 2610 / 4096 / 4, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = signal ** (1 / m2)
    return 10000 * (max(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)


@pure(
    nits=Interval(0, 10000),
    edges=[([0, 100, 10000],), ([0.01, 1, 203],), ([-1, 20000, 1000],)],
    absolute=4e-4,
)
def pq_encode(nits) -> list[float]:
    """Inverts the display's curve."""
    return [_inverse(_pq_to_nits, min(max(value, 0), 10000), 7.4e-7, 1) for value in nits]


@pure(
    base=Interval(0, 1),
    top=Interval(0, 1),
    edges=[
        ([0, 0.5, 1], [0, 0, 0]),
        ([0, 0.5, 1], [1, 1, 1]),
        ([0.25, 0.2, 0.3], [0.75, 0.75, 0.75]),
        ([0.3, 0.6, 0.9], [0.5, 0.5, 0.5]),
    ],
    absolute=2e-6,
)
def blend_soft_light(base, top) -> list[float]:
    """In the words of the recommendation."""

    def blended(b: float, s: float) -> float:
        if s <= 0.5:
            return b - (1 - 2 * s) * b * (1 - b)
        d = ((16 * b - 12) * b + 4) * b if b <= 0.25 else math.sqrt(b)
        return b + (2 * s - 1) * (d - b)

    return [blended(b, s) for b, s in zip(base, top)]


@pure(
    nm=Interval(380, 740),
    edges=[(380,), (442,), (555,), (700,)],
    absolute=1e-5,
)
def wavelength_to_xyz(nm) -> FloatArray:
    """The fit as it was published, itself held against a cubic through tabulated values."""
    peaks = np.array([599.8, 442.0, 501.1, 568.8, 530.9, 437.0, 459.0])
    left = np.array([37.9, 16.0, 20.4, 46.9, 16.3, 11.8, 26.0])
    right = np.array([31.0, 26.7, 26.2, 40.5, 31.1, 36.0, 13.8])
    bells = np.exp(-(((nm - peaks) / np.where(nm < peaks, left, right)) ** 2) / 2)
    heights = np.array([1.056, 0.362, -0.065, 0.821, 0.286, 1.217, 0.681])
    fit = np.add.reduceat(heights * bells, [0, 3, 5])
    first = int(np.clip((nm - 380) // 10 - 1, 0, _NANOMETRES.size - 4))
    t = (nm - _NANOMETRES[first]) / 10
    table = [np.polyval(np.polyfit(range(4), row[first : first + 4], 3), t) for row in _OBSERVER]
    if np.abs(fit - table).max() > 0.04:
        raise ArithmeticError(f"the fit is off the table by more than 0.04 at {nm} nm")
    return fit
