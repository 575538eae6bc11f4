"""Locks that processes hold on files; the kernel frees them, however their holder ends.

A lock file by itself means nothing: it may be left over. Linux and macOS lock with flock, Windows
with msvcrt, which is found out here alone.
"""

import contextlib
import os
from pathlib import Path

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None

_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_FAR = 1 << 30  # the byte that is locked on Windows, far behind what anybody reads
UNLINKS_OPEN = fcntl is not None  # whether the name of an open file may go


def acquire(path: Path) -> int:
    """Holds the lock of the file `path`, made if it is not there; returns its descriptor.

    BlockingIOError, with what the file says, if another process holds it; OSError if it cannot be
    opened.
    """
    descriptor = os.open(path, _FLAGS, 0o666)
    try:
        if not _lock(descriptor) or not _is_at(descriptor, path):
            raise BlockingIOError(_content(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def note(descriptor: int, text: str) -> None:
    """Write a note into a lock file that is held, for a process that finds it held."""
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, text.encode())


def release(descriptor: int, path: Path | None = None) -> None:
    """Frees a lock; with `path` its file goes, too."""
    if path and UNLINKS_OPEN:
        path.unlink(missing_ok=True)  # before it is free: afterwards it may be another's
    with contextlib.suppress(OSError):  # the descriptor is gone even so
        os.close(descriptor)
    if path and not UNLINKS_OPEN:
        with contextlib.suppress(OSError):  # another has it open already
            path.unlink(missing_ok=True)


def _lock(descriptor: int) -> bool:
    """Whether the lock was free and is ours now."""
    try:
        if fcntl:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            os.lseek(descriptor, _FAR, os.SEEK_SET)
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            finally:
                os.lseek(descriptor, 0, os.SEEK_SET)  # who holds it writes from the start
    except (BlockingIOError, PermissionError):
        return False
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the file is still the one that others would open: its holder may remove it."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _content(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    return os.read(descriptor, 100).decode(errors="replace").strip()
