"""Seconds of each training step, although a step may begin before the previous one ends."""

import time
from collections import deque
from collections.abc import Callable


class StepClock:
    """Shares time out among steps: each second since start() belongs to exactly one of them.

    time     start | begin 1 | begin 2 | wait 1 | begin 3 | wait 2 | wait 3
    calls                  began     began  finished    began  finished  finished
    step 1           -------             ------
    step 2                     -------                      ------
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now, self._last = now, now()
        self._beginnings: deque[float] = deque()  # of the steps underway, in seconds

    def start(self) -> None:
        """Nothing is underway; the time since the last step belongs to none."""
        self._last = self._now()
        self._beginnings.clear()

    def began(self) -> None:
        """The backend has all work of the next step."""
        self._beginnings.append(self._lap())

    def finished(self) -> float:
        """The result of the oldest step underway is known; returns that step's seconds."""
        return self._beginnings.popleft() + self._lap()

    def _lap(self) -> float:
        before, self._last = self._last, self._now()
        return self._last - before
