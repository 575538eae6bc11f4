"""Samples to token ids, and the buckets of lengths that they fit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tat.config_tables import DataConfig
from tat.data.neighbours import encode_neighbour
from tat.data.tokenizer import Tokenizer

Bucket = tuple[int, int]  # S, T: source and target length, tokens


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
    """int8 [N]: smallest_bucket() of each pair of lengths; -1 where none holds them."""
    found = np.full(len(sources), -1, np.int8)
    for index in sorted(range(len(buckets)), key=lambda i: (sum(buckets[i]), i)):
        source, target = buckets[index]
        found[(found < 0) & (sources <= source) & (targets <= target)] = index
    return found


def smallest_bucket(source: int, target: int, buckets: Sequence[Bucket]) -> int | None:
    """Index of the bucket with the fewest positions that holds both lengths; None if none does."""
    fitting = [i for i, (s, t) in enumerate(buckets) if source <= s and target <= t]
    return min(fitting, key=lambda i: (sum(buckets[i]), i), default=None)


def encode_samples(
    samples: Iterable[EncodableSample], tokenizer: Tokenizer, config: DataConfig
) -> Dataset:
    """Encode all samples that fit a bucket; the others are counted in `too_long`, none is cut.

    Neighbours are cut to data.neighbour_tokens.
    """
    sources: list[list[int]] = []
    targets: list[list[int]] = []
    neighbours: list[list[int]] = []
    texts: dict[str, int] = {}
    too_long: list[str] = []
    for sample in samples:
        source = tokenizer.encode_source(sample.source)
        target = tokenizer.encode_target(sample.target)
        if smallest_bucket(len(source), len(target), config.buckets) is None:
            too_long.append(sample.origin)
            continue
        sources.append(source)
        targets.append(target)
        known = [texts.setdefault(text, len(texts)) for text in sample.neighbours]
        neighbours.append(known + [-1] * (config.neighbours - len(known)))
    encoded = [encode_neighbour(text, tokenizer, config.neighbour_tokens) for text in texts]
    table = np.array(neighbours, np.int32).reshape(len(sources), config.neighbours)
    return Dataset(
        Ragged.of(sources), Ragged.of(targets), Ragged.of(encoded), table, len(too_long),
        (too_long or [""])[0],
    )  # fmt: skip
