"""Progress of long work on standard error: a bar on a terminal, a line now and then elsewhere."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

_PLAIN_INTERVAL = 10.0  # seconds between plain lines

Item = TypeVar("Item")


def counted(items: Sequence[Item], what: str, quiet: bool) -> Iterator[Item]:
    """Yield the items and show how many are done."""
    if quiet:
        yield from items
    elif sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        yield from _with_bar(items, what)
    else:
        yield from _with_lines(items, what)


def _with_bar(items: Sequence[Item], what: str) -> Iterator[Item]:
    from rich.console import Console
    from rich.progress import track

    console = Console(file=sys.stderr)
    yield from track(items, description=what, console=console, transient=True)


def _with_lines(items: Sequence[Item], what: str) -> Iterator[Item]:
    said = time.monotonic()
    for done, item in enumerate(items):
        if time.monotonic() - said >= _PLAIN_INTERVAL:
            said = time.monotonic()
            print(f"tat: {what}: {done} of {len(items)}", file=sys.stderr, flush=True)
        yield item
