"""Memory that host and GPU both reach, kept for the next transfer of the same size.

A driver takes longer to give such memory than to copy into it, and a step of training by several
ranks moves all gradients and weights.
"""

from collections.abc import Callable, Sequence
from typing import Any

from numpy import ndarray as Array

from tat.backends.gpu.device import Device, reported
from tat.backends.gpu.native import Download, Upload
from tat.backends.gpu.submissions import Submissions

_COPY_SRC, _COPY_DST, _MAP_READ, _MAP_WRITE = 0x04, 0x08, 0x01, 0x02
_KEPT = 8  # buffers for downloads, and as many for uploads


class StagingPool:
    """Queues transfers of bytes between arrays and buffers."""

    def __init__(
        self, device: Device, submissions: Submissions, allocate: Callable[..., Any]
    ) -> None:
        """`allocate` makes a buffer of a label, a size in bytes and a usage, `mapped` or not."""
        self._device, self._submissions, self._allocate = device, submissions, allocate
        self._targets: list[Any] = []  # of downloads, free to be used again
        self._uploads: list[Upload] = []

    def download(
        self, buffer: Any, name: str, offset: int, size: int
    ) -> Callable[[Array | None], bytes]:
        """Queues a copy; what is returned waits for it, once and no longer than it may.

        It returns the bytes, or puts them at the start of an array of bytes, if it is given one.
        """
        return self._download(buffer, name, [offset], size, size)

    def gather(
        self, buffer: Any, name: str, offsets: Sequence[int], size: int
    ) -> Callable[[Array | None], bytes]:
        """The same of several pieces of `size` bytes each, one behind another."""
        room = 1 << (len(offsets) * size - 1).bit_length()  # so that few sizes are asked for
        return self._download(buffer, name, offsets, size, room)

    def _download(
        self, buffer: Any, name: str, offsets: Sequence[int], size: int, room: int
    ) -> Callable[[Array | None], bytes]:
        target = _taken(self._targets, lambda kept: kept.size == room)
        if target is None:
            target = self._allocate(name, room, _MAP_READ | _COPY_DST)
        with reported(f"reading {name}"):
            queued = Download(self._device.handle, self._submissions, buffer, target, offsets, size)

        def content(out: Array | None = None) -> bytes:
            with reported(f"reading {name}"):
                found = queued.wait(self._device.wait_s, out)
            _keep(self._targets, target, lambda oldest: oldest.destroy())
            return found

        return content

    def upload(self, buffer: Any, name: str, offset: int, data: Array) -> None:
        """Queues a copy of an array of bytes, a multiple of four, into a buffer."""
        upload = _taken(self._uploads, lambda kept: kept.size == data.size)
        if upload is None:
            made = self._allocate(name, data.size, _MAP_WRITE | _COPY_SRC, mapped=True)
            upload = Upload(self._device.handle, self._submissions, made)
        with reported(f"writing {name}"):
            upload.send(data, buffer, offset, self._device.wait_s)
        _keep(self._uploads, upload, lambda oldest: oldest.destroy())


def _taken(kept: list[Any], fits: Callable[[Any], bool]) -> Any:
    """The first that fits, no longer kept; None without one."""
    for index, one in enumerate(kept):
        if fits(one):
            return kept.pop(index)
    return None


def _keep(kept: list[Any], one: Any, discard: Callable[[Any], object]) -> None:
    kept.append(one)
    if len(kept) > _KEPT:
        discard(kept.pop(0))
