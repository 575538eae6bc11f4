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
        self._say(f"preparing: {said(stage, share, now - self._began)}")


def said(stage: str, share: float, seconds: float) -> str:
    """The stage, the share that is done after so many seconds, and the time that is left."""
    if share <= 0:
        return stage
    minutes, rest = divmod(round(seconds * (1 - share) / share), 60)
    return f"{stage}, {share:.0%} done, about {minutes}m{rest:02}s left"
