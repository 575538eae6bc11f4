"""The error tree: every failure that a user can cause or meet, each with its exit code.

    TatError                   1   anything below, or a failure with no better name
    ├── UsageError             2   the command line is wrong
    │   └── BusyError          2   another process works on the same
    ├── ConfigError            3   a value in the configuration, or a combination of them
    ├── FileError              4   a bad or unsafe file
    │   ├── CorpusError        4   no usable training data
    │   └── CheckpointError    4   a damaged, foreign or unfitting checkpoint
    ├── DeviceError            5   no device, or it was lost
    ├── DivergedError          6   training met NaN or infinity
    ├── RegressionError        7   a benchmark got slower
    ├── InvalidShaderError     8   WGSL that does not validate
    └── RanksError             1   processes that train together, and cannot

A message says what, where and what to do, on one line: the command line prints it as it is and
exits with `exit_code`; a traceback needs --debug.
"""

from collections.abc import Iterable
from difflib import get_close_matches

EXIT_CODES = {
    0: "done",
    1: "a failure with no code of its own",
    2: "a wrong command line",
    3: "a wrong value in the configuration",
    4: "a bad, missing or unsafe file",
    5: "no device, or it was lost",
    6: "training met NaN or infinity",
    7: "a benchmark got slower",
    8: "WGSL that does not validate",
    125: "the released file cannot unpack or start",
    129: "ended, for the terminal was closed",
    130: "ended by Ctrl-C",
    138: "ended by SIGUSR1",
    143: "ended by SIGTERM",
}  # as the help, the manual and README.md list them


class TatError(Exception):
    """Base of every error that is reported in one line."""

    exit_code = 1


class UsageError(TatError):
    """A command line that cannot be meant."""

    exit_code = 2


class BusyError(UsageError):
    """Something that another process works on; waiting for that one helps."""


class ConfigError(TatError):
    """A value in the configuration that is wrong."""

    exit_code = 3


class FileError(TatError):
    """A file that is missing, damaged, unsafe or cannot be written."""

    exit_code = 4


class CorpusError(FileError):
    """Files to train on that hold nothing to train on."""


class OneSidedError(CorpusError):
    """Files of which all fell into the validation split."""


class CheckpointError(FileError):
    """A checkpoint that is damaged, or does not fit."""


class DeviceError(TatError):
    """A device that is not there, was lost, or lacks what a plan needs."""

    exit_code = 5


class DivergedError(TatError):
    """Training that met NaN or infinity."""

    exit_code = 6


class RegressionError(TatError):
    """A benchmark that got slower."""

    exit_code = 7


class InvalidShaderError(TatError):
    """WGSL that does not validate."""

    exit_code = 8


class RanksError(TatError):
    """Processes that train together and cannot go on together."""


def failure_of(error: BaseException) -> tuple[str, int]:
    """The one line that reports a failure, and its exit code."""
    if isinstance(error, TatError):
        return str(error), error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", 130
    if isinstance(error, MemoryError):
        return "out of memory; a smaller model, train.batch_tokens or bucket needs less", 1
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}", 1
    reason = f"internal error: {type(error).__name__}: {error}"
    return f"{reason}; please report it with what --debug prints", 1


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """The end of a message about an unknown name: the nearest known name, or `otherwise`."""
    near = get_close_matches(name, known, n=1)
    return f", did you mean {near[0]}?" if near else otherwise


def one_line(text: str, limit: int = 400) -> str:
    """`text` safe to print as one line: control characters escaped, cut at `limit` characters."""
    clean = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
