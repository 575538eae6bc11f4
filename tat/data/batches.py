"""Samples to arrays of static shapes, in an order that depends only on the seed and the index."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Protocol

import numpy as np

from tat.data.tokenizer import Special, Tokenizer
from tat.errors import CorpusError

Bucket = tuple[int, int]  # S, T: source and target length, tokens


class EncodableSample(Protocol):
    """What of a corpus sample is encoded."""

    @property
    def source(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def target(self) -> str: ...
    @property
    def origin(self) -> str: ...


@dataclass(frozen=True)
class Dataset:
    """Encoded samples, end to end: sample i is values[starts[i]:starts[i + 1]] of each array."""

    sources: np.ndarray  # int32 [sum of source lengths]
    source_starts: np.ndarray  # int64 [N + 1]
    targets: np.ndarray  # int32 [sum of target lengths], EOS included
    target_starts: np.ndarray  # int64 [N + 1]
    too_long: tuple[str, ...]  # origins of the samples that fit no bucket and are left out

    def __len__(self) -> int:
        return len(self.source_starts) - 1

    def source(self, index: int) -> np.ndarray:
        """Source ids of one sample: int32 [at most S]."""
        return self.sources[self.source_starts[index] : self.source_starts[index + 1]]

    def target(self, index: int) -> np.ndarray:
        """Target ids of one sample, the last one EOS: int32 [at most T]."""
        return self.targets[self.target_starts[index] : self.target_starts[index + 1]]


@dataclass(frozen=True)
class Batch:
    """One micro-batch; B is fixed by the bucket, and rows without a sample have length 0."""

    bucket: Bucket
    sources: np.ndarray  # int32 [B, 1, S], PAD behind the end
    source_lengths: np.ndarray  # int32 [B, 1]
    inputs: np.ndarray  # int32 [B, T], BOS and the target but its last token
    targets: np.ndarray  # int32 [B, T]
    target_lengths: np.ndarray  # int32 [B]

    @property
    def tokens(self) -> int:
        """Target tokens in all rows: the divisor of the loss."""
        return int(self.target_lengths.sum())


def smallest_bucket(source: int, target: int, buckets: Sequence[Bucket]) -> int | None:
    """Index of the bucket with the fewest positions that holds both lengths; None if none does."""
    fitting = [i for i, (s, t) in enumerate(buckets) if source <= s and target <= t]
    return min(fitting, key=lambda i: (sum(buckets[i]), i), default=None)


def encode_samples(
    samples: Iterable[EncodableSample], tokenizer: Tokenizer, buckets: Sequence[Bucket]
) -> Dataset:
    """Encode all samples that fit a bucket; the others are named in `too_long`, none is cut."""
    sources: list[list[int]] = []
    targets: list[list[int]] = []
    too_long: list[str] = []
    for sample in samples:
        source = tokenizer.encode_source(sample.source)
        target = tokenizer.encode_target(sample.target)
        if smallest_bucket(len(source), len(target), buckets) is None:
            too_long.append(sample.origin)
        else:
            sources.append(source)
            targets.append(target)
    return Dataset(*_join(sources), *_join(targets), too_long=tuple(too_long))


def _join(rows: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    starts = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return np.fromiter((token for row in rows for token in row), np.int32, starts[-1]), starts


class Batches:
    """The micro-batches of a dataset, by index, epoch after epoch.

    In each epoch the samples of a bucket are shuffled and cut into rows, the last batch of a bucket
    perhaps not full, and then the batches of all buckets are shuffled. Shuffling sorts by the raw
    output of Philox (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", 2011) with the
    key (seed, epoch): it has no state to save, and its raw output never changes between versions of
    numpy, while that of numpy's own `permutation` may.
    """

    def __init__(
        self, dataset: Dataset, buckets: Sequence[Bucket], batch_tokens: int, seed: int
    ) -> None:
        """A batch of bucket (S, T) has batch_tokens // T rows, at least one.

        ValueError if a sample fits no bucket: encode with the same buckets.
        """
        self.dataset = dataset
        self.buckets = tuple((int(s), int(t)) for s, t in buckets)
        self.batch_tokens, self.seed = batch_tokens, seed
        self._members: list[list[int]] = [[] for _ in self.buckets]
        lengths = zip(np.diff(dataset.source_starts), np.diff(dataset.target_starts))
        for index, (source, target) in enumerate(lengths):
            bucket = smallest_bucket(source, target, self.buckets)
            if bucket is None:
                raise ValueError(f"sample {index} ({source}, {target}) fits none of {self.buckets}")
            self._members[bucket].append(index)
        self._epoch: tuple[int, list[tuple[Bucket, np.ndarray]]] = (-1, [])

    @property
    def used_buckets(self) -> tuple[Bucket, ...]:
        """The buckets that have samples."""
        return tuple(bucket for bucket, members in zip(self.buckets, self._members) if members)

    def rows_of(self, bucket: Bucket) -> int:
        """B, the rows of a batch of `bucket`, samples or not."""
        return max(1, self.batch_tokens // bucket[1])

    @property
    def micro_batches_per_epoch(self) -> int:
        """Micro-batches in which every sample occurs once."""
        return sum(ceil(len(m) / self.rows_of(b)) for b, m in zip(self.buckets, self._members))

    def micro_batch(self, index: int) -> Batch:
        """Micro-batch `index`, counted over all epochs: a function of seed and index alone."""
        if not len(self.dataset):
            raise CorpusError("corpus: no sample is short enough for data.buckets; enlarge them")
        epoch, position = divmod(index, self.micro_batches_per_epoch)
        # Read once: other threads may ask for a batch of another epoch meanwhile.
        cached_epoch, order = self._epoch
        if cached_epoch != epoch:
            order = self._shuffled(epoch)
            self._epoch = (epoch, order)
        return self._assemble(*order[position])

    def in_order(self, limit: int | None = None) -> Iterator[Batch]:
        """The batches of one unshuffled pass; with a limit so many, spread over all buckets."""
        order = self._cut([np.array(members, np.int64) for members in self._members])
        count = len(order) if limit is None else min(limit, len(order))
        for i in range(count):
            yield self._assemble(*order[i * len(order) // count])

    def _shuffled(self, epoch: int) -> list[tuple[Bucket, np.ndarray]]:
        order = self._cut(
            [
                np.array(members, np.int64)[_permutation(self.seed, epoch, stream, len(members))]
                for stream, members in enumerate(self._members)
            ]
        )
        return [order[i] for i in _permutation(self.seed, epoch, len(self.buckets), len(order))]

    def _cut(self, members: Sequence[np.ndarray]) -> list[tuple[Bucket, np.ndarray]]:
        cuts: list[tuple[Bucket, np.ndarray]] = []
        for bucket, of_bucket in zip(self.buckets, members):
            rows = self.rows_of(bucket)
            cuts += [(bucket, of_bucket[i : i + rows]) for i in range(0, len(of_bucket), rows)]
        return cuts

    def _assemble(self, bucket: Bucket, members: np.ndarray) -> Batch:
        rows, (source_limit, target_limit) = self.rows_of(bucket), bucket
        batch = Batch(
            bucket=bucket,
            sources=np.full((rows, 1, source_limit), Special.PAD, np.int32),
            source_lengths=np.zeros((rows, 1), np.int32),
            inputs=np.full((rows, target_limit), Special.PAD, np.int32),
            targets=np.full((rows, target_limit), Special.PAD, np.int32),
            target_lengths=np.zeros(rows, np.int32),
        )
        for row, member in enumerate(members):
            source, target = self.dataset.source(member), self.dataset.target(member)
            batch.sources[row, 0, : len(source)] = source
            batch.source_lengths[row] = len(source)
            batch.inputs[row, 0] = Special.BOS
            batch.inputs[row, 1 : len(target)] = target[:-1]
            batch.targets[row, : len(target)] = target
            batch.target_lengths[row] = len(target)
        return batch


def _permutation(seed: int, epoch: int, stream: int, length: int) -> np.ndarray:
    """A permutation of 0..length-1; ties of the random keys fall in index order."""
    key = np.array([seed % 2**64, epoch], np.uint64)
    generator = np.random.Philox(key=key, counter=np.array([0, 0, 0, stream], np.uint64))
    return np.argsort(generator.random_raw(length), kind="stable")
