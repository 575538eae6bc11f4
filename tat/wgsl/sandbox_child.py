"""The sandbox's child process: `tat _wgsl-child` reads requests and answers until EOF.

naga dies of deep nesting and an endless shader never returns, so this process may crash or hang at
any request. It limits its own memory and CPU time, gives up its rights over files, sockets and
programs (`tat.wgsl.confinement`), and ends with its parent whatever it is doing.
"""

import os
import select
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from tat.errors import one_line
from tat.wgsl import protocol
from tat.wgsl.confinement import confine_calls, confine_files
from tat.wgsl.protocol import Failure, Open, Opened, Reply, Request, Run

try:
    import resource
except ModuleNotFoundError:  # Windows: the parent's clock alone ends what takes too long
    resource = None

_STACK_BYTES = 64 << 20  # naga recurses, and eight times the usual stack lasts eight times as deep
_MEMORY_BYTES = 2 << 30  # that requests may add to the memory of the process with its device
_NO_CACHES = {"MESA_SHADER_CACHE_DISABLE": "true", "__GL_SHADER_DISK_CACHE": "0"}


def main() -> int:
    """Serve requests on standard input; only answers go to standard output."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # drivers print
    for variable, value in _NO_CACHES.items():  # untrusted shaders leave no files
        os.environ[variable] = value
    if resource:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(Exception):  # `_open` imports it again, and says why it failed
        import tat.wgsl.sandbox_device  # noqa: F401  (it may still write its compiled form)
    held = confine_files()
    threading.stack_size(_STACK_BYTES)
    threading.Thread(target=_serve, args=(sys.stdin.buffer, replies, held), daemon=True).start()
    _wait_for_hang_up()
    os._exit(0)  # the other thread may be in a call that never returns


def _wait_for_hang_up() -> None:
    """Return when the parent has closed its end of standard input, if only by dying."""
    if not hasattr(select, "poll"):  # Windows: the end of requests ends the process
        threading.Event().wait()
    poll = select.poll()
    poll.register(0, 0)  # a hang-up is always reported
    poll.poll()


def _serve(requests: BinaryIO, replies: BinaryIO, held: list[str]) -> None:
    service = _Service(held)
    try:
        while header := requests.read(protocol.HEADER_BYTES):
            request = protocol.decode_request(requests.read(protocol.body_bytes(header)))
            replies.write(protocol.encode(service.answer(request)))
            replies.flush()
    finally:
        os._exit(1)  # without this thread the process would wait and never answer


class _Service:
    """Answers requests on one device, which the first of them opens."""

    def __init__(self, held: list[str]) -> None:
        self._device = None
        self._held = held

    def answer(self, request: Request) -> Reply:
        if isinstance(request, Open):
            return self._open()
        if resource:
            _limit_cpu(request.cpu_seconds)
        if isinstance(request, Run):
            return self._device.run(request)
        return self._device.validate(request.source)

    def _open(self) -> Reply:
        try:
            from tat.wgsl.sandbox_device import (
                Device,  # wgpu stays out of a process that only starts
            )

            self._device = Device()
        except Exception as error:  # a driver, its loader or a missing library may raise anything
            return Failure(one_line(f"{error}" or type(error).__name__))
        if resource:
            _limit_memory()
        held = confine_calls(self._device.software, bool(self._held))
        return Opened([*self._held, *held])


def _limit_memory() -> None:
    """Limit further allocations; not address space, of which drivers map much."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[5])  # data and stacks
    except OSError:  # macOS, which does not keep to this limit anyway
        return
    _limit(resource.RLIMIT_DATA, pages * resource.getpagesize() + _MEMORY_BYTES)


def _limit_cpu(seconds: int) -> None:
    """End the process after so much more CPU time: the parent's clock may stand still."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + seconds)


def _limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
