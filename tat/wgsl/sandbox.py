"""Validates and runs untrusted WGSL in a child process, which may crash or hang."""

import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from types import TracebackType
from typing import NamedTuple, Self, TypeVar

from tat import resources
from tat.errors import DeviceError, InvalidShaderError, TatError
from tat.wgsl.lexer import tokenize
from tat.wgsl.process import ChildDiedError, ChildProcess, ChildTimeoutError
from tat.wgsl.protocol import Binding, Failure, Open, Opened, Reply, Request, Run, Validate, Verdict

T, R = TypeVar("T"), TypeVar("R")

# Deepest nesting of brackets that reaches naga, which recurses: 2,500 levels fit 8 MiB of stack,
# 5,000 kill it. The deepest of 2,359 modules from public repositories has 65.
MAX_NESTING = 256
MAX_SOURCE = 4_000_000  # characters; the largest of those modules has 40 thousand
# GLSL says itself what it is; wgpu takes such a text for GLSL, too, and dies of it.
_GLSL = re.compile(r"(?:\s++|//[^\n]*+\n|/\*(?:[^*]++|\*(?!/))*\*/)*(#[ \t]*version\b)")
NOT_WGSL = "not WGSL"
_START_SECONDS = 60.0  # for the child to load a driver, on a slow and busy machine


class SandboxError(TatError):
    """A shader crashed the child process, hung, or used more time or memory than it may."""


class Diagnostic(NamedTuple):
    """Why a module is invalid; line and column count from 1, or are 0 without a place."""

    message: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.message}" if self.line else self.message


class Sandbox:
    """Owner of the child process: it starts one when needed, and another after one that died.

    One thread at a time may use it. Without a Vulkan adapter every method raises DeviceError.
    Mesa's llvmpipe leaves any loop after 65,535 turns without an error.
    """

    def __init__(self, validation_seconds: float = 10.0) -> None:
        self._validation_seconds = validation_seconds
        self._child: ChildProcess | None = None
        self._opened = False  # whether the child has said that its device is there
        self.confinement: tuple[str, ...] = ()  # parts of the kernel that hold the last child

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def each(self, work: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """The results of a work that may ask the sandbox, one after another."""
        return [*self.results(work, items)]

    def results(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """The results in order, while the items come."""
        return map(work, items)

    def close(self) -> None:
        """End the child process; a later call starts another."""
        if self._child is not None:
            self._child.close()
            self._child, self._opened = None, False

    def begin(self) -> None:
        """Start the child process now; it loads its driver while the caller does other work."""
        if self._child is None:
            with suppress(OSError, ChildDiedError):  # whoever asks it meets the failure, too
                self._child = _started()

    def validate(self, source: str) -> Diagnostic | None:
        """None where naga accepts the module; a module that kills or stalls naga is invalid."""
        problem = _refusal(source)
        if problem is not None:
            return problem
        request = Validate(source, _cpu_seconds(self._validation_seconds))
        for _ in range(2):  # another process may have killed the child: ask a second one
            try:
                reply = self._ask(request, self._validation_seconds)
            except ChildTimeoutError:
                return Diagnostic(f"naga gave no answer within {self._validation_seconds:g} s")
            except ChildDiedError:
                continue
            return Diagnostic(reply.message, reply.line, reply.column) if reply.message else None
        return Diagnostic("naga crashed on this module, or ran out of memory")

    def run(
        self,
        source: str,
        entry_point: str,
        bindings: Sequence[Binding],
        workgroups: tuple[int, int, int] = (1, 1, 1),
        seconds: float = 10.0,
    ) -> dict[tuple[int, int], bytes]:
        """Run a compute entry point once, within `seconds` of wall-clock time, compiling included.

        Returns the bytes of each storage buffer and storage texture by (group, binding). Raises
        InvalidShaderError with naga's message, or SandboxError after a crash or a hang.
        """
        problem = _refusal(source)
        if problem is not None:
            raise InvalidShaderError(f"wgsl: {problem}")
        limit = _cpu_seconds(seconds)
        reply = self._run(Run(source, entry_point, list(bindings), workgroups, limit), seconds)
        if isinstance(reply, Verdict):
            raise InvalidShaderError(f"wgsl: {Diagnostic(reply.message, reply.line, reply.column)}")
        if isinstance(reply, Failure):
            raise SandboxError(f"wgsl: running {entry_point} failed: {reply.message}")
        written = [binding for binding in bindings if binding.returned]
        keys = [(binding.group, binding.binding) for binding in written]
        return dict(zip(keys, reply.data, strict=True))

    def _run(self, request: Run, seconds: float) -> Reply:
        try:
            return self._ask(request, seconds)
        except ChildTimeoutError as error:
            message = f"did not end within {seconds:g} s; is there an endless loop?"
            raise SandboxError(f"wgsl: {request.entry_point} {message}") from error
        except ChildDiedError as error:
            message = "crashed the driver, or used more memory than it may"
            raise SandboxError(f"wgsl: {request.entry_point} {message}") from error

    def _ask(self, request: Request, seconds: float) -> Reply:
        fresh = not self._opened
        if fresh:
            self._start()
        try:
            reply = self._child.ask(request, seconds)
        except BaseException:  # an interrupted conversation cannot go on either
            self.close()
            raise
        if isinstance(reply, Failure):
            self.close()  # a lost device stays lost
            if reply.lost and not fresh:  # maybe by what was asked before
                return self._ask(request, seconds)
        return reply

    def _start(self) -> None:
        try:
            self._child = self._child or _started()
            reply = self._child.receive(_START_SECONDS)
            self._opened = isinstance(reply, Opened)
            reason = "" if self._opened else reply.message
            self.confinement = tuple(reply.confinement) if self._opened else ()
        except ChildTimeoutError:
            self.close()
            raise DeviceError(
                f"wgsl: the driver did not open a device within {_START_SECONDS:g} s; wait until "
                "the GPU and the machine are less busy"
            ) from None
        except (OSError, ChildDiedError):
            reason = "the child process that loads the driver failed"
        except BaseException:
            self.close()
            raise
        if reason:
            self.close()
            raise DeviceError(
                f"wgsl: {reason}; install a Vulkan driver, such as Debian's packages "
                "mesa-vulkan-drivers and libvulkan1"
            )


def _started() -> ChildProcess:
    """A child that was told to open its device."""
    child = ChildProcess([*resources.program(), "_wgsl-child"])
    try:
        child.send(Open())
    except ChildDiedError:
        child.close()
        raise
    return child


def _refusal(source: str) -> Diagnostic | None:
    """The problem of a text that must not reach naga, or would not reach it whole."""
    if len(source) > MAX_SOURCE:
        return Diagnostic(f"longer than {MAX_SOURCE} characters")
    if "\0" in source:  # naga gets a C string, and would not see the rest
        return Diagnostic("a NUL character", *_place(source, source.index("\0")))
    try:
        source.encode()
    except UnicodeEncodeError as error:
        return Diagnostic("half of a surrogate pair", *_place(source, error.start))
    if glsl := _GLSL.match(source):
        return Diagnostic(f"{NOT_WGSL}: `#version` begins GLSL", *_place(source, glsl.start(1)))
    if sum(map(source.count, "([{")) <= MAX_NESTING:
        return None
    depth = 0
    for token in tokenize(source):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token.text, 0)
        if depth > MAX_NESTING:
            place = _place(source, token.start)
            return Diagnostic(f"brackets nest deeper than {MAX_NESTING} levels", *place)
    return None


def _place(source: str, offset: int) -> tuple[int, int]:
    """Line and column of `offset`, from 1."""
    return source.count("\n", 0, offset) + 1, offset - source.rfind("\n", 0, offset)


def _cpu_seconds(seconds: float) -> int:
    """CPU time that all cores may spend in `seconds`; its margin lets the clock fire first."""
    return math.ceil(seconds + 1) * _cores()


@cache
def _cores() -> int:
    """Cores of this machine; asking the system takes as long as sending it a module."""
    return os.cpu_count() or 1
