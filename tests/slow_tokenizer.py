"""Slow and plain implementations of the tokenizer: a scanner and byte-pair merging."""

from collections import Counter
from itertools import pairwise

from tat.data.tokenizer import (
    FIRST_BYTE,
    FIRST_MERGE,
    PIECE_LIMIT,
)

LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
HIGH = bytes(range(0x80, 0x100))
DIGITS = b"0123456789"
SPACES = b" \t"
ENDS = b"\r\n"
OPERATORS = bytes(set(range(256)) - set(LETTERS + HIGH + DIGITS + SPACES + ENDS))


def slow_pieces(data: bytes) -> list[bytes]:
    """The table at the head of the module, as a scanner over byte classes."""
    pieces: list[bytes] = []
    while data:
        stop = piece_length(data)
        pieces.append(data[:stop])
        data = data[stop:]
    return pieces


def piece_length(data: bytes) -> int:
    start = 1 if takes_space(data) else 0
    if data[start] in LETTERS + HIGH:
        return run(data, start, LETTERS + HIGH + DIGITS, PIECE_LIMIT)
    if data[start] in DIGITS:
        return run(data, start, LETTERS + DIGITS + b".", PIECE_LIMIT)
    if data[start] in OPERATORS:
        return run(data, start, OPERATORS, PIECE_LIMIT)
    if data[0] in ENDS:
        return run(data, run(data, 0, ENDS, PIECE_LIMIT // 2), SPACES, PIECE_LIMIT // 2)
    stop = run(data, 0, SPACES, PIECE_LIMIT)
    return next((n for n in range(stop, 0, -1) if takes_space(data[n:])), stop)


def takes_space(data: bytes) -> bool:
    return len(data) > 1 and data[0] == 0x20 and data[1] in LETTERS + HIGH + DIGITS + OPERATORS


def run(data: bytes, start: int, members: bytes, limit: int) -> int:
    stop = start
    while stop < min(len(data), start + limit) and data[stop] in members:
        stop += 1
    return stop


def slow_merges(pieces: Counter[bytes], limit: int) -> list[tuple[int, int]]:
    """BPE by recounting everything before each merge."""
    words = {piece: [FIRST_BYTE + byte for byte in piece] for piece in pieces}
    spelling = {FIRST_BYTE + byte: bytes([byte]) for byte in range(256)}
    merges: list[tuple[int, int]] = []
    while len(merges) < limit:
        totals: Counter[tuple[int, int]] = Counter()
        for piece, ids in words.items():
            for pair in pairwise(ids):
                totals[pair] += pieces[piece]
        candidates = [
            (-total, spelling[a], spelling[b], (a, b))
            for (a, b), total in totals.items()
            if total >= 2
        ]
        if not candidates:
            break
        best = min(candidates)[-1]
        token = FIRST_MERGE + len(merges)
        words = {piece: apply_merge(ids, best, token) for piece, ids in words.items()}
        spelling[token] = spelling[best[0]] + spelling[best[1]]
        merges.append(best)
    return merges


def apply_merge(ids: list[int], pair: tuple[int, int], token: int) -> list[int]:
    out: list[int] = []
    for part in ids:
        if out and (out[-1], part) == pair:
            out[-1] = token
        else:
            out.append(part)
    return out
