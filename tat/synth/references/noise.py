"""References of concepts/noise.txt: hashes with whole numbers of Python, cut to 32 bits."""

import struct

import numpy as np

_MASK = 0xFFFFFFFF


def hashFloatBits(x):
    h = struct.unpack("<I", struct.pack("<f", x))[0]
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        h = ((h ^ h >> shift) * factor) & _MASK
    return h


def hashCell2(p):
    h = (int(p[0]) * 374761393 + int(p[1]) * 668265263) & _MASK
    h = ((h ^ h >> 13) * 1274126177) & _MASK
    return h ^ h >> 16


def xorshift128(s):
    x, y, z, w = (int(v) for v in s)
    t = (x ^ x << 11) & _MASK
    return np.array([y, z, w, w ^ w >> 19 ^ t ^ t >> 8])


def squirrelNoise(n, seed):
    m = (n * 0xB5297A4D + seed) & _MASK
    m = ((m ^ m >> 8) + 0x68E31DA4) & _MASK
    m = ((m ^ m << 8) * 0x1B56C4E9) & _MASK
    return m ^ m >> 8


def pcg(v):
    state = (v * 747796405 + 2891336453) % 2**32
    word = (state // 2 ** (state // 2**28 + 4) ^ state) * 277803737 % 2**32
    return word // 2**22 ^ word


def wangHash(seed):
    h = (seed ^ 61 ^ seed >> 16) * 9 & _MASK
    h = (h ^ h >> 4) * 0x27D4EB2D & _MASK
    return h ^ h >> 15


def xorshift32(state):
    x = (state ^ state << 13) & _MASK
    x ^= x >> 17
    return (x ^ x << 5) & _MASK


def murmurFinal(h0):
    h = (h0 ^ h0 >> 16) * 0x85EBCA6B & _MASK
    h = (h ^ h >> 13) * 0xC2B2AE35 & _MASK
    return h ^ h >> 16


def lowbias32(x0):
    x = (x0 ^ x0 >> 16) * 0x7FEB352D & _MASK
    x = (x ^ x >> 15) * 0x846CA68B & _MASK
    return x ^ x >> 16


def jenkinsHash(v):
    x = v * 1025 & _MASK
    x ^= x >> 6
    x = x * 9 & _MASK
    x ^= x >> 11
    return x * 32769 & _MASK


def _pcg(v, steps):
    q = [(int(x) * 1664525 + 1013904223) % 2**32 for x in v]
    for _ in range(2):
        for to, one, other in steps:
            q[to] = (q[to] + q[one] * (q[other] if other is not None else 1664525)) % 2**32
        if _ == 0 or len(q) == 2:
            q = [x ^ x >> 16 for x in q]
    return q


def pcg2d(v):
    return _pcg(v, ((0, 1, None), (1, 0, None)))


def pcg3d(v):
    return _pcg(v, ((0, 1, 2), (1, 2, 0), (2, 0, 1)))
