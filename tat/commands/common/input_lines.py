"""Lines of --input as they come, in groups of those that are there; a bad one alone is refused."""

import io
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from typing import BinaryIO

import msgspec

from tat.commands.common.prompts import (
    MAX_PROMPT_BYTES,
    Job,
    opened,
    require_beginning,
    require_wgsl,
)
from tat.data.given_text import without_mark
from tat.data.input_files import display_name
from tat.data.json_lines import wrong_line
from tat.decode.prompt import Prompt
from tat.errors import FileError, UsageError, one_line
from tat.wgsl.grammar import Grammar

_STANDARD_INPUT = Path("-")
_CHUNK_BYTES = 1 << 16
_MOST_TOGETHER = 1024  # lines of a group
_PATIENCE = 0.02  # seconds from the first line of a group to its last


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """A line of --input."""

    description: str = ""
    signature: str = ""
    context: str = ""
    prefix: str | None = None
    suffix: str | None = None
    line: bool = False
    id: str | int | None = None


@dataclass(frozen=True)
class Refused:
    """A line that gets no answer, and why."""

    id: str | int
    reason: str  # with the place of the line

    def record(self) -> dict[str, object]:
        """The object that stands in the place of its answer."""
        return {"id": self.id, "error": self.reason}


class InputLines:
    """The lines of a file or, for `-`, of standard input. FileError if they cannot be opened."""

    def __init__(self, path: Path, grammar: Grammar | None) -> None:
        """With a grammar, signatures and contexts have to be WGSL."""
        self.name = "<stdin>" if path == _STANDARD_INPUT else display_name(path)
        self._grammar = grammar
        self._stream = _stream_of(path)

    def groups(self) -> Iterator[list[Job | Refused]]:
        """The jobs and refusals of the lines that have come; blank lines are left out."""
        with self._stream as stream:
            for group in _grouped(stream):
                jobs = [self._job(line, n) for n, line in group if without_mark(line).strip()]
                if jobs:
                    yield jobs

    def _job(self, line: bytes, number: int) -> Job | Refused:
        origin = f"{self.name}:{number}"
        if len(line) > MAX_PROMPT_BYTES:
            limit = f"more than {MAX_PROMPT_BYTES} bytes; no model reads that much"
            return Refused(number, f"{origin}: {limit}")
        name: str | int = number
        try:
            line = without_mark(line)
            name = _named(line, number)
            request = msgspec.json.decode(line, type=Line)
            fields = {k: getattr(request, k) for k in Line.__struct_fields__ if k != "id"}
            prompt = Prompt(**fields)
            require_wgsl(prompt, self._grammar, "signature", "context")
            require_beginning(prompt, "prefix")
        except UsageError as error:
            return Refused(name, f"{origin}: {one_line(str(error))}")
        except (ValueError, RecursionError) as error:  # ValueError: JSON and UTF-8
            return Refused(name, f"{origin}: no prompt: {wrong_line(error, Line)}")
        return Job(prompt, name, origin)


def _named(line: bytes, number: int) -> str | int:
    """The id that a line gives, be the rest of it right or wrong; else its number."""
    record = msgspec.json.decode(line)
    given = record.get("id") if isinstance(record, dict) else None
    return given if isinstance(given, str | int) and not isinstance(given, bool) else number


def _stream_of(path: Path) -> AbstractContextManager[BinaryIO]:
    if path == _STANDARD_INPUT:
        return nullcontext(sys.stdin.buffer if sys.stdin else io.BytesIO())
    return opened(path)


def _grouped(stream: BinaryIO) -> Iterator[list[tuple[int, bytes]]]:
    """Numbered lines: one that is waited for, and those that come right behind it."""
    queue: Queue[tuple[int, bytes] | OSError | None] = Queue(2 * _MOST_TOGETHER)
    threading.Thread(target=_fill, args=(stream, queue), daemon=True).start()
    ended = False
    while not ended:
        group: list[tuple[int, bytes]] = []
        deadline = None
        while len(group) < _MOST_TOGETHER:
            try:
                wait = deadline and max(0.0, deadline - time.monotonic())
                item = queue.get(timeout=wait)
            except Empty:
                break
            if isinstance(item, OSError):
                raise FileError(f"standard input: {item.strerror}") from item
            if item is None:
                ended = True
                break
            group.append(item)
            deadline = deadline or time.monotonic() + _PATIENCE
        if group:
            yield group


def _fill(stream: BinaryIO, queue: Queue) -> None:
    try:
        for numbered in enumerate(_lines(stream), 1):
            queue.put(numbered)
    except OSError as error:
        queue.put(error)
    queue.put(None)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream, of one that is too long only as much as shows it."""
    held = bytearray()
    for chunk in _chunks(stream):
        first, *others = chunk.split(b"\n")
        held += first[: MAX_PROMPT_BYTES + 1 - len(held)]
        for other in others:
            yield bytes(held)
            held = bytearray(other[: MAX_PROMPT_BYTES + 1])
    if held:
        yield bytes(held)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    """The bytes of a stream, as they come; not through its buffer, whose lock outlives a thread."""
    try:
        descriptor = stream.fileno()
    except OSError:  # not a file: io.BytesIO in tests
        yield stream.read()
        return
    while chunk := os.read(descriptor, _CHUNK_BYTES):
        yield chunk
