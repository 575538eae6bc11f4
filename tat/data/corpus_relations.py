"""Samples that need all others, in parts: neighbours, and copies under names of other functions.

Tasks as in tat.data.corpus_parts. Of all samples a process has only those of its part in memory:
neighbours are found through an index in a file, and names are few.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import msgspec

from tat.data.corpus_parts import (
    Entry,
    part_number,
    place_texts,
    read_entries,
    read_group,
    whole_file,
    write_groups,
)
from tat.data.neighbours import document_of, neighbours_of
from tat.data.renaming import declared_in, renamed_copies
from tat.data.samples import Sample
from tat.retrieval.index import Index

Copy = tuple[str, str, int, Sample]  # digest; digest of the original, and which copy of it

_copies = msgspec.msgpack.Decoder(list[Copy])
_names = msgspec.msgpack.Decoder(list[str])


def index_parts(parts: Sequence[Path], out: Path) -> None:
    """An index of the functions that may be neighbours."""
    if out.exists():
        return
    with whole_file(out) as file:
        samples = (sample for part in parts for _, sample in read_entries(part))
        with Index.being_filled(Path(file.name)) as index:
            index.add(document_of(sample) for sample in samples if sample.is_trained_completion)


def accompany_part(part: Path, index: Path, count: int, out: Path) -> None:
    """A part whose samples have up to `count` neighbours each."""
    if out.exists():
        return
    found = [
        (digest, replace(sample, neighbours=neighbours_of(sample, _opened(index), count)))
        for digest, sample in read_entries(part)
    ]
    with whole_file(out) as file:
        file.write(msgspec.msgpack.encode(found))


def name_part(part: Path, out: Path) -> None:
    """The names that functions of a part declare."""
    if out.exists():
        return
    samples = (sample for _, sample in read_entries(part) if sample.is_trained_completion)
    names = {name for sample in samples for name in declared_in(sample)}
    with whole_file(out) as file:
        file.write(msgspec.msgpack.encode(sorted(names)))


def all_names(parts: Sequence[Path], out: Path) -> None:
    """The names of all parts, sorted."""
    if out.exists():
        return
    names = sorted({name for part in parts for name in _names.decode(part.read_bytes())})
    with whole_file(out) as file:
        file.write(msgspec.msgpack.encode(names))


def rename_part(part: Path, names: Path, renamings: int, count: int, out: Path) -> None:
    """The renamed copies of a part's functions, by the part that they belong to."""
    if out.exists():
        return
    groups: list[list[Copy]] = [[] for _ in range(count)]
    for original, sample in read_entries(part):
        if sample.is_trained_completion:
            for number, copy in enumerate(renamed_copies(sample, _read_names(names), renamings)):
                digest = copy.digest
                groups[part_number(digest, count)].append((digest, original, number, copy))
    write_groups(out, groups)


def merge_part(
    number: int, part: Path, copies: Sequence[Path], count: int, out: Path, texts: Path
) -> None:
    """A part with the copies that belong to it, in the order of digests, and its texts."""
    if out.exists() and texts.exists():
        return
    # Equal digests stand where a stable sort of originals, each before its copies, leaves them.
    found: list[Copy] = [(digest, digest, -1, sample) for digest, sample in read_entries(part)]
    found += (copy for path in copies for copy in _copies.decode(read_group(path, number)))
    found.sort(key=lambda copy: copy[:3])
    ordered: list[Entry] = [(digest, sample) for digest, _, _, sample in found]
    place_texts(ordered, count, texts)
    with whole_file(out) as file:
        file.write(msgspec.msgpack.encode(ordered))


def forget() -> None:
    """Closes what the tasks of this process have read."""
    _opened.cache_clear()
    _read_names.cache_clear()


@lru_cache(maxsize=1)
def _opened(index: Path) -> Index:
    return Index.in_file(index)


@lru_cache(maxsize=1)
def _read_names(path: Path) -> list[str]:
    return _names.decode(path.read_bytes())
