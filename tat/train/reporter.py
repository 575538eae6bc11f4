"""Reports a run to a person: a live line on a terminal, plain lines elsewhere."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO

from tat.train.trainer import StepResult

_PLAIN_INTERVAL = 10.0  # seconds between plain lines
_CLEAR_AND_SHOW_CURSOR = b"\r\x1b[K\x1b[?25h\n"


@dataclass(frozen=True)
class Status:
    """A step and the measurements around it."""

    result: StepResult
    tokens_per_s: float  # target tokens
    remaining_s: float
    validation_loss: float | None  # the latest

    def line(self, last: int) -> str:
        result = self.result
        validation = "" if self.validation_loss is None else f"  valid {self.validation_loss:.4f}"
        return (
            f"step {result.step}/{last}  loss {result.loss:.4f}{validation}  lr {result.lr:.2e}"
            f"  {self.tokens_per_s:.0f} tokens/s  {duration(self.remaining_s)} left"
        )


class Reporter:
    """Notes and progress as plain lines; the base of the others."""

    def __init__(self, stream: TextIO, log: Callable[[str], None], verbose: bool = False) -> None:
        self.stream, self.log, self.verbose = stream, log, verbose
        self._next = 0.0

    def note(self, text: str) -> None:
        """A line that stays, on the screen and in the run's log."""
        self.log(text)
        self._show(text)

    def detail(self, text: str) -> None:
        """A line for the log, and with -v for the screen."""
        self.log(text)
        if self.verbose:
            self._show(text)

    def step(self, status: Status, last: int) -> None:
        """Report a finished step; shown now and then, and always the last."""
        now = time.monotonic()
        if now >= self._next or status.result.step == last:
            self._next = now + _PLAIN_INTERVAL
            self._show(status.line(last))

    def _show(self, text: str) -> None:
        with suppress(OSError):  # a closed standard error does not stop training
            print(text, file=self.stream, flush=True)

    def stopping(self) -> None:
        """Report a signal. Its handler calls this, so it must not touch the log."""
        with suppress(RuntimeError):  # the signal interrupted another line
            self._show("finishing this step and saving; Ctrl-C again stops at once, without saving")

    def abandon(self) -> None:
        """Restore the terminal when there is no time for close()."""

    def close(self) -> None:
        """Restore the terminal."""


class QuietReporter(Reporter):
    """Writes the log and shows nothing."""

    def step(self, status: Status, last: int) -> None:
        pass

    def _show(self, text: str) -> None:
        pass


class LiveReporter(Reporter):
    """A progress bar with the figures, redrawn in place by rich."""

    def __init__(self, stream: TextIO, log: Callable[[str], None], verbose: bool = False) -> None:
        super().__init__(stream, log, verbose)
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (
            TextColumn("step"), MofNCompleteColumn(), BarColumn(bar_width=24),
            TextColumn("{task.description}", markup=False),
        )  # fmt: skip
        self._progress = Progress(*columns, console=Console(file=stream), transient=True)
        self._task = self._progress.add_task("", total=None)
        self._progress.start()
        self._last_line = ""

    def step(self, status: Status, last: int) -> None:
        self._last_line = status.line(last)
        figures = self._last_line.split("  ", 1)[1]
        self._progress.update(
            self._task, completed=status.result.step, total=last, description=figures
        )

    def _show(self, text: str) -> None:
        with suppress(OSError):  # the terminal may have been closed
            self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def abandon(self) -> None:
        os.write(self.stream.fileno(), _CLEAR_AND_SHOW_CURSOR)

    def close(self) -> None:
        line, self._last_line = self._last_line, ""
        with suppress(OSError):
            self._progress.stop()
            if line:
                print(line, file=self.stream, flush=True)


def open_reporter(quiet: bool, verbose: bool, log: Callable[[str], None]) -> Reporter:
    """The reporter that fits standard error."""
    if quiet:
        return QuietReporter(sys.stderr, log)
    return (LiveReporter if is_live() else Reporter)(sys.stderr, log, verbose)


def is_live() -> bool:
    """Whether standard error is a terminal on which a line can be redrawn in place."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def duration(seconds: float) -> str:
    """1h02m, 3m20s or 12s."""
    whole = int(seconds + 0.5)
    if whole >= 3600:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 60}m{whole % 60:02}s" if whole >= 60 else f"{whole}s"
