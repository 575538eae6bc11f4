"""`tat _gpu-child`: a child process that asks the drivers, gives one JSON answer and ends.

A driver may crash or hang when it is asked; then it takes only this process with it.
"""

import os
import sys

import msgspec

from tat.backends.gpu.device import adapters, is_software
from tat.backends.opening.adapters import AdapterInfo, selectors
from tat.errors import DeviceError, one_line

_LIMITS = (
    "max-buffer-size",
    "max-storage-buffer-binding-size",
    "max-compute-workgroup-storage-size",
    "max-compute-invocations-per-workgroup",
    "max-storage-buffers-per-shader-stage",
)


def main(arguments: list[str]) -> int:
    """`adapters`, or `time DEVICE THREADS`."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # drivers print
    try:
        answer = _timing(*arguments[1:]) if arguments[:1] == ["time"] else _listed()
    except DeviceError as error:
        print(one_line(str(error)), file=sys.stderr)
        return error.exit_code
    replies.write(msgspec.json.encode(answer))
    replies.flush()
    os._exit(0)  # what a driver does at the end is of no interest


def _listed() -> list[AdapterInfo]:
    found = adapters()
    names = selectors([is_software(adapter) for adapter in found])
    return [
        AdapterInfo(
            selector=selector,
            name=one_line(adapter.info["device"]),
            driver=one_line(adapter.info["description"]),
            interface=adapter.info["backend_type"],
            software=is_software(adapter),
            features=sorted(adapter.features),
            limits={name: adapter.limits[name] for name in _LIMITS},
        )
        for selector, adapter in zip(names, found, strict=True)
    ]


def _timing(device: str, threads: str) -> object:
    from tat.backends.opening import open_backend
    from tat.backends.opening.calibration import time_backend

    return time_backend(open_backend(device, int(threads), 256))
