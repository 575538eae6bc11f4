"""Opening a GPU: which adapter, which limits, and the driver's failures in one line."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from math import inf
from typing import Any

from tat.errors import DeviceError, one_line

# Limits that every WebGPU device grants. Shaders are held to them, so that one that needs more
# fails on the first machine and not on the smallest.
_GUARANTEED = {
    "max-storage-buffers-per-shader-stage": 8,
    "max-compute-workgroup-storage-size": 16384,  # bytes
    "max-compute-invocations-per-workgroup": 256,
}
OFFSET_ALIGNMENT = 256  # bytes, of a binding's start: the coarsest that a device may ask for
HALF = "shader-f16"  # the feature of arithmetic and storage in f16
MAX_GROUPS = 65535  # workgroups of one dimension of a dispatch

# Advice for a plan that does not fit. f16 does not help: plans are laid out for float32.
LESS_MEMORY = (
    "lower train.batch_tokens or the lengths in data.buckets, or take a smaller preset"
    " (train.precision changes nothing here)"
)

_BINDING, _BUFFER = "max-storage-buffer-binding-size", "max-buffer-size"
_NATIVE = ("Vulkan", "Metal", "D3D12")  # OpenGL would list the same devices again


@dataclass(frozen=True)
class Limits:
    """Limits that differ between devices, in bytes."""

    binding: int  # that one shader argument may take
    buffer: int  # that one allocation may take


@dataclass(frozen=True)
class Device:
    """An open GPU: wgpu's device, its name for people, its limits.

    Shaders run unchecked on hardware, where checks of indices cost the tiled ones most of their
    speed. Software adapters, on which the tests prove the shaders, check.
    """

    handle: Any
    name: str
    limits: Limits
    checked: bool = True
    wait_s: float = inf  # seconds that an answer may take before the device counts as hung

    @property
    def half(self) -> bool:
        """Whether it computes in f16."""
        return HALF in self.handle.features


def open_device(selector: str, features: Sequence[str] = (), wait_s: float = inf) -> Device:
    """The GPU of "gpu" (the first), "gpu:N" or "gpu:software"; DeviceError if there is none.

    wait_s: seconds that an answer may take before the device counts as hung.
    """
    with reported("opening the GPU"):
        adapter = choose(adapters(), selector)
        limits = Limits(adapter.limits[_BINDING], adapter.limits[_BUFFER])
        handle = adapter.request_device_sync(
            required_features=[f for f in (HALF, *features) if f in adapter.features],
            required_limits=_GUARANTEED | {_BINDING: limits.binding, _BUFFER: limits.buffer},
        )
    name = f"gpu ({describe(adapter)})"
    return Device(handle, name, limits, checked=is_software(adapter), wait_s=wait_s)


def adapters() -> list[Any]:
    """wgpu's adapters that can run compute shaders, in the driver's order."""
    return [a for a in _wgpu().gpu.enumerate_adapters_sync() if a.info["backend_type"] in _NATIVE]


@cache
def _wgpu() -> Any:
    """The library, set not to look for displays, which prints errors on a server."""
    if "XDG_RUNTIME_DIR" not in os.environ:
        os.environ.setdefault("NODEVICE_SELECT", "1")  # Mesa's Vulkan layer that asks Wayland
    try:
        import wgpu
        from wgpu.backends.wgpu_native import extras
    except (ImportError, OSError) as error:
        reason = one_line(str(error))
        raise DeviceError(f"wgpu cannot be loaded ({reason}); reinstall tat") from None
    extras.set_instance_extras(backends=["Vulkan", "Metal", "DX12"])
    return wgpu


def choose(found: Sequence[Any], selector: str) -> Any:
    """The adapter of a selector; a software one only if it is named or there is no other."""
    software = [a for a in found if is_software(a)]
    hardware = [a for a in found if not is_software(a)]
    _, _, which = selector.partition(":")
    candidates = software if which == "software" else hardware or software
    if not candidates:
        kind = "software adapter" if which == "software" else "GPU"
        raise DeviceError(
            f"device {selector}: no {kind} found; install a Vulkan driver"
            " (Debian: mesa-vulkan-drivers has a software one), or use --device cpu"
        )
    index = int(which) if which.isdecimal() else 0
    if index >= len(candidates):
        listed = ", ".join(f"gpu:{i} is {describe(a)}" for i, a in enumerate(candidates))
        raise DeviceError(f"device {selector}: there is no such GPU; {listed}")
    return candidates[index]


def is_software(adapter: Any) -> bool:
    """Whether a CPU plays the GPU."""
    return adapter.info["adapter_type"] == "CPU"


def describe(adapter: Any) -> str:
    """Its name and interface, "NVIDIA H100 80GB HBM3, Vulkan"; ", software" where it is a CPU."""
    name = adapter.info["device"].partition(" (")[0]
    return f"{name}, {adapter.info['backend_type']}{', software' * is_software(adapter)}"


@contextmanager
def reported(doing: str) -> Iterator[None]:
    """Turns what wgpu raises inside into a DeviceError of one line that begins with `doing`."""
    wgpu = _wgpu()
    try:
        yield
    except wgpu.GPUOutOfMemoryError as error:
        raise DeviceError(f"{doing}: the GPU's memory is full; {LESS_MEMORY}") from error
    except TimeoutError as error:
        raise DeviceError(
            f"{doing}: the GPU hangs ({error}); the last checkpoint is safe: go on from it with"
            " --resume, or let a slow GPU take longer by device.wait_s"
        ) from error
    except (wgpu.GPUError, wgpu.GPUPipelineError, RuntimeError) as error:
        reason = one_line(" ".join(str(error).split()), 300)
        if "lost" in reason.lower():
            raise DeviceError(
                f"{doing}: the GPU was lost (driver reset, or taken away); the last checkpoint is"
                " safe: go on from it with --resume"
            ) from error
        raise DeviceError(f"{doing}: {reason}") from error
