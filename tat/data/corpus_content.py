"""Knowing a corpus again by what its files say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b, sha256
from pathlib import Path

import msgspec

from tat import __version__
from tat.config_tables import DataConfig
from tat.data.corpus_file import SUFFIX
from tat.data.input_files import display_name, failure_reason, list_files, open_regular
from tat.data.shaders import in_dialect
from tat.data.sources import SUFFIXES, Skipped
from tat.data.tokenizer import Tokenizer
from tat.errors import CorpusError, one_line
from tat.resources import content_of

FORMAT = 3  # raised when the same files and settings give other bytes


@dataclass(frozen=True)
class Content:
    """The files of a corpus, read once to know them again."""

    digest: str  # of their contents and kinds, in order
    names: str  # digest of their names
    size: int  # bytes
    files: int  # that can be read
    others: tuple[Path, ...] = ()  # files in folders of other kinds
    skipped: tuple[Skipped, ...] = ()  # paths that cannot be read

    @classmethod
    def of(cls, paths: Sequence[Path]) -> "Content":
        """CorpusError where a path is a prepared corpus, which stands alone."""
        for path in paths:
            if path.suffix == SUFFIX and path.is_file():
                raise CorpusError(
                    f"{path}: a prepared corpus goes alone to `tat train`; give the files that it"
                    " was made from"
                )
        content, names, size, files = sha256(), sha256(), 0, 0
        others: list[Path] = []
        skipped: list[Skipped] = []

        def skip(path: str, reason: str) -> None:
            skipped.append(Skipped(path, one_line(reason)))

        for path in list_files(paths, SUFFIXES, skip, others.append):
            suffix = path.suffix.lower()
            kind = bytes([suffix == ".jsonl"])
            if suffix != ".jsonl" and in_dialect(path):
                kind = b"\2" + display_name(path).encode()  # imports go by names, too
            try:
                digest, length = _digest_of(path)
                files += 1
            except OSError as error:  # it may come back: not the same corpus
                skip(display_name(path), failure_reason(error))
                digest, length = b"unreadable", 0
            content.update(kind + digest)
            size += length
            names.update(display_name(path).encode() + b"\0")
        return cls(
            content.hexdigest(), names.hexdigest(), size, files, tuple(others), tuple(skipped)
        )


def _digest_of(path: Path) -> tuple[bytes, int]:
    with open_regular(path) as file:
        state, size = blake2b(digest_size=32), 0
        while data := file.read(1 << 20):
            state.update(data)
            size += len(data)
        return state.digest(), size


def key_of(content: Content, config: DataConfig, seed: int, tokenizer: Tokenizer | None) -> str:
    """Names what preparing gives: by content, settings and tokenizer, whatever files are called."""
    settings = msgspec.to_builtins(replace(config, neighbour_share=0.0))
    learnt = sha256(tokenizer.to_bytes()).hexdigest() if tokenizer else ""
    rules = content_of("synth") if config.synth else ""
    facts = [__version__, FORMAT, content.digest, settings, seed, learnt, rules]
    return sha256(msgspec.json.encode(facts, order="sorted")).hexdigest()
