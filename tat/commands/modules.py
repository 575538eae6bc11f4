"""Reading whole modules for the subcommands that judge them: .wgsl files and JSON Lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from tat.data.input_files import display_name, failure_reason, open_regular
from tat.errors import FileError, one_line

_MAX_BYTES = 16_000_000  # of one module: what is longer than the sandbox takes, in any encoding


@dataclass(frozen=True)
class Module:
    """A module, where it comes from (path, or path:line) and its id, "" if it has none."""

    origin: str
    id: str
    text: str


class _Line(msgspec.Struct):
    wgsl: str
    id: str | int = ""


def read_modules(paths: Sequence[Path]) -> Iterator[Module]:
    """The modules of .jsonl files, in field `wgsl`, and of other files, which are one each.

    FileError at the first file or line that cannot be read.
    """
    for path in paths:
        try:
            with open_regular(path) as file:
                if path.suffix.lower() == ".jsonl":
                    yield from _lines(file, display_name(path))
                else:
                    origin = display_name(path)
                    yield Module(origin, "", _text(file.read(_MAX_BYTES + 1), origin))
        except OSError as error:
            raise FileError(f"{display_name(path)}: {failure_reason(error)}") from None


def _lines(file: BinaryIO, path: str) -> Iterator[Module]:
    number = 0
    while line := file.readline(_MAX_BYTES + 1):
        number += 1
        origin = f"{path}:{number}"
        text = _text(line, origin)
        if not text.strip():
            continue
        try:
            record = msgspec.json.decode(text, type=_Line)
        except (msgspec.MsgspecError, RecursionError) as error:
            reason = one_line(str(error))
            raise FileError(f"{origin}: no module in a field `wgsl`: {reason}") from None
        yield Module(origin, str(record.id), record.wgsl)


def _text(data: bytes, origin: str) -> str:
    if len(data) > _MAX_BYTES:
        raise FileError(f"{origin}: more than {_MAX_BYTES} bytes; split the module")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{origin}: not UTF-8: byte {error.start}") from None
