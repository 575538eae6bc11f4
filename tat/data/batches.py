"""Batches: samples as arrays of static shapes, in an order of seed and index alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import ceil

import numpy as np

from tat.data.dataset import Bucket, Dataset, buckets_of
from tat.data.tokenizer import Special
from tat.errors import CorpusError


@dataclass(frozen=True)
class Batch:
    """One micro-batch; B is fixed by the bucket, and rows without a sample have length 0."""

    bucket: Bucket
    sources: np.ndarray  # int32 [B, K, S], PAD behind the end; the sample's own comes first
    source_lengths: np.ndarray  # int32 [B, K]
    inputs: np.ndarray  # int32 [B, T], BOS and the target without its last token
    targets: np.ndarray  # int32 [B, T]
    target_lengths: np.ndarray  # int32 [B]

    @property
    def tokens(self) -> int:
        """Target tokens in all rows: the divisor of the loss."""
        return int(self.target_lengths.sum())


def digest_of_rows(batches: Sequence[Batch]) -> str:
    """SHA-256 of the content of the rows, hexadecimal; their place in batches does not matter."""
    rows = []
    for batch in batches:
        for row in np.flatnonzero(batch.target_lengths):
            state = sha256()
            for source, length in zip(batch.sources[row], batch.source_lengths[row], strict=True):
                state.update(np.int32(length).tobytes() + source[:length].tobytes())
            state.update(batch.targets[row, : batch.target_lengths[row]].tobytes())
            rows.append(state.digest())
    return sha256(b"".join(sorted(rows))).hexdigest()


def batch_rows(bucket: Bucket, batch_tokens: int) -> int:
    """B, the rows that hold `batch_tokens` target positions together; at least one."""
    return max(1, batch_tokens // bucket[1])


@dataclass(frozen=True)
class _Epoch:
    """The draws for one pass over the samples."""

    number: int
    members: list[np.ndarray]  # of each bucket its samples, shuffled
    order: np.ndarray  # int64: the batches of all buckets, shuffled
    accompanied: np.ndarray | None  # bool [N]: who keeps their neighbours; None is all


class Batches:
    """The micro-batches of a dataset, by index, epoch after epoch.

    In each epoch the samples of a bucket are shuffled and cut into batches, of which the last may
    not be full. Then the batches of all buckets are shuffled. Shuffling sorts by the raw output of
    Philox (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", 2011) with the key (seed,
    epoch). It has no state to save, and its raw output is the same in all versions of numpy, while
    that of numpy's `permutation` may change. The same draws decide which samples keep their
    neighbours in an epoch, so that one model learns to work with them and without.
    """

    def __init__(
        self,
        dataset: Dataset,
        buckets: Sequence[Bucket],
        batch_tokens: int,
        seed: int,
        neighbour_share: float = 1.0,
    ) -> None:
        """ValueError if a sample fits no bucket: encode with the same buckets."""
        self.dataset = dataset
        self.buckets = tuple((int(s), int(t)) for s, t in buckets)
        self.batch_tokens, self.seed, self.neighbour_share = batch_tokens, seed, neighbour_share
        sources, targets = dataset.sources.lengths, dataset.targets.lengths
        found = buckets_of(sources, targets, self.buckets)
        if (found < 0).any():
            index = int(np.argmax(found < 0))
            lengths = int(sources[index]), int(targets[index])
            raise ValueError(f"sample {index} {lengths} fits none of {self.buckets}")
        # int32: a corpus of 1 GB has millions of samples.
        of_bucket = (np.flatnonzero(found == bucket) for bucket in range(len(self.buckets)))
        self._members = [members.astype(np.int32) for members in of_bucket]
        counts = [ceil(len(m) / self.rows_of(b)) for b, m in zip(self.buckets, self._members)]
        self._ends = np.cumsum(counts)  # of the batches of each bucket, unshuffled
        self._epoch = _Epoch(-1, [], np.zeros(0, np.int64), None)
        dataset.release()

    @property
    def used_buckets(self) -> tuple[Bucket, ...]:
        """The buckets that have samples."""
        return tuple(bucket for bucket, members in zip(self.buckets, self._members) if len(members))

    @property
    def sources(self) -> int:
        """K, the sources of a row: its own and its neighbours, used or not."""
        return 1 + self.dataset.neighbours.shape[1]

    def rows_of(self, bucket: Bucket) -> int:
        """B, the rows of a batch of `bucket`, samples or not."""
        return batch_rows(bucket, self.batch_tokens)

    @property
    def micro_batches_per_epoch(self) -> int:
        """Micro-batches in which every sample occurs once."""
        return int(self._ends[-1])

    def micro_batch(self, index: int) -> Batch:
        """Micro-batch `index`, counted over all epochs; it depends on seed and index alone."""
        if not len(self.dataset):
            raise CorpusError("corpus: no sample is short enough for data.buckets; enlarge them")
        epoch, position = divmod(index, self.micro_batches_per_epoch)
        # Read once: other threads may ask for a batch of another epoch meanwhile.
        drawn = self._epoch
        if drawn.number != epoch:
            drawn = self._epoch = self._drawn(epoch)
        batch = self._batch(int(drawn.order[position]), drawn.members, drawn.accompanied)
        self.dataset.release()
        return batch

    def in_order(self, limit: int | None = None) -> Iterator[Batch]:
        """The batches of one unshuffled pass; at most `limit` of them, spread over all buckets.

        All samples keep their neighbours.
        """
        all_of_them = self.micro_batches_per_epoch
        count = all_of_them if limit is None else min(limit, all_of_them)
        for i in range(count):
            yield self._batch(i * all_of_them // count, self._members, None)

    def _drawn(self, epoch: int) -> _Epoch:
        members = [
            of_bucket[_permutation(self.seed, epoch, stream, len(of_bucket))]
            for stream, of_bucket in enumerate(self._members)
        ]
        order = _permutation(self.seed, epoch, len(self.buckets), self.micro_batches_per_epoch)
        accompanied = None
        if self.dataset.neighbours.shape[1]:
            draws = _random(self.seed, epoch, len(self.buckets) + 1, len(self.dataset)) / 2**64
            accompanied = draws < self.neighbour_share
        return _Epoch(epoch, members, order, accompanied)

    def _batch(
        self, number: int, members: Sequence[np.ndarray], accompanied: np.ndarray | None
    ) -> Batch:
        """A batch by its number in the unshuffled pass: bucket after bucket, each cut into rows."""
        index = int(np.searchsorted(self._ends, number, "right"))
        bucket, of_bucket = self.buckets[index], members[index]
        first = (number - (int(self._ends[index - 1]) if index else 0)) * self.rows_of(bucket)
        return self._assemble(bucket, of_bucket[first : first + self.rows_of(bucket)], accompanied)

    def _assemble(
        self, bucket: Bucket, members: np.ndarray, accompanied: np.ndarray | None
    ) -> Batch:
        rows, (source_limit, target_limit) = self.rows_of(bucket), bucket
        batch = Batch(
            bucket=bucket,
            sources=np.full((rows, self.sources, source_limit), Special.PAD, np.int32),
            source_lengths=np.zeros((rows, self.sources), np.int32),
            inputs=np.full((rows, target_limit), Special.PAD, np.int32),
            targets=np.full((rows, target_limit), Special.PAD, np.int32),
            target_lengths=np.zeros(rows, np.int32),
        )
        for row, member in enumerate(members):
            keeps = accompanied is None or bool(accompanied[member])
            for k, source in enumerate(self._sources_of(member, keeps)):
                length = min(len(source), source_limit)
                batch.sources[row, k, :length] = source[:length]
                batch.source_lengths[row, k] = length
            target = self.dataset.targets[member]
            batch.inputs[row, 0] = Special.BOS
            batch.inputs[row, 1 : len(target)] = target[:-1]
            batch.targets[row, : len(target)] = target
            batch.target_lengths[row] = len(target)
        return batch

    def _sources_of(self, member: int, accompanied: bool) -> Iterator[np.ndarray]:
        """The sample's own source, which fits its bucket, then the neighbours it has and keeps."""
        yield self.dataset.sources[member]
        if accompanied:
            known = self.dataset.neighbours[member]
            yield from (self.dataset.texts[text] for text in known[known >= 0])


def _permutation(seed: int, epoch: int, stream: int, length: int) -> np.ndarray:
    """A permutation of 0..length-1; ties of the random keys fall in index order."""
    return np.argsort(_random(seed, epoch, stream, length), kind="stable")


def _random(seed: int, epoch: int, stream: int, length: int) -> np.ndarray:
    """uint64 [length], even over all values."""
    key = np.array([seed % 2**64, epoch], np.uint64)
    generator = np.random.Philox(key=key, counter=np.array([0, 0, 0, stream], np.uint64))
    return generator.random_raw(length)
