"""The last step of preparing: what was encoded in parts becomes the arrays of one file."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np

from tat.data.corpus_file import Array, id_type
from tat.data.corpus_parts import SPLITS, PartDone
from tat.data.dataset import Ragged
from tat.data.tokenizer import Tokenizer


class Joined:
    """The parts as encode_part() wrote them, one after another."""

    def __init__(self, parts: Sequence[Path]) -> None:
        self._parts = parts
        self.done = [msgspec.msgpack.decode(p.read_bytes(), type=PartDone) for p in parts]

    def fingerprint(self) -> str:
        """As Corpus says it."""
        state = sha256()
        for split in SPLITS:
            for data in _pieces(self._files(f"{split}.digests")):
                state.update(data)
        return state.hexdigest()

    def too_long(self) -> dict[str, tuple[int, str]]:
        """The samples of each split that are too long: how many, and the origin of the first."""
        found = {}
        for split in SPLITS:
            counts, firsts = zip(*(done.too_long[split] for done in self.done), strict=True)
            found[split] = sum(counts), next(filter(None, firsts), "")
        return found

    def arrays(self, tokenizer: Tokenizer) -> Iterator[tuple[str, Array]]:
        """The arrays of the file, each read from the parts when it is written."""
        yield "tokenizer", Array("|u1", [tokenizer.to_bytes()])
        ids = id_type(tokenizer)
        for split in SPLITS:
            for kind in ("sources", "targets"):
                name = f"{split}.{kind}"
                yield f"{name}.ids", Array(ids, _pieces(self._files(f"{name}.ids")), ids=True)
                lengths = (np.fromfile(path, "<u4") for path in self._files(f"{name}.lengths"))
                yield f"{name}.starts", Array("<i8", _starts(lengths))
            rows, kept = self._rows_of_texts(split)
            texts = f"{split}.texts"
            values = (part.values for part in self._texts(split, ids, kept))
            yield f"{texts}.ids", Array(ids, values, ids=True)
            lengths = (part.lengths for part in self._texts(split, ids, kept))
            yield f"{texts}.starts", Array("<i8", _starts(lengths))
            yield f"{split}.neighbours", Array("<i4", self._tables(split, rows))

    def _files(self, kind: str) -> list[Path]:
        return [part.with_suffix(f".{kind}") for part in self._parts]

    def _rows_of_texts(self, split: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """The row in the file of each part's texts, and whether a text is the first of its kind."""
        parts = [np.fromfile(path, "S16") for path in self._files(f"{split}.known")]
        known = np.concatenate(parts)
        _, firsts, which = np.unique(known, return_index=True, return_inverse=True)
        first = np.zeros(len(which), bool)
        first[firsts] = True
        rows = (np.cumsum(first, dtype=np.int32) - 1)[firsts][which]
        ends = np.cumsum(list(map(len, parts)))[:-1]
        return np.split(rows, ends), np.split(first, ends)

    def _texts(self, split: str, ids: str, kept: Sequence[np.ndarray]) -> Iterator[Ragged]:
        """The texts of each part that no earlier part has."""
        files = self._files(f"{split}.texts.ids"), self._files(f"{split}.texts.lengths")
        for values, lengths, chosen in zip(*files, kept, strict=True):
            starts = np.cumsum([0, *np.fromfile(lengths, "<u4")], dtype=np.int64)
            yield Ragged(np.fromfile(values, ids), starts).those(chosen)

    def _tables(self, split: str, rows: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
        """Rows of texts of each sample, in the file's numbers."""
        for path, row in zip(self._files(f"{split}.neighbours"), rows, strict=True):
            table = np.fromfile(path, "<i4")
            table[table >= 0] = row[table[table >= 0]]
            yield table


def _starts(lengths: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    last = np.zeros(1, "<i8")
    yield last
    for of_part in lengths:
        ends = last[-1] + np.cumsum(of_part, dtype="<i8")
        if len(ends):
            last = ends
            yield ends


def _pieces(files: Iterable[Path]) -> Iterator[bytes]:
    """The bytes of files, one after another."""
    for path in files:
        with open(path, "rb") as file:
            while data := file.read(1 << 20):
                yield data
