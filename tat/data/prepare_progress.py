"""How far preparing is: a stage in words, and the share of the whole that is done."""

import time
from collections.abc import Callable

Progress = Callable[[str, float], None]


def quiet(stage: str, share: float) -> None:
    """Says nothing."""


class EtaProgress:
    """Says the stage, the share and the time that is left, every so many seconds."""

    def __init__(self, say: Callable[[str], None], every: float = 5.0) -> None:
        self._say, self._every = say, every
        self._began = self._last = time.monotonic()

    def __call__(self, stage: str, share: float) -> None:
        now = time.monotonic()
        if now - self._last < self._every or share <= 0:
            return
        self._last = now
        left = (now - self._began) * (1 - share) / share
        minutes, seconds = divmod(round(left), 60)
        self._say(f"preparing: {stage}, {share:.0%} done, about {minutes}m{seconds:02}s left")
