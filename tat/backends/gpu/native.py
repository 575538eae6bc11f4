"""C functions of wgpu for work that its Python interface lacks or does slowly."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import count
from typing import Any

from tat.backends.gpu.submissions import Submissions
from tat.errors import DeviceError

_SPIN = 1e-3  # seconds of a wait in which the driver is asked all the time: a token takes less
_PAUSE = 1e-3  # seconds between two questions afterwards, at most

# Requests that the driver will answer, by their numbers.
_unanswered: dict[int, "_Mapping"] = {}
_numbers = count(1)

# Pipeline and bind group as C handles, then the grid.
RawDispatch = tuple[Any, Any, int, int, int]


def raw_dispatch(pipeline: Any, group: Any, grid: tuple[int, int, int]) -> RawDispatch:
    """A dispatch for record(); the caller keeps the wgpu objects alive."""
    return (pipeline._internal, group._internal, *grid)


def record(compute_pass: Any, dispatches: Iterable[RawDispatch]) -> None:
    """Records dispatches into a pass: half the time of wgpu's methods.

    Errors are those of the encoder's finish(): WebGPU reports what is wrong in a pass there.
    """
    from wgpu.backends.wgpu_native import ffi, lib

    set_pipeline = lib.wgpuComputePassEncoderSetPipeline
    set_group = lib.wgpuComputePassEncoderSetBindGroup
    dispatch = lib.wgpuComputePassEncoderDispatchWorkgroups
    recorder, none, last = compute_pass._internal, ffi.NULL, None
    for pipeline, group, x, y, z in dispatches:
        if pipeline != last:
            set_pipeline(recorder, pipeline)
            last = pipeline
        set_group(recorder, 0, group, 0, none)
        dispatch(recorder, x, y, z)


def unchecked_module(handle: Any, label: str, code: str) -> Any:
    """A shader module without checks of indices and loops: for shaders proven to need none."""
    from wgpu.backends.wgpu_native import _api, ffi, lib

    text, name = code.encode(), label.encode()
    buffers = ffi.new("char[]", text), ffi.new("char[]", name)
    source = ffi.new("WGPUShaderSourceWGSL *")
    source.chain.sType = lib.WGPUSType_ShaderSourceWGSL
    source.code.data, source.code.length = buffers[0], len(text)
    descriptor = ffi.new("WGPUShaderModuleDescriptor *")
    descriptor.nextInChain = ffi.cast("WGPUChainedStruct *", source)
    descriptor.label.data, descriptor.label.length = buffers[1], len(name)
    module = _api.libf.wgpuDeviceCreateShaderModuleTrusted(handle._internal, descriptor, 0)
    if module == ffi.NULL:
        raise DeviceError(f"shader {label}: the driver made no module of it")
    return _api.GPUShaderModule(label, module, handle)


def write_pieces(
    handle: Any, buffer: Any, data: Any, pieces: Iterable[tuple[int, int, int]]
) -> None:
    """Queues writes to a buffer: from offsets in contiguous data, to offsets in it, of so many
    bytes; half the time of wgpu's method."""
    from wgpu.backends.wgpu_native import ffi, lib

    queue, place = handle.queue._internal, buffer._internal
    content = ffi.from_buffer("char[]", data)  # lives until all are written
    with checked("write"):
        for start, offset, size in pieces:
            lib.wgpuQueueWriteBuffer(queue, place, offset, content + start, size)


def copies(handle: Any, source: Any, target: Any, pieces: Iterable[tuple[int, int, int]]) -> Any:
    """Commands that copy between buffers: from offsets, to offsets, so many bytes."""
    from wgpu.backends.wgpu_native import _api, ffi, lib

    with checked("copy"):
        encoder = lib.wgpuDeviceCreateCommandEncoder(handle._internal, ffi.NULL)
        copy, here, there = (
            lib.wgpuCommandEncoderCopyBufferToBuffer,
            source._internal,
            target._internal,
        )
        for start, offset, size in pieces:
            copy(encoder, here, start, there, offset, size)
        commands = lib.wgpuCommandEncoderFinish(encoder, ffi.NULL)
        lib.wgpuCommandEncoderRelease(encoder)
    return _api.GPUCommandBuffer("", commands, handle)


def check_alive(handle: Any) -> None:
    """Raises a GPUError if a device is lost: to submit to it what was recorded before would end the
    process."""
    from wgpu.backends.wgpu_native import ffi, lib

    with checked("look"):
        encoder = lib.wgpuDeviceCreateCommandEncoder(handle._internal, ffi.NULL)
        commands = lib.wgpuCommandEncoderFinish(encoder, ffi.NULL)
        lib.wgpuCommandEncoderRelease(encoder)
        lib.wgpuCommandBufferRelease(commands)


def poll(handle: Any) -> None:
    """Lets the driver call back for what is done meanwhile."""
    from wgpu.backends.wgpu_native import ffi, lib

    with checked("poll"):
        lib.wgpuDevicePoll(handle._internal, False, ffi.NULL)


@contextmanager
def checked(doing: str) -> Iterator[None]:
    """Raises what wgpu finds wrong in its C functions inside; wgpu's own objects do so for each."""
    from wgpu.backends.wgpu_native import _api, _helpers

    _api.error_handler.capture(doing)
    try:
        yield
    finally:
        found = _api.error_handler.release(doing)
    if found is not None:
        raise _helpers.ERROR_TYPES.get(found[0], _helpers.GPUError)(found[1])


@cache
def _callback() -> Any:
    """The function that the driver answers to; it lives as long as the process."""
    from wgpu.backends.wgpu_native import ffi

    def answered(status: int, message: object, number: Any, other: object) -> None:
        _unanswered.pop(int(ffi.cast("uintptr_t", number))).status = status

    return ffi.callback("void(WGPUMapAsyncStatus, WGPUStringView, void *, void *)", answered)


class _Mapping:
    """The driver's answer to the question whether a buffer can be read or written."""

    def __init__(self, buffer: Any, mode: int) -> None:
        from wgpu.backends.wgpu_native import ffi, lib

        self.status: int | None = None
        number = next(_numbers)
        _unanswered[number] = self
        request = ffi.new("WGPUBufferMapCallbackInfo *")
        request.mode, request.callback = lib.WGPUCallbackMode_AllowProcessEvents, _callback()
        request.userdata1 = ffi.cast("void *", number)
        with checked("map"):
            lib.wgpuBufferMapAsync(buffer._internal, mode, 0, buffer.size, request[0])

    def wait(self, handle: Any, seconds: float) -> None:
        """Until it is there; TimeoutError if that takes longer, RuntimeError for a lost device."""
        from wgpu.backends.wgpu_native import lib

        began = time.monotonic()
        while self.status is None:
            poll(handle)
            elapsed = time.monotonic() - began
            if elapsed > seconds and self.status is None:
                raise TimeoutError(f"no answer within {seconds:g} s")
            if elapsed > _SPIN:
                time.sleep(min(_PAUSE, elapsed / 16))
        if self.status != lib.WGPUMapAsyncStatus_Success:
            raise RuntimeError("the device was lost before a copy could be mapped")


class Download:
    """A queued copy of pieces of a buffer to the front of `target`, which can be mapped.

    wait() waits for it alone, and leaves the target as it was, for another copy.

    wgpu's own map_async waits for all that is queued meanwhile, later work too.
    """

    def __init__(
        self, handle: Any, submissions: Submissions, buffer: Any, target: Any,
        offsets: Sequence[int], size: int,
    ) -> None:  # fmt: skip
        """Pieces of `size` bytes each, from these offsets on."""
        self._handle, self._target, self._submissions = handle, target, submissions
        self._size = size * len(offsets)
        self._mapping: _Mapping | None = None
        pieces = [(offset, number * size, size) for number, offset in enumerate(offsets)]
        submissions.add([copies(handle, buffer, target, pieces)])
        submissions.afterwards(self._map)

    def _map(self) -> None:
        """Asks for the target, which the driver allows once the copy is submitted."""
        from wgpu.backends.wgpu_native import lib

        self._mapping = _Mapping(self._target, lib.WGPUMapMode_Read)

    def wait(self, seconds: float, out: Any = None) -> bytes:
        """The content, once, or b"" if it is put at the start of `out`, an array of bytes.

        TimeoutError if it is not there after so many seconds.
        """
        from wgpu.backends.wgpu_native import _api, ffi, lib

        self._submissions.flush()
        if self._mapping is None:
            raise RuntimeError("the copy was never submitted")
        self._mapping.wait(self._handle, seconds)
        target, found = self._target, b""
        place = lib.wgpuBufferGetConstMappedRange(target._internal, 0, self._size)
        mapped = ffi.buffer(place, self._size)
        if out is None:
            found = bytes(mapped)
        else:
            memoryview(out)[: self._size] = mapped
        _api.libf.wgpuBufferUnmap(target._internal)
        return found


class Upload:
    """Sends bytes to buffers by way of `source`, which can be mapped, and is when it comes here."""

    def __init__(self, handle: Any, submissions: Submissions, source: Any) -> None:
        self._handle, self._submissions, self._source = handle, submissions, source
        self.size = source.size
        self._mapping: _Mapping | None = None  # while the copy before has the source

    def send(self, data: Any, buffer: Any, offset: int, seconds: float) -> None:
        """Queues a copy of `size` bytes to `offset` of a buffer, when the one before is done.

        TimeoutError if it is not after so many seconds.
        """
        from wgpu.backends.wgpu_native import _api, ffi, lib

        if self._mapping:
            self._mapping.wait(self._handle, seconds)
        place = lib.wgpuBufferGetMappedRange(self._source._internal, 0, self.size)
        ffi.buffer(place, self.size)[:] = memoryview(data)
        _api.libf.wgpuBufferUnmap(self._source._internal)
        pieces = [(0, offset, self.size)]
        self._submissions.add([copies(self._handle, self._source, buffer, pieces)])
        self._submissions.flush()
        self._mapping = _Mapping(self._source, lib.WGPUMapMode_Write)

    def destroy(self) -> None:
        """Gives its memory back."""
        self._source.destroy()
