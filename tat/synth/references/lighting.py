"""References of concepts/lighting.txt."""

import math

import numpy as np


def fresnelCookTorrance(f0, VdotH):
    # the mean of both polarizations by Snell's law
    eta = (1 + np.sqrt(f0)) / (1 - np.sqrt(f0))
    inner = np.sqrt(1 - (1 - VdotH**2) / eta**2)
    s = (VdotH - eta * inner) / (VdotH + eta * inner)
    p = (eta * VdotH - inner) / (eta * VdotH + inner)
    return (s**2 + p**2) / 2


def fresnelDielectric(cosI, eta):
    inner = np.sqrt(1 - (1 - cosI**2) / eta**2)
    s = (cosI - eta * inner) / (cosI + eta * inner)
    p = (eta * cosI - inner) / (eta * cosI + inner)
    return (s**2 + p**2) / 2


def distributionGGXVec(n, h, roughness):
    alpha, cosine = roughness**2, max(n @ h, 0)
    return (alpha / (1 - cosine**2 * (1 - alpha**2))) ** 2 / math.pi


def spotFromCos(coneCos, penumbraCos, angleCos):
    t = min(max((angleCos - coneCos) / (penumbraCos - coneCos), 0), 1)
    return 3 * t**2 - 2 * t**3


def toonRamp(i):
    return (0.2, 0.4, 0.6, 1.0)[int(np.digitize(i, [0.25, 0.5, 0.95], right=True))]


def heightFog(camY, dirY, d, density, falloff):
    places, weights = np.polynomial.legendre.leggauss(24)
    t = d / 2 * (places + 1)
    along = density * np.exp(-falloff * (camY + t * dirY))
    return min(max(d / 2 * weights @ along, 0), 1)


def blendNormalsRnm(n1, n2):
    t = np.add(n1, [0, 0, 1])
    u = np.array([-n2[0], -n2[1], n2[2]])
    s = t * (t @ u) / t[2] - u
    return s / math.hypot(*s) * np.sign(t[2])


def specularOcclusion(NdotV, ao, roughness):
    return min(max((NdotV + ao) ** (0.5 * 65536**-roughness) + ao - 1, 0), 1)


def multiBounceAo(ao, albedo):
    rows = np.array([[2.0404, -0.3324], [-4.7951, 0.6417], [2.7552, 0.6903]])
    cubic = rows @ np.stack([albedo, np.ones(3)])
    return np.maximum(ao, [ao**3, ao**2, ao] @ cubic)


def chebyshevShadow(moments, depth):
    mean, square = moments
    variance = max(square - mean**2, 2e-5)
    return 1.0 if depth <= mean else 1 / (1 + (depth - mean) ** 2 / variance)


def subsurfaceWrap(n, light, v, distortion, power):
    h = light + distortion * n
    return max(-(v @ h) / math.hypot(*h), 0) ** power
