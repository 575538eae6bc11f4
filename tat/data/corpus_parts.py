"""Preparing a corpus in parts: what one process does with one part, from file to file.

A part holds the samples whose digests begin alike, so that parts follow each other in the order of
digests and each is put in order by itself. Intermediate files are MessagePack; each is written
whole or not at all, and a call that finds its file there leaves it.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from zlib import crc32

import msgspec
import numpy as np

from tat.config_tables import DataConfig
from tat.data.corpus import functions_of
from tat.data.corpus_file import id_type
from tat.data.dataset import encode_samples
from tat.data.module_text import ModuleText
from tat.data.samples import Function, Sample, function_samples
from tat.data.sources import FunctionText, Skipped, Sources
from tat.data.tokenizer import Tokenizer, split_pieces
from tat.files import sync_folder, temporary_name, writing

SPLITS = ("train", "valid")
KINDS = ("sources", "targets", "texts")


class Unit(msgspec.Struct):
    """Some sources that follow each other."""

    modules: list[ModuleText]
    functions: list[FunctionText]
    generated: list[Function]  # by rules
    learnt: bool  # whether all that is generated is trained on, and none held out


class UnitDone(msgspec.Struct):
    """Counts of a unit, at the head of its file."""

    functions: int
    samples: int
    silent_modules: list[Skipped]
    silent_lines: list[Skipped]


class PartDone(msgspec.Struct):
    """Counts of a part."""

    kinds: dict[str, int]
    train: int  # samples
    accompanied: int  # samples with neighbours
    too_long: dict[str, tuple[int, str]]


Told = TypeVar("Told")
Entry = tuple[str, Sample]  # digest first

_entries = msgspec.msgpack.Decoder(list[Entry])


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that is there, and on disk with all that its folder had before, when the block has
    ended; a kill or a power cut leaves none or the whole."""
    temporary = temporary_name(path)
    with writing(path):
        try:
            with open(temporary, "xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            sync_folder(path.parent)  # files that this one vouches for
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise


def read_unit(unit: Unit, config: DataConfig, seed: int, count: int, out: Path) -> None:
    """The samples of a unit, by part; count: parts."""
    if out.exists():
        return
    from_modules, silent_modules = functions_of(Sources(tuple(unit.modules), (), (), 0))
    from_lines, silent_lines = functions_of(Sources((), tuple(unit.functions), (), 0))
    parts: list[list[Entry]] = [[] for _ in range(count)]
    found = [*from_modules, *from_lines]
    for function in found:
        for sample in function_samples(function, config, seed):
            _put(parts, sample)
    learnt = replace(config, validation_share=0.0) if unit.learnt else config
    for function in unit.generated:
        for sample in function_samples(function, learnt, seed):
            _put(parts, sample)
    found += unit.generated
    done = UnitDone(len(found), sum(map(len, parts)), silent_modules, silent_lines)
    write_groups(out, parts, done)


def _put(parts: list[list[Entry]], sample: Sample) -> None:
    digest = sample.digest
    parts[part_number(digest, len(parts))].append((digest, sample))


def part_number(digest: str, count: int) -> int:
    """Which of `count` parts a digest belongs to."""
    return int(digest[:8], 16) * count >> 32


def write_groups(out: Path, groups: Sequence[Any], told: Any = None) -> None:
    """A file of several groups that are read one by one, behind what is told of all."""
    packed = [msgspec.msgpack.encode(group) for group in groups]
    ends = np.cumsum(list(map(len, packed))).tolist()
    head = msgspec.msgpack.encode((ends, told))
    with whole_file(out) as file:
        file.write(len(head).to_bytes(8, "little") + head)
        file.writelines(packed)


def read_told(path: Path, kind: type[Told]) -> Told:
    """The counts at the head of a file of write_groups()."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return msgspec.msgpack.decode(file.read(length), type=tuple[list[int], kind])[1]


def read_group(path: Path, number: int) -> bytes:
    """One group of a file of write_groups(), encoded."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        ends, _ = msgspec.msgpack.decode(file.read(length), type=tuple[list[int], Any])
        begin = ends[number - 1] if number else 0
        file.seek(8 + length + begin)
        return file.read(ends[number] - begin)


def sort_part(number: int, units: Sequence[Path], count: int, out: Path, texts: Path) -> None:
    """A part of all units without duplicates, in order; and the texts that a tokenizer learns
    from, by the hash of each."""
    if out.exists() and texts.exists():
        return
    kept: dict[str, Sample] = {}
    found = [entry for unit in units for entry in _entries.decode(read_group(unit, number))]
    found.sort(key=lambda entry: (entry[1].split == "valid", entry[1].group, entry[1].origin))
    for digest, sample in found:
        kept.setdefault(digest, sample)
    ordered = [(digest, kept[digest]) for digest in sorted(kept)]
    place_texts(ordered, count, texts)
    with whole_file(out) as file:
        file.write(msgspec.msgpack.encode(ordered))


def place_texts(entries: Sequence[Entry], count: int, out: Path) -> None:
    """The texts that a tokenizer learns from, each once, in `count` groups by its hash; behind the
    number of samples."""
    groups: list[dict[bytes, None]] = [{} for _ in range(count)]
    for _, sample in entries:
        if sample.is_trained_completion:
            for text in (*(text for _, text in sample.source), sample.target):
                data = text.encode()
                groups[crc32(data) % count][data] = None
    write_groups(out, list(map(list, groups)), len(entries))


def read_entries(part: Path) -> list[Entry]:
    """The samples of a part, in order."""
    return _entries.decode(part.read_bytes())


def count_pieces(number: int, texts: Sequence[Path], out: Path) -> None:
    """How often each piece occurs in the different texts of one group."""
    if out.exists():
        return
    known: set[bytes] = set()
    for path in texts:
        known.update(msgspec.msgpack.decode(read_group(path, number), type=list[bytes]))
    counts: Counter[bytes] = Counter()
    for text in known:
        counts.update(split_pieces(text))
    with whole_file(out) as file:
        file.write(msgspec.msgpack.encode(list(counts.items())))


def read_counts(path: Path) -> list[tuple[bytes, int]]:
    """The counts that count_pieces() wrote."""
    return msgspec.msgpack.decode(path.read_bytes(), type=list[tuple[bytes, int]])


def encode_part(part: Path, tokenizer: Path, config: DataConfig, out: Path) -> None:
    """The ids of a part: beside `out`, which says what there is, a file for each array."""
    if out.exists():
        return
    encoder = _tokenizer(tokenizer)
    entries = read_entries(part)
    kinds = dict(Counter(sample.kind for _, sample in entries))
    done = PartDone(kinds, 0, sum(bool(sample.neighbours) for _, sample in entries), {})
    for split in SPLITS:
        samples = [(digest, sample) for digest, sample in entries if sample.split == split]
        texts: dict[str, int] = {}
        found = encode_samples((sample for _, sample in samples), encoder, config, texts)
        done.too_long[split] = found.too_long, found.first_too_long
        done.train += len(samples) if split == "train" else 0
        for kind in KINDS:
            rows = getattr(found, kind)
            _keep(out, f"{split}.{kind}.ids", rows.values.astype(id_type(encoder)))
            _keep(out, f"{split}.{kind}.lengths", rows.lengths.astype("<u4"))
        _keep(out, f"{split}.neighbours", found.neighbours.astype("<i4"))
        known = (blake2b(text.encode(), digest_size=16).digest() for text in texts)
        _keep(out, f"{split}.known", np.frombuffer(b"".join(known), np.uint8))
        _keep(out, f"{split}.digests", np.frombuffer(_digested(samples), np.uint8))
    with whole_file(out) as file:
        file.write(msgspec.msgpack.encode(done))


def _digested(samples: Sequence[Entry]) -> bytes:
    """The bytes of samples that a corpus' fingerprint hashes: each text behind its length."""
    texts = (text.encode() for digest, s in samples for text in (digest, s.split, *s.neighbours))
    return b"".join(len(text).to_bytes(8, "little") + text for text in texts)


def _keep(out: Path, name: str, array: np.ndarray) -> None:
    path = out.with_suffix(f".{name}")
    temporary = temporary_name(path)  # a child of a call that was killed may be writing the same
    with writing(path), open(temporary, "xb") as file:
        file.write(array)
        file.flush()
        os.fsync(file.fileno())
        os.replace(temporary, path)


_known: dict[Path, Tokenizer] = {}


def _tokenizer(path: Path) -> Tokenizer:
    if path not in _known:
        _known[path] = Tokenizer.from_bytes(path.read_bytes())
    return _known[path]
