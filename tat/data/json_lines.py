"""Reads JSON Lines strictly; an error names the line and its problem."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from tat.data.given_text import record_as_read
from tat.data.input_files import display_name, failure_reason, open_regular
from tat.errors import FileError, one_line

MAX_LINE = 16_000_000  # bytes of one line

Record = TypeVar("Record")


def read_json_lines(path: Path, kind: type[Record], wanted: str) -> Iterator[tuple[str, Record]]:
    """The lines of a file as `kind`, each with its place (path:line); blank lines are skipped.

    FileError at the first wrong line; `wanted` says in words what a line should hold. Texts are as
    training reads them.
    """
    try:
        with open_regular(path) as file:
            number = 0
            while line := file.readline(MAX_LINE + 1):
                number += 1
                origin = f"{display_name(path)}:{number}"
                text = utf8_text(line, origin)
                if text.strip():
                    yield origin, _decoded(text, origin, kind, wanted)
    except OSError as error:
        raise FileError(f"{display_name(path)}: {failure_reason(error)}") from None


def utf8_text(data: bytes, origin: str) -> str:
    """The text of a line or file; FileError if it is longer than MAX_LINE, or not UTF-8."""
    if len(data) > MAX_LINE:
        raise FileError(f"{origin}: more than {MAX_LINE} bytes; split it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{origin}: not UTF-8: byte {error.start}") from None


def _decoded(text: str, origin: str, kind: type[Record], wanted: str) -> Record:
    try:
        return record_as_read(msgspec.json.decode(text, type=kind))
    except (ValueError, RecursionError) as error:  # ValueError: msgspec's, and lone surrogates
        raise FileError(f"{origin}: no {wanted}: {one_line(str(error))}") from None
