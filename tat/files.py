"""Writing files so that a crash, a full disk or a power cut never leaves half of one."""

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from tat import locks
from tat.errors import FileError

_FULL = dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "free some space")
_FORBIDDEN = dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "allow writing")
_ADVICE = _FULL | _FORBIDDEN
_LONGEST_NAME = 4096  # bytes of a file that stands in for a link; a checkpoint is larger
_CONTROL = re.compile(rb"[\0-\x1f]")  # which no name that `point` writes has

# How files of strangers are opened: never waiting for a writer of a FIFO, nor as a terminal.
READ_AT_ONCE = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY")
)


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A new file that replaces `path` when the block ends, after its bytes are on disk.

    If anything fails, `path` stays as it was, the temporary goes, and OSError becomes FileError. A
    device or a pipe is written to as it is: a file in the place of /dev/null breaks a machine.
    """
    with writing(path):
        if path.exists() and not (path.is_file() or path.is_dir()):
            with open(path, "wb") as file:
                yield file
            return
        _remove_abandoned(path)
        temporary, file = _new_temporary(path)
        try:
            with file:
                yield file
                file.flush()
                os.fsync(file.fileno())
                if locks.UNLINKS_OPEN:  # while the lock holds, so that nobody takes it for left
                    os.replace(temporary, path)
            if not locks.UNLINKS_OPEN:
                os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        sync_folder(path.parent)


def _new_temporary(path: Path) -> tuple[Path, BinaryIO]:
    """A new file beside `path`, locked where the drive has locks: a killed writer's is not."""
    while True:
        temporary = temporary_name(path)
        try:
            return temporary, open(locks.acquire(temporary), "wb")
        except BlockingIOError:  # another writer took it for abandoned before it was locked
            continue
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            return temporary, open(temporary, "xb")


def _remove_abandoned(path: Path) -> None:
    """Remove temporaries of `path` whose writers were killed."""
    name = re.compile(re.escape(f".{path.name}.") + r"[0-9a-f]{8}\.tmp")
    with suppress(OSError):
        for entry in os.scandir(path.parent):
            if locks.UNLINKS_OPEN and name.fullmatch(entry.name):
                with suppress(OSError):
                    locks.release(locks.acquire(Path(entry.path)), Path(entry.path))


def require_place(path: Path | None) -> None:
    """FileError unless a file can be written at `path`; called before the work begins."""
    if path is None:
        return
    if os.path.isdir(path):
        raise FileError(f"cannot write {path}: it is a folder; name a file")
    if not os.path.isdir(path.absolute().parent):
        raise FileError(f"cannot write {path}: its folder does not exist; make it first")


def free_bytes(folder: Path) -> int | None:
    """Bytes that this user may still write into a folder; None if the drive does not say."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return usage.free if usage.total else None  # some network drives say 0 of 0


def temporary_name(path: Path) -> Path:
    """A name beside `path` that no other writer has: hidden, with the suffix .tmp."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")


def sync_folder(folder: Path) -> None:
    """Put the names in `folder` on disk: a power cut may undo a rename that is not."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows, which opens no folder
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_folder(folder: Path) -> None:
    """Remove a folder and all in it. Cut off in the middle, it leaves a part under another name,
    with the suffix .old, which nobody goes on with."""
    old = folder.with_suffix(".old")
    with suppress(OSError):
        os.replace(folder, old)
        sync_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def point(link: Path, target: Path) -> None:
    """Make `link` lead to `target`, atomically: a relative symbolic link, so that both can move.

    Drives without symbolic links (FAT, some network drives) get a file that holds the path.
    """
    relative = os.path.relpath(target, link.parent)
    temporary = temporary_name(link)
    with writing(link):
        try:
            os.symlink(relative, temporary)
            os.replace(temporary, link)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            with atomic_file(link) as file:
                file.write(os.fsencode(relative) + b"\n")
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(link.parent)


def pointed(link: Path) -> Path:
    """Where what `point` made leads, there or not; `link` itself if it is something else.

    A file stands for a link if one line is all that it holds.
    """
    if link.is_symlink():
        return link.parent / os.readlink(link)
    with suppress(OSError):
        if link.is_file() and 0 < link.stat().st_size <= _LONGEST_NAME:
            line = link.read_bytes().removesuffix(b"\n")
            if line and not _CONTROL.search(line):
                return link.parent / os.fsdecode(line)
    return link


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError of the block into a FileError that names `path`."""
    try:
        yield
    except OSError as error:
        advice = " or ".join(filter(None, (_ADVICE.get(error.errno), "choose another place")))
        raise FileError(f"cannot write {path}: {error.strerror or error}; {advice}") from error
