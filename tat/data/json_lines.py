"""Reads JSON Lines strictly; an error names the line and its problem."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from tat.config import TYPE_WORDS
from tat.data.given_text import record_as_read
from tat.data.input_files import display_name, failure_reason, open_regular
from tat.errors import FileError, did_you_mean, one_line

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
        raise FileError(f"{origin}: no {wanted}: {wrong_line(error, kind)}") from None


def wrong_line(error: Exception, kind: type[msgspec.Struct]) -> str:
    """The problem of a line that is no `kind`, in a user's words, and what to do."""
    said, _, place = str(error).partition(" - at `$")
    place = place.strip(".`")
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8; save the file as UTF-8"
    if isinstance(error, RecursionError):
        return "lists or objects are nested too deep"
    if found := re.search("(unknown|missing required) field `(.*)`$", said):
        known = kind.__struct_fields__
        what, name = found.groups()
        if what == "unknown" and not place:
            near = f"{did_you_mean(name, known, ';')} the fields are".replace("? t", "? T")
            return one_line(f"no such field: {name}{near} {', '.join(known)}")
        return one_line(f"{place + ': ' if place else ''}the field {name} is missing")
    if isinstance(error, msgspec.ValidationError):
        words = re.sub("`(.*?)`", lambda match: _in_words(match[1]), said)
        return one_line(f"{place or 'the line'}: {words}")
    said = said.replace("Input data was truncated", "it ends within an object, list or text")
    return one_line(f"{said}; write one object a line, with line ends in texts written as \\n")


def _in_words(types: str) -> str:
    more = {"object": "an object", "null": "null"}
    return " or ".join((TYPE_WORDS | more).get(name, name) for name in types.split(" | "))
