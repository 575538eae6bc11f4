"""The loss scale: overflow halves it, calm doubles it, steps begun ahead do not move it."""

from hypothesis import given
from hypothesis import strategies as st

from tat.train.loss_scale import LossScale


def factors(results: list[bool], patience: int, ahead: bool) -> list[float]:
    """The loss scale of each step; with `ahead`, a step gets it before the last result is known."""
    scale, used = LossScale(64.0, 64.0), [64.0]
    for finite in results:
        if ahead:
            used.append(scale.following)
        assert scale.judge(finite, patience)
        if not ahead:
            used.append(scale.next)
    return used


@given(st.lists(st.booleans(), max_size=5), st.integers(1, 5))
def test_beginning_a_step_ahead_changes_no_factor(results: list[bool], patience: int):
    assert factors(results, patience, ahead=True) == factors(results, patience, ahead=False)


def test_calm_doubles_and_each_overflow_halves_once():
    assert factors([True] * 5, 2, ahead=False) == [64, 64, 64, 128, 128, 256]
    # The step behind a skipped one has its factor already, and overflows too.
    assert factors([False, False, True], 9, ahead=False) == [64, 64, 32, 32]


def test_a_factor_of_one_is_not_to_blame():
    scale = LossScale(1.0, 1.0)
    assert not scale.judge(finite=False, patience=3)
    assert (scale.next, scale.skipped) == (1.0, 0)


def test_skipped_steps_are_counted():
    scale = LossScale(1024.0, 1024.0)
    for finite in (True, False, True, False):
        scale.judge(finite, patience=100)
    assert scale.skipped == 2
