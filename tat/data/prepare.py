"""Preparing a corpus: files to one file of token ids, by all cores, to the same bits as in memory.

Small corpora are made in memory as training always did. Others go through a work folder beside the
file: units of sources to samples, parts of samples in the order of digests, their neighbours and
renamed copies, a tokenizer, ids. Every intermediate file is whole or not there, so that a killed
call goes on with what it finds.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from tat import locks
from tat.config_tables import DataConfig
from tat.data import corpus_file
from tat.data.corpus import Report, load_corpus, require_training
from tat.data.corpus_content import Content, key_of
from tat.data.corpus_file import arrays_of
from tat.data.corpus_parts import PartDone, Unit, UnitDone, read_counts, read_told
from tat.data.generated import generated_functions
from tat.data.prepare_join import Joined
from tat.data.prepare_pool import Pool
from tat.data.prepare_progress import Progress, quiet
from tat.data.sources import ModuleText, SourceReader, nothing_usable
from tat.data.tokenizer import Tokenizer
from tat.data.training_data import TrainingData
from tat.errors import BusyError, CorpusError
from tat.files import atomic_file, remove_folder, writing
from tat.machine import cores

_IN_MEMORY = 8 << 20  # bytes of files up to which no processes are started
_UNIT = 4 << 20  # characters of a unit's texts
_GENERATED = 600  # bytes of a generated function, about
_PART = 16 << 20  # bytes of files for each part that is put in order by itself
_WEIGHTS = {  # shares of the time; of renamings, of each
    "reading": 45, "sorting": 15, "neighbours": 400, "renamings": 60, "counting": 10,
    "encoding": 30,
}  # fmt: skip


def prepare(
    paths: Sequence[Path], out: Path, config: DataConfig, seed: int, *,
    tokenizer: Tokenizer | None = None, threads: int = 0, progress: Progress = quiet,
    content: Content | None = None,
) -> None:  # fmt: skip
    """Writes the prepared corpus of `paths`; with a tokenizer, encoded with that.

    CorpusError if there is nothing to train on, BusyError if another process prepares the same.
    An error leaves nothing behind; a call that was killed or interrupted leaves its work folder.
    """
    content = content or Content.of(paths)
    with _work_folder(out, key_of(content, config, seed, tokenizer)) as work:
        given = _Given(paths, config, seed, tokenizer, content)
        if given.size <= _IN_MEMORY:
            _in_memory(given, out)
        else:
            _Preparing(given, work, threads, progress).run(out)


@contextmanager
def _work_folder(out: Path, key: str) -> Iterator[Path]:
    """The hidden folder beside `out` for what is prepared, locked; it goes with the block."""
    work = out.with_name(f".{out.name}.{key[:16]}.work")
    with writing(work):
        work.mkdir(parents=True, exist_ok=True)
    remove_folder(work.with_suffix(".old"))
    with writing(work):
        try:
            lock = locks.acquire(work / "lock")
        except BlockingIOError:
            why = "another process is preparing it; wait for that one"
            raise BusyError(f"{out}: {why}") from None
        except OSError:
            remove_folder(work)
            raise
    go_on = False
    try:
        yield work
    except Exception:  # of a full disk, whose room the folder takes, or of the sources
        raise
    except BaseException:
        go_on = True
        raise
    finally:
        locks.release(lock)
        if not go_on:
            remove_folder(work)


@dataclass(frozen=True)
class _Given:
    paths: Sequence[Path]
    config: DataConfig
    seed: int
    tokenizer: Tokenizer | None
    content: Content

    @property
    def size(self) -> int:
        """Bytes, about, with what is generated."""
        return self.content.size + _GENERATED * self.config.synth

    def index(self, fingerprint: str, report: Report, too_long: dict[str, Any]) -> dict[str, Any]:
        return dict(
            data=msgspec.to_builtins(self.config), seed=self.seed, fingerprint=fingerprint,
            report=replace(report, others=()), too_long=too_long, names=self.content.names,
        )  # fmt: skip


def _in_memory(given: _Given, out: Path) -> None:
    corpus = load_corpus(given.paths, given.config, given.seed)
    data = TrainingData.of(corpus, given.config, given.tokenizer)
    too_long = {
        split: (found.too_long, found.first_too_long)
        for split, found in (("train", data.train), ("valid", data.valid))
    }
    with atomic_file(out) as file:
        index = given.index(data.fingerprint, data.report, too_long)
        corpus_file.write(file, dict(arrays_of(data)), **index)


class _Preparing:
    """One call that goes through a work folder."""

    def __init__(self, given: _Given, work: Path, threads: int, progress: Progress) -> None:
        self._given, self._work, self._progress = given, work, progress
        self._workers = threads or cores()
        self._parts = min(256, max(4, given.size // _PART))
        self._reader = SourceReader(given.config.max_file_bytes, given.config.defines)

    def run(self, out: Path) -> None:
        with ExitStack() as stack:
            pool = stack.enter_context(Pool(self._workers))
            units = self._read(pool)
            parts = self._sort(pool, units)
            if self._given.config.neighbours:
                parts = self._accompany(pool, parts)
            if self._given.config.renamings:
                parts = self._rename(pool, parts)
            self._learn(pool)
            self._encode(pool, parts)
        self._join(out, units)

    def _path(self, kind: str, number: int) -> Path:
        return self._work / f"{kind}-{number:05}"

    def _paths(self, kind: str) -> list[Path]:
        return [self._path(kind, number) for number in range(self._parts)]

    def _said(self, stage: str, share: float) -> None:
        config, before = self._given.config, 0
        times = {"neighbours": min(1, config.neighbours), "renamings": config.renamings}
        weights = {name: weight * times.get(name, 1) for name, weight in _WEIGHTS.items()}
        for name, weight in weights.items():
            if name == stage:
                self._progress(stage, (before + weight * share) / sum(weights.values()))
            before += weight

    def _read(self, pool: Pool) -> list[Path]:
        """Units of sources to samples."""
        given, done, units, paths = self._given, 0, 0, []
        for unit, size in self._units():
            paths.append(self._path("unit", units))
            pool.do("read_unit", unit, given.config, given.seed, self._parts, paths[-1])
            units, done = units + 1, done + size
            self._said("reading", min(1.0, done / max(1, given.size)))
        pool.finish()
        return paths

    def _units(self) -> Iterator[tuple[Unit, int]]:
        """Sources that follow each other, and how long their texts are."""
        given, learnt = self._given, bool(self._given.paths)
        unit, size = Unit([], [], [], learnt), 0
        for item in self._reader.stream(given.paths):
            if isinstance(item, ModuleText):
                unit.modules.append(item)
                size += len(item.text)
            else:
                unit.functions.append(item)
                size += len(item.signature) + len(item.body) + len(item.context)
                size += len(item.comment) + sum(map(len, item.calls))
            if size >= _UNIT:
                yield unit, size
                unit, size = Unit([], [], [], learnt), 0
        if size:
            yield unit, size
        drawn = generated_functions(given.config.synth, given.seed)
        while several := list(islice(drawn, max(1, _UNIT // _GENERATED))):
            yield Unit([], [], several, learnt), _GENERATED * len(several)

    def _sort(self, pool: Pool, units: Sequence[Path]) -> list[Path]:
        parts, texts = self._paths("part"), self._paths("texts")
        for number, part in enumerate(parts):
            pool.do("sort_part", number, units, self._parts, part, texts[number])
            self._said("sorting", number / self._parts)
        pool.finish()
        self._texts = texts
        return parts

    def _accompany(self, pool: Pool, parts: Sequence[Path]) -> list[Path]:
        """The parts with neighbours; only one process can fill an index."""
        index, found = self._work / "index", self._paths("accompanied")
        pool.do("index_parts", parts, index)
        self._said("neighbours", 0.0)
        pool.finish()
        for number, (part, out) in enumerate(zip(parts, found, strict=True)):
            pool.do("accompany_part", part, index, self._given.config.neighbours, out)
            self._said("neighbours", number / self._parts)
        pool.finish()
        return found

    def _rename(self, pool: Pool, parts: Sequence[Path]) -> list[Path]:
        """The parts with renamed copies, each where its digest belongs."""
        names, all_names = self._paths("names"), self._work / "names"
        for part, out in zip(parts, names, strict=True):
            pool.do("name_part", part, out)
        pool.finish()
        pool.do("all_names", names, all_names)
        pool.finish()
        copies, times = self._paths("copies"), self._given.config.renamings
        for number, (part, out) in enumerate(zip(parts, copies, strict=True)):
            pool.do("rename_part", part, all_names, times, self._parts, out)
            self._said("renamings", 0.8 * number / self._parts)
        pool.finish()
        merged, self._texts = self._paths("merged"), self._paths("merged-texts")
        for number, part in enumerate(parts):
            out = merged[number], self._texts[number]
            pool.do("merge_part", number, part, copies, self._parts, *out)
            self._said("renamings", 0.8 + 0.2 * number / self._parts)
        pool.finish()
        return merged

    def _learn(self, pool: Pool) -> None:
        """The tokenizer, from the texts of all parts, unless there is one."""
        kept, tokenizer = self._work / "tokenizer", self._given.tokenizer
        if kept.exists():
            return
        if tokenizer is None:
            for number in range(self._parts):
                pool.do("count_pieces", number, self._texts, self._path("counts", number))
                self._said("counting", number / self._parts)
            pool.finish()
            counts: dict[bytes, int] = {}
            for number in range(self._parts):
                for piece, times in read_counts(self._path("counts", number)):
                    counts[piece] = counts.get(piece, 0) + times
            tokenizer = Tokenizer.of_counts(counts, self._given.config.vocabulary)
        with atomic_file(kept) as file:
            file.write(tokenizer.to_bytes())

    def _encode(self, pool: Pool, parts: Sequence[Path]) -> None:
        for number, part in enumerate(parts):
            out = self._path("ids", number)
            pool.do("encode_part", part, self._work / "tokenizer", self._given.config, out)
            self._said("encoding", number / self._parts)
        pool.finish()

    def _join(self, out: Path, units: Sequence[Path]) -> None:
        joined = Joined(self._paths("ids"))
        report = self._report(units, joined.done)
        require_training(sum(part.train for part in joined.done))
        tokenizer = Tokenizer.from_bytes((self._work / "tokenizer").read_bytes())
        index = self._given.index(joined.fingerprint(), report, joined.too_long())
        with atomic_file(out) as file:
            corpus_file.write(file, dict(joined.arrays(tokenizer)), **index)

    def _report(self, units: Sequence[Path], done: Sequence[PartDone]) -> Report:
        heads = [read_told(unit, UnitDone) for unit in units]
        silent = [s for head in heads for s in head.silent_modules]
        silent += [s for head in heads for s in head.silent_lines]
        skipped = (*self._reader.skipped, *silent)
        samples = sum(head.samples for head in heads)
        kept = sum(read_told(texts, int) for texts in self._paths("texts"))
        if not samples:
            raise CorpusError(nothing_usable(self._given.paths, skipped, self._reader.others))
        kinds = dict.fromkeys(("completion", "description", "infill"), 0)
        for part in done:
            for kind, count in part.kinds.items():
                kinds[kind] += count
        return Report(
            files=self._reader.files, skipped=skipped,
            functions=sum(head.functions for head in heads), completions=kinds["completion"],
            descriptions=kinds["description"], infills=kinds["infill"],
            duplicates=samples - kept, accompanied=sum(part.accompanied for part in done),
        )  # fmt: skip
