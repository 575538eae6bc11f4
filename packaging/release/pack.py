"""Packs the launcher and a folder into one file, whose format launcher/image.h describes."""

import hashlib
import io
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import zstandard

EXECUTABLE = frozenset({"tat", "probe", "ld-tat.so"})  # all that is ever started
_MAGIC = b"TATFILE1"
_VERSION_BYTES = 32
_WINDOW_LOG = 25  # 32 MB: what unpacking takes of memory; the launcher allows no more
_LONG_MATCHES_FROM = 10  # the level from which searching the whole window is worth the time


class Entry(NamedTuple):
    """One file of the payload."""

    path: str  # relative, with slashes
    size: int  # bytes
    executable: bool
    digest: str  # SHA-256, hexadecimal

    def line(self) -> str:
        mode = "x" if self.executable else "r"
        return f"{mode} {self.size} {self.digest} {self.path}\n"


def list_entries(folder: Path) -> list[Entry]:
    """Every file under `folder`, in the order of the bytes of their paths."""
    paths = [path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()]
    return sorted((_entry(folder, path) for path in paths), key=lambda e: os.fsencode(e.path))


def _entry(folder: Path, path: Path) -> Entry:
    name = path.relative_to(folder).as_posix()
    if path.is_symlink() or not path.is_file():
        raise ValueError(f"{path}: only plain files can be packed")
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Entry(name, path.stat().st_size, name in EXECUTABLE, digest)


def pack(folder: Path, launcher: bytes, out: Path, version: str, level: int) -> list[Entry]:
    """Write launcher, table, payload and trailer to `out`, which depends on nothing else.

    `level` is zstd's; times, owners and the order of the folder leave no trace.
    """
    entries = list_entries(folder)
    table = "".join(entry.line() for entry in entries).encode()
    unpacked = sum(entry.size for entry in entries)
    compressed = _compress(_contents(folder, entries), unpacked, level)
    write_file(out, launcher, table, compressed, unpacked, version)
    return entries


def write_file(
    out: Path, launcher: bytes, table: bytes, payload: bytes, unpacked: int, version: str
) -> None:
    """Put the parts together with the trailer that describes and sums them up."""
    head = launcher + table + payload + _MAGIC
    head += struct.pack("<QQQ", len(table), len(payload), unpacked)
    head += version.encode().ljust(_VERSION_BYTES, b"\0")
    temporary = out.with_name(f".{out.name}.tmp")
    temporary.write_bytes(head + hashlib.sha256(head).digest())
    temporary.chmod(0o755)
    temporary.replace(out)


def _contents(folder: Path, entries: list[Entry]) -> Iterator[bytes]:
    for entry in entries:
        data = (folder / entry.path).read_bytes()
        if hashlib.sha256(data).hexdigest() != entry.digest:
            raise ValueError(f"{folder / entry.path} changed while it was packed")
        yield data


def _compress(blocks: Iterator[bytes], size: int, level: int) -> bytes:
    out = io.BytesIO()
    with _compressor(level).stream_writer(out, size=size, closefd=False) as writer:
        for block in blocks:
            writer.write(block)
    return out.getvalue()


def _compressor(level: int) -> zstandard.ZstdCompressor:
    parameters = zstandard.ZstdCompressionParameters.from_level(
        level, window_log=_WINDOW_LOG, threads=2, write_checksum=True,
        enable_ldm=level >= _LONG_MATCHES_FROM,
    )  # fmt: skip
    return zstandard.ZstdCompressor(compression_params=parameters)
