"""Batches: every sample once per epoch, static shapes, an order of seed and index alone."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.config import resolve
from tat.data.batches import Batch, Batches
from tat.data.dataset import Dataset, Ragged, buckets_of, encode_samples
from tat.data.tokenizer import Special, Tokenizer
from tat.errors import CorpusError

BUCKETS = ((8, 4), (6, 9), (16, 16))
CONFIG = replace(resolve(environment={}).config.data, buckets=BUCKETS)


@dataclass(frozen=True)
class Sample:
    source: tuple[tuple[str, str], ...]
    target: str
    origin: str
    neighbours: tuple[str, ...] = ()


def dataset_of(lengths: list[tuple[int, int]]) -> Dataset:
    """Samples of those lengths, each with ids of its own."""
    rng = np.random.default_rng(3)
    sources = [rng.integers(8, 9999, source, np.int32) for source, _ in lengths]
    targets = [np.append(rng.integers(8, 9999, t - 1, np.int32), Special.EOS) for _, t in lengths]
    return Dataset.without_neighbours(Ragged.of(sources), Ragged.of(targets))


def rows_of(batch: Batch) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The (source, target) ids in the rows that hold a sample."""
    return [
        (tuple(source[0, : length[0]].tolist()), tuple(target[:tokens].tolist()))
        for source, length, target, tokens in zip(
            batch.sources, batch.source_lengths, batch.targets, batch.target_lengths
        )
        if tokens
    ]


def samples_of(dataset: Dataset) -> Counter:
    return Counter(
        (tuple(dataset.sources[i].tolist()), tuple(dataset.targets[i].tolist()))
        for i in range(len(dataset))
    )


def same(a: Batch, b: Batch) -> bool:
    return a.bucket == b.bucket and all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for name in ("sources", "source_lengths", "inputs", "targets", "target_lengths")
    )


lengths = st.lists(st.tuples(st.integers(0, 16), st.integers(1, 16)), min_size=1, max_size=40)
cases = (lengths.map(dataset_of), st.integers(1, 60), st.integers(0, 2**70))


@given(*cases, st.integers(0, 3))
def test_each_epoch_holds_every_sample_once(dataset, batch_tokens, seed, epoch):
    batches = Batches(dataset, BUCKETS, batch_tokens, seed)
    count = batches.micro_batches_per_epoch
    rows = [
        row
        for index in range(epoch * count, (epoch + 1) * count)
        for row in rows_of(batches.micro_batch(index))
    ]
    assert Counter(rows) == samples_of(dataset)


@given(*cases, st.lists(st.integers(0, 200), min_size=1, max_size=5))
def test_a_batch_depends_on_seed_and_index_alone(dataset, batch_tokens, seed, indices):
    batches = Batches(dataset, BUCKETS, batch_tokens, seed)
    for index in indices:
        fresh = Batches(dataset, BUCKETS, batch_tokens, seed)
        assert same(batches.micro_batch(index), fresh.micro_batch(index))


@given(*cases, st.integers(0, 50))
def test_layout_of_a_batch(dataset, batch_tokens, seed, index):
    batches = Batches(dataset, BUCKETS, batch_tokens, seed)
    batch = batches.micro_batch(index)
    source, target = batch.bucket
    rows = max(1, batch_tokens // target)
    assert batch.bucket in BUCKETS
    assert batches.rows_of(batch.bucket) == rows
    assert batch.sources.shape == (rows, 1, source)
    assert batch.source_lengths.shape == (rows, 1)
    assert batch.inputs.shape == batch.targets.shape == (rows, target)
    assert batch.target_lengths.shape == (rows,)
    arrays = (batch.sources, batch.source_lengths, batch.inputs, batch.targets)
    assert {array.dtype for array in (*arrays, batch.target_lengths)} == {np.dtype(np.int32)}
    assert batch.tokens == batch.target_lengths.sum() > 0
    for row, length in enumerate(batch.target_lengths):
        assert not batch.sources[row, 0, batch.source_lengths[row, 0] :].any()
        assert not batch.inputs[row, length:].any()
        assert not batch.targets[row, length:].any()
        if length:
            assert batch.inputs[row, 0] == Special.BOS
            assert batch.targets[row, length - 1] == Special.EOS
            assert np.array_equal(batch.inputs[row, 1:length], batch.targets[row, : length - 1])


@given(*cases)
def test_in_order_is_one_unshuffled_pass(dataset, batch_tokens, seed):
    batches = Batches(dataset, BUCKETS, batch_tokens, seed)
    whole = list(batches.in_order())
    assert len(whole) == batches.micro_batches_per_epoch
    assert {batch.bucket for batch in whole} == set(batches.used_buckets)
    assert Counter(row for batch in whole for row in rows_of(batch)) == samples_of(dataset)
    other = Batches(dataset, BUCKETS, batch_tokens, seed + 1)
    assert all(map(same, whole, other.in_order()))


def test_a_limited_pass_visits_all_buckets():
    dataset = dataset_of([(4, 4)] * 40 + [(6, 8)] * 40 + [(16, 16)] * 40)
    batches = Batches(dataset, BUCKETS, 16, 0)
    assert {batch.bucket for batch in batches.in_order(6)} == set(BUCKETS)
    assert [len(list(batches.in_order(limit))) for limit in (0, 1, 7, 10**6)] == [
        0, 1, 7, batches.micro_batches_per_epoch
    ]  # fmt: skip


def test_seeds_and_epochs_shuffle_differently():
    dataset = dataset_of([(3, 3)] * 64)
    orders = {
        tuple(row for i in range(16) for row in rows_of(batches.micro_batch(start + i)))
        for batches in (Batches(dataset, ((8, 4),), 16, seed) for seed in range(4))
        for start in range(0, 16 * 4, 16)
    }
    assert len(orders) == 16


def test_members_and_batches_are_both_shuffled():
    dataset = dataset_of([(8, 4)] * 60 + [(16, 16)] * 60)
    batches = Batches(dataset, BUCKETS, 16, 0)
    first = [batches.micro_batch(i).bucket for i in range(batches.micro_batches_per_epoch)]
    assert first != sorted(first) != first[::-1]
    assert rows_of(batches.micro_batch(0)) != rows_of(next(batches.in_order()))


def test_golden_order():
    """The same on every machine: a run that is resumed elsewhere goes on with the same batches."""
    dataset = dataset_of([(1, i + 1) for i in range(12)])
    batches = Batches(dataset, ((1, 4), (1, 12)), 8, 42)
    assert [
        batches.micro_batch(i).target_lengths.tolist()
        for i in range(2 * batches.micro_batches_per_epoch)
    ] == [
        [2, 4], [9], [1, 3], [5], [6], [12], [10], [8], [7], [11],
        [9], [4, 1], [7], [8], [5], [6], [10], [12], [11], [3, 2],
    ]  # fmt: skip


def test_threads_may_ask_at_once():
    dataset = dataset_of([(3, 1 + i % 16) for i in range(50)])
    batches = Batches(dataset, BUCKETS, 16, 5)
    indices = [i * 7 % 100 for i in range(400)]
    expected = [Batches(dataset, BUCKETS, 16, 5).micro_batch(i) for i in range(100)]
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(batches.micro_batch, indices))
    assert all(same(batch, expected[i]) for i, batch in zip(indices, got))


@given(st.integers(0, 20), st.integers(0, 20))
def test_the_smallest_bucket_that_holds_both_lengths(source, target):
    [index] = buckets_of(np.array([source]), np.array([target]), BUCKETS)
    fitting = [s + t for s, t in BUCKETS if s >= source and t >= target]
    assert (index < 0) == (not fitting)
    assert index < 0 or sum(BUCKETS[index]) == min(fitting)


def test_encoding_leaves_out_long_samples_and_cuts_nothing():
    tokenizer = Tokenizer([])
    samples = [
        Sample((("comment", "abc"), ("signature", "de")), "xyz", "fits"),
        Sample((("comment", "a" * 16),), "x", "source too long"),
        Sample((("comment", "a"),), "x" * 16, "target too long"),
        Sample((("comment", "a" * 15),), "x" * 15, "just fits"),
    ]
    dataset = encode_samples(samples, tokenizer, CONFIG)
    assert (dataset.too_long, dataset.first_too_long) == (2, "source too long")
    assert len(dataset) == 2
    for index, sample in enumerate([samples[0], samples[3]]):
        assert dataset.sources[index].tolist() == tokenizer.encode_source(sample.source)
        assert dataset.targets[index].tolist() == tokenizer.encode_target(sample.target)
    assert dataset.sources.values.dtype == dataset.targets.values.dtype == np.int32


def test_nothing_to_train_on():
    empty = encode_samples([Sample((), "x" * 99, "long")], Tokenizer([]), CONFIG)
    batches = Batches(empty, BUCKETS, 16, 0)
    assert len(empty) == batches.micro_batches_per_epoch == len(list(batches.in_order())) == 0
    with pytest.raises(CorpusError, match=r"data\.buckets"):
        batches.micro_batch(0)


def test_buckets_that_do_not_hold_the_dataset():
    with pytest.raises(ValueError, match="fits none"):
        Batches(dataset_of([(9, 9)]), ((8, 8),), 16, 0)
