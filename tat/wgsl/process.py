"""The parent's end of the sandbox's child process; it never waits too long for an answer."""

import contextlib
import math
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial

from tat.wgsl import protocol
from tat.wgsl.protocol import Reply, Request

_MAX_REPLY_BYTES = 1 << 30
_CHUNK_BYTES = 1 << 20
# Windows cannot wait for pipes: there a thread does, and the caller waits for the thread.
POLLS = hasattr(select, "poll") and hasattr(os, "set_blocking")


class ChildDiedError(Exception):
    """The child ended, or sent nonsense, before it answered."""


class ChildTimeoutError(Exception):
    """The child gave no whole answer in time."""


class ChildProcess:
    """A running child; after any error it must be closed."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the parent; a launcher dies with its child
        )
        self.pid = self._process.pid
        self._to_child = self._process.stdin.fileno()
        self._from_child = self._process.stdout.fileno()
        if POLLS:
            os.set_blocking(self._to_child, False)
            os.set_blocking(self._from_child, False)

    def send(self, request: Request) -> None:
        """Send a request that a pipe has room for; `receive` has the reply."""
        try:
            self._write(protocol.encode(request), math.inf)
        except OSError as error:
            raise ChildDiedError(str(error)) from error

    def receive(self, seconds: float) -> Reply:
        """The child's reply to what was sent, within `seconds` of wall-clock time."""
        return self._within(seconds, self._reply)

    def ask(self, request: Request, seconds: float) -> Reply:
        """The child's reply to `request`, within `seconds` of wall-clock time."""
        return self._within(seconds, partial(self._exchange, request))

    def _within(self, seconds: float, exchange: Callable[[float], Reply]) -> Reply:
        """The reply of an exchange with a deadline, within `seconds` on any system."""
        if POLLS:
            return exchange(time.monotonic() + seconds)
        reply = Future[Reply]()
        threading.Thread(target=_fulfil, args=(reply, exchange), daemon=True).start()
        try:
            return reply.result(seconds)
        except TimeoutError:
            raise ChildTimeoutError from None

    def _exchange(self, request: Request, deadline: float) -> Reply:
        try:
            self._write(protocol.encode(request), deadline)
        except OSError as error:
            raise ChildDiedError(str(error)) from error
        return self._reply(deadline)

    def _reply(self, deadline: float) -> Reply:
        try:
            size = protocol.body_bytes(self._read(protocol.HEADER_BYTES, deadline))
            if size > _MAX_REPLY_BYTES:
                raise ChildDiedError(f"a reply of {size} bytes")
            return protocol.decode_reply(self._read(size, deadline))
        except (OSError, ValueError) as error:  # a broken pipe, or not a message
            raise ChildDiedError(str(error)) from error

    def close(self) -> None:
        """End the child and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(self.pid, signal.SIGKILL)
            else:  # Windows
                self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def _write(self, frame: bytes, deadline: float) -> None:
        rest = memoryview(frame)
        while rest:
            _wait(self._to_child, "POLLOUT", deadline)
            rest = rest[os.write(self._to_child, rest[:_CHUNK_BYTES]) :]

    def _read(self, size: int, deadline: float) -> bytes:
        read = bytearray()
        while len(read) < size:
            _wait(self._from_child, "POLLIN", deadline)
            piece = os.read(self._from_child, min(size - len(read), _CHUNK_BYTES))
            if not piece:
                raise ChildDiedError("end of file")
            read += piece
        return bytes(read)


def _fulfil(reply: Future[Reply], exchange: Callable[[float], Reply]) -> None:
    try:
        reply.set_result(exchange(math.inf))
    except Exception as error:
        reply.set_exception(error)


def _wait(descriptor: int, event: str, deadline: float) -> None:
    """Return when `descriptor` is ready for `event` or hung up."""
    if not POLLS:
        return
    poll = select.poll()
    poll.register(descriptor, getattr(select, event))
    left = None if deadline == math.inf else max(0.0, deadline - time.monotonic()) * 1000
    if not poll.poll(left):
        raise ChildTimeoutError
