"""The container of a checkpoint: safetensors in which every byte is under a checksum.

    8 bytes     length of the header, little-endian
    header      JSON with sorted keys, padded with spaces to a multiple of 8 bytes
    16 bytes    the tensor "header.blake2b", the checksum of all bytes before it
    the rest    the other tensors, each under a checksum that the header lists

Any safetensors reader opens such a file; the library's writer is not used because it holds a
second copy of all tensors. BLAKE2b, cut to 16 bytes, detects any damage, where a CRC detects only
short bursts, and is fast without special instructions. It does not stop an attacker, so the header
is checked as well. All versions share this frame, so an old program can recognise a newer file.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from math import prod
from typing import Annotated, Any, BinaryIO, Literal

import msgspec
import numpy as np

from tat.machine import memory_bytes

Shape = tuple[int, ...]

FORMAT = "tat-checkpoint"
VERSION = 1
ADVICE = "use an earlier checkpoint or copy the file again"
_CHECKSUM_NAME = "header.blake2b"
_CHECKSUM_BYTES = 16
_MAX_HEADER_BYTES = 4 << 20  # some 20,000 tensors
_MAX_DEPTH = 32  # nesting of the content
_CHUNK_BYTES = 1 << 20  # read, hashed and checked while in the processor's cache
_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2",
    "I64": "<i8", "I32": "<i4", "U64": "<u8", "U32": "<u4", "U8": "|u1",
    "I8": "|i1",
}  # fmt: skip
_DTYPE_NAMES = {np.dtype(code): name for name, code in _DTYPES.items()}
_Size = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]
_Name = Annotated[str, msgspec.Meta(max_length=200)]


class TensorEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Type, shape and place of a tensor; offsets in bytes from the end of the header."""

    dtype: Literal["F64", "F32", "F16", "I64", "I32", "U64", "U32", "U8", "I8"]
    shape: Annotated[tuple[_Size, ...], msgspec.Meta(max_length=8)]
    data_offsets: tuple[int, int]

    @property
    def numpy_dtype(self) -> np.dtype:
        return np.dtype(_DTYPES[self.dtype])


class _Metadata(msgspec.Struct):
    """The strings under __metadata__; a newer version may have more of them."""

    format: Literal["tat-checkpoint"]
    version: str
    checksums: str = "{}"  # JSON: tensor -> hexadecimal digest
    content: str = "{}"  # JSON: what the caller stores beside the tensors


_CHECKSUM_ENTRY = TensorEntry("U8", (_CHECKSUM_BYTES,), (0, _CHECKSUM_BYTES))


def write(file: BinaryIO, tensors: Mapping[str, np.ndarray], content: dict[str, Any]) -> None:
    """Write `tensors` and `content`, a JSON value with finite numbers; no second copy is made."""
    # Wide types first: each tensor is then aligned.
    order = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    checksums = {name: _digest(_as_bytes(tensors[name])).hex() for name in order}
    _require_shallow(content)
    header: dict[str, Any] = {
        "__metadata__": {
            "format": FORMAT,
            "version": str(VERSION),
            "checksums": _canonical_json(checksums),
            "content": _canonical_json(content),
        },
        _CHECKSUM_NAME: msgspec.to_builtins(_CHECKSUM_ENTRY),
    }
    start = _CHECKSUM_BYTES
    for name in order:
        array = tensors[name]
        dtype = _DTYPE_NAMES[array.dtype.newbyteorder("<")]
        offsets = (start, start := start + array.nbytes)
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": offsets}
    text = _canonical_json(header).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > _MAX_HEADER_BYTES:
        raise ValueError(f"a header of {len(text)} bytes; at most {_MAX_HEADER_BYTES} can be read")
    frame = len(text).to_bytes(8, "little") + text
    file.write(frame + _digest(frame))
    for name in order:
        file.write(_as_bytes(tensors[name]))


class TensorReader:
    """An open container: its header is verified here, its tensors when they are read.

    Every method raises ValueError, which says what is wrong and what to do.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.file_bytes = os.fstat(file.fileno()).st_size
        text = _verified_header(file)
        with _in_our_form():
            header = msgspec.convert(_strict_json(text), dict[str, Any])
            metadata = msgspec.convert(header.pop("__metadata__", None), _Metadata)
        if metadata.version != str(VERSION):
            raise ValueError(
                f"has format version {metadata.version}, this tat reads {VERSION}; "
                "use the version of tat that wrote it, or a newer one"
            )
        with _in_our_form():
            self.content = msgspec.convert(_strict_json(metadata.content), dict[str, Any])
            self._checksums = msgspec.convert(_strict_json(metadata.checksums), dict[str, str])
            entries = msgspec.convert(header, dict[_Name, TensorEntry])
            self.entries = _in_file_order(entries, self.file_bytes - file.tell() + _CHECKSUM_BYTES)
            if set(self._checksums) != set(self.entries):
                raise ValueError("the checksums are not those of its tensors")

    def read(self) -> dict[str, np.ndarray]:
        """All tensors, verified."""
        # Sizes are true here, but a sparse file may have any size.
        memory = memory_bytes()
        if memory and self.file_bytes > memory:
            raise ValueError(
                f"has {self.file_bytes >> 20} MiB, this machine {memory >> 20} MiB of "
                "memory; use a larger machine"
            )
        arrays = {}
        for name, entry in self.entries.items():
            arrays[name] = np.empty(entry.shape, entry.numpy_dtype)
            self._fill(name, _pieces(arrays[name]))
        return arrays

    def verify(self) -> None:
        """Read all tensors through one buffer of a chunk and keep none."""
        for name, entry in self.entries.items():
            step, size = _CHUNK_BYTES // entry.numpy_dtype.itemsize, prod(entry.shape)
            buffer = np.empty(min(step, size), entry.numpy_dtype)
            self._fill(name, (buffer[: size - start] for start in range(0, size, step)))

    def _fill(self, name: str, pieces: Iterable[np.ndarray]) -> None:
        """Read tensor `name`, the next in the file, into `pieces`."""
        checksum, finite = blake2b(digest_size=_CHECKSUM_BYTES), True
        for piece in pieces:
            data = piece.view(np.uint8)
            if self._file.readinto(data) != data.size:
                raise ValueError(f"cut short while it was read, in {name}; {ADVICE}")
            checksum.update(data)
            finite = finite and is_finite(piece)
        if checksum.hexdigest() != self._checksums[name]:
            raise ValueError(f"damaged: {name} does not match its checksum; {ADVICE}")
        if not finite:
            raise ValueError(f"{name} has NaN or infinity; use an earlier checkpoint")


def is_finite(array: np.ndarray) -> bool:
    """Whether no element is NaN or infinity; through the extremes, which need no second array."""
    if array.dtype.kind != "f" or not array.size:
        return True
    return bool(np.isfinite(array.min()) and np.isfinite(array.max()))


def _verified_header(file: BinaryIO) -> str:
    """The JSON of the header, if its checksum matches; `file` then stands at the first tensor."""
    prefix = file.read(8)
    length = int.from_bytes(prefix, "little")
    text = file.read(min(length, _MAX_HEADER_BYTES))
    if len(text) < length or file.read(_CHECKSUM_BYTES) != _digest(prefix + text):
        if FORMAT.encode() in text:
            raise ValueError(f"damaged or cut short: the header fails its checksum; {ADVICE}")
        raise ValueError(
            "not a checkpoint of tat, or its first bytes are damaged; "
            "name a run folder or a .safetensors file that `tat train` wrote"
        )
    return text.rstrip(b" ").decode("ascii", "replace")


def _in_file_order(entries: dict[str, TensorEntry], data_bytes: int) -> dict[str, TensorEntry]:
    """The entries by offset, less the header's checksum; they must cover `data_bytes` exactly."""
    if entries.get(_CHECKSUM_NAME) != _CHECKSUM_ENTRY:
        raise ValueError(f"no {_CHECKSUM_NAME}")
    ordered = dict(sorted(entries.items(), key=lambda item: item[1].data_offsets))
    position = 0
    for name, entry in ordered.items():
        start, end = entry.data_offsets
        item = entry.numpy_dtype.itemsize
        # NumPy cannot address the other dimensions of some empty tensors.
        addressable = prod(max(size, 1) for size in entry.shape) * item < 1 << 63
        if start != position or end - start != prod(entry.shape) * item or not addressable:
            raise ValueError(f"impossible place or shape of tensor {name}")
        position = end
    if position != data_bytes:
        problem = "cut short" if position > data_bytes else "longer than its header says"
        raise ValueError(f"{problem}: {data_bytes} of {position} bytes of tensors")
    del ordered[_CHECKSUM_NAME]
    return ordered


@contextmanager
def _in_our_form() -> Iterator[None]:
    """Turn errors of a verified header that does not parse into one ValueError."""
    try:
        yield
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its header and content do not fit: {error}; {ADVICE}") from error


def _canonical_json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _strict_json(text: str) -> object:
    """Parse JSON exactly as `_canonical_json` writes it: no NaN, no key twice, no space."""
    value = json.loads(text)
    _require_shallow(value)
    if _canonical_json(value) != text:
        raise ValueError("JSON in another form than tat writes, or with a key twice")
    return value


def _require_shallow(value: object, depth: int = 0) -> None:
    if depth > _MAX_DEPTH:
        raise ValueError(f"JSON nested deeper than {_MAX_DEPTH} levels")
    if isinstance(value, dict | list | tuple):
        for child in value.values() if isinstance(value, dict) else value:
            _require_shallow(child, depth + 1)


def _as_bytes(array: np.ndarray) -> np.ndarray:
    """The little-endian bytes of `array`; a view where it can be one."""
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return little.reshape(-1).view(np.uint8)


def _pieces(array: np.ndarray) -> Iterator[np.ndarray]:
    """`array` as flat views of at most a chunk."""
    flat, step = array.reshape(-1), _CHUNK_BYTES // array.dtype.itemsize
    return (flat[start : start + step] for start in range(0, flat.size, step))


def _digest(data: bytes | np.ndarray) -> bytes:
    return blake2b(data, digest_size=_CHECKSUM_BYTES).digest()
