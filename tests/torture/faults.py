"""Kills and faults at every system call on files: saving, indexing, exporting, preparing, queue.

    python tests/torture/faults.py [--every N] [--seconds N] [--only NAME] [--json FILE]

A first run under strace counts the calls of the work by name. Then, one by one, the process is
killed when it enters each, and each is answered with ENOSPC, EIO, EINTR and EPERM, in a fork of
this process, so that a point costs a tenth of a second. After each: what was there before is there,
or all of the new; the same work again succeeds; nothing else lies about; an error is one line that
names a file or folder of the work. Memory calls are left alone: they are not faults of a drive.
Where strace may trace nothing (containers that forbid ptrace), it says so and tries nothing.
"""

import contextlib
import ctypes
import filecmp
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from trials import Trial, command, shares
from works import WORKS

from tat.errors import TatError

ERRORS = ("ENOSPC", "EIO", "EINTR", "EPERM")
# Those that a drive answers; the tracing itself lets no other be told from them.
CALLS = (
    "open", "openat", "creat", "read", "pread64", "write", "pwrite64", "writev", "lseek", "close",
    "fsync", "fdatasync", "ftruncate", "fallocate", "rename", "renameat", "renameat2", "unlink",
    "unlinkat", "mkdir", "mkdirat", "rmdir", "symlink", "symlinkat", "readlink", "readlinkat",
    "stat", "fstat", "lstat", "newfstatat", "statfs", "access", "faccessat", "faccessat2", "flock",
    "fcntl", "getdents64", "chmod", "fchmod", "utimensat", "sendfile", "copy_file_range",
)  # fmt: skip
SECONDS = 60.0  # for one point, on a busy machine
_ANYBODY = (0x59616D61, ctypes.c_ulong(-1))  # prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY)
_NAMED = re.compile(r"[ (]/\w|tat: (tat\.toml|standard output):")  # in a message


class Untraced(Exception):
    """strace could not attach to a process, with its words."""


def fork(work: Callable[[Path], int], folder: Path, strace: list[str]) -> tuple[int, str]:
    """Exit status of the work in a fork, traced if strace is given, and its standard error."""
    talk = folder.with_name("talk")
    gate, opener = os.pipe()
    ready, telling = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(opener)
        os.close(ready)
        _child(work, folder, talk, gate, telling)
    os.close(gate)
    os.close(telling)
    os.read(ready, 1)  # the child's own preparations are no part of the work
    os.close(ready)
    tracer = None
    if strace:
        command = ["strace", "-q", "-f", "-p", str(child), *strace]
        tracer = subprocess.Popen(command, stderr=subprocess.PIPE)
        while "TracerPid:\t0\n" in Path(f"/proc/{child}/status").read_text():
            if tracer.poll() is not None:  # the child does its work even so
                break
            time.sleep(0.002)
    os.close(opener)
    status = _wait(child)
    if tracer and (said := tracer.communicate()[1]) and tracer.returncode == 1:
        raise Untraced(said.decode(errors="replace").strip().splitlines()[0])
    return status, talk.read_text(errors="replace")


def untraceable() -> str:
    """Why no work can be traced on this machine; "" where it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"

    def work(folder: Path) -> int:
        (folder / "made").mkdir()
        return 0

    with tempfile.TemporaryDirectory(prefix="tat-faults-") as place:
        (folder := Path(place) / "tried").mkdir()
        try:
            inject = ["-o", "/dev/null", "-e", "inject=?mkdir,?mkdirat:error=ENOSPC"]
            status, _ = fork(work, folder, inject)
        except Untraced as error:
            return f"strace may not trace here: {error}"
    return "" if status == 1 else "strace injects no faults here"


def _child(work: Callable[[Path], int], folder: Path, talk: Path, gate: int, telling: int) -> None:
    code = 70
    try:
        os.dup2(os.open(talk, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
        ctypes.CDLL(None).prctl(*_ANYBODY)  # strace is no parent of this process
        os.close(telling)
        while True:
            with contextlib.suppress(OSError):  # strace counts this read, too
                os.read(gate, 1)
                break
        code = work(folder)
    except OSError as error:  # as tat.cli does
        code = 1
        os.write(2, f"tat: {error.filename or ''}: {error.strerror}\n".encode())
    except TatError as error:
        code = 4
        os.write(2, f"tat: {error}\n".encode())
    except BaseException as error:
        os.write(2, f"Traceback: {error!r}\n".encode())
    finally:
        with contextlib.suppress(OSError):
            sys.stderr.flush()
        os._exit(code)


def _wait(child: int) -> int:
    """Its exit code, negative for a signal; 1000 if it had to be ended."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 1000


def content(folder: Path) -> set[str]:
    """All names below, links and files alike."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def points(log: str) -> Iterator[tuple[str, int]]:
    """Each call of a recorded run, by name and number."""
    for name, count in Counter(re.findall(r"^\d+ +(\w+)\(", log, re.M)).items():
        if name in CALLS:
            yield from ((name, number) for number in range(1, count + 1))


class Torture:
    """One kind of work: the state before, and what a run without faults leaves."""

    def __init__(self, name: str, place: Path) -> None:
        self.name, self.work = name, WORKS[name]
        self.before, self.after = place / "before", place / "after"
        self._tried = place / "tried"
        self.before.mkdir()
        self.work.prepare(self.before)
        log = place / "log"
        self.reset()
        known = "trace=" + ",".join(f"?{call}" for call in CALLS)
        self.work.do(self._tried)  # imports and compiles here, once for all forks
        self.reset()
        status, talk = fork(self.work.do, self._tried, ["-o", str(log), "-e", known])
        assert status == 0, (name, talk)
        self._tried.rename(self.after)
        self.points = list(points(log.read_text()))

    def reset(self) -> None:
        if self._tried.exists():
            shutil.rmtree(self._tried)
        shutil.copytree(self.before, self._tried, symlinks=True)

    def attempt(self, call: str, number: int, fault: str) -> Trial:
        """One point."""
        self.reset()
        kind = "signal=KILL" if fault == "KILL" else f"error={fault}"
        inject = ["-o", "/dev/null", "-e", f"inject={call}:{kind}:when={number}"]
        status, talk = fork(self.work.do, self._tried, inject)
        return Trial(self.name, f"{call} {number} {fault}", self._problem(status, talk))

    def _problem(self, status: int, talk: str) -> str:
        if status == 1000:
            return "hung"
        if "Traceback" in talk or "internal error" in talk:
            return f"internal error: {talk.strip()[-300:]}"
        if status > 0:
            lines = talk.strip().splitlines()
            if len(lines) != 1 or not _NAMED.search(lines[0]):
                return f"exit {status} without one line that names a file: {talk.strip()[-300:]!r}"
        try:
            self.work.check(self._tried)
        except Exception as error:
            return f"not usable afterwards: {error!r}"
        again, talk = fork(self.work.do, self._tried, [])
        if again:
            return f"the same work again: exit {again}: {talk.strip()[-300:]}"
        surplus = content(self._tried) ^ content(self.after)
        return f"lies about: {sorted(surplus)}" if surplus else self._difference()

    def _difference(self) -> str:
        """The file that the work, done again, left with other bytes; logs and locks differ."""
        for name in sorted(content(self.after)):
            here, there = self._tried / name, self.after / name
            whole = here.is_file() and here.suffix in (".safetensors", ".tat")
            if whole and not filecmp.cmp(here, there, shallow=False):
                return f"{name} has other bytes"
        return ""


def run(names: Sequence[str], every: int = 1, seconds: float = math.inf) -> Iterator[Trial]:
    """The results of all points, or of every so-many-th, as far as the time goes."""
    for name, end in shares(names, seconds):
        with tempfile.TemporaryDirectory(prefix="tat-faults-") as folder:
            torture = Torture(name, Path(folder))
            plan = [(*p, fault) for p in torture.points for fault in ("KILL", *ERRORS)]
            for point in plan[::every]:
                if time.monotonic() > end:
                    break
                yield torture.attempt(*point)


def main() -> int:
    return command(__doc__.splitlines()[0], [*WORKS], untraceable, run)


if __name__ == "__main__":
    sys.exit(main())
