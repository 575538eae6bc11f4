"""Numba's cache in the released program: kernels come compiled, and others are kept for the user.

Importing this module changes numba: its cache of one folder becomes one of two. numba imports it by
the name in NUMBA_CACHE_LOCATOR_CLASSES, before the first kernel is looked up.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba.core import caching

from tat import __version__
from tat.resources import user_folder

_PROGRAM = Path(__file__).resolve().parent.parent  # the folder that everything is unpacked to
_LEVEL = os.environ["NUMBA_CPU_NAME"].removeprefix("x86-64-")
_FILLED = os.environ.get("FILL_KERNELS")  # at build time: the folder that takes compiled kernels
SHIPPED = Path(_FILLED) if _FILLED else _PROGRAM / "kernels" / _LEVEL


def user_kernels() -> Path:
    """This release's folder of the user's for kernels, which perhaps cannot be made."""
    return user_folder("cache") / "kernels" / _PROGRAM.name


def described(kept: str) -> tuple[bool, str]:
    """Whether kernels that did not ship can be kept, and where, in words; `kept` is what did."""
    folder = user_kernels()
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
        return True, f"compiled kernels ship with this file; others are kept in {folder}"
    return False, (
        f"compiled kernels ship with this file, but others cannot be kept: {folder} cannot be"
        " written; set XDG_CACHE_HOME"
    )


class Locator(caching._CacheLocator):
    """Names the shipped folder for every cached function, whatever file it came from."""

    def __init__(self, function: Callable[..., Any], py_file: str) -> None:
        self._lineno = function.__code__.co_firstlineno
        self._py_file = py_file  # numba names it when a function cannot be kept

    def ensure_cache_path(self) -> None:
        """Nothing to do: whoever writes makes the folder."""

    def get_cache_path(self) -> str:
        return str(SHIPPED)

    def get_source_stamp(self) -> str:
        return __version__

    def get_disambiguator(self) -> str:
        return str(self._lineno)

    @classmethod
    def from_function(cls, py_func: Callable[..., Any], py_file: str) -> "Locator":
        return cls(py_func, py_file)


_OneFolder = caching.IndexDataCacheFile


class _TwoFolders(_OneFolder):
    """One function's entries: reads the shipped folder, then the user's; writes the user's."""

    def __init__(self, cache_path: str, filename_base: str, source_stamp: str) -> None:
        super().__init__(cache_path, filename_base, source_stamp)
        self._folder = None if _FILLED else user_kernels()
        self._user = self._folder and _OneFolder(str(self._folder), filename_base, source_stamp)

    def load(self, key: object) -> object | None:
        found = super().load(key)
        if found is None and self._user:
            with contextlib.suppress(Exception):  # torn is as good as absent: compile
                found = self._user.load(key)
        return found

    def save(self, key: object, data: object) -> None:
        if _FILLED:
            super().save(key, data)
        elif self._user:
            with contextlib.suppress(
                Exception
            ):  # nowhere to keep it: it is compiled again next time
                _make(self._folder)
                self._user.save(key, data)


def _make(folder: Path) -> None:
    """Make the user's folder and remove those of other releases, which nothing reads any more."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for other in folder.parent.iterdir():
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)


caching.IndexDataCacheFile = _TwoFolders
