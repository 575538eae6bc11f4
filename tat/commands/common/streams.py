"""The standard streams of a call, whatever the locale and wherever they lead."""

import io
import os
import sys


def prepare_output() -> None:
    """Make standard output UTF-8 in any locale, as JSON and WGSL are; closed streams drop text."""
    if sys.stdout is None or sys.stderr is None:
        sink = open(os.devnull, "w")  # noqa: SIM115  to the end of the process
        sys.stdout, sys.stderr = sys.stdout or sink, sys.stderr or sink
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")


def drop_unwritable_output() -> None:
    """Drop output that cannot be written: Python would flush again at exit, and exit with 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
