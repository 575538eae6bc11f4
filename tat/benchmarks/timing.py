"""Times a workload beside a reference workload: a slower machine slows both."""

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

Run = Callable[[], object]
Clock = Callable[[], float]

_MOST_LOOPS = 1 << 20


@dataclass(frozen=True)
class Timings:
    """Seconds of one run, and of the reference workload right before each timing."""

    seconds: tuple[float, ...]
    reference: tuple[float, ...]
    loops: int = 1  # runs in each timing

    @property
    def median(self) -> float:
        """Seconds of a run."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """Half the distance of the quartiles, as a share of the median."""
        if len(self.seconds) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.seconds, n=4, method="inclusive")
        return (high - low) / 2 / self.median

    @property
    def ratios(self) -> tuple[float, ...]:
        """Each timing as a multiple of its reference."""
        return tuple(a / b for a, b in zip(self.seconds, self.reference, strict=True))


def measure(
    run: Run, reference: Run, *, samples: int, least: float, clock: Clock = time.perf_counter
) -> Timings:
    """Time `run` in loops of at least `least` seconds, `samples` times, after a warm-up."""
    with _no_garbage_collection():
        loops = calibrate(run, least, clock)
        pairs = [
            (_time(reference, 1, clock), _time(run, loops, clock) / loops) for _ in range(samples)
        ]
    references, seconds = zip(*pairs, strict=True)
    return Timings(seconds, references, loops)


def calibrate(run: Run, least: float, clock: Clock = time.perf_counter) -> int:
    """The number of runs that take `least` seconds together, a power of two."""
    run()
    loops = 1
    while _time(run, loops, clock) < least and loops < _MOST_LOOPS:
        loops *= 2
    return loops


def _time(run: Run, loops: int, clock: Clock) -> float:
    began = clock()
    for _ in range(loops):
        run()
    return clock() - began


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    enabled = gc.isenabled()
    gc.collect()  # objects of the setup are gone, perhaps gigabytes
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Reference:
    """A workload that no change of tat affects: products, a sweep over memory, plain Python.

    The three take about the same time, a few milliseconds in all, on one core.
    """

    def __init__(self) -> None:
        random = np.random.default_rng(0)
        self._a, self._b = random.standard_normal((2, 256, 256), np.float32)
        self._product = np.empty_like(self._a)
        self._large = np.zeros(1 << 21, np.float32)

    def __call__(self) -> None:
        for _ in range(6):
            np.matmul(self._a, self._b, out=self._product)
        for _ in range(12):
            np.add(self._large, 1, out=self._large)
        total = 0
        for i in range(50_000):
            total += i & 7
