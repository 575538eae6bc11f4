"""The file of an index: an SQLite database with its SHA-256 behind it.

A writer never changes it in place, but replaces the whole file. Readers keep the file that they
opened, and a killed writer changes nothing.
"""

import glob
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from tat.errors import FileError
from tat.files import READ_AT_ONCE, atomic_file, writing
from tat.locks import acquire, release
from tat.retrieval.chunks import Document
from tat.retrieval.index import APPLICATION, DIGEST, VERSION, Changes, Index

_HEADER = 100  # bytes, of every SQLite database


def open_index(path: Path) -> Index:
    """The index in a file; FileError if it is damaged, of another version or something else."""
    try:
        with open(os.open(path, READ_AT_ONCE), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileError(f"{path}: not a regular file; name an index of `tat index`")
            content = file.read()
    except OSError as error:
        raise FileError(
            f"cannot read {path}: {error.strerror or error}; name an index of `tat index`"
        ) from error
    return Index(_checked(path, content), str(path))


def update_index(path: Path, documents: Iterable[Document]) -> Changes:
    """Make the file an index of exactly these documents; chunks that it has already are kept.

    FileError if `path` is something else than an index, or is being written by another process.
    """
    if os.path.isdir(path):
        raise FileError(f"{path} is a folder; name a file for the index")
    with _only_writer(path):
        exists = os.path.exists(path)
        index = open_index(path) if exists else Index(name=str(path))
        if index.version < VERSION:  # older ones are searched as they are, and made anew here
            index = Index(name=str(path))
        changes = index.update(documents)
        if changes or not exists:
            with atomic_file(path) as file:
                file.write(index.serialize())
    return changes


def _checked(path: Path, content: bytes) -> bytes:
    """The database of an index file, after its checksum was verified."""
    database, digest = content[:-DIGEST], content[-DIGEST:]
    header = content[:_HEADER]
    application, version = int.from_bytes(header[68:72]), int.from_bytes(header[60:64])
    if not header.startswith(b"SQLite format 3\0") or application != APPLICATION:
        raise FileError(f"{path}: not an index of tat; make one with `tat index PATH -o FILE`")
    if not 1 <= version <= VERSION:
        raise FileError(
            f"{path}: an index of version {version}, this tat reads those up to {VERSION}; delete"
            " it and run `tat index` again"
        )
    if sha256(database).digest() != digest:
        raise FileError(f"{path}: damaged index; delete it and run `tat index` again")
    return database


@contextmanager
def _only_writer(path: Path) -> Iterator[None]:
    """Holds the lock of an index while it is written, and removes what killed writers left.

    The lock is the kernel's and ends with the process; its file alone means nothing.
    """
    lock = path.with_name(f".{path.name}.lock")
    with writing(path):
        try:
            descriptor = acquire(lock)
        except BlockingIOError as error:
            raise FileError(
                f"{path} is being written by another process; try again after it"
            ) from error
    try:
        for stale in path.parent.glob(f".{glob.escape(path.name)}.{'[0-9a-f]' * 8}.tmp"):
            with suppress(OSError):
                stale.unlink()
        yield
    finally:
        release(descriptor, lock)
