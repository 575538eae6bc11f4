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


_kept: list[io.TextIOWrapper] = []


class _Unread(io.RawIOBase):
    """A stream that drops text once nobody reads it any more."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def isatty(self) -> bool:
        return self._raw.isatty()

    def write(self, data: bytes) -> int | None:
        try:
            return self._raw.write(data)
        except BrokenPipeError:
            return len(data)


def judge_to_the_end() -> None:
    """Let the call go on where its output is closed, as by `| head -1`: for commands whose exit
    code is a verdict on all that they were given."""
    if not isinstance(sys.stdout, io.TextIOWrapper):
        return
    sys.stdout.flush()
    buffer = sys.stdout.buffer
    raw = getattr(buffer, "raw", buffer)  # itself with PYTHONUNBUFFERED
    if isinstance(raw, io.FileIO):
        _kept.append(sys.stdout)  # it would close the file when it goes
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(_Unread(raw)), "utf-8", "replace",
            line_buffering=sys.stdout.line_buffering, write_through=raw is buffer,
        )  # fmt: skip


def drop_unwritable_output() -> None:
    """Drop output that cannot be written: Python would flush again at exit, and exit with 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
