"""Stopping a run from outside: the first signal asks for an orderly stop, the second aborts."""

import os
import signal
from types import FrameType

_EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


class StopRequest:
    """Within `with`, Ctrl-C and SIGTERM set `exit_code` instead of raising."""

    def __init__(self) -> None:
        self.exit_code: int | None = None

    def __enter__(self) -> "StopRequest":
        self._previous = {number: signal.signal(number, self._receive) for number in _EXIT_CODES}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _receive(self, number: int, _: FrameType | None) -> None:
        code = _EXIT_CODES[signal.Signals(number)]
        if self.exit_code is not None:
            os._exit(code)
        self.exit_code = code

    def __bool__(self) -> bool:
        return self.exit_code is not None
