"""Seconds of training steps: each belongs to one step, in whatever order they begin and end."""

from hypothesis import given
from hypothesis import strategies as st

from tat.train.step_clock import StepClock


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = 100

    def __call__(self) -> int:
        return self.time


def test_a_step_begun_ahead_has_its_beginning_and_its_wait():
    hand = Hand()
    clock = StepClock(hand)

    def after(seconds: int) -> StepClock:
        hand.time += seconds
        return clock

    after(1000).start()
    after(1).began()  # step 1
    after(2).began()  # step 2
    assert after(10).finished() == 11
    after(4).began()  # step 3
    assert after(20).finished() == 22
    assert after(40).finished() == 44


def test_the_time_between_two_starts_belongs_to_no_step():
    hand = Hand()
    clock = StepClock(hand)
    clock.start()
    clock.began()
    hand.time += 1000  # the step failed
    clock.start()
    clock.began()
    hand.time += 3
    assert clock.finished() == 3


@given(st.lists(st.tuples(st.integers(0, 99), st.booleans()), max_size=40))
def test_all_steps_add_up_to_the_whole(moves):
    hand = Hand()
    clock, underway, total = StepClock(hand), 0, 0
    clock.start()
    for seconds, begins in moves:
        hand.time += seconds
        if begins or not underway:
            clock.began()
            underway += 1
        else:
            total += clock.finished()
            underway -= 1
    total += sum(clock.finished() for _ in range(underway))
    assert total == hand.time - 100
