"""The messages between the sandbox and its child: a length, then MessagePack."""

import struct

import msgspec

from tat.errors import UsageError

TEXEL_BYTES = {"rgba8unorm": 4, "rgba16float": 8, "rgba32float": 16, "r32float": 4}

_BUFFERS = ("storage", "read", "uniform")
_TEXTURES = ("texture", "storage_texture")
_LENGTH = struct.Struct("<I")
HEADER_BYTES = _LENGTH.size


class Binding(msgspec.Struct, frozen=True):
    """One resource of a kernel, `@group(group) @binding(binding)`.

    `kind` is "storage" (a buffer that is read, written and returned), "read" or "uniform"
    (buffers), "texture" (2D, sampled), "storage_texture" (2D, written and returned) or "sampler"
    (linear, clamped to the edge). `data` are the bytes of a buffer, or the rows of a texture of
    `width` x `height` texels in `format`, a key of TEXEL_BYTES; a storage texture may have none.
    """

    group: int
    binding: int
    kind: str
    data: bytes = b""
    width: int = 0
    height: int = 0
    format: str = "rgba8unorm"

    @property
    def returned(self) -> bool:
        """Whether a kernel may write it, so that its bytes come back."""
        return self.kind in ("storage", "storage_texture")

    def __post_init__(self) -> None:
        where = f"wgsl: binding {self.binding} of group {self.group}"
        if self.kind not in (*_BUFFERS, *_TEXTURES, "sampler"):
            raise UsageError(f"{where}: unknown kind {self.kind!r}")
        if self.kind in _BUFFERS and (not self.data or len(self.data) % 4):
            raise UsageError(f"{where}: {len(self.data)} bytes are no whole number of words")
        if self.kind in _TEXTURES:
            self._check_texture(where)

    def _check_texture(self, where: str) -> None:
        if self.format not in TEXEL_BYTES:
            raise UsageError(f"{where}: format {self.format!r} is none of {[*TEXEL_BYTES]}")
        size = self.width * self.height * TEXEL_BYTES[self.format]
        given = len(self.data) if self.data or self.kind == "texture" else size
        if size <= 0 or given != size:
            raise UsageError(
                f"{where}: {len(self.data)} bytes for {self.width} x {self.height} texels in "
                f"{self.format}, expected {size}"
            )


class Open(msgspec.Struct, tag=True, frozen=True):
    """Asks the child to open its device."""


class Validate(msgspec.Struct, tag=True, frozen=True):
    """Asks whether `source` is a valid module."""

    source: str
    cpu_seconds: int


class Run(msgspec.Struct, tag=True, frozen=True):
    """Asks to run a compute entry point once."""

    source: str
    entry_point: str
    bindings: list[Binding]
    workgroups: tuple[int, int, int]
    cpu_seconds: int


class Verdict(msgspec.Struct, tag=True, frozen=True):
    """`message` is "" where the module is valid; line and column count from 1, 0 is unknown."""

    message: str = ""
    line: int = 0
    column: int = 0


class Opened(msgspec.Struct, tag=True, frozen=True):
    """The device is open; `confinement` names the parts of the kernel that hold the child."""

    confinement: list[str] = []


class Outputs(msgspec.Struct, tag=True, frozen=True):
    """Bytes of the storage buffers and storage textures, in the order of the bindings."""

    data: list[bytes]


class Failure(msgspec.Struct, tag=True, frozen=True):
    """The device is missing, or refused what it was asked for other reasons than the shader."""

    message: str
    lost: bool = False  # the device, maybe by what was asked before


Request = Open | Validate | Run
Reply = Opened | Verdict | Outputs | Failure


def encode(message: Request | Reply) -> bytes:
    """`message` as a frame."""
    body = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(body)) + body


def body_bytes(header: bytes) -> int:
    """Length of the body that follows `header`."""
    return _LENGTH.unpack(header)[0]


def decode_request(body: bytes) -> Request:
    """The request in a frame's body."""
    return msgspec.msgpack.decode(body, type=Request)


def decode_reply(body: bytes) -> Reply:
    """The reply in a frame's body; ValueError if it is none."""
    try:
        return msgspec.msgpack.decode(body, type=Reply)
    except RecursionError as error:  # a child that was taken over may nest as deep as it likes
        raise ValueError("a reply nested too deep") from error
