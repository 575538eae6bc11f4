"""Chunks that an index can find: functions, structs and whole modules of documents."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

import msgspec

from tat.errors import one_line
from tat.retrieval.words import words_of_version_1, words_to_index
from tat.wgsl.declarations import functions, split_module
from tat.wgsl.embedded.placed import Anchor, place_in

MODULE_LIMIT = 20_000  # characters; of a larger module only functions and structs are chunks

_FUNCTION_NAME = re.compile(r"\bfn\s+(\w+)")
_SPDX = re.compile(r"SPDX-License-Identifier:[ \t]*([\w.+() \t-]*[\w.+)])")


class Chunk(NamedTuple):
    """`text` is exact source without the comment above it; `context` has declarations it needs.

    `kind` is function, struct or module; `line` counts from the first line of the document;
    `topics` are further words to find it by; `col` is the column that it starts in, from 1.
    """

    kind: str
    name: str
    line: int
    signature: str
    comment: str
    text: str
    context: str
    topics: str
    col: int = 1

    def terms(self, version: int) -> tuple[str, str, str, str]:
        """Words of name, signature, comment and body, for an index of `version`."""
        words = words_to_index if version > 1 else words_of_version_1
        body = self.text[len(self.signature) :]
        comment = f"{self.comment}\n{self.topics}"
        parts = (self.name, self.signature, comment, body)
        return tuple(" ".join(words(part)) for part in parts)


@dataclass(frozen=True)
class Document:
    """A text to index: a module, or one function where there is a `signature`.

    `line` is where `text` starts in `file`; in JSON Lines, where a whole text is one line, the
    document is `embedded` and all of it has that line. `topics` describes the functions called
    `name` in other words, to find them by. A text with `places` has those of its file.
    """

    file: str
    line: int
    name: str
    text: str
    license: str = ""  # SPDX; a header line of the text itself counts before it
    embedded: bool = False
    signature: str = ""  # `text` of a function starts with it
    comment: str = ""  # of a function
    context: str = ""  # of a function
    topics: str = ""
    places: tuple[Anchor, ...] = ()  # of a text from a file of another language
    front: int = 0  # characters at the beginning that belong to other documents

    @classmethod
    def of_function(
        cls, file: str, line: int, signature: str, body: str, *, comment: str = "",
        context: str = "", license: str = "",
    ) -> "Document":  # fmt: skip
        """One function by itself, named as its signature says."""
        named = _FUNCTION_NAME.search(signature)
        return cls(
            file, line, named[1] if named else "", f"{signature} {body}", license, embedded=True,
            signature=signature, comment=comment, context=context,
        )  # fmt: skip

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of all parts of the chunks; place and licence do not enter."""
        fields = (
            self.name, self.text, self.embedded, self.signature, self.comment, self.context,
            self.topics,
        )  # fmt: skip
        if self.places:  # where a chunk is, from the document's own line, is kept with it
            spread = [
                (offset, line - self.line, column)
                for offset, file, line, column, _ in self.places
                if file == self.file
            ]
            fields += (self.front, spread)
        return sha256(msgspec.msgpack.encode(fields)).digest()

    @property
    def spdx(self) -> str:
        """The licence from the text's header, else the given one, else ""."""
        header = _SPDX.search(self.text)
        return one_line(header[1].strip() if header else self.license)

    def chunks(self) -> list[Chunk]:
        """The chunks of the document; FileError where they would be unreasonably many."""
        if self.signature:
            return [
                Chunk(
                    "function", self.name, 0, self.signature, self.comment, self.text,
                    self.context, self.topics,
                )
            ]  # fmt: skip
        declared = [(start, chunk) for start, chunk in _declared(self.text) if start >= self.front]
        found = [self._fitted(chunk, start) for start, chunk in declared]
        whole = Chunk("module", self.name, 0, "", "", self.text, "", self.topics)
        # A module of one function or struct would only repeat it.
        return [*found, whole] if len(found) > 1 and len(self.text) <= MODULE_LIMIT else found

    def _fitted(self, chunk: Chunk, start: int) -> Chunk:
        topics = self.topics if chunk.name == self.name else ""
        if self.places:
            _, line, column = place_in(self.places, start)
            return chunk._replace(topics=topics, line=line - self.line, col=column)
        return chunk._replace(topics=topics, line=0 if self.embedded else chunk.line,
                              col=1 if self.embedded else chunk.col)  # fmt: skip


def _declared(text: str) -> Iterator[tuple[int, Chunk]]:
    """The functions and structs of a module, in order, with the offsets where they start."""
    whole, line, counted = iter(functions(text)), 0, 0
    for item in split_module(text):
        line += text.count("\n", counted, item.start)
        counted = item.start
        code = text[item.start : item.end]
        col = item.start - text.rfind("\n", 0, item.start)
        if item.kind == "fn":
            function = next(whole)
            yield item.start, Chunk("function", item.name, line, function.signature, item.comment,
                                    code, function.context, "", col)  # fmt: skip
        elif item.kind == "struct":
            yield item.start, Chunk("struct", item.name, line, "", item.comment, code, "", "", col)
