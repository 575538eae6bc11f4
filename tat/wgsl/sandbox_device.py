"""The device of the sandbox's child: naga's verdict on modules, and runs of their kernels."""

import re

import wgpu
from wgpu.backends.wgpu_native.extras import set_instance_extras

from tat.errors import one_line
from tat.wgsl.protocol import Failure, Outputs, Reply, Run, Verdict
from tat.wgsl.sandbox_kernel import run_kernel

_MESSAGE_LIMIT = 2000  # characters
_LOCATION = re.compile(r"┌─ [^\n]*?:(\d+):(\d+)\n")
_HEADLINE = re.compile(r"Shader (?:'[^\n]*?' )?(?:parsing|validation) error: (.*)")
_NOTE = re.compile(r"^ *= (?!note: )(.*)", re.MULTILINE)
_ORIGIN = re.compile(r"^Validation Error\s+Caused by:\s+In \w+\s+")


class NoDeviceError(Exception):
    """There is no adapter, or none that gives a device."""


def verdict_of(message: str) -> Verdict:
    """wgpu's message without its drawing: naga's headline and notes, or else the whole text."""
    headline = _HEADLINE.search(message)
    if headline:
        said = ": ".join([headline.group(1), *_NOTE.findall(message)])
    else:
        said = " ".join(_ORIGIN.sub("", message).split())
    location = _LOCATION.search(message)
    line, column = map(int, location.groups()) if location else (0, 0)
    return Verdict(one_line(said, _MESSAGE_LIMIT) or "refused without a reason", line, column)


class Device:
    """One open device; it prefers a driver that runs on the processor to a real GPU.

    An endless shader costs one process there, and on a GPU perhaps the display.
    """

    def __init__(self) -> None:
        set_instance_extras(backends=["Vulkan"])
        adapters = wgpu.gpu.enumerate_adapters_sync()
        if not adapters:
            raise NoDeviceError("no Vulkan adapter was found")
        adapter = min(adapters, key=lambda a: a.info["adapter_type"] != "CPU")
        self.software = adapter.info["adapter_type"] == "CPU"
        self._device = _open(adapter)

    def validate(self, source: str) -> Verdict | Failure:
        """naga's verdict on `source`."""
        try:
            self._device.create_shader_module(code=source)
        except wgpu.GPUValidationError as error:
            return _refusal(error)
        return Verdict()

    def run(self, request: Run) -> Reply:
        """Run the kernel once; outputs, or the verdict on the module and its use of bindings."""
        try:
            module = self._device.create_shader_module(code=request.source)
            return Outputs(run_kernel(self._device, module, request))
        except wgpu.GPUValidationError as error:
            return _refusal(error)
        except (wgpu.GPUError, RuntimeError, ValueError, MemoryError) as error:
            return Failure(one_line(str(error), _MESSAGE_LIMIT) or type(error).__name__)


def _refusal(error: wgpu.GPUValidationError) -> Verdict | Failure:
    """naga's verdict, or that the device is lost, which no later request finds again."""
    if "device is lost" in str(error):
        return Failure("the GPU was lost", lost=True)
    return verdict_of(str(error))


def _open(adapter: wgpu.GPUAdapter) -> wgpu.GPUDevice:
    """A device with every feature of the adapter, so that shaders that need one are valid."""
    features = set(adapter.features)
    stable = {name for name in features if not name.startswith("cooperative")}
    try:
        return adapter.request_device_sync(required_features=features)
    except (wgpu.GPUError, RuntimeError):  # wgpu lists experimental features and refuses them
        return adapter.request_device_sync(required_features=stable)
