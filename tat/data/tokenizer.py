"""Byte-level BPE for WGSL: lossless for any bytes, and the same on every machine.

Text is first cut into pieces, and merges never cross a piece:

    piece       bytes
    word        [a-zA-Z_] or 0x80-0xff, then those and digits; a space before it belongs to it
    number      a digit, then letters, digits, "_" and "."; likewise with its space
    operators   a run of everything else that is visible (and of control bytes); likewise
    line break  a run of line ends with the indentation behind it
    spaces      a run of spaces and tabs, less the last space if a word, number or operator takes it

A run is cut after PIECE_LIMIT bytes, so that the work is linear in any text.
"""

import re
import struct
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain, pairwise
from typing import Any

from tat.data.bpe import Pair, learn_merges
from tat.errors import CheckpointError, ConfigError
from tat.tokens import FIRST_BYTE as FIRST_BYTE
from tat.tokens import MARKERS as MARKERS
from tat.tokens import Special as Special

FIRST_MERGE = FIRST_BYTE + 256
PIECE_LIMIT = 64  # bytes of a run
CACHE_LIMIT = 1 << 16  # pieces whose ids are remembered

_LONGEST_TOKEN = PIECE_LIMIT + 1  # bytes: a run and the space before it
_MAGIC = b"tat-bpe\x02"
_FEW = 1 << 20  # bytes that are encoded plainly in less time than Numba takes to be imported
_PIECE = re.compile(
    rb"""  [ ]?[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]{0,%(rest)d}
         | [ ]?[0-9][A-Za-z0-9_.]{0,%(rest)d}
         | [ ]?[^A-Za-z0-9_\x80-\xff\ \t\r\n]{1,%(run)d}
         | [\r\n]{1,%(half)d}[ \t]{0,%(half)d}
         | [ \t]{1,%(run)d}(?=[ ][^ \t\r\n])
         | [ \t]{1,%(run)d}
    """
    % {b"run": PIECE_LIMIT, b"rest": PIECE_LIMIT - 1, b"half": PIECE_LIMIT // 2},
    re.VERBOSE,
)


def split_pieces(data: bytes) -> list[bytes]:
    """The pieces of `data`, in order; joined they are `data` again."""
    return _PIECE.findall(data)


class Tokenizer:
    """Text to ids and back.

    Ids: the special tokens, the 256 bytes, then one per merge. In a piece the earliest merge comes
    first, and of its occurrences the leftmost (Sennrich et al., "Neural Machine Translation of Rare
    Words with Subword Units", 2016); so a piece that spells a token becomes that token.
    """

    def __init__(self, merges: Sequence[Pair]) -> None:
        """Build the tables from merges in the order they were learnt; ValueError if unsound."""
        self.merges = tuple(merges)
        self._text = [b""] * FIRST_BYTE + [bytes([byte]) for byte in range(256)]
        self._merged: dict[Pair, int] = {}
        for pair in self.merges:
            self._add_merge(pair)
        self._cache: dict[bytes, tuple[int, ...]] = {}
        self._encoded = 0  # bytes so far

    def _add_merge(self, pair: Pair) -> None:
        token = len(self._text)
        if not all(FIRST_BYTE <= part < token for part in pair):
            raise ValueError(f"merge {token - FIRST_MERGE} joins {pair}, not two earlier tokens")
        text = self._text[pair[0]] + self._text[pair[1]]
        if pair in self._merged or len(text) > _LONGEST_TOKEN:
            raise ValueError(f"merge {token - FIRST_MERGE} repeats another or grows too long")
        self._text.append(text)
        self._merged[pair] = token

    @classmethod
    def train(cls, texts: Iterable[str | bytes], vocabulary: int) -> "Tokenizer":
        """Learn merges from `texts` until `vocabulary` tokens exist or no pair occurs twice.

        The result depends on the texts and not on their order.
        """
        counts: dict[bytes, int] = {}
        for text in texts:
            for piece in split_pieces(_as_bytes(text)):
                counts[piece] = counts.get(piece, 0) + 1
        return cls.of_counts(counts, vocabulary)

    @classmethod
    def of_counts(cls, counts: Mapping[bytes, int], vocabulary: int) -> "Tokenizer":
        """The same, from how often each piece occurs."""
        if vocabulary < FIRST_MERGE:
            raise ConfigError(
                f"data.vocabulary: {vocabulary} is too small; the special tokens and the 256 bytes "
                f"alone take {FIRST_MERGE}"
            )
        return cls(learn_merges(counts, FIRST_BYTE, vocabulary - FIRST_MERGE))

    @property
    def size(self) -> int:
        """V, the number of tokens, special ones included."""
        return len(self._text)

    def encode(self, text: str | bytes) -> list[int]:
        """Ids of `text`; never a special token."""
        data = _as_bytes(text)
        fast = self._fast_encoder(len(data))
        return fast(data) if fast else self.encode_plainly(data)

    def encode_all(self, texts: Iterable[str]) -> tuple[Any, Any]:
        """Ids of several texts end to end, int32 [sum], and how many each has, int64 [texts]."""
        data = [_as_bytes(text) for text in texts]
        fast = self._fast_encoder(sum(map(len, data)))
        return fast.all(data) if fast else self._all_plainly(data)

    def _fast_encoder(self, size: int) -> Any:
        """An encoder in compiled code for so many more bytes; None until it pays its import."""
        self._encoded += size
        few = self._encoded < _FEW and "numba" not in sys.modules
        return None if few else self._compiled

    @cached_property
    def _compiled(self) -> Any:
        return _compiled_encoder(self)

    def encode_plainly(self, data: bytes) -> list[int]:
        """The ids that `encode` gives, without compiled code."""
        ids: list[int] = []
        cached = self._cache.get
        for piece in split_pieces(data):
            ids += cached(piece) or self._encode_piece(piece)
        return ids

    def _all_plainly(self, texts: Sequence[bytes]) -> tuple[Any, Any]:
        """The arrays that `encode_all` gives, without compiled code."""
        import numpy as np

        ids = [self.encode_plainly(text) for text in texts]
        counts = np.array(list(map(len, ids)), np.int64)
        return np.fromiter(chain.from_iterable(ids), np.int32, counts.sum()), counts

    def _encode_piece(self, piece: bytes) -> tuple[int, ...]:
        ids = tuple(self._merge(piece))
        if len(self._cache) >= CACHE_LIMIT:
            self._cache.clear()
        self._cache[piece] = ids
        return ids

    def _merge(self, piece: bytes) -> list[int]:
        ids = [FIRST_BYTE + byte for byte in piece]
        never = self.size
        while len(ids) > 1:
            merged = [self._merged.get(pair, never) for pair in pairwise(ids)]
            token = min(merged)
            if token == never:
                break
            at = merged.index(token)
            ids[at : at + 2] = [token]
        return ids

    def encode_source(self, source: Iterable[tuple[str, str]]) -> list[int]:
        """Ids of a sample's source: for each part its marker, then its text."""
        ids: list[int] = []
        for marker, text in source:
            ids.append(int(MARKERS[marker]))
            ids += self.encode(text)
        return ids

    def encode_target(self, target: str) -> list[int]:
        """Ids of a sample's target, closed by EOS."""
        return [*self.encode(target), int(Special.EOS)]

    @property
    def pieces(self) -> list[bytes]:
        """The bytes of each token; special tokens have none. Not to be changed."""
        return self._text

    def decode(self, ids: Iterable[int]) -> bytes:
        """Bytes of `ids`; special tokens vanish. ValueError for an id outside the vocabulary."""
        ids = [int(token) for token in ids]
        if ids and not (min(ids) >= 0 and max(ids) < self.size):
            raise ValueError(f"a token of {min(ids)}..{max(ids)} is outside 0..{self.size - 1}")
        return b"".join([self._text[token] for token in ids])

    def decode_text(self, ids: Iterable[int]) -> str:
        """Text of `ids`; bytes that are not UTF-8 become U+FFFD."""
        return self.decode(ids).decode("utf-8", "replace")

    def to_bytes(self) -> bytes:
        """Canonical form: a magic number, the count of merges, then their pairs as 32-bit ids."""
        flat = [token for pair in self.merges for token in pair]
        return _MAGIC + struct.pack(f"<{1 + len(flat)}I", len(self.merges), *flat)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Tokenizer":
        """The tokenizer that `to_bytes` wrote; CheckpointError for anything else."""
        body = memoryview(data)[len(_MAGIC) :]
        if data[: len(_MAGIC)] != _MAGIC or len(body) < 4 or len(body) % 8 != 4:
            raise CheckpointError("tokenizer: not written by this version of tat, or damaged")
        count, *flat = struct.unpack(f"<{len(body) // 4}I", body)
        if 2 * count != len(flat):
            raise CheckpointError(f"tokenizer: {count} merges promised, {len(flat) // 2} found")
        try:
            return cls(list(zip(flat[::2], flat[1::2])))
        except ValueError as error:
            raise CheckpointError(f"tokenizer: {error}; the file is damaged") from error


def _compiled_encoder(tokenizer: Tokenizer) -> Any:
    """Its encoder in compiled code; None where Numba is not installed."""
    try:
        from tat.data.tokenizer_numba import CompiledEncoder
    except ImportError:
        return None
    return CompiledEncoder(tokenizer.merges, tokenizer.pieces, FIRST_BYTE, PIECE_LIMIT)


def _as_bytes(text: str | bytes) -> bytes:
    # surrogatepass: a str may hold half a surrogate pair, from an odd command line.
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
