"""A prepared corpus: token ids in one file that is mapped, not read.

    8 bytes     magic
    sections    each from a multiple of 4096 bytes on: arrays, end to end
    the index   JSON: settings, fingerprint, report, and of each section its place and checksums
    48 bytes    SHA-256 of the index, its length, magic

Ids are checked block by block when they are first read, all else when the file is opened, so that
opening takes the same time however large the corpus is. Pages that were read are given back to the
system again and again: a process keeps no corpus in memory.
"""

import mmap
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np

from tat.config_tables import DataConfig
from tat.data.corpus import Report
from tat.data.dataset import Dataset
from tat.data.tokenizer import Tokenizer
from tat.data.training_data import TrainingData
from tat.errors import CheckpointError, CorpusError

SUFFIX = ".tat"

_MAGIC = b"tatcorp\x01"
_PAGE = 4096
_BLOCK = 1 << 18  # bytes of ids under one checksum
_TAIL = 32 + 8 + len(_MAGIC)
_MOST_INDEX = 1 << 30


class Section(msgspec.Struct, frozen=True):
    """Where an array lies."""

    start: int
    dtype: str
    count: int
    checksums: list[str]  # SHA-256 of each block of ids, or of the whole

    @property
    def size(self) -> int:
        return self.count * np.dtype(self.dtype).itemsize


class Index(msgspec.Struct, frozen=True):
    """Settings, report and places of the arrays."""

    data: dict[str, Any]  # the table [data] that it was prepared with
    seed: int  # of the infills
    fingerprint: str
    report: Report
    too_long: dict[str, tuple[int, str]]  # split -> samples that fit no bucket, origin of the first
    names: str  # digest of the names of the files
    sections: dict[str, Section]


@dataclass(frozen=True)
class Array:
    """An array to write: its type, and its bytes in pieces."""

    dtype: str
    pieces: Iterable[bytes | np.ndarray]
    ids: bool = False  # checked by blocks


def write(file: BinaryIO, arrays: Mapping[str, Array], **index: Any) -> None:
    """Write all arrays, then the index; index: the fields of Index but `sections`."""
    file.write(_MAGIC)
    place, sections = len(_MAGIC), {}
    for name, array in arrays.items():
        file.write(bytes(-place % _PAGE))
        start = place = place + -place % _PAGE
        sums = _Checksums(array.ids)
        for piece in array.pieces:
            data = memoryview(piece) if isinstance(piece, bytes) else _bytes_of(piece)
            sums.add(data)
            file.write(data)
            place += data.nbytes
        count = (place - start) // np.dtype(array.dtype).itemsize
        sections[name] = Section(start, array.dtype, count, sums.done())
    text = msgspec.json.encode(Index(sections=sections, **index))
    file.write(text)
    file.write(sha256(text).digest() + len(text).to_bytes(8, "little") + _MAGIC)


def _bytes_of(array: np.ndarray) -> memoryview:
    return memoryview(np.ascontiguousarray(array).reshape(-1).view(np.uint8))


class _Checksums:
    """SHA-256 of what is added: of each block, or of all."""

    def __init__(self, blocks: bool) -> None:
        self._blocks, self._state, self._filled, self._found = blocks, sha256(), 0, []

    def add(self, data: memoryview) -> None:
        while self._blocks and self._filled + len(data) >= _BLOCK:
            taken = _BLOCK - self._filled
            self._state.update(data[:taken])
            self._found.append(self._state.hexdigest())
            self._state, self._filled, data = sha256(), 0, data[taken:]
        self._state.update(data)
        self._filled += len(data)

    def done(self) -> list[str]:
        rest = [self._state.hexdigest()] if self._filled or not self._blocks else []
        return self._found + rest


class MappedRows:
    """Rows of ids in a mapped file; each block is checked when it is first read."""

    def __init__(self, file: "CorpusFile", name: str) -> None:
        self._file, self._name = file, name
        self._section = file.index.sections[f"{name}.ids"]
        self._ids = file.array(f"{name}.ids", checked=False)
        self._starts = file.array(f"{name}.starts")
        if len(self._starts) == 0 or self._starts[-1] != len(self._ids):
            raise file.damaged(name)
        self._seen = np.zeros(len(self._section.checksums), bool)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, row: int) -> np.ndarray:
        start, stop = int(self._starts[row]), int(self._starts[row + 1])
        width = self._ids.itemsize
        for block in range(start * width // _BLOCK, -(-stop * width // _BLOCK)):
            if not self._seen[block]:
                self._check(block)
        return self._ids[start:stop]

    def _check(self, block: int) -> None:
        data = self._ids.view(np.uint8)[block * _BLOCK : (block + 1) * _BLOCK]
        if sha256(data).hexdigest() != self._section.checksums[block]:
            raise self._file.damaged(f"{self._name}, block {block}")
        self._seen[block] = True

    def check(self) -> None:
        """Reads and checks all."""
        for block in range(len(self._seen)):
            self._check(block)

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self._starts)

    def release(self) -> None:
        self._file.release()


class CorpusFile:
    """An open prepared corpus; whatever is wrong with it is CorpusError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with open(path, "rb") as file:
                self.index = self._read_index(file)
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise CorpusError(f"{path}: cannot be read: {error.strerror or error}") from None
        for name, section in self.index.sections.items():
            if section.start + section.size > len(self._map):
                raise self.damaged(name)

    def _read_index(self, file: BinaryIO) -> Index:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - _TAIL))
        tail = file.read(_TAIL)
        length = int.from_bytes(tail[32:40], "little")
        if len(tail) < _TAIL or tail[40:] != _MAGIC or not 0 < length < min(size, _MOST_INDEX):
            raise CorpusError(
                f"{self.path}: no prepared corpus, or cut short; make it with `tat prepare`"
            )
        file.seek(size - _TAIL - length)
        text = file.read(length)
        if sha256(text).digest() != tail[:32]:
            raise self.damaged("its index")
        try:
            return msgspec.json.decode(text, type=Index)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise CorpusError(
                f"{self.path}: of another version of tat: {error}; prepare it again"
            ) from None

    def damaged(self, what: str) -> CorpusError:
        return CorpusError(f"{self.path}: damaged: {what} fails its checksum; prepare it again")

    def array(self, name: str, checked: bool = True) -> np.ndarray:
        """A section as it is mapped."""
        section = self.index.sections[name]
        if section.count == 0:
            return np.zeros(0, section.dtype)
        found = np.frombuffer(self._map, section.dtype, section.count, section.start)
        if checked and sha256(found).hexdigest() != section.checksums[0]:
            raise self.damaged(name)
        return found

    def release(self) -> None:
        """Gives pages back to the system, which keeps them in its own cache."""
        if hasattr(self._map, "madvise"):
            self._map.madvise(mmap.MADV_DONTNEED)

    def tokenizer(self) -> Tokenizer:
        try:
            return Tokenizer.from_bytes(self.array("tokenizer").tobytes())
        except CheckpointError:
            raise self.damaged("its tokenizer") from None

    def training_data(self) -> TrainingData:
        """Both splits, mapped."""
        train, valid = self._split("train"), self._split("valid")
        self.release()
        found = TrainingData(
            self.index.fingerprint, self.tokenizer(), train, valid, self.index.report
        )
        return found

    def _split(self, split: str) -> Dataset:
        rows = [MappedRows(self, f"{split}.{kind}") for kind in ("sources", "targets", "texts")]
        flat = self.array(f"{split}.neighbours")
        table = flat.reshape(len(rows[0]), self.index.data["neighbours"])
        return Dataset(*rows, table, *self.index.too_long[split])

    def check(self) -> None:
        """Reads and checks every byte of ids."""
        data = self.training_data()
        for split in (data.train, data.valid):
            for rows in (split.sources, split.targets, split.texts):
                assert isinstance(rows, MappedRows)
                rows.check()
                rows.release()

    def require_settings(self, config: DataConfig) -> None:
        """CorpusError naming the first setting of [data] that it was not prepared with."""
        wanted = msgspec.json.decode(msgspec.json.encode(config))  # lists for tuples
        for key, value in self.index.data.items():
            if key != "neighbour_share" and wanted.get(key) != value:
                raise CorpusError(
                    f"{self.path}: prepared with data.{key} = {value}, and here it is"
                    f" {wanted.get(key)}; give the same --preset, --synth and --set, or prepare it"
                    " again"
                )


def id_type(tokenizer: Tokenizer) -> str:
    """The smallest type that holds all ids."""
    return "<u2" if tokenizer.size <= 1 << 16 else "<i4"


def arrays_of(data: TrainingData) -> Iterator[tuple[str, Array]]:
    """The arrays of a corpus in memory."""
    yield "tokenizer", Array("|u1", [data.tokenizer.to_bytes()])
    ids = id_type(data.tokenizer)
    for split, found in (("train", data.train), ("valid", data.valid)):
        for kind in ("sources", "targets", "texts"):
            rows = getattr(found, kind)
            yield f"{split}.{kind}.ids", Array(ids, [rows.values.astype(ids)], ids=True)
            yield f"{split}.{kind}.starts", Array("<i8", [rows.starts.astype("<i8")])
        yield f"{split}.neighbours", Array("<i4", [np.ascontiguousarray(found.neighbours)])
