"""Lists the GPUs in a child process, so that a driver that crashes ends only the child."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from tat import resources
from tat.errors import DeviceError, one_line

# Device files of GPUs on Linux: looking for them loads no library.
_NODES = ("dri/renderD*", "nvidia[0-9]*", "dxg", "kgsl-3d*", "mali*")
_LIST_SECONDS = 60.0  # for a driver to load, on a slow and busy machine

Answer = TypeVar("Answer")


class AdapterInfo(msgspec.Struct, frozen=True):
    """An adapter as `tat doctor` shows it."""

    selector: str  # "gpu:0", as --device takes it; "" for one that cannot be named
    name: str
    driver: str  # with its version, where it tells it
    interface: str  # "Vulkan", "Metal" or "D3D12"
    software: bool  # a CPU plays the GPU
    features: list[str]
    limits: dict[str, int]  # bytes, invocations, buffers


def selectors(software: Sequence[bool]) -> list[str]:
    """The names of adapters for --device; software ones have numbers only if all are."""
    if all(software):
        return [f"gpu:{index}" for index in range(len(software))]
    numbers = iter(range(len(software)))
    first = software.index(True) if True in software else -1
    return [
        f"gpu:{next(numbers)}" if not soft else "gpu:software" * (index == first)
        for index, soft in enumerate(software)
    ]


def any_hardware(devices: Path = Path("/dev")) -> bool:
    """Whether the kernel serves a GPU: a look at names, nothing is loaded."""
    return any(next(devices.glob(pattern), None) for pattern in _NODES)


def list_adapters() -> list[AdapterInfo]:
    """All adapters in the driver's order; DeviceError where there is no answer."""
    return ask(["adapters"], list[AdapterInfo], _LIST_SECONDS)


def ask(arguments: Sequence[str], kind: type[Answer], seconds: float) -> Answer:
    """A child's answer; DeviceError if it fails, crashes or takes longer than it may."""
    command = [*resources.program(), "_gpu-child", *arguments]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        raise DeviceError(f"the GPU driver gave no answer within {seconds:g} s") from None
    except OSError as error:
        raise DeviceError(f"the process that asks the GPU driver: {error.strerror}") from None
    if done.returncode < 0:
        raise DeviceError(f"the GPU driver crashed (signal {-done.returncode})")
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise DeviceError(f"the GPU driver failed: {one_line(said[-1], 200)}")
    try:
        return msgspec.json.decode(done.stdout, type=kind)
    except msgspec.DecodeError:
        raise DeviceError("the process that asks the GPU driver spoke nonsense") from None
