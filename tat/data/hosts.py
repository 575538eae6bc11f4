"""Reads the files of a person's project: shaders, and files of other languages that hold some."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from tat.data.input_files import display_name, failure_reason, open_regular
from tat.errors import UsageError, one_line
from tat.wgsl.embedded.placed import Host
from tat.wgsl.embedded.regions import SUFFIXES, SURE, Region, may_hold, regions, suffix_of

HOST_FACTOR = 8  # a host may be so many times larger than a .wgsl file
READ = (".wgsl", *SUFFIXES)
"""Suffixes of files that may hold WGSL; a named file is looked at with these alone."""

_DEFINE = re.compile(r"[A-Za-z_]\w*(?:=.*)?", re.DOTALL)

Skip = Callable[[str, str], None]


def definitions(assignments: Sequence[str]) -> dict[str, str]:
    """`NAME=VALUE` and `NAME`, as --define and data.defines give them."""
    for text in assignments:
        if not _DEFINE.fullmatch(text):
            raise UsageError(f"--define {one_line(text, 80)!r}: give NAME or NAME=VALUE")
    return {name: value for name, _, value in (text.partition("=") for text in assignments)}


def read_regions(
    path: Path, max_file_bytes: int, skip: Skip, *, draft: bool = False
) -> Iterator[Region]:
    """The WGSL in a file; what cannot be read is skipped with the reason.

    With `draft` also what is meant to be WGSL, but broken.
    """
    name, suffix = display_name(path), suffix_of(path.name)
    limit = max_file_bytes * (1 if suffix == ".wgsl" else HOST_FACTOR)
    try:
        with open_regular(path) as file:
            data = file.read(limit + 1)
    except OSError as error:
        return skip(name, failure_reason(error))
    if len(data) > limit:
        times = "" if suffix == ".wgsl" else f"{HOST_FACTOR} times "
        return skip(name, f"larger than {limit} bytes ({times}data.max_file_bytes)")
    if suffix not in SURE and not may_hold(data):
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return skip(name, "binary: it holds a NUL byte" if b"\0" in data
                    else f"not UTF-8: byte {error.start}")  # fmt: skip
    if "\0" in text:
        return skip(name, "binary: it holds a NUL byte")
    left = partial(skip, name)
    yield from regions(Host(name, text), suffix, draft=draft, left=left)
    return None


class Licences:
    """The licence of a file: its own SPDX line, or that of a LICENSE file above it."""

    def __init__(self) -> None:
        self._known: dict[Path, str] = {}

    def of(self, path: Path, text: str) -> str:
        """SPDX, or "" where neither is found; `text` is of the file, from its beginning."""
        found = _SPDX.search(text[:4000])
        return one_line(found[1].strip()) if found else self._above(path.absolute().parent)

    def _above(self, folder: Path) -> str:
        """That of the nearest LICENSE file in folders above; none above a .git folder counts."""
        asked: list[Path] = []
        found = ""
        while folder not in self._known:
            asked.append(folder)
            found = _licence_in(folder)
            if found or folder.parent == folder or os.path.exists(folder / ".git"):
                break
            folder = folder.parent
        else:
            found = self._known[folder]
        self._known.update(dict.fromkeys(asked, found))
        return found


_SPDX = re.compile(r"SPDX-License-Identifier:[ \t]*([\w.+() \t-]*[\w.+)])")
_FILES = re.compile(r"(?:licen[cs]e|copying|unlicense)(?:[-._].*)?", re.IGNORECASE)
_TITLES: Mapping[str, str] = {
    "MIT": r"Permission is hereby granted, free of charge, to any person obtaining a copy",
    "Apache-2.0": r"Apache License\s+Version 2\.0",
    "MPL-2.0": r"Mozilla Public License,? (?:Version|v\.?) 2\.0",
    "BSD-3-Clause": r"Redistributions? in binary form(?s:.*)Neither the name",
    "BSD-2-Clause": r"Redistributions? in binary form",
    "ISC": r"Permission to use, copy, modify, and(?:/or)? distribute this software for any purpose",
    "Zlib": r"This software is provided 'as-is', without any express or implied",
    "CC0-1.0": r"CC0 1\.0 Universal",
    "Unlicense": r"This is free and unencumbered software",
    "AGPL-3.0": r"GNU AFFERO GENERAL PUBLIC LICENSE\s+Version 3",
    "LGPL-3.0": r"GNU LESSER GENERAL PUBLIC LICENSE\s+Version 3",
    "GPL-3.0": r"GNU GENERAL PUBLIC LICENSE\s+Version 3",
    "GPL-2.0": r"GNU GENERAL PUBLIC LICENSE\s+Version 2",
    "BSL-1.0": r"Boost Software License - Version 1\.0",
}  # fmt: skip


def _licence_in(folder: Path) -> str:
    """SPDX of the LICENSE files of a folder, as one expression."""
    try:
        names = sorted(name for name in os.listdir(folder) if _FILES.fullmatch(name))
    except OSError:
        return ""
    found: dict[str, None] = {}
    for name in names[:8]:
        try:
            with open_regular(folder / name) as file:
                text = file.read(20_000).decode("utf-8", "replace")
        except OSError:
            continue
        said = _SPDX.search(text)
        known = said[1] if said else next((k for k, t in _TITLES.items() if re.search(t, text)), "")
        if known:
            found[known] = None
    return " OR ".join(found)
