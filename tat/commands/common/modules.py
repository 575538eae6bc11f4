"""Reading whole modules for the subcommands that judge them: .wgsl files and JSON Lines."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tat.data.input_files import display_name, failure_reason, left_out, list_files, open_regular
from tat.data.json_lines import MAX_LINE, read_json_lines, utf8_text
from tat.errors import FileError


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

    A folder stands for the .wgsl files in it, and `-` for standard input, which is one module.
    FileError at the first file or line that cannot be read.
    """
    for path in _files(paths):
        if path == Path("-"):
            yield Module("<stdin>", "", utf8_text(_standard_input(), "<stdin>"))
        elif path.suffix.lower() == ".jsonl":
            for origin, line in read_json_lines(path, _Line, "module in a field `wgsl`"):
                yield Module(origin, str(line.id), line.wgsl)
        else:
            origin = display_name(path)
            yield Module(origin, "", utf8_text(_read(path), origin))


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if os.path.isdir(path):
            others: list[Path] = []
            files = list(list_files([path], (".wgsl",), _refuse, others.append))
            unread = left_out(others, ".wgsl") if others else ""
            if not files:
                reason = f"no .wgsl file is there{'; ' * bool(unread)}{unread}"
                raise FileError(f"{display_name(path)}: {reason}")
            if unread:
                print(f"tat: {unread}", file=sys.stderr)
            yield from files
        else:
            yield path


def _refuse(path: str, reason: str) -> None:
    raise FileError(f"{path}: {reason}")


def _standard_input() -> bytes:
    return sys.stdin.buffer.read(MAX_LINE + 1) if sys.stdin else b""


def _read(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(MAX_LINE + 1)
    except OSError as error:
        raise FileError(f"{display_name(path)}: {failure_reason(error)}") from None
