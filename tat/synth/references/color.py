"""References of concepts/color.txt: definitions of the standards, colorsys, and inverses solved."""

import colorsys
import math

import numpy as np

_WHITE = np.array([0.95047, 1.0, 1.08883])


def xyzToLab(xyz):
    ratio = xyz / _WHITE
    delta = 6 / 29
    f = np.where(ratio > delta**3, np.cbrt(ratio), ratio / (3 * delta**2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def labToXyz(lab):
    y = (lab[0] + 16) / 116
    f = np.array([y + lab[1] / 500, y, y - lab[2] / 200])
    delta = 6 / 29
    return _WHITE * np.where(f > delta, f**3, 3 * delta**2 * (f - 4 / 29))


def rgbToHwb(c):
    return np.array([colorsys.rgb_to_hsv(*c)[0], c.min(), 1 - c.max()])


def rgbHue(c):
    return colorsys.rgb_to_hsv(*c)[0]


def pqDecode(e):
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    low, high = 0.0, 1.0
    for _ in range(80):  # the encoding is monotonous: halve
        middle = 0.5 * (low + high)
        power = middle**m1
        if ((c1 + c2 * power) / (1 + c3 * power)) ** m2 < e:
            low = middle
        else:
            high = middle
    return middle


def acesFull(color):
    into = np.array(
        [[0.59719, 0.35458, 0.04823], [0.07600, 0.90834, 0.01566], [0.02840, 0.13383, 0.83777]]
    )
    out = np.array(
        [
            [1.60475, -0.53108, -0.07367],
            [-0.10208, 1.10813, -0.00605],
            [-0.00327, -0.07276, 1.07602],
        ]
    )
    v = into @ color
    fit = np.polyval([1, 0.0245786, -0.000090537], v) / np.polyval(
        [0.983729, 0.432951, 0.238081], v
    )
    return np.clip(out @ fit, 0, 1)


def pbrNeutral(color):
    low = color.min()
    c = color - (low - 6.25 * low**2 if low < 0.08 else 0.04)
    peak = c.max()
    if peak < 0.76:
        return c
    shown = 1 - 0.24**2 / (peak - 0.52)
    share = 1 / (0.15 * (peak - shown) + 1)
    return c * shown / peak * share + shown * (1 - share)


def wavelengthToRgb(nm):
    places = [380, 440, 490, 510, 580, 645, 780]
    red = np.interp(nm, places, [1, 0, 0, 0, 1, 1, 1])
    green = np.interp(nm, places, [0, 0, 1, 1, 1, 0, 0])
    blue = np.interp(nm, places, [1, 1, 1, 0, 0, 0, 0])
    return np.array([red, green, blue])


def rgbToHsl(c):
    hue, lightness, saturation = colorsys.rgb_to_hls(*c)
    return np.array([hue, saturation, lightness])


_XYZ = np.array(
    [
        [0.4123908, 0.3575843, 0.1804808],
        [0.2126390, 0.7151687, 0.0721923],
        [0.0193308, 0.1191948, 0.9505322],
    ]
)
_CONES = np.array(
    [
        [0.8189330101, 0.3618667424, -0.1288597137],
        [0.0329845436, 0.9293118715, 0.0361456387],
        [0.0482003018, 0.2643662691, 0.6338517070],
    ]
)
_OPPONENTS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def linearToOklab(c):
    # by way of XYZ, as Ottosson defines it
    return _OPPONENTS @ np.cbrt(_CONES @ _XYZ @ c)


def oklabToLinear(c):
    return np.linalg.solve(_CONES @ _XYZ, np.linalg.solve(_OPPONENTS, c) ** 3)


def bayer4(p):
    two = np.array([[0, 2], [3, 1]])
    four = np.block([[4 * two + two[i, j] for j in range(2)] for i in range(2)])
    return four[p[1] % 4, p[0] % 4] / 16


def hueToChannel(p, q, t):
    return np.interp(t % 1.0, [0, 1 / 6, 1 / 2, 2 / 3, 1], [p, q, q, p, p])


def acesExposed(color, exposure):
    x = color * exposure
    return np.polyval([2.51, 0.03, 0], x) / np.polyval([2.43, 0.59, 0.14], x)


def uncharted2(x):
    return np.polyval([0.15, 0.05, 0.004], x) / np.polyval([0.15, 0.5, 0.06], x) - 1 / 15


def lottes(x, a, d, b, c):
    return 1 / (b * x ** (a * d - a) + c * x**-a)


def hueShift(color, angle):
    k = np.full(3, 1 / math.sqrt(3))
    cross = np.array([[0, -k[2], k[1]], [k[2], 0, -k[0]], [-k[1], k[0], 0]])
    return (np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross) @ color


def blendSoftLight(base, blend):
    end = base * base if blend < 0.5 else math.sqrt(base)
    return base + abs(2 * blend - 1) * (end - base)


def blendReflect(base, blend):
    return float("nan") if blend == 1 else min(base**2 / (1 - blend), 1.0)


def levels(x, black, white, gamma):
    return np.interp(x, [black, white], [0.0, 1.0]) ** (1 / gamma) if white > black else np.nan * x


def softKnee(color, threshold, knee):
    top = max(color)
    over = top - threshold
    soft = min(max(over + knee, 0), 2 * knee) ** 2 / (4 * knee)
    return color / top * max(soft, over)


def encodeRgbm(color, maxRange):
    scaled = color / maxRange
    m = math.ceil(255 * min(max(*scaled, 1e-6), 1)) / 255
    return np.append(scaled / m, m)


def encodeRgbe(c):
    _, exponent = math.frexp(max(c))
    return np.append(np.ldexp(c, -exponent), (exponent + 128) / 255)


def bayer2(p):
    return [[0, 2], [3, 1]][p[1] % 2][p[0] % 2] / 4
