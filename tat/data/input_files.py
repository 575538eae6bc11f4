"""Finds and opens files that may be anything: loops, FIFOs, devices, gone, forbidden."""

import errno
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from tat.errors import one_line
from tat.files import READ_AT_ONCE

_SPECIAL_FILES = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
}

# Of files that hold shaders in another language or form, or in strings.
_MAY_HOLD_SHADERS = frozenset((
    ".glsl", ".vert", ".frag", ".comp", ".hlsl", ".metal", ".slang", ".jsonl", ".wgsl", ".php",
    ".lua", ".rb", ".nim", ".odin", ".jl", ".ml", ".hs",
))  # fmt: skip

# Folders inside given ones that hold the work of others, or what was made from the rest.
_PASSED_OVER = frozenset(("node_modules", ".git", "__pycache__", ".venv"))
_CACHE_MARK = "CACHEDIR.TAG"  # of Cargo's target/ and other caches


def list_files(
    paths: Sequence[Path],
    suffixes: Sequence[str],
    skip: Callable[[str, str], None],
    other: Callable[[Path], None] = lambda path: None,
) -> Iterator[Path]:
    """Files among `paths`, and those with one of `suffixes` in folders, depth first and sorted.

    It calls `skip(path, reason)` for paths that it cannot read, and for a folder that it meets
    again, as in a loop of symbolic links; and `other(path)` for files in folders that have another
    suffix and may hold shaders all the same. Packages, caches and version control inside given
    folders are passed over: node_modules, .git, .venv, and what has a CACHEDIR.TAG.
    """
    visited: set[tuple[int, int]] = set()
    stack = [(path, True) for path in reversed(paths)]
    while stack:
        path, named = stack.pop()
        try:
            status = os.stat(path)
            if not stat.S_ISDIR(status.st_mode):
                suffix = path.suffix.lower()
                if named or suffix in suffixes:
                    yield path
                elif suffix in _MAY_HOLD_SHADERS:
                    other(path)
                continue
            names = sorted(os.listdir(path), reverse=True)
            if not named and (path.name in _PASSED_OVER or _CACHE_MARK in names):
                continue
        except OSError as error:
            skip(display_name(path), failure_reason(error))
            continue
        if (status.st_dev, status.st_ino) in visited:
            skip(display_name(path), "folder met twice, or a loop of symbolic links")
            continue
        visited.add((status.st_dev, status.st_ino))
        stack += [(path / name, False) for name in names]


def left_out(others: Sequence[Path], read: str) -> str:
    """A line about files of other kinds in folders; `read` says what is read of a folder."""
    kinds = Counter(path.suffix.lower() for path in others).most_common()
    listed = ", ".join(f"{count} {suffix}" for suffix, count in kinds)
    first = display_name(others[0])
    return f"left out {listed}: of a folder only {read} files are read; the first is {first}"


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; OSError for others, without waiting or touching them."""
    _require_regular(os.stat(path).st_mode)
    descriptor = os.open(path, READ_AT_ONCE)
    file = os.fdopen(descriptor, "rb")
    try:
        _require_regular(os.fstat(descriptor).st_mode)  # it may have been replaced meanwhile
    except OSError:
        file.close()
        raise
    return file


def failure_reason(error: OSError) -> str:
    """Why a file could not be read; the part before a colon is the kind of reason."""
    if isinstance(error, FileNotFoundError):
        return "no such file or folder"
    return f"unreadable: {error.strerror or error}"


def display_name(path: Path) -> str:
    """`path` as it can be printed on one line, whatever bytes it holds."""
    return one_line(str(path))


def _require_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = _SPECIAL_FILES.get(stat.S_IFMT(mode), "a special file")
        advice = " (write what it gives to one)" if stat.S_ISFIFO(mode) else ""
        raise OSError(errno.EINVAL, f"{kind}, not a regular file{advice}")
