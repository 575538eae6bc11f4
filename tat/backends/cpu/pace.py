"""How many threads replay a plan: all of the backend's, or fewer while other processes need cores.

Threads of a replay meet at a barrier after each row of its table. Where one of them has no core,
all wait for it, for milliseconds at each of a hundred barriers, and two threads take several times
as long as one. Any number of threads gives the same bits, so the number follows the load.
"""

import time
from collections.abc import Callable

_LONG = 0.25  # of the time of a replay: as much waiting shows that a thread has no core
_LATE = 3  # such replays, more than others, until there are fewer threads
_SHORTEST, _LONGEST = 0.05, 2.0  # seconds until more threads are tried again
_DEAR = 40.0  # times what a trial lost, until the next one
_STEADY = 200  # replays without long waits after which trials are quick again
_STARTING = 0.002  # seconds that threads may take to start
_KEPT = 0.8  # of the smoothed time of a replay at each new one


class Load:
    """The load of the machine as the replays of a backend meet it."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self.level = most, most  # threads
        self.clock = clock
        self._late = self._steady = 0
        self._pause, self._next = _SHORTEST, 0.0

    @property
    def trial_is_due(self) -> bool:
        """Whether it is time to try more threads."""
        return self.level < self.most and self.clock() >= self._next

    def waited(self, share: float) -> None:
        """Takes note of the share of a replay that its threads waited for one another."""
        self._late = self._late + 1 if share > _LONG else max(0, self._late - 1)
        self._steady = 0 if share > _LONG else self._steady + 1
        if self._steady == _STEADY:
            self._pause = _SHORTEST
        if self._late >= _LATE and self.level > 1:
            self.level //= 2
            self._late = self._steady = 0
            self._next = self.clock() + self._pause
            self._pause = min(2 * self._pause, _LONGEST)

    def tried(self, threads: int, lost: float) -> None:
        """Takes note of a trial, which took so many seconds more than usual; less is a gain."""
        if lost < 0:
            self.level, self._late, self._steady = threads, 0, 0
        else:
            self._next = self.clock() + max(self._pause, _DEAR * lost)
            self._pause = min(2 * self._pause, _LONGEST)


class Pace:
    """The threads of one plan's replays."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._usual: dict[int, float] = {}  # seconds, smoothed, by number of threads

    def threads(self) -> int:
        """The number for the next replay."""
        load = self._load
        if load.trial_is_due and load.level in self._usual:
            return min(load.most, 2 * load.level)
        return load.level

    def note_start(self, threads: int, seconds: float) -> None:
        """Takes note of a replay whose threads had to be started: only a trial that took far too
        long says something."""
        usual = self._usual.get(self._load.level)
        if threads > self._load.level and usual and seconds > 2 * usual + _STARTING:
            self._load.tried(threads, seconds - usual)

    def note(self, threads: int, seconds: float, share: float) -> None:
        """Takes note of a replay: its time, and the share of it that threads waited long."""
        level = self._load.level
        if threads > level:
            self._load.tried(threads, seconds - self._usual.get(level, seconds))
            return
        usual = self._usual.get(threads, seconds)
        self._usual[threads] = _KEPT * usual + (1 - _KEPT) * seconds
        if threads > 1:
            self._load.waited(share)
