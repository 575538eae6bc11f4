"""The standard streams of a call, whatever the locale and wherever they lead."""

import io
import os
import sys

OUTPUT = "standard output"


def prepare_output() -> None:
    """Make standard output UTF-8 in any locale, as JSON and WGSL are; closed streams drop text.

    Its errors name it, as those of files do; a BrokenPipeError of nobody else has that name. Talk
    that cannot be written (a full disk, a closed pipe) is dropped: no work ends for it.
    """
    if sys.stdout is None or sys.stderr is None:
        sink = open(os.devnull, "w")  # noqa: SIM115  to the end of the process
        sys.stdout, sys.stderr = sys.stdout or sink, sys.stderr or sink
    sys.stdout = _through(sys.stdout, OUTPUT, "utf-8", "replace")
    sys.stderr = _through(sys.stderr, "standard error", sys.stderr.encoding, "backslashreplace")
    _drop(sys.stderr, (OSError,))


def judge_to_the_end() -> None:
    """Let the call go on where its output is closed, as by `| head -1`: for commands whose exit
    code is a verdict on all that they were given."""
    _drop(sys.stdout, (BrokenPipeError,))


def drop_unwritable_output() -> None:
    """Drop output that cannot be written: Python would flush again at exit, and exit with 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class _Stream(io.RawIOBase):
    """A standard stream whose errors name it; it drops text instead of raising those `dropped`."""

    def __init__(self, raw: io.RawIOBase, name: str) -> None:
        self._raw, self._name = raw, name
        self.dropped: tuple[type[OSError], ...] = ()

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def isatty(self) -> bool:
        return self._raw.isatty()

    def write(self, data: bytes) -> int | None:
        try:
            return self._raw.write(data)
        except OSError as error:
            if isinstance(error, self.dropped):
                return len(data)
            raise OSError(error.errno, error.strerror, self._name) from error


_kept: list[io.TextIOBase] = []


def _raw(stream: io.TextIOBase) -> object:
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)  # itself with PYTHONUNBUFFERED


def _through(stream: io.TextIOBase, name: str, encoding: str, errors: str) -> io.TextIOBase:
    """The stream by way of _Stream; itself where it is no file, or goes that way already."""
    raw = _raw(stream)
    if not isinstance(stream, io.TextIOWrapper) or not isinstance(raw, io.FileIO):
        return stream
    _kept.append(stream)  # it would close the file when it goes
    named, unbuffered = _Stream(raw, name), raw is stream.buffer
    return io.TextIOWrapper(
        named if unbuffered else io.BufferedWriter(named), encoding, errors,
        line_buffering=stream.line_buffering, write_through=unbuffered,
    )  # fmt: skip


def _drop(stream: io.TextIOBase, dropped: tuple[type[OSError], ...]) -> None:
    raw = _raw(stream)
    if isinstance(raw, _Stream):
        raw.dropped = dropped
