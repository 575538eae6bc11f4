"""References of concepts/packing.txt: bits as text."""

from itertools import pairwise


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
