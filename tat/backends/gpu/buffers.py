"""GPU memory: persistent tensors by name, arenas that all plans share, scratch, transfers."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy import ndarray as Array

from tat.backends.gpu.device import LESS_MEMORY, Device, reported
from tat.backends.gpu.half.conversion import HALF_BYTES, from_half, to_half
from tat.backends.gpu.native import write_pieces
from tat.backends.gpu.staging import StagingPool
from tat.backends.gpu.submissions import Submissions
from tat.errors import DeviceError
from tat.ops.graph import Tensor
from tat.ops.plan import ELEMENT_BYTES

_UNIFORM, _STORAGE = 0x40, 0x80  # WebGPU's GPUBufferUsage
_COPY_SRC, _COPY_DST = 0x04, 0x08
_TRANSFER = 1 << 26  # bytes moved at once: the driver's staging memory stays as small


class BufferManager:
    """Owner of all buffers of a device.

    Every persistent tensor, feed and metric has a buffer of its own: a dispatch may not bind one
    buffer both to read and to write, and so none ever does.
    """

    def __init__(self, device: Device, submissions: Submissions) -> None:
        self._device, self._submissions = device, submissions
        self._persistent: dict[str, tuple[Tensor, Any]] = {}
        self._arenas: list[Any] = []
        self._scratch: Any = None
        self._staging = StagingPool(device, submissions, self._buffer)
        self.generation = 0  # counts changes of arenas and scratch, after which they bind anew

    def persistent(self, tensor: Tensor, element_bytes: int = ELEMENT_BYTES) -> Any:
        """The buffer of a weight, state, constant or gradient, zero when first asked for."""
        if tensor.name not in self._persistent:
            need = tensor.size * element_bytes // ELEMENT_BYTES
            self._persistent[tensor.name] = tensor, self._storage(tensor.name, need)
        known, buffer = self._persistent[tensor.name]
        if known.shape != tensor.shape:
            raise ValueError(f"{tensor.name}: {tensor.shape}, but {known.shape} before")
        return buffer

    def own(self, tensor: Tensor) -> Any:
        """A fresh buffer of zeros, for a feed or metric."""
        return self._storage(tensor.name, tensor.size)

    def reserve(self, arena_sizes: Sequence[int], scratch: int) -> None:
        """Lets arenas and scratch grow to so many elements; what they held is lost."""
        total = ELEMENT_BYTES * sum(arena_sizes)
        for index, size in enumerate(arena_sizes):
            if index == len(self._arenas):
                self._arenas.append(None)
            label = f"arena {index} (in all they take {_megabytes(total)})"
            self._arenas[index] = self._grown(self._arenas[index], label, size)
        self._scratch = self._grown(self._scratch, "scratch", scratch)

    def _grown(self, buffer: Any, label: str, size: int) -> Any:
        if size == 0 or (buffer is not None and buffer.size >= size * ELEMENT_BYTES):
            return buffer
        if buffer is not None:
            self._submissions.flush()
            buffer.destroy()  # before its successor is made, so that both never count
        self.generation += 1
        return self._storage(label, size)

    def arena(self, index: int) -> Any:
        return self._arenas[index]

    @property
    def scratch(self) -> Any:
        return self._scratch

    def _storage(self, label: str, size: int) -> Any:
        need, most = size * ELEMENT_BYTES, self._device.limits.buffer
        if need > most:
            raise DeviceError(
                f"{label} takes {_megabytes(need)}, and {self._device.name} allocates at most"
                f" {_megabytes(most)} at once; {most / need:.0%} of it fits: {LESS_MEMORY}"
            )
        return self._buffer(label, need, _STORAGE | _COPY_SRC | _COPY_DST)

    def uniform(self, label: str, content: bytes) -> Any:
        """A buffer of parameters."""
        buffer = self._buffer(label, len(content), _UNIFORM | _COPY_DST)
        with reported(f"writing {label}"):
            self._device.handle.queue.write_buffer(buffer, 0, content)
        return buffer

    def _buffer(self, label: str, size: int, usage: int, mapped: bool = False) -> Any:
        with reported(f"allocating {_megabytes(size)} for {label}"):
            return self._device.handle.create_buffer(
                label=label, size=size, usage=usage, mapped_at_creation=mapped
            )

    def upload(
        self, buffer: Any, tensor: Tensor, values: Array, offset: int = 0, half: bool = False
    ) -> None:
        """Sets a whole tensor that starts `offset` bytes into the buffer, converted to its type.

        half: the buffer holds it in f16.
        """
        flat = np.empty(tensor.shape, _dtype(tensor))
        flat[...] = values
        data = (to_half(flat) if half else flat).reshape(-1).view(np.uint8)
        with reported(f"writing {tensor.name}"):
            self._submissions.flush()
            for start in range(0, data.size, _TRANSFER):
                piece = start, offset + start, min(_TRANSFER, data.size - start)
                write_pieces(self._device.handle, buffer, data, [piece])

    def upload_rows(self, buffer: Any, tensor: Tensor, rows: Sequence[int], values: Array) -> None:
        """Sets these rows, in rising order, of a tensor that has the buffer to itself."""
        flat = np.empty((len(rows), *tensor.shape[1:]), _dtype(tensor))
        flat[...] = values
        row_bytes = flat[0].nbytes
        runs = np.flatnonzero(np.diff(rows, prepend=-2) != 1)  # where neighbours begin
        with reported(f"writing {tensor.name}"):
            self._submissions.flush()
            pieces = [
                (first * row_bytes, int(rows[first]) * row_bytes, (end - first) * row_bytes)
                for first, end in pairwise([*runs.tolist(), len(rows)])
            ]
            write_pieces(self._device.handle, buffer, flat, pieces)

    def download(self, buffer: Any, tensor: Tensor, offset: int = 0, half: bool = False) -> Array:
        """A copy of a tensor that starts `offset` bytes into the buffer; waits for the GPU.

        half: the buffer holds it in f16.
        """
        size = tensor.size * (HALF_BYTES if half else ELEMENT_BYTES)
        data = np.empty(size, np.uint8)
        for start in range(0, size, _TRANSFER):
            count = min(_TRANSFER, size - start)
            piece = self._staging.download(buffer, tensor.name, offset + start, count)
            piece(data[start:])
        if half:
            return from_half(data.view(np.float16)).reshape(tensor.shape)
        return data.view(_dtype(tensor)).reshape(tensor.shape)

    def fetch(self, buffer: Any, tensor: Tensor) -> Callable[[], Array]:
        """Queues a copy of a small tensor; what is returned waits for it alone."""
        content = self._staging.download(buffer, tensor.name, 0, tensor.size * ELEMENT_BYTES)

        def values() -> Array:
            return np.frombuffer(content(), _dtype(tensor)).reshape(tensor.shape)

        return values

    def fetch_rows(self, buffer: Any, tensor: Tensor, rows: Sequence[int]) -> Callable[[], Array]:
        """Queues copies of rows of a float32 tensor; what is returned waits for them, [R, W]."""
        width = tensor.shape[-1]
        row_bytes = width * ELEMENT_BYTES
        content = self._staging.gather(
            buffer, tensor.name, [row * row_bytes for row in rows], row_bytes
        )

        def values() -> Array:
            found = np.empty((len(rows), width), np.float32)
            content(found.reshape(-1).view(np.uint8))
            return found

        return values

    def fetch_part(
        self, buffer: Any, tensor: Tensor, into: Array | None = None
    ) -> Callable[[], Array]:
        """Queues copies of a float32 tensor in its buffer; what is returned waits, flat.

        Each piece goes from the mapped memory to its place at once, in an array if one is given.
        """
        start, end = tensor.offset * ELEMENT_BYTES, (tensor.offset + tensor.size) * ELEMENT_BYTES
        pieces = [
            (at - start, self._staging.download(buffer, tensor.name, at, min(_TRANSFER, end - at)))
            for at in range(start, end, _TRANSFER)
        ]

        def values() -> Array:
            flat = np.empty(tensor.size, np.float32) if into is None else into
            data = flat.view(np.uint8)
            for at, piece in pieces:
                piece(data[at:])
            return flat

        return values

    def store_part(self, buffer: Any, tensor: Tensor, values: Array) -> None:
        """Sets a float32 tensor in its buffer to flat float32 values, with no copy in between."""
        data = np.ascontiguousarray(values, np.float32).reshape(-1).view(np.uint8)
        with reported(f"writing {tensor.name}"):
            for at in range(0, data.size, _TRANSFER):
                place = tensor.offset * ELEMENT_BYTES + at
                self._staging.upload(buffer, tensor.name, place, data[at : at + _TRANSFER])


def _megabytes(size: int) -> str:
    """12.3 MB, or 4295 MB: three digits or all before the point."""
    value = size / 1e6
    return f"{value:.3g} MB" if value < 1000 else f"{value:.0f} MB"


def _dtype(tensor: Tensor) -> type:
    return np.float32 if tensor.dtype == "float" else np.int32
