"""Samples to token ids, and the buckets of lengths that they fit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress, islice
from typing import Protocol

import numpy as np

from tat.config_tables import DataConfig
from tat.data.neighbours import encode_neighbour
from tat.data.tokenizer import MARKERS, Special, Tokenizer

Bucket = tuple[int, int]  # S, T: source and target length, tokens

_AT_ONCE = 4096  # samples that are encoded together


class EncodableSample(Protocol):
    """The parts of a sample that are encoded."""

    @property
    def source(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def target(self) -> str: ...
    @property
    def origin(self) -> str: ...
    @property
    def neighbours(self) -> tuple[str, ...]: ...


class Rows(Protocol):
    """Rows of token ids, in memory or in a file."""

    def __len__(self) -> int: ...
    def __getitem__(self, row: int) -> np.ndarray: ...
    @property
    def lengths(self) -> np.ndarray:
        """int64 [rows]."""

    def release(self) -> None:
        """Lets go of memory that can be read again."""


@dataclass(frozen=True)
class Ragged:
    """Rows of token ids, end to end: row i is values[starts[i]:starts[i + 1]]."""

    values: np.ndarray  # int32 [sum of lengths]
    starts: np.ndarray  # int64 [rows + 1]

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> "Ragged":
        """The rows put together."""
        starts = np.cumsum([0, *map(len, rows)], dtype=np.int64)
        ids = (token for row in rows for token in row)
        return cls(np.fromiter(ids, np.int32, starts[-1]), starts)

    @classmethod
    def joined(cls, several: Sequence["Ragged"]) -> "Ragged":
        """The rows of several, one after another."""
        lengths = np.concatenate([one.lengths for one in several])
        starts = np.cumsum([0, *lengths], dtype=np.int64)
        return cls(np.concatenate([one.values for one in several]), starts)

    def those(self, chosen: np.ndarray) -> "Ragged":
        """Some of the rows; chosen: bool [rows]."""
        lengths = self.lengths
        values = self.values[np.repeat(chosen, lengths)]
        return Ragged(values, np.cumsum([0, *lengths[chosen]], dtype=np.int64))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> np.ndarray:
        return self.values[self.starts[row] : self.starts[row + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """int64 [rows]."""
        return np.diff(self.starts)

    def release(self) -> None:
        pass


@dataclass(frozen=True)
class Dataset:
    """Encoded samples. A text that is the neighbour of many is kept once."""

    sources: Rows  # [N], each at most S tokens
    targets: Rows  # [N], each at most T tokens, EOS the last
    texts: Rows  # of all neighbours
    neighbours: np.ndarray  # int32 [N, K - 1], rows of `texts`; -1 where a sample has fewer
    too_long: int = 0  # samples that fit no bucket and are left out
    first_too_long: str = ""  # origin of the first of them

    @classmethod
    def without_neighbours(cls, sources: Ragged, targets: Ragged) -> "Dataset":
        """Samples as they are, K = 1."""
        return cls(sources, targets, Ragged.of([]), np.zeros((len(sources), 0), np.int32))

    def __len__(self) -> int:
        return len(self.sources)

    def release(self) -> None:
        """Lets go of memory that can be read again."""
        for rows in (self.sources, self.targets, self.texts):
            rows.release()


def buckets_of(sources: np.ndarray, targets: np.ndarray, buckets: Sequence[Bucket]) -> np.ndarray:
    """int8 [N]: of each pair of lengths the bucket with the fewest positions that holds both;
    -1 where none does."""
    found = np.full(len(sources), -1, np.int8)
    for index in sorted(range(len(buckets)), key=lambda i: (sum(buckets[i]), i)):
        source, target = buckets[index]
        found[(found < 0) & (sources <= source) & (targets <= target)] = index
    return found


def encode_samples(
    samples: Iterable[EncodableSample], tokenizer: Tokenizer, config: DataConfig,
    texts: dict[str, int] | None = None,
) -> Dataset:  # fmt: skip
    """Encode all samples that fit a bucket; the others are counted in `too_long`, none is cut.

    Neighbours are cut to data.neighbour_tokens. texts: an empty dict that is filled with the text
    of each neighbour and its row.
    """
    sources, targets = [Ragged.of([])], [Ragged.of([])]
    neighbours: list[list[int]] = []
    texts = {} if texts is None else texts
    too_long: list[str] = []
    remaining = iter(samples)
    while several := list(islice(remaining, _AT_ONCE)):
        pair = _encoded_sources(several, tokenizer), _encoded_targets(several, tokenizer)
        fits = buckets_of(*(rows.lengths for rows in pair), config.buckets) >= 0
        sources.append(pair[0].those(fits))
        targets.append(pair[1].those(fits))
        too_long += (sample.origin for sample, fit in zip(several, fits) if not fit)
        for sample in compress(several, fits):
            known = [texts.setdefault(text, len(texts)) for text in sample.neighbours]
            neighbours.append(known + [-1] * (config.neighbours - len(known)))
    encoded = [encode_neighbour(text, tokenizer, config.neighbour_tokens) for text in texts]
    table = np.array(neighbours, np.int32).reshape(len(neighbours), config.neighbours)
    return Dataset(
        Ragged.joined(sources), Ragged.joined(targets), Ragged.of(encoded), table, len(too_long),
        (too_long or [""])[0],
    )  # fmt: skip


def _encoded_sources(samples: Sequence[EncodableSample], tokenizer: Tokenizer) -> Ragged:
    """As Tokenizer.encode_source() has them: of each part its marker, then its text."""
    parts = [part for sample in samples for part in sample.source]
    ids, counts = tokenizer.encode_all(text for _, text in parts)
    starts = np.cumsum([0, *(counts + 1)], dtype=np.int64)
    marks = np.zeros(starts[-1], bool)
    marks[starts[:-1]] = True
    values = np.empty(starts[-1], np.int32)
    values[marks], values[~marks] = [int(MARKERS[marker]) for marker, _ in parts], ids
    return Ragged(values, starts[np.cumsum([0, *(len(sample.source) for sample in samples)])])


def _encoded_targets(samples: Sequence[EncodableSample], tokenizer: Tokenizer) -> Ragged:
    """As Tokenizer.encode_target() has them: each closed by EOS."""
    ids, counts = tokenizer.encode_all(sample.target for sample in samples)
    values = np.insert(ids, np.cumsum(counts), Special.EOS)
    return Ragged(values, np.cumsum([0, *(counts + 1)], dtype=np.int64))
