"""The child process that prepares parts of a corpus: tasks from standard input, answers back."""

import gc
import os
import struct
import sys
from typing import BinaryIO

from tat.data.prepare_tasks import do_packed
from tat.errors import FileError, failure_of


def main() -> int:
    """Works until standard input ends."""
    gc.disable()  # samples have no cycles, and the search for some takes most of decoding them
    tasks, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    while (task := receive(tasks)) is not None:
        message = b""
        try:
            do_packed(task)
        except Exception as error:
            kind = "file" if isinstance(error, FileError) else "corpus"
            message = f"{kind} {failure_of(error)[0]}".encode()
        try:
            send(answers, message)
        except BrokenPipeError:  # the parent was killed, and nobody is left to tell
            os._exit(1)
    return 0


def send(pipe: BinaryIO, data: bytes) -> None:
    """A message, behind its length."""
    pipe.write(struct.pack("<Q", len(data)))
    pipe.write(data)
    pipe.flush()


def receive(pipe: BinaryIO) -> bytes | None:
    """The next message; None where the other side is gone."""
    head = pipe.read(8)
    if len(head) < 8:
        return None
    (length,) = struct.unpack("<Q", head)
    data = pipe.read(length)
    return data if len(data) == length else None
