"""The index: chunks and their words in SQLite (FTS5), held in memory or in a file."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from tat.errors import FileError, TatError
from tat.remembered import remembered
from tat.retrieval.chunks import Chunk, Document

APPLICATION = int.from_bytes(b"tatI")  # marks a database as ours, in SQLite's own header
VERSION = 3  # of the schema, and of how documents become chunks and words
DIGEST = 32  # bytes

# FTS5 keeps no text (content = ''), only the places of words. To remove a chunk it needs the words
# again; the columns from `kind` on, the fields of Chunk, provide them.
_SCHEMA = f"""
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE,
    file TEXT NOT NULL, line INTEGER NOT NULL, license TEXT NOT NULL
);
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL, place INTEGER NOT NULL,
    kind TEXT NOT NULL, name TEXT NOT NULL, line INTEGER NOT NULL, signature TEXT NOT NULL,
    comment TEXT NOT NULL, text TEXT NOT NULL, context TEXT NOT NULL, topics TEXT NOT NULL,
    col INTEGER NOT NULL
);
CREATE INDEX chunks_of_document ON chunks (document);
CREATE VIRTUAL TABLE terms USING fts5 (
    name, signature, comment, body,
    content = '', tokenize = 'porter unicode61 remove_diacritics 2'
);
"""

_NEW_DOCUMENT = "INSERT INTO documents (digest, file, line, license) VALUES (?, ?, ?, ?)"
_NEW_CHUNK = "INSERT INTO chunks (document, place, {}) VALUES (?, ?{})"  # fields, and their marks
_NEW_TERMS = "INSERT INTO terms (rowid, name, signature, comment, body) VALUES (?, ?, ?, ?, ?)"
_REMOVE_TERMS = """
INSERT INTO terms (terms, rowid, name, signature, comment, body) VALUES ('delete', ?, ?, ?, ?, ?)
"""
_MOVE = "UPDATE documents SET file = ?, line = ?, license = ? WHERE id = ?"


@dataclass(frozen=True)
class Changes:
    """The changes of an update, in documents; `refused` has places and reasons."""

    added: int
    removed: int
    moved: int  # the same text in another place or under another licence
    kept: int
    chunks: int  # in the index now
    refused: tuple[tuple[str, str], ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.moved)


class Index:
    """Chunks that `tat.retrieval.query.search` finds; made empty, or with `open_index`.

    Any thread may use it, one at a time: a query waits for that of another thread.
    """

    def __init__(self, content: bytes = b"", name: str = "index", place: str = ":memory:") -> None:
        """content: of a serialized index; place: an URI of SQLite."""
        self._name = name
        self.proven = False  # whether all its functions are tat's own, run against references
        self._lock = threading.RLock()
        with self._errors():
            self._database = sqlite3.connect(place, uri=True, check_same_thread=False)
            if content:
                self._database.deserialize(content)
            [(self.version,)] = self._database.execute("PRAGMA user_version")
            if not (content or self.version):
                self._database.executescript(_SCHEMA)
                self.version = VERSION

    @classmethod
    def in_file(cls, path: Path) -> Self:
        """An index that stays in its file, made by being_filled(), and is read from there."""
        return cls(name=str(path), place=f"{path.absolute().as_uri()}?mode=ro&immutable=1")

    @classmethod
    @contextmanager
    def being_filled(cls, path: Path) -> Iterator[Self]:
        """An index in an empty file, to add documents to; a crash may leave a broken one."""
        index = cls(name=str(path), place=f"{path.absolute().as_uri()}?mode=rw")
        with index._errors(), closing(index._database):
            yield index

    def __len__(self) -> int:
        [(chunks,)] = self.select("SELECT count(*) FROM chunks")
        return chunks

    def select(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """The rows of one SQL query; FileError if the index is damaged."""
        with self._errors():
            return self._database.execute(query, values).fetchall()

    def frequency(self, word: str) -> int:
        """How many chunks hold a word; `word` is one of `tat.retrieval.words.words`."""
        return self._count(word)

    def update(self, documents: Iterable[Document]) -> Changes:
        """Make the index one of exactly these documents; only new texts are cut into chunks.

        The first of several documents of the same content counts. An update is all or nothing.
        """
        wanted: dict[bytes, Document] = {}
        for document in documents:
            wanted.setdefault(document.digest, document)
        rows = self.select("SELECT digest, id, file, line, license FROM documents")
        known = {digest: (identity, tuple(place)) for digest, identity, *place in rows}
        gone = [identity for digest, (identity, _) in known.items() if digest not in wanted]
        moved = [
            (*_place(wanted[digest]), identity)
            for digest, (identity, place) in known.items()
            if digest in wanted and place != _place(wanted[digest])
        ]
        new = [document for digest, document in wanted.items() if digest not in known]
        refused = self._apply(gone, moved, new)
        self._count.cache_clear()
        added, kept = len(new) - len(refused), len(known) - len(gone) - len(moved)
        return Changes(added, len(gone), len(moved), kept, len(self), tuple(refused))

    def add(self, documents: Iterable[Document]) -> None:
        """Add those that the index does not have; one is held in memory at a time."""
        known = "SELECT 1 FROM documents WHERE digest = ?"
        new = (document for document in documents if not self.select(known, (document.digest,)))
        with self._errors():
            self._database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        self._apply([], [], new)
        self._count.cache_clear()

    def serialize(self) -> bytes:
        """The content of an index file: the database and its SHA-256."""
        with self._errors():
            content = self._database.serialize()
        return content + sha256(content).digest()

    @property
    def _fields(self) -> tuple[str, ...]:
        """The fields of a chunk that an index of this version holds."""
        return Chunk._fields if self.version >= 3 else Chunk._fields[:-1]

    @remembered(1 << 16)
    def _count(self, word: str) -> int:
        [(chunks,)] = self.select("SELECT count(*) FROM terms WHERE terms MATCH ?", (f'"{word}"',))
        return chunks

    def _apply(
        self, gone: list[int], moved: list[tuple[Any, ...]], new: Iterable[Document]
    ) -> list[tuple[str, str]]:
        """Remove, move and add in one transaction; returns places and reasons of refused ones."""
        refused = []
        with self._errors(), self._database as database:
            for identity in gone:
                self._remove(identity)
            database.executemany(_MOVE, moved)
            for document in new:
                try:
                    self._add(document, document.chunks())
                except FileError as error:
                    refused.append((f"{document.file}:{document.line}", f"unreasonable: {error}"))
            if gone or new:
                database.execute("INSERT INTO terms (terms) VALUES ('optimize')")
        return refused

    def _add(self, document: Document, chunks: list[Chunk]) -> None:
        execute = self._database.execute
        identity = execute(_NEW_DOCUMENT, (document.digest, *_place(document))).lastrowid
        fields = self._fields
        insert = _NEW_CHUNK.format(", ".join(fields), ", ?" * len(fields))
        for place, chunk in enumerate(chunks):
            number = execute(insert, (identity, place, *chunk[: len(fields)])).lastrowid
            execute(_NEW_TERMS, (number, *chunk.terms(self.version)))

    def _remove(self, document: int) -> None:
        execute = self._database.execute
        chunks = f"SELECT id, {', '.join(self._fields)} FROM chunks WHERE document = ?"
        for number, *fields in execute(chunks, (document,)).fetchall():
            execute(_REMOVE_TERMS, (number, *Chunk(*fields).terms(self.version)))
        execute("DELETE FROM chunks WHERE document = ?", (document,))
        execute("DELETE FROM documents WHERE id = ?", (document,))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Hold the lock, and turn what SQLite says of the file into a FileError that names it.

        A wrong call of SQLite is no damage: it passes.
        """
        try:
            with self._lock:
                yield
        except (sqlite3.ProgrammingError, sqlite3.InterfaceError):
            raise
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if "no such module" in str(error):
                raise TatError("the SQLite of this Python has no FTS5; use another") from error
            raise FileError(
                f"{self._name}: damaged index ({error}); delete it and run `tat index` again"
            ) from error


def _place(document: Document) -> tuple[str, int, str]:
    return document.file, document.line, document.spdx
