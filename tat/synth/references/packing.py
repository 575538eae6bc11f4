"""References of concepts/packing.txt: bits as text."""

import math
from itertools import pairwise

import numpy as np


def _spread(x, bits, gap):
    return int(f"{x:0{bits}b}".replace("0", "0" * gap + "0").replace("1", "0" * gap + "1"), 2)


def expandBits(x0):
    return _spread(x0 & 0xFFFF, 16, 1)


def expandBits3(v0):
    return _spread(v0 & 0x3FF, 10, 2)


def compactBits(x0):
    return int(f"{x0:032b}"[1::2], 2)


def grayCode(n):
    # each bit tells whether it differs from the next higher one
    text = f"0{n:032b}"
    return int("".join("01"[a != b] for a, b in pairwise(text)), 2)


def pack1010102(v):
    r, g, b, a = (np.rint(np.clip(v, 0, 1) * [1023, 1023, 1023, 3])).astype(int).tolist()
    return int(f"{a:02b}{b:010b}{g:010b}{r:010b}", 2)


def octDecode(e):
    x, y = 2 * e[0] - 1, 2 * e[1] - 1
    z = 1 - abs(x) - abs(y)
    if z < 0:
        x, y = (1 - abs(y)) * math.copysign(1, x), (1 - abs(x)) * math.copysign(1, y)
    return np.array([x, y, z]) / math.hypot(x, y, z)


def decodeNormalSpheremap(e):
    q = 4 * e - 2
    f = q @ q
    return (*(q * math.sqrt(1 - f / 4)), 1 - f / 2) if f < 4 else (np.nan,) * 3


def cellHash(c, size):
    keys = [int(x) * prime % 2**32 for x, prime in zip(c, (73856093, 19349663, 83492791))]
    return (keys[0] ^ keys[1] ^ keys[2]) % size


def unpackTwoFloats(f):
    return np.divmod(f, 4096) / np.full(2, 4095)
