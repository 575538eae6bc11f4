"""Progress of long work on standard error: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from tat.data.prepare_progress import EtaProgress, said
from tat.train.reporter import is_live

_PLAIN_INTERVAL = 10.0  # seconds between plain lines

Item = TypeVar("Item")


def counted(items: Sequence[Item], what: str, quiet: bool) -> Iterator[Item]:
    """Yield the items and show how many are done."""
    if quiet:
        yield from items
    elif is_live():
        yield from _with_bar(items, what)
    else:
        yield from _with_lines(items, what)


@contextmanager
def shares(what: str, quiet: bool) -> Iterator[Callable[[str, float], None]]:
    """Takes a stage and the share that is done: a bar on a terminal, plain lines elsewhere."""
    if quiet:
        yield lambda stage, share: None
    elif not is_live():
        yield EtaProgress(lambda line: print(line, file=sys.stderr, flush=True))
    else:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (
            TextColumn(what), BarColumn(bar_width=24),
            TextColumn("{task.description}", markup=False),
        )  # fmt: skip
        began = time.monotonic()
        with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
            task = bar.add_task("", total=1.0)

            def show(stage: str, share: float) -> None:
                seconds = time.monotonic() - began
                bar.update(task, completed=share, description=said(stage, share, seconds))

            yield show


def _with_bar(items: Sequence[Item], what: str) -> Iterator[Item]:
    from rich.console import Console
    from rich.progress import track

    console = Console(file=sys.stderr)
    yield from track(items, description=what, console=console, transient=True)


def _with_lines(items: Sequence[Item], what: str) -> Iterator[Item]:
    last = time.monotonic()
    for done, item in enumerate(items):
        if time.monotonic() - last >= _PLAIN_INTERVAL:
            last = time.monotonic()
            print(f"tat: {what}: {done} of {len(items)}", file=sys.stderr, flush=True)
        yield item
