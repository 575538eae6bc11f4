"""Processes that train together: how they exchange, wait, and end when one of them cannot go on.

`Alone` is one process, `Mpi` is all processes that a launcher started. Both have the same methods,
so that the Trainer knows one protocol. Who sends what to whom follows from counts alone; nothing
depends on timing, and no sum is MPI's.

Waiting asks and sleeps, so no core is kept busy and signals are heard. While rank 0 waits it also
listens for ranks that failed: it says one line for all, and all processes end.
"""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from math import inf
from typing import Any, Literal, Protocol

import numpy as np
from numpy import ndarray as Array

from tat.errors import RanksError, failure_of
from tat.train.exchange import Exchange, Kept, Sending, length
from tat.train.failures import Failures, SilenceError
from tat.train.mpi_library import Launch, Library, find_library, import_mpi, launched

WAIT_S = 300.0  # until the configuration says train.ranks_wait_s

_SHORTEST_PAUSE, _LONGEST_PAUSE = 20e-6, 1e-3  # seconds


class Ranks(Protocol):
    """The processes of one training."""

    rank: int
    size: int
    library: str  # of MPI, with its version; "" alone
    wait_s: float  # seconds without an answer after which the others count as lost
    shares_device: bool  # whether all of a host work on one GPU

    def exchange(self, count: int, parts: Sequence[slice]) -> Exchange:
        """How gradients of `count` micro-batches a step are exchanged, each rank's part to it."""

    def gather(self, values: Array) -> list[Array]:
        """float32 or float64 arrays of any length, those of all ranks in order."""

    def share(self, flat: Array, parts: Sequence[slice]) -> None:
        """Everyone's part of a flat float32 array, in place."""

    def collect(self, part: Array, parts: Sequence[slice]) -> Array | None:
        """All parts as one flat array at rank 0; None at the others."""

    def deal(self, flat: Array | None, parts: Sequence[slice]) -> Array:
        """The own part of rank 0's flat array."""

    def spread(self, flat: Array | None, size: int) -> Array:
        """Rank 0's flat float32 array of `size` elements, at all."""

    def tell(self, value: Any, *, patient: bool = False) -> Any:
        """Rank 0's Python object, at all; patient: rank 0 may take its time."""

    def together(self, value: Any, *, patient: bool = False) -> list[Any]:
        """A Python object of each rank, in order; patient: any may take its time."""

    def fail(self, error: BaseException) -> BaseException:
        """Ends all processes with one line, said by rank 0.

        Returns what to raise where all ranks failed alike, and so may end in order.
        """

    def close(self) -> None:
        """The orderly end, for which all ranks wait."""

    def place_on_host(self) -> tuple[int, int]:
        """Which of the ranks on this host this is, and how many they are."""

    def turns(self, count: int) -> Iterator[int]:
        """The numbers below `count` that this rank works on, each of them some rank's."""


class Alone:
    """One process: nothing is exchanged."""

    rank, size, library, wait_s, shares_device = 0, 1, "", inf, False

    def exchange(self, count: int, parts: Sequence[slice]) -> Exchange:
        return Kept()

    def gather(self, values: Array) -> list[Array]:
        return [values]

    def share(self, flat: Array, parts: Sequence[slice]) -> None:
        pass

    def collect(self, part: Array, parts: Sequence[slice]) -> Array | None:
        return part

    def deal(self, flat: Array | None, parts: Sequence[slice]) -> Array:
        assert flat is not None
        return flat

    def spread(self, flat: Array | None, size: int) -> Array:
        assert flat is not None
        return flat

    def tell(self, value: Any, *, patient: bool = False) -> Any:
        return value

    def together(self, value: Any, *, patient: bool = False) -> list[Any]:
        return [value]

    def fail(self, error: BaseException) -> BaseException:
        return error

    def close(self) -> None:
        pass

    def place_on_host(self) -> tuple[int, int]:
        return 0, 1

    def turns(self, count: int) -> Iterator[int]:
        return iter(range(count))


ALONE = Alone()


class Mpi:
    """All processes that a launcher started."""

    shares_device = False

    def __init__(self, module: Any) -> None:
        """module: mpi4py.MPI, initialised."""
        self._mpi, self._comm = module, module.COMM_WORLD
        self.rank, self.size = self._comm.rank, self._comm.size
        self.wait_s = WAIT_S
        self.sent = 0  # bytes, of gradients and weights
        self._failures = Failures(module, lambda: self.wait_s)
        self.library = module.Get_library_version().splitlines()[0].strip("\0 ")

    def watch(self) -> None:
        """From now on a process says which rank was killed; all ranks call this."""
        if self.size > 1:
            self._failures.watch(self.together((_machine(), os.getpid())), self.tell)

    def exchange(self, count: int, parts: Sequence[slice]) -> Exchange:
        return Sending(self, self._comm, count, parts)

    def gather(self, values: Array) -> list[Array]:
        counts = np.empty(self.size, np.int64)
        self.wait(self._comm.Iallgather(np.array([values.size], np.int64), counts))
        ends = np.cumsum(counts)
        out = np.empty(int(ends[-1]), values.dtype)
        kind = {"f": self._mpi.FLOAT, "d": self._mpi.DOUBLE}[values.dtype.char]
        self.wait(self._comm.Iallgatherv(values, [out, counts, ends - counts, kind]))
        return np.split(out, ends[:-1])

    def share(self, flat: Array, parts: Sequence[slice]) -> None:
        self.wait(self._comm.Iallgatherv(self._mpi.IN_PLACE, self._laid_out(flat, parts)))
        self.sent += 4 * length(parts[self.rank]) * (self.size - 1)

    def collect(self, part: Array, parts: Sequence[slice]) -> Array | None:
        if self.rank:
            self.wait(self._comm.Igatherv(np.ascontiguousarray(part), None))
            return None
        out = np.empty(parts[-1].stop, np.float32)
        place = self._laid_out(out, parts)
        self.wait(self._comm.Igatherv(np.ascontiguousarray(part), place))
        return out

    def deal(self, flat: Array | None, parts: Sequence[slice]) -> Array:
        out = np.empty(length(parts[self.rank]), np.float32)
        place = None if flat is None else self._laid_out(np.ascontiguousarray(flat), parts)
        self.wait(self._comm.Iscatterv(place, out))
        return out

    def spread(self, flat: Array | None, size: int) -> Array:
        values = np.empty(size, np.float32) if flat is None else np.ascontiguousarray(flat)
        self.wait(self._comm.Ibcast(values))
        return values

    def _laid_out(self, flat: Array, parts: Sequence[slice]) -> list[Any]:
        return [flat, list(map(length, parts)), [p.start for p in parts], self._mpi.FLOAT]

    def tell(self, value: Any, *, patient: bool = False) -> Any:
        data = self._mpi.pickle.dumps(value) if self.rank == 0 else b""
        size = np.array([len(data)], np.int64)
        self.wait(self._comm.Ibcast(size), patient=patient)
        buffer = bytearray(data) if self.rank == 0 else bytearray(int(size[0]))
        self.wait(self._comm.Ibcast(buffer))
        return value if self.rank == 0 else self._mpi.pickle.loads(buffer)

    def together(self, value: Any, *, patient: bool = False) -> list[Any]:
        data = np.frombuffer(self._mpi.pickle.dumps(value), np.uint8)
        counts = np.empty(self.size, np.int64)
        sizes = self._comm.Iallgather(np.array([data.size], np.int64), counts)
        self.wait(sizes, patient=patient)
        ends = np.cumsum(counts)
        out = np.empty(int(ends[-1]), np.uint8)
        place = [out, counts, ends - counts, self._mpi.BYTE]
        self.wait(self._comm.Iallgatherv([data, self._mpi.BYTE], place))
        return [self._mpi.pickle.loads(part.tobytes()) for part in np.split(out, ends[:-1])]

    def wait(self, *requests: Any, patient: bool = False) -> None:
        """Until requests are done; RanksError when the others are silent for too long."""
        began, pause, pending = time.monotonic(), _SHORTEST_PAUSE, list(requests)
        while not self._mpi.Request.Testall(pending):
            self._failures.raise_any()
            if not patient and time.monotonic() - began > self.wait_s:
                raise SilenceError(self.wait_s)
            time.sleep(pause)
            pause = min(_LONGEST_PAUSE, 1.5 * pause)

    def fail(self, error: BaseException) -> BaseException:
        if self._failures.end(error):
            self._finalize()
            return SystemExit(failure_of(error)[1]) if self.rank else error
        raise AssertionError("MPI_Abort returned")

    def close(self) -> None:
        self._failures.dismiss()
        self.wait(self._comm.Ibarrier())
        self._finalize()

    def place_on_host(self) -> tuple[int, int]:
        hosts = self.together(os.uname().nodename)
        mine = [rank for rank, host in enumerate(hosts) if host == hosts[self.rank]]
        return mine.index(self.rank), len(mine)

    def turns(self, count: int) -> Iterator[int]:
        return iter(range(self.rank, count, self.size))

    def _finalize(self) -> None:
        sys.stdout.flush()
        self._mpi.Finalize()


def _machine() -> str:
    """Names a machine, and the processes on it that know each other by their ids."""
    try:
        return f"{os.uname().nodename} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return os.uname().nodename


def open_ranks(wanted: Literal["auto", "mpi", "alone"]) -> Ranks:
    """Mpi where a launcher started several processes or it is asked for, else Alone.

    RanksError where launcher and library do not belong together: each process would take itself
    for the only one, and all would write one run. Only the launcher's first process says so; the
    others end with SystemExit.
    """
    launch = launched()
    if wanted == "alone" or (wanted == "auto" and not launch.name):
        return Alone()
    try:
        return _opened(launch)
    except RanksError as error:
        if launch.rank:
            raise SystemExit(error.exit_code) from None
        raise


def _opened(launch: Launch) -> Mpi:
    library = find_library(launch.kind)
    if library is None:
        who = f"{launch.name} started {launch.count} processes" if launch.name else "--ranks mpi"
        raise RanksError(
            f"{who}, but no MPI library is found; load the site's MPI module, or name its library"
            " with MPI4PY_LIBMPI=/path/to/libmpi.so; --ranks alone trains without"
        )
    if (launch.kind, library.kind) == ("openmpi", "mpich"):
        raise RanksError(_mismatch(launch, library, 1))  # it would end the process by itself
    ranks = Mpi(import_mpi(library))
    if launch.name and ranks.size != launch.count:
        raise RanksError(_mismatch(launch, library, ranks.size))
    ranks.watch()
    return ranks


def _mismatch(launch: Launch, library: Library, size: int) -> str:
    advice = (
        "start with srun --mpi=pmix or --mpi=pmi2, or with the mpirun of that library"
        if launch.name == "Slurm"
        else "start with the mpirun of that library, or name the other with MPI4PY_LIBMPI"
    )
    return (
        f"{launch.name} started {launch.count} processes, but {library.product} was loaded"
        f" ({library.name}) and sees {size}; {advice}; --ranks alone trains without"
    )
