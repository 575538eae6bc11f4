"""Writing files so that a crash, a full disk or a power cut never leaves half of one."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from tat.errors import FileError

_FULL = dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "free some space")
_FORBIDDEN = dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "allow writing")
_ADVICE = _FULL | _FORBIDDEN


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A new file that takes the place of `path` when the block ends, on disk before it does.

    If anything fails, `path` stays as it was, the temporary goes, and OSError becomes FileError.
    """
    temporary = temporary_name(path)
    with writing(path):
        try:
            with open(temporary, "xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        sync_folder(path.parent)


def require_place(path: Path | None) -> None:
    """FileError unless `path`, if it is one, can name a file: before the work that goes into it."""
    if path is None:
        return
    if os.path.isdir(path):
        raise FileError(f"cannot write {path}: it is a folder; name a file")
    if not os.path.isdir(path.absolute().parent):
        raise FileError(f"cannot write {path}: its folder does not exist; make it first")


def temporary_name(path: Path) -> Path:
    """A name beside `path` that no other writer has: hidden, with the suffix .tmp."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")


def sync_folder(folder: Path) -> None:
    """Put the names in `folder` on disk: a power cut may undo a rename that is not."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError of the block into a FileError that names `path`."""
    try:
        yield
    except OSError as error:
        advice = " or ".join(filter(None, (_ADVICE.get(error.errno), "choose another place")))
        raise FileError(f"cannot write {path}: {error.strerror or error}; {advice}") from error
