"""Encodes in compiled code: the pieces and merges of tokenizer.py, by tables.

It first looks up a whole piece by a hash of its bytes. A piece that is no token is merged with a
table of pairs. Tables are open-addressed and at most half full.
"""

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy import ndarray as Array

from tat.data.bpe import Pair

_VISIBLE, _LETTER, _DIGIT, _SPACE, _TAB, _LINE_END = range(6)  # classes of bytes
_NEVER = np.int32(2**31 - 1)  # the token of a pair that does not merge
_HASH, _LENGTH, _START, _TOKEN = range(4)  # columns of the table of words
_FNV_START, _FNV_PRIME = np.uint32(2166136261), np.uint32(16777619)
_MIXER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio (Knuth, volume 3)

_compiled = njit(nogil=True, cache=True, error_model="numpy")


def _classes() -> Array:
    classes = np.full(256, _VISIBLE, np.uint8)
    classes[0x80:] = _LETTER
    for byte in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_":
        classes[byte] = _LETTER
    classes[list(b"0123456789")] = _DIGIT
    classes[ord(" ")], classes[ord("\t")] = _SPACE, _TAB
    classes[list(b"\r\n")] = _LINE_END
    return classes


_CLASS = _classes()


class CompiledEncoder:
    """Encodes as a Tokenizer of the same merges does; `texts` are those of its tokens."""

    def __init__(
        self, merges: Sequence[Pair], texts: Sequence[bytes], first_byte: int, limit: int
    ) -> None:
        self._limit, self._first_byte = limit, first_byte
        size = _capacity(len(merges))
        self._pairs = np.zeros((size, 2), np.int64)  # a pair in one number + 1, its token
        _fill_pairs(self._pairs, np.array(merges, np.int64).reshape(-1, 2), first_byte + 256)
        self._blob = np.frombuffer(b"".join(texts), np.uint8)
        ends = np.cumsum([len(text) for text in texts])
        self._words = np.zeros((_capacity(len(texts)), 4), np.int64)
        _fill_words(self._words, self._blob, ends, self._pairs, first_byte)

    def __call__(self, data: bytes) -> list[int]:
        """Ids of `data`; never a special token."""
        text, ids = np.frombuffer(data, np.uint8), np.empty(len(data), np.int32)
        tables = self._words, self._blob, self._pairs, self._first_byte, self._limit
        return ids[: _encode(ids, text, *tables)].tolist()

    def all(self, texts: Sequence[bytes]) -> tuple[Array, Array]:
        """Ids of several texts end to end, int32, and how many each has, int64."""
        text, ends = np.frombuffer(b"".join(texts), np.uint8), np.cumsum([0, *map(len, texts)])
        ids, counts = np.empty(text.size, np.int32), np.empty(len(texts), np.int64)
        tables = self._words, self._blob, self._pairs, self._first_byte, self._limit
        return ids[: _encode_all(ids, counts, text, ends, *tables)], counts


def _capacity(entries: int) -> int:
    """A power of two, at least twice the entries."""
    return 1 << max(4, (2 * entries - 1).bit_length())


@_compiled
def _fill_pairs(pairs: Array, merges: Array, first: int) -> None:
    mask = pairs.shape[0] - 1
    for index in range(merges.shape[0]):
        key = (merges[index, 0] << 32 | merges[index, 1]) + 1
        slot = _slot(key, mask)
        while pairs[slot, 0]:
            slot = (slot + 1) & mask
        pairs[slot, 0], pairs[slot, 1] = key, first + index


@_compiled
def _slot(key: int, mask: int) -> int:
    return np.int64((np.uint64(key) * _MIXER) >> np.uint64(32)) & mask


@_compiled
def _merged(pairs: Array, a: int, b: int) -> int:
    """The token of a pair, or _NEVER."""
    mask, key = pairs.shape[0] - 1, (np.int64(a) << 32 | np.int64(b)) + 1
    slot = _slot(key, mask)
    while pairs[slot, 0]:
        if pairs[slot, 0] == key:
            return np.int32(pairs[slot, 1])
        slot = (slot + 1) & mask
    return _NEVER


@_compiled
def _fill_words(words: Array, blob: Array, ends: Array, pairs: Array, first_byte: int) -> None:
    """Enter the tokens whose text is encoded to themselves; odd merges may make others."""
    mask, start = words.shape[0] - 1, 0
    ids = np.empty(blob.size, np.int32)
    for token in range(ends.size):
        text = blob[start : ends[token]]
        if text.size and _merge(ids, 0, text, pairs, first_byte) == 1 and ids[0] == token:
            value = _hash(text)
            slot = value & mask
            while words[slot, _LENGTH]:
                slot = (slot + 1) & mask
            words[slot, _HASH], words[slot, _LENGTH] = value, text.size
            words[slot, _START], words[slot, _TOKEN] = start, token
        start = ends[token]


@_compiled
def _hash(text: Array) -> int:
    """FNV-1a, 32 bits."""
    value = _FNV_START
    for i in range(text.size):
        value = np.uint32(np.uint32(value ^ text[i]) * _FNV_PRIME)
    return np.int64(value)


@_compiled
def _encode(
    ids: Array, text: Array, words: Array, blob: Array, pairs: Array, first_byte: int, limit: int
) -> int:
    """Writes the ids of `text`; returns how many."""
    count, start, mask = 0, 0, words.shape[0] - 1
    while start < text.size:
        end = _piece_end(text, start, limit)
        piece = text[start:end]
        value = _hash(piece)
        slot = value & mask
        while words[slot, _LENGTH]:
            if words[slot, _HASH] == value and _is_word(piece, words[slot], blob):
                break
            slot = (slot + 1) & mask
        if words[slot, _LENGTH]:
            ids[count] = words[slot, _TOKEN]
            count += 1
        else:
            count += _merge(ids, count, piece, pairs, first_byte)
        start = end
    return count


@_compiled
def _encode_all(
    ids: Array, counts: Array, text: Array, ends: Array, words: Array, blob: Array, pairs: Array,
    first_byte: int, limit: int,
) -> int:  # fmt: skip
    """Writes the ids of each text between two of `ends`, and their counts; returns their sum."""
    total = 0
    for i in range(counts.size):
        one = text[ends[i] : ends[i + 1]]
        counts[i] = _encode(ids[total:], one, words, blob, pairs, first_byte, limit)
        total += counts[i]
    return total


@_compiled
def _is_word(piece: Array, word: Array, blob: Array) -> bool:
    same = word[_LENGTH] == piece.size
    at = 0
    while same and at < piece.size:
        same = blob[word[_START] + at] == piece[at]
        at += 1
    return same


@_compiled
def _piece_end(text: Array, start: int, limit: int) -> int:
    """End of the piece that begins at `start`; see the head of tokenizer.py."""
    kind, at = _CLASS[text[start]], start
    if kind == _LINE_END:
        at = _run(text, start, limit // 2, _LINE_END, _LINE_END)
        return _run(text, at, limit // 2, _SPACE, _TAB)
    if kind == _SPACE and start + 1 < text.size and _CLASS[text[start + 1]] <= _DIGIT:
        at, kind = start + 1, _CLASS[text[start + 1]]
    if kind == _VISIBLE:
        return _run(text, at, limit, _VISIBLE, _VISIBLE)
    if kind == _LETTER:
        return _run(text, at, limit, _LETTER, _DIGIT)
    if kind == _DIGIT:
        end, last = at + 1, min(text.size, at + limit)
        while end < last and _in_number(text[end]):
            end += 1
        return end
    end = _run(text, start, limit + 1, _SPACE, _TAB)
    taken = end < text.size and _CLASS[text[end]] <= _DIGIT and _CLASS[text[end - 1]] == _SPACE
    return end - 1 if taken and end - start > 1 else min(end, start + limit)


@_compiled
def _run(text: Array, start: int, limit: int, low: int, high: int) -> int:
    """The end of at most `limit` bytes whose classes lie between two."""
    end, last = start, min(text.size, start + limit)
    while end < last and low <= _CLASS[text[end]] <= high:
        end += 1
    return end


@_compiled
def _in_number(byte: int) -> bool:
    kind = _CLASS[byte]
    return kind == _DIGIT or byte == 46 or (kind == _LETTER and byte < 128)  # 46 is "."


@_compiled
def _merge(ids: Array, start: int, piece: Array, pairs: Array, first_byte: int) -> int:
    """Merges a piece in place from ids[start] on, the earliest merge first; returns how many."""
    count = piece.size
    tokens, joined = ids[start : start + count], np.empty(count, np.int32)
    for i in range(count):
        tokens[i] = first_byte + piece[i]
    for i in range(count - 1):
        joined[i] = _merged(pairs, tokens[i], tokens[i + 1])
    while count > 1:
        best = 0
        for i in range(1, count - 1):
            if joined[i] < joined[best]:
                best = i
        if joined[best] == _NEVER:
            break
        tokens[best] = joined[best]
        for i in range(best + 1, count - 1):
            tokens[i], joined[i] = tokens[i + 1], joined[i + 1]
        count -= 1
        if best < count - 1:
            joined[best] = _merged(pairs, tokens[best], tokens[best + 1])
        if best:
            joined[best - 1] = _merged(pairs, tokens[best - 1], tokens[best])
    return count
