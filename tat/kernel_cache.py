"""Where Numba keeps compiled kernels: beside their sources, for the user, or nowhere.

Numba asks `Locator`, named in NUMBA_CACHE_LOCATOR_CLASSES (tat/__init__.py), where it cannot write
beside the sources. Numba by itself would refuse to compile where no folder can be written. What
cannot be read or kept is compiled again: a full disk or a torn file ends no training. A line says
so where it takes long; the released file has its kernels and another locator.
"""

import contextlib
import os
import re
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from numba.core import caching

from tat.resources import user_folder

# Names of index files of kernels, which take long; those of few loops take a second at most.
_KERNELS = re.compile(r"(table_rows|training_attention)\.")
_NOWHERE = Path(os.devnull) / "kernels"  # no folder can be there


@cache
def folder() -> Path | None:
    """The folder outside of the sources that takes kernels, this user's alone; None if none can."""
    return next(filter(_is_private, _candidates()), None)


def described(kept: str) -> tuple[bool, str]:
    """Whether kernels are kept, and where, in words; `kept` is what Numba says of one."""
    if Path(kept) != _NOWHERE:
        return True, f"compiled kernels are kept in {kept}"
    tried = ", ".join(str(path.parent) for path in _candidates())
    return False, (
        f"compiled kernels cannot be kept, so every start compiles them: nothing can be written"
        f" beside the sources nor in {tried}; set NUMBA_CACHE_DIR"
    )


def _candidates() -> Iterator[Path]:
    """The user's cache folder, and folders for temporary files, where others could have been."""
    yield user_folder("cache") / "compiled"
    for base in dict.fromkeys((os.environ.get("TMPDIR", "/tmp"), "/tmp", "/var/tmp")):
        if os.path.isabs(base):
            yield Path(base) / f"tat-kernels-{_user()}"


def _is_private(path: Path) -> bool:
    """Whether the folder is there, or could be made, and only this user can write to it.

    Kernels are code: one that somebody else put there would be run.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = os.lstat(path)
        tempfile.TemporaryFile(dir=path).close()
    except OSError:
        return False
    own = status.st_uid == _user() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(status.st_mode) and (own or not hasattr(os, "geteuid"))


def _user() -> int:
    return os.geteuid() if hasattr(os, "geteuid") else 0


class Locator(caching.InTreeCacheLocator):
    """Names the folder outside of the sources, or nowhere, for every cached function."""

    def __init__(self, function: Callable[..., Any], py_file: str) -> None:
        super().__init__(function, py_file)
        base = folder()
        self._cache_path = str(
            base / self.get_suitable_cache_subpath(py_file) if base else _NOWHERE
        )

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> "Locator":
        return cls(py_func, py_file)


_File = caching.IndexDataCacheFile
_load_index, _load, _save = _File._load_index, _File.load, caching.Cache.save_overload


@cache
def say_that_it_compiles() -> None:
    """Prints a line to standard error, once in a process."""
    text = "compiling kernels for this processor: up to half a minute, this once"
    with contextlib.suppress(OSError, ValueError):  # whoever has closed it hears nothing
        if sys.stderr:
            print(f"tat: {text}", file=sys.stderr, flush=True)


def _index_or_none(self: _File) -> dict[object, str]:
    try:
        return _load_index(self)
    except Exception:  # whatever unpickling makes of a torn file: it is written anew
        return {}


def _load_or_compile(self: _File, key: object) -> object | None:
    found = None
    with contextlib.suppress(Exception):
        found = _load(self, key)
    if found is None and _KERNELS.match(self._index_name):
        say_that_it_compiles()
    return found


def _save_or_not(self: caching.Cache, signature: object, data: object) -> None:
    with contextlib.suppress(OSError):
        _save(self, signature, data)


_File._load_index, _File.load = _index_or_none, _load_or_compile
caching.Cache.save_overload = _save_or_not
