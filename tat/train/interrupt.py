"""Stopping a run from outside: the first signal asks for an orderly stop, the second aborts."""

import atexit
import os
import signal
from collections.abc import Callable
from types import FrameType

_CODES = {"SIGHUP": 129, "SIGINT": 130, "SIGUSR1": 138, "SIGTERM": 143}
_HANG_UP = getattr(signal, "SIGHUP", None)  # which Windows does not have, as it lacks SIGUSR1
_EXIT_CODES = {
    getattr(signal, name): code for name, code in _CODES.items() if hasattr(signal, name)
}


class StopRequest:
    """Within `with`, Ctrl-C, SIGTERM, SIGUSR1 and a closed terminal set `exit_code`, and only that.

    Under nohup a closed terminal stays ignored. The first signal decides the exit code. A second
    one ends the process at once, also behind `with`, where the first is being obeyed. `on_first`
    and `on_second` are called from the signal handler, the second right before the end.
    """

    def __init__(self) -> None:
        self.exit_code: int | None = None
        self.on_first: Callable[[], None] = _do_nothing
        self.on_second: Callable[[], None] = _do_nothing

    def __enter__(self) -> "StopRequest":
        heard = set(_EXIT_CODES)
        if _HANG_UP and signal.getsignal(_HANG_UP) == signal.SIG_IGN:
            heard.remove(_HANG_UP)
        atexit.register(self._settle)
        self._previous = {number: signal.signal(number, self._receive) for number in heard}
        return self

    def __exit__(self, *_: object) -> None:
        if self.exit_code is not None:  # the call ends now, and with this code
            return
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _settle(self) -> None:
        """Let no late signal change the exit code, which Python's own end would."""
        if self.exit_code is not None:
            for number in self._previous:
                signal.signal(number, signal.SIG_IGN)

    def _receive(self, number: int, _: FrameType | None) -> None:
        if self.exit_code is not None:
            self.on_second()
            os._exit(self.exit_code)
        self.exit_code = _EXIT_CODES[signal.Signals(number)]
        self.on_first()

    def __bool__(self) -> bool:
        return self.exit_code is not None


def _do_nothing() -> None:
    pass
