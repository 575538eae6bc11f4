"""Notes of a backend to the user while it works: on standard error, each one once."""

import sys

from tat.errors import one_line

_said: set[str] = set()


def say_once(text: str) -> None:
    """Prints a line to standard error, unless this process has printed it before."""
    if text not in _said:
        _said.add(text)
        print(f"tat: {one_line(text, 500)}", file=sys.stderr, flush=True)
