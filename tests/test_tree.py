"""Tree, shares and slices of training over ranks, without MPI: the same sum for any number."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.train.tree import (
    Node,
    fold_tree,
    folds,
    in_order,
    roots,
    shares,
    slices,
    stack_size,
)

COUNTS = st.integers(1, 70)
RANKS = st.integers(1, 20)


def gradients(count: int, size: int = 5) -> np.ndarray:
    """Numbers of very different sizes, so that another order of adding has other bits."""
    random = np.random.default_rng(count)
    values = random.standard_normal((count, size)) * 10.0 ** random.integers(-4, 5, (count, size))
    return values.astype(np.float32)


def folded(own: range, values: np.ndarray) -> list[np.ndarray]:
    """A rank's stack after its micro-batches, computed as the programs do."""
    stack: list[np.ndarray | None] = [None] * stack_size(own)
    for index, fold in zip(own, folds(own), strict=True):
        if fold.assign:
            stack[fold.depth] = values[index].copy()
        else:
            stack[fold.depth] = stack[fold.depth] + values[index]
        for depth in range(fold.depth, fold.depth - fold.merges, -1):
            stack[depth - 1] = stack[depth - 1] + stack[depth]
    return stack[: len(roots(own))]


def by_definition(values: np.ndarray) -> np.ndarray:
    """The tree as the definition says it, without stacks."""
    if len(values) == 1:
        return values[0].copy()
    half = 1
    while 2 * half < len(values):
        half *= 2
    return by_definition(values[:half]) + by_definition(values[half:])


@given(count=COUNTS, ranks=RANKS)
def test_any_number_of_ranks_has_the_same_sum_in_every_bit(count, ranks):
    values, have = gradients(count), {}
    for own in shares(count, ranks):
        for node, total in zip(roots(own), folded(own, values), strict=True):
            have[node.start] = node.size, total
    assert fold_tree(count, have).tobytes() == by_definition(values).tobytes()


@given(count=COUNTS)
def test_one_process_folds_its_stack_from_the_top_to_the_same_sum(count):
    stack = folded(range(count), gradients(count))
    total = stack.pop()
    while stack:
        total = stack.pop() + total
    assert total.tobytes() == by_definition(gradients(count)).tobytes()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_below_four_micro_batches_the_tree_is_a_sum_from_left_to_right(count):
    values = gradients(count)
    total = values[0]
    for more in values[1:]:
        total = total + more
    assert total.tobytes() == by_definition(values).tobytes()


def test_from_four_micro_batches_on_the_tree_is_another_sum():
    def differs(count: int) -> bool:
        values = gradients(count, 64)
        total = values[0]
        for more in values[1:]:
            total = total + more
        return total.tobytes() != by_definition(values).tobytes()

    assert all(map(differs, range(4, 40)))


@given(count=st.integers(0, 500), ranks=RANKS)
def test_shares_are_neighbours_that_cover_all_and_differ_by_one_at_most(count, ranks):
    parts = shares(count, ranks)
    assert [i for part in parts for i in part] == list(range(count))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert sorted(map(len, parts), reverse=True) == list(map(len, parts))


@given(count=st.integers(1, 300), ranks=RANKS)
def test_roots_are_whole_subtrees_and_few(count, ranks):
    for own in shares(count, ranks):
        found = roots(own)
        covered = [i for node in found for i in range(node.start, node.start + node.size)]
        assert covered == list(own)
        assert all(n.size & (n.size - 1) == 0 and n.start % n.size == 0 for n in found)
        assert len(found) <= 2 * max(1, len(own)).bit_length()
        assert stack_size(own) <= 2 * max(1, len(own)).bit_length()


def test_sixteen_need_four_sums_at_once():
    assert stack_size(range(16)) == 4
    assert roots(range(16)) == [Node(0, 16)]
    assert stack_size(range(2)) == 1


def test_a_missing_part_is_refused():
    with pytest.raises(ValueError, match="micro-batch 1"):
        fold_tree(2, {0: (1, np.zeros(1, np.float32))})


@given(size=st.integers(1, 10**7), ranks=RANKS, chunk=st.sampled_from([1, 7, 65536]))
def test_slices_are_whole_chunks_that_cover_all(size, ranks, chunk):
    parts = slices(size, ranks, chunk)
    assert parts[0].start == 0 and parts[-1].stop == size
    assert all(a.stop == b.start for a, b in itertools.pairwise(parts))
    assert all(p.start % chunk == 0 or p.start == size for p in parts)
    lengths = [-(-(p.stop - p.start) // chunk) for p in parts]
    assert max(lengths) - min(lengths) <= 1


@given(values=st.lists(st.integers(), max_size=40), ranks=RANKS)
def test_items_dealt_out_in_turn_come_back_in_order(values, ranks):
    assert in_order([values[rank::ranks] for rank in range(ranks)]) == values
