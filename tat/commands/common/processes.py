"""Processes of this machine that share out the work of `tat eval`, as ranks of a launcher do.

They share one device, too: several pay where its steps are short beside what the host takes to
choose tokens and to review statements. Rank 0 is the process that the user started.
It starts the others, sends them their options, and speaks with each through its pipes.
"""

import argparse
import os
import pickle
import queue
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

from tat.data.prepare_child import receive, send
from tat.errors import RanksError, TatError, UsageError, failure_of
from tat.resources import program
from tat.train.ranks import Alone, Ranks

_ROWS = 512  # texts that all processes decode together by default
_NUMBER = struct.Struct("<I")


def wanted(options: argparse.Namespace, launched: Ranks) -> int:
    """How many processes judge: those that --processes asks for, or this one alone."""
    if options.processes and launched.size > 1:
        raise UsageError("--processes is for one machine; here a launcher started several")
    return options.processes or 1


def rows_of_each(processes: int) -> int:
    """Texts that a process on a GPU decodes together where nobody says how many."""
    return max(8, min(64, _ROWS // processes))


class Shared(Alone):
    """The ranks of one command on one machine and one device."""

    shares_device = True

    def __init__(self, rank: int, size: int, numbers: int) -> None:
        """`numbers`: the end of a pipe from which all ranks read what comes next."""
        self.rank, self.size, self._numbers = rank, size, numbers

    def place_on_host(self) -> tuple[int, int]:
        return self.rank, self.size

    def turns(self, count: int) -> Iterator[int]:
        """As `Ranks`, once: the next number goes to who asks first, as one case may take a
        hundred times as long as another."""
        while number := os.read(self._numbers, _NUMBER.size):
            yield _NUMBER.unpack(number)[0]


class Leader(Shared):
    """Rank 0, which starts the others."""

    def __init__(self, options: argparse.Namespace, size: int) -> None:
        numbers, self._dealt = os.pipe()
        super().__init__(0, size, numbers)
        self._others = [
            subprocess.Popen(
                [*program(), "_eval-child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                pass_fds=[numbers],
            )
            for _ in range(1, size)
        ]  # fmt: skip
        given = {name: value for name, value in vars(options).items() if name != "whole_parser"}
        for rank, other in enumerate(self._others, 1):
            quiet = argparse.Namespace(**given | {"quiet": True})
            self._send(other, (quiet, rank, size, numbers))

    def turns(self, count: int) -> Iterator[int]:
        threading.Thread(target=self._deal, args=(count,), daemon=True).start()
        return super().turns(count)

    def _deal(self, count: int) -> None:
        """Puts all numbers into the pipe, and closes it: then nothing is left."""
        buffer = _NUMBER.size * 512
        with suppress(BrokenPipeError), os.fdopen(self._dealt, "wb", buffering=buffer) as pipe:
            for number in range(count):
                pipe.write(_NUMBER.pack(number))  # nobody reads it if one of the others failed

    def tell(self, value: Any, *, patient: bool = False) -> Any:
        return self.together(value)[0]

    def together(self, value: Any, *, patient: bool = False) -> list[Any]:
        gathered = [value, *map(_received, self._others)]
        for other in self._others:
            self._send(other, gathered)
        return gathered

    def fail(self, error: BaseException) -> BaseException:
        self._end(kill=True)
        return error

    def close(self) -> None:
        self._end(kill=False)

    def _end(self, kill: bool) -> None:
        os.close(self._numbers)
        for other in self._others:
            if kill:
                other.kill()
            other.wait()
            other.stdout.close()
            with suppress(BrokenPipeError):  # what it still holds is for nobody
                other.stdin.close()

    def _send(self, other: subprocess.Popen[bytes], value: Any) -> None:
        try:
            send(other.stdin, pickle.dumps(value))
        except BrokenPipeError:
            raise _gone() from None


class Helper(Shared):
    """Another rank, at the child's end of the pipes; it ends with rank 0 whatever it is doing."""

    def __init__(
        self, rank: int, size: int, numbers: int, told: BinaryIO, answers: BinaryIO
    ) -> None:
        super().__init__(rank, size, numbers)
        self._answers, self._told = answers, queue.SimpleQueue[bytes]()
        threading.Thread(target=self._listen, args=(told,), daemon=True).start()

    def tell(self, value: Any, *, patient: bool = False) -> Any:
        return self.together(None)[0]

    def together(self, value: Any, *, patient: bool = False) -> list[Any]:
        send(self._answers, pickle.dumps((value, None)))
        return pickle.loads(self._told.get())

    def fail(self, error: BaseException) -> BaseException:
        """As `Ranks`, and it ends here: another thread waits at the pipe, and never returns."""
        line, code = failure_of(error)
        send(self._answers, pickle.dumps((line, code)))
        os._exit(code)

    def _listen(self, told: BinaryIO) -> None:
        while (message := receive(told)) is not None:
            self._told.put(message)
        os._exit(1)


def _received(other: subprocess.Popen[bytes]) -> Any:
    message = receive(other.stdout)
    if message is None:
        raise _gone()
    value, code = pickle.loads(message)
    if code is not None:
        error = TatError(value)
        error.exit_code = code
        raise error
    return value


def _gone() -> RanksError:
    return RanksError(
        "a process that judges functions ended; is there enough memory? --processes 1 needs least"
    )
