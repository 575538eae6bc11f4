"""Reading whole modules for the subcommands that judge them: .wgsl files and JSON Lines."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from tat.data.hosts import READ
from tat.data.input_files import display_name, failure_reason, left_out, list_files, open_regular
from tat.data.json_lines import MAX_LINE, read_json_lines, utf8_text
from tat.data.shaders import Shaders
from tat.errors import FileError
from tat.wgsl.embedded.judging import Judged, Validate, judged_one, offset_of, place_of
from tat.wgsl.embedded.placed import Placed
from tat.wgsl.embedded.regions import PARTLY
from tat.wgsl.sandbox import Diagnostic

_MOST_NOTES = 20


@dataclass(frozen=True)
class Module:
    """A module, where it comes from (path, or path:line) and its id, "" if it has none.

    A shader of another language or dialect has `judge`, which validates it in all its forms, and
    `placed`, its text with places; `notes` say what its directives ask for in vain.
    """

    origin: str
    id: str
    text: str
    placed: Placed | None = None
    judge: Callable[[Validate], Judged] | None = None
    notes: tuple[str, ...] = ()

    def place(self, line: int, column: int) -> tuple[str, int, int]:
        """File, line and column of a place in the text; both count from 1, 0 is none."""
        if self.placed is None:
            return self.origin, line, column
        return place_of(self.placed, offset_of(self.placed.text, Diagnostic("", line, column)))


class _Line(msgspec.Struct):
    wgsl: str
    id: str | int = ""


def read_modules(
    paths: Sequence[Path], definitions: Mapping[str, str] | None = None,
    unread: list[str] | None = None,
) -> Iterator[Module]:  # fmt: skip
    """The modules of .jsonl files, in field `wgsl`, and of other files.

    A file of another language, or with imports and directives, gives the shaders in it, resolved
    within all `paths`; every other file is one module. A folder stands for the files in it that may
    hold WGSL, and `-` for standard input, which is one module. FileError at the first file or line
    that cannot be read; of files in folders `unread`, if given, gets a line each instead.
    """

    def refuse(name: str, reason: str) -> None:
        if unread is None or any(name == display_name(path) for path in paths):
            raise FileError(f"{name}: {reason}")
        unread.append(f"{name}: {reason}")

    files = list(_files(paths, refuse))
    shaders = Shaders(
        [path for path in files if path != Path("-") and path.suffix.lower() != ".jsonl"],
        MAX_LINE, definitions or {}, draft=True,
    )  # fmt: skip
    for name, reason in shaders.skipped:
        if reason.startswith(PARTLY):
            print_notes([f"{name}: {reason}"])
        else:
            refuse(name, reason)
    for path in files:
        if path == Path("-"):
            yield Module("<stdin>", "", utf8_text(_standard_input(), "<stdin>"))
        elif path.suffix.lower() == ".jsonl":
            for origin, line in read_json_lines(path, _Line, "module in a field `wgsl`"):
                yield Module(origin, str(line.id), line.wgsl)
        elif path in shaders.asking:
            yield from _of_host(path, shaders)
        else:
            origin = display_name(path)
            try:
                text = utf8_text(_read(path), origin)
            except FileError as error:
                refuse(origin, str(error).removeprefix(f"{origin}: "))
            else:
                yield Module(origin, "", text)


def print_notes(notes: Sequence[str]) -> None:
    """Lines about what was left out or could not be done; of many the first."""
    for note in notes[:_MOST_NOTES]:
        print(f"tat: {note}", file=sys.stderr)
    if len(notes) > _MOST_NOTES:
        print(f"tat: and {len(notes) - _MOST_NOTES} more such lines", file=sys.stderr)


def _of_host(path: Path, shaders: Shaders) -> Iterator[Module]:
    for number in shaders.numbers.get(path, ()):
        shader = shaders.project.shader(number)
        line, column = shader.region.place
        origin = f"{display_name(path)}:{line}:{column}"
        judge = partial(judged_one, shaders.project, number)
        told = tuple(shader.notes)
        yield Module(origin, "", shader.linked.text, shader.linked, judge, told)


def _files(paths: Sequence[Path], refuse: Callable[[str, str], None]) -> Iterator[Path]:
    for path in paths:
        if os.path.isdir(path):
            others: list[Path] = []
            files = list(list_files([path], READ, refuse, others.append))
            unread = left_out(others, "WGSL") if others else ""
            if not files:
                reason = f"no file that may hold WGSL is there{'; ' * bool(unread)}{unread}"
                raise FileError(f"{display_name(path)}: {reason}")
            if unread:
                print(f"tat: {unread}", file=sys.stderr)
            yield from files
        else:
            yield path


def _standard_input() -> bytes:
    return sys.stdin.buffer.read(MAX_LINE + 1) if sys.stdin else b""


def _read(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(MAX_LINE + 1)
    except OSError as error:
        raise FileError(f"{display_name(path)}: {failure_reason(error)}") from None
