"""`--device auto`: the device that is measured to be fastest, once for each driver and version."""

import platform
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

import msgspec

from tat import __version__
from tat.backends.opening.adapters import AdapterInfo, any_hardware, ask, list_adapters
from tat.backends.opening.calibration import Timing
from tat.errors import DeviceError, FileError
from tat.files import atomic_file
from tat.machine import cores
from tat.resources import user_folder

Work = Literal["training", "decoding"]

_HALF = "shader-f16"
_SECONDS = 180.0  # for the child that times a device, kernels compiled for the first time included


@dataclass(frozen=True)
class Choice:
    """A --device value and the reason for it, in one line."""

    device: str
    reason: str


class _Measured(msgspec.Struct, frozen=True):
    """The cached file: milliseconds, or what went wrong, by device."""

    timings: dict[str, Timing]
    failures: dict[str, str] = {}


def choose(work: Work, threads: int, precision: str = "f32") -> Choice:
    """The CPU or a real GPU, never a software one: that only slows the CPU down."""
    if not any_hardware():
        return Choice("cpu", "cpu, for there is no GPU here")
    try:
        found = [adapter for adapter in list_adapters() if not adapter.software]
    except DeviceError as error:
        return Choice("cpu", f"cpu, for {error}")
    if not found:
        return Choice("cpu", "cpu, for no driver serves a GPU here (see `tat doctor`)")
    if precision == "f16":
        return _with_half(found)
    return fastest(work, found, _measured(found, threads))


def _with_half(found: Iterable[AdapterInfo]) -> Choice:
    able = [adapter for adapter in found if _HALF in adapter.features]
    if not able:
        raise DeviceError("precision f16: no GPU here computes in f16; use --precision f32")
    return Choice(able[0].selector, f"{able[0].selector}, for f16 is asked for")


def fastest(work: Work, found: Sequence[AdapterInfo], measured: _Measured) -> Choice:
    """The device with the least milliseconds; the CPU where a GPU could not be timed."""
    times = {device: getattr(timing, work) for device, timing in measured.timings.items()}
    if "cpu" not in times or len(times) == 1:
        failed = "; ".join(f"{device}: {said}" for device, said in measured.failures.items())
        return Choice("cpu", f"cpu, for devices could not be compared ({failed})")
    names = {adapter.selector: f"{adapter.selector} ({adapter.name})" for adapter in found}
    best = min(times, key=lambda device: times[device])
    listed = ", ".join(f"{names.get(d, d)} {_digits(t)}" for d, t in sorted(times.items()))
    return Choice(best, f"{best}, the fastest in {work}; measured in ms: {listed}")


def _digits(milliseconds: float) -> str:
    return f"{milliseconds:.3g}" if milliseconds < 1000 else f"{milliseconds:.0f}"


def _measured(found: Sequence[AdapterInfo], threads: int) -> _Measured:
    """Timings of the CPU and of each GPU, out of the user's cache where they are known."""
    path = cached_file(found, threads)
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Measured)
    except (OSError, msgspec.DecodeError):
        measured = _measure(["cpu", *(adapter.selector for adapter in found)], threads)
    if not measured.failures:  # these may pass
        with suppress(OSError, FileError):  # measured again next time
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_file(path) as file:
                file.write(msgspec.json.encode(measured))
    return measured


def cached_file(found: Sequence[AdapterInfo], threads: int) -> Path:
    """Named after all that the figures depend on: another driver or version measures anew."""
    cpu = f"{platform.node()} {threads} {cores()}"
    parts = [__version__, cpu, *(f"{a.selector} {a.name} {a.driver}" for a in found)]
    name = sha256("\n".join(parts).encode()).hexdigest()[:16]
    return user_folder("cache") / "devices" / f"{name}.json"


def _measure(devices: Iterable[str], threads: int) -> _Measured:
    """Times each device in a child of its own, one after the other."""
    timings: dict[str, Timing] = {}
    failures: dict[str, str] = {}
    for device in devices:
        try:
            timings[device] = ask(["time", device, str(threads)], Timing, _SECONDS)
        except DeviceError as error:
            failures[device] = str(error)
    return _Measured(timings, failures)
