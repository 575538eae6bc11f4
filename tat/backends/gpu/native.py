"""C functions of wgpu for work that its Python interface lacks or does slowly."""

import time
from collections.abc import Iterable
from typing import Any

from tat.backends.gpu.submissions import Submissions
from tat.errors import DeviceError

_SPIN = 1e-3  # seconds of a wait in which the driver is asked all the time: a token takes less
_PAUSE = 1e-3  # seconds between two questions afterwards, at most

# Downloads that the driver will call back for: their callbacks have to live until it has.
_unanswered: set["Download"] = set()

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


def poll(handle: Any) -> None:
    """Lets the driver call back for what is done meanwhile."""
    from wgpu.backends.wgpu_native import _api, ffi

    _api.libf.wgpuDevicePoll(handle._internal, False, ffi.NULL)


class Download:
    """A queued copy of a buffer, from `offset` bytes on, that fills `target`, which can be mapped.

    wait() waits for it alone.

    wgpu's own map_async waits for all that is queued meanwhile, later work too.
    """

    def __init__(
        self, handle: Any, submissions: Submissions, buffer: Any, target: Any, offset: int = 0
    ) -> None:
        self._handle, self._target, self._statuses = handle, target, []
        self._submissions, self._asked = submissions, False
        encoder = handle.create_command_encoder()
        encoder.copy_buffer_to_buffer(buffer, offset, target, 0, target.size)
        submissions.add([encoder.finish()])
        submissions.afterwards(self._map)

    def _map(self) -> None:
        """Asks for the target, which the driver allows once the copy is submitted."""
        from wgpu.backends.wgpu_native import _api, ffi, lib

        self._asked, target = True, self._target
        self._callback = ffi.callback(
            "void(WGPUMapAsyncStatus, WGPUStringView, void *, void *)",
            lambda status, message, data1, data2: self._answered(status),
        )
        _unanswered.add(self)
        request = ffi.new("WGPUBufferMapCallbackInfo *")
        request.mode, request.callback = lib.WGPUCallbackMode_AllowProcessEvents, self._callback
        _api.libf.wgpuBufferMapAsync(
            target._internal, lib.WGPUMapMode_Read, 0, target.size, request[0]
        )

    def _answered(self, status: int) -> None:
        self._statuses.append(status)
        _unanswered.discard(self)

    def wait(self, seconds: float) -> bytes:
        """The content, once; TimeoutError if it is not there after so long."""
        content = bytes(self._mapped(seconds))
        self._target.destroy()
        return content

    def wait_into(self, out: Any, seconds: float) -> None:
        """The same, into the start of an array of bytes."""
        mapped = self._mapped(seconds)
        memoryview(out)[: len(mapped)] = mapped
        self._target.destroy()

    def _mapped(self, seconds: float) -> Any:
        """The content as it is mapped, until the target is destroyed."""
        from wgpu.backends.wgpu_native import ffi, lib

        self._submissions.flush()
        if not self._asked:
            raise RuntimeError("the copy was never submitted")
        began = time.monotonic()
        while not self._statuses:
            poll(self._handle)
            elapsed = time.monotonic() - began
            if elapsed > seconds and not self._statuses:
                raise TimeoutError(f"no answer within {seconds:g} s")
            if elapsed > _SPIN:
                time.sleep(min(_PAUSE, elapsed / 16))
        if self._statuses != [lib.WGPUMapAsyncStatus_Success]:
            raise RuntimeError("the device was lost before a copy could be mapped")
        target = self._target
        place = lib.wgpuBufferGetConstMappedRange(target._internal, 0, target.size)
        return ffi.buffer(place, target.size)
