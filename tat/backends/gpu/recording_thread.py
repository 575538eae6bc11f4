"""A thread that records dispatches without Python's lock: Python chooses tokens meanwhile.

LLVM, which Numba brings along, compiles its loop in a few milliseconds. A Python thread would wait
for the lock behind each of wgpu's functions.
"""

import ctypes
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from threading import Thread, current_thread
from typing import Any
from weakref import finalize

import numpy as np
from numpy import ndarray as Array

from tat.backends.gpu.native import RawDispatch

_WORTH = 20_000  # dispatches recorded before the thread is started: that takes as long as they do
_SLOTS, _SLOT, _FIRST = 8, 4, 24  # jobs at once, words of 64 bits of each, and before the first
_SEMAPHORE = 64  # bytes; sem_t has 32
_WGPU = {
    "create": "wgpuDeviceCreateCommandEncoder",
    "begins": "wgpuCommandEncoderBeginComputePass",
    "pipeline": "wgpuComputePassEncoderSetPipeline",
    "group": "wgpuComputePassEncoderSetBindGroup",
    "dispatch": "wgpuComputePassEncoderDispatchWorkgroups",
    "end": "wgpuComputePassEncoderEnd",
    "leave": "wgpuComputePassEncoderRelease",
    "finish": "wgpuCommandEncoderFinish",
    "release": "wgpuCommandEncoderRelease",
}
_WORDS = ("wait", "post", "asked", "done", *_WGPU)  # before the first slot
# Words: two semaphores, the number of the recording that the thread is at, and how many it has got.
_ASKED, _DONE, _AT, _COUNT = 2, 3, _FIRST - 2, _FIRST - 1


_Loop = Callable[[int], None]  # takes the address of the line: the words, then the slots

_LOADS = "".join(
    f"  %at.{name} = getelementptr i64, ptr %line, i64 {word}\n"
    f"  %{name} = load ptr, ptr %at.{name}\n"
    for word, name in enumerate(_WORDS)
)
# A slot: device, or null to end the thread; rows of 5 words and their number; the result.
_LOOP = f"""
define void @serve(ptr %line) {{
entry:
{_LOADS}  br label %sleep
sleep:
  %number = phi i64 [0, %entry], [%number, %sleep], [%next.number, %recorded]
  %woken = call i32 %wait(ptr %asked)
  %interrupted = icmp ne i32 %woken, 0
  br i1 %interrupted, label %sleep, label %begin
begin:
  %slot.number = urem i64 %number, {_SLOTS}
  %slot.behind = mul i64 %slot.number, {_SLOT}
  %slot.word = add i64 %slot.behind, {_FIRST}
  %slot = getelementptr i64, ptr %line, i64 %slot.word
  %device = load ptr, ptr %slot
  %ends = icmp eq ptr %device, null
  br i1 %ends, label %gone, label %load
load:
  %at.number = getelementptr i64, ptr %line, i64 {_AT}
  store i64 %number, ptr %at.number
  %at.rows = getelementptr i64, ptr %slot, i64 1
  %rows = load ptr, ptr %at.rows
  %at.count = getelementptr i64, ptr %slot, i64 2
  %count = load i64, ptr %at.count
  %encoder = call ptr %create(ptr %device, ptr null)
  %pass = call ptr %begins(ptr %encoder, ptr null)
  br label %row
row:
  %index = phi i64 [0, %load], [%next, %bind]
  %last = phi ptr [null, %load], [%its.pipeline, %bind]
  %word = mul i64 %index, 5
  %at.pipe = getelementptr i64, ptr %rows, i64 %word
  %at.grp = getelementptr i64, ptr %at.pipe, i64 1
  %at.x = getelementptr i64, ptr %at.pipe, i64 2
  %at.y = getelementptr i64, ptr %at.pipe, i64 3
  %at.z = getelementptr i64, ptr %at.pipe, i64 4
  %its.pipeline = load ptr, ptr %at.pipe
  %its.group = load ptr, ptr %at.grp
  %x.wide = load i64, ptr %at.x
  %y.wide = load i64, ptr %at.y
  %z.wide = load i64, ptr %at.z
  %x = trunc i64 %x.wide to i32
  %y = trunc i64 %y.wide to i32
  %z = trunc i64 %z.wide to i32
  %same = icmp eq ptr %its.pipeline, %last
  br i1 %same, label %bind, label %set
set:
  call void %pipeline(ptr %pass, ptr %its.pipeline)
  br label %bind
bind:
  call void %group(ptr %pass, i32 0, ptr %its.group, i64 0, ptr null)
  call void %dispatch(ptr %pass, i32 %x, i32 %y, i32 %z)
  %next = add i64 %index, 1
  %more = icmp ult i64 %next, %count
  br i1 %more, label %row, label %recorded
recorded:
  call void %end(ptr %pass)
  call void %leave(ptr %pass)
  %commands = call ptr %finish(ptr %encoder, ptr null)
  call void %release(ptr %encoder)
  %at.result = getelementptr i64, ptr %slot, i64 3
  store ptr %commands, ptr %at.result
  %posted = call i32 %post(ptr %done)
  %next.number = add i64 %number, 1
  br label %sleep
gone:
  ret void
}}
"""


class Recording:
    """Commands that the thread makes."""

    def __init__(self, thread: "RecordingThread", kept: Sequence[Any]) -> None:
        """`kept`: all that has to live until they are made."""
        self._thread, self._kept = thread, kept
        self._commands: Any = None
        self._made = False

    def made(self, commands: Any) -> None:
        """Take the command buffer."""
        self._commands, self._made, self._kept = commands, True, ()

    def wait(self) -> Any:
        """The command buffer; None where wgpu refused one of the commands."""
        while not self._made:
            self._thread.collect()
        return self._commands


class RecordingThread:
    """Starts when so much was recorded that it will pay, where it can."""

    def __init__(self, handle: Any) -> None:
        """Records for a device of wgpu's."""
        self._handle, self._seen, self._loop = handle, 0, None
        self._open: deque[Recording] = deque()
        self._failed: set[int] = set()  # numbers of recordings that wgpu refused
        self._line = (ctypes.c_uint64 * (_FIRST + _SLOTS * _SLOT))()

    def runs(self, count: int) -> bool:
        """Whether the thread runs, now that so many dispatches more are to be recorded."""
        self._seen += count
        return self._loop is not None or (self._seen >= _WORTH and self._start())

    def record(self, rows: Array, kept: Sequence[Any]) -> Recording:
        """Begins to record rows of `table`, one or more; the thread has to run."""
        if len(self._open) == _SLOTS - 1:  # one is for the end
            self.collect()
        self._open.append(Recording(self, (self._handle, rows, kept)))
        _ask(self._line, self._device, rows.ctypes.data, len(rows))
        return self._open[-1]

    def collect(self) -> None:
        """Waits for the oldest recording that was not waited for."""
        from wgpu.backends.wgpu_native import _api, ffi

        while _libc().sem_wait(self._line[_DONE]):
            pass  # a signal came, whose handler did not raise
        number = self._line[_COUNT] - len(self._open)
        result = self._line[_FIRST + _SLOT * (number % _SLOTS) + 3]
        made = ffi.cast("WGPUCommandBuffer", result)
        commands = _api.GPUCommandBuffer("", made, self._handle)
        self._open.popleft().made(None if number in self._failed else commands)

    def _start(self) -> bool:
        from wgpu.backends.wgpu_native import ffi, lib

        self._loop = _compiled()
        if self._loop is None:
            self._seen = -sys.maxsize  # it never will
            return False
        waking = [_place(function) for function in (_libc().sem_wait, _libc().sem_post)]
        semaphores = [ctypes.create_string_buffer(_SEMAPHORE) for _ in range(2)]
        asked, done = map(ctypes.addressof, semaphores)
        for semaphore in (asked, done):
            _libc().sem_init(semaphore, 0, 0)
        functions = [address(ffi.addressof(lib, name)) for name in _WGPU.values()]
        self._line[: len(_WORDS)] = *waking, asked, done, *functions
        self._device = address(self._handle._internal)
        given = self._loop, self._failed, self._line, semaphores
        thread = Thread(target=_serve, args=given, daemon=True)
        thread.start()
        finalize(self, _end, self._line, thread)
        return True


def table(dispatches: Iterable[RawDispatch]) -> Array:
    """Dispatches as rows [N, 5] of 64 bits: addresses of pipeline and bind group, and the grid."""
    rows = [(address(pipeline), address(group), *grid) for pipeline, group, *grid in dispatches]
    return np.array(rows, np.uint64).reshape(-1, 5)


def address(value: Any) -> int:
    """The address that a pointer of cffi's has."""
    from wgpu.backends.wgpu_native import ffi

    return int(ffi.cast("uintptr_t", value))


def _place(function: Any) -> int:
    """The address of a function of ctypes."""
    return ctypes.cast(function, ctypes.c_void_p).value


def _ask(line: Any, *job: int) -> None:
    """Fill the next slot, and wake the thread."""
    at = _FIRST + _SLOT * (line[_COUNT] % _SLOTS)
    line[at : at + 3] = job
    line[_COUNT] += 1
    _libc().sem_post(line[_ASKED])


def _end(line: Any, thread: Thread) -> None:
    """Wait until the thread has done all that it was asked for, and left."""
    _ask(line, 0, 0, 0)
    if thread is not current_thread():  # which may collect garbage while it tells of an error
        thread.join()


def _serve(loop: _Loop, failed: set[int], line: Any, semaphores: object) -> None:
    """Runs the loop until it ends; the line points to the semaphores."""
    from wgpu.backends.wgpu_native import _api

    _api.error_handler._get_proxy_stack().append(_Errors(failed, line))
    loop(ctypes.addressof(line))


class _Errors:
    """Where wgpu puts an error in this thread: it notes the recording that has it."""

    name, type = "recording", ""

    def __init__(self, failed: set[int], line: Any) -> None:
        self._failed, self._line = failed, line

    @property
    def message(self) -> None:
        """The error, which is reported when the recording is made once more."""

    @message.setter
    def message(self, text: str) -> None:
        self._failed.add(self._line[_AT])


@cache
def _libc() -> Any:
    """The C library."""
    library = ctypes.CDLL(None)
    pointer = ctypes.c_void_p
    library.sem_init.argtypes = [pointer, ctypes.c_int, ctypes.c_uint]
    library.sem_wait.argtypes = library.sem_post.argtypes = [pointer]
    return library


@cache
def _compiled() -> _Loop | None:
    """The loop; None where LLVM is missing or too old, or the system has other semaphores."""
    if sys.platform != "linux":
        return None
    try:
        from llvmlite import binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_default_triple().create_target_machine()
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(_LOOP), machine)
        engine.finalize_object()
    except (ImportError, OSError, RuntimeError):
        return None
    _engines.append(engine)
    return ctypes.CFUNCTYPE(None, ctypes.c_void_p)(engine.get_function_address("serve"))


_engines: list[Any] = []  # that own compiled code
