"""References of concepts/lighting.txt."""

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
