"""How several processes end when one of them cannot go on: one line for all, said by rank 0."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf
from typing import Any

from tat.errors import RanksError, failure_of, one_line
from tat.train.watcher import Watcher, dismiss_other

_GATHER_S = 2.0  # in which all ranks may tell of the same failure, so that they end in order
_PAUSE = 1e-3  # seconds between two looks
_FAILED, _END = 1, 2  # tags


class SilenceError(RanksError):
    """Nothing was heard of the others for too long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer from the others for {seconds:g} s (train.ranks_wait_s)")


class PeerFailedError(Exception):
    """At rank 0: another rank reported that it cannot go on."""


class Failures:
    """Messages about failures among the ranks of one world, apart from all others."""

    def __init__(self, module: Any, patience: Callable[[], float]) -> None:
        """module: mpi4py.MPI; patience: seconds that rank 0 may be busy with something else."""
        self._mpi, self._comm, self._patience = module, module.COMM_WORLD.Dup(), patience
        self._rank, self._size = self._comm.rank, self._comm.size
        self._known: dict[int, tuple[str, int, bool]] = {}  # at rank 0: line, exit code, late?
        self._heard = inf
        self._watcher: Watcher | None = None  # at rank 0
        self._watcher_pid = 0  # at the other ranks of its machine

    def watch(self, places: Sequence[tuple[str, int]], tell: Callable[[Any], Any]) -> None:
        """Has a process watch rank 0 and those that it can see; all ranks call this.

        places: of each rank its machine and process id; tell: Ranks.tell.
        """
        here = {r: pid for r, (machine, pid) in enumerate(places) if machine == places[0][0]}
        if self._rank == 0 and hasattr(os, "pidfd_open"):
            with suppress(OSError):
                self._watcher = Watcher(self._size, here)
        pid = tell(self._watcher.pid if self._watcher else 0)
        self._watcher_pid = pid if self._rank in here else 0

    def dismiss(self) -> None:
        """From now on ranks may end without a word."""
        if self._watcher:
            self._watcher.dismiss()
            self._watcher = None

    def raise_any(self) -> None:
        """At rank 0: PeerFailedError if any rank reported a failure.

        Not at once: all may be about to fail alike. Ends all where one was killed and the launcher
        lets the others live; the watcher has said so.
        """
        if self._watcher and self._watcher.has_spoken():
            self._comm.Abort(1)
        if self._rank == 0 and self._listen():
            self._heard = min(self._heard, time.monotonic())
            if time.monotonic() - self._heard > _GATHER_S / 2:
                raise PeerFailedError

    def end(self, error: BaseException) -> bool:
        """Ends all processes, this one too; True instead where all failed alike, or were told to
        end, and may do so in order."""
        if isinstance(error, SystemExit):
            message, code = "", int(error.code or 0)
        else:
            message, code = failure_of(error)
        report = message, code, isinstance(error, SilenceError)
        return self._leave_to_rank_0(report) if self._rank else self._lead(error, report)

    def _lead(self, error: BaseException, report: tuple[str, int, bool]) -> bool:
        self.dismiss()
        if not isinstance(error, PeerFailedError):
            self._known[0] = report
        self._until(lambda: self._listen() and len(self._known) == self._size, _GATHER_S)
        if len(self._known) == self._size and not any(late for *_, late in self._known.values()):
            for rank in range(1, self._size):
                self._comm.send(None, rank, _END)
            return True
        message, code = self._verdict()
        _say(message)
        self._comm.Abort(code)
        return False

    def _leave_to_rank_0(self, report: tuple[str, int, bool]) -> bool:
        """Speaks only where rank 0 does not answer."""
        with suppress(Exception):
            self._comm.isend(report, 0, _FAILED)
        patience = 0.0 if report[2] else self._patience()
        grace = patience + 2 * _GATHER_S + 0.5 * self._rank  # so that one of several speaks
        if self._until(lambda: self._comm.iprobe(source=0, tag=_END), grace):
            self._comm.recv(source=0, tag=_END)
            return True
        if self._watcher_pid:
            dismiss_other(self._watcher_pid)
        _say(f"rank {self._rank} of {self._size}: {report[0]}, and rank 0 is silent; all ranks end")
        self._comm.Abort(report[1])
        return False

    def _listen(self) -> bool:
        """At rank 0: whether any rank has reported a failure."""
        while self._comm.iprobe(tag=_FAILED):
            status = self._mpi.Status()
            report = self._comm.recv(tag=_FAILED, status=status)
            self._known[status.source] = report
        return bool(self._known)

    def _verdict(self) -> tuple[str, int]:
        """A message about the failures that rank 0 knows, and the exit code."""
        real = {rank: report for rank, report in self._known.items() if not report[2]}
        if real:
            rank = min(real)
            message, code, _ = real[rank]
            return f"rank {rank} of {self._size}: {message}; all ranks end", code
        silent = [str(rank) for rank in range(self._size) if rank not in self._known]
        who = f"rank {', '.join(silent)}" if silent else "some rank"
        return (
            f"{who} of {self._size} has not answered for {self._patience():g} s"
            " (train.ranks_wait_s); all ranks end, and --resume goes on from the last checkpoint"
        ), 1

    def _until(self, ready: Callable[[], bool], seconds: float) -> bool:
        ends = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > ends:
                return False
            time.sleep(_PAUSE)
        return True


def _say(line: str) -> None:
    with suppress(OSError):
        print(f"tat: {one_line(line, 2000)}", file=sys.stderr, flush=True)
