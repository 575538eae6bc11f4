"""The data that training asks for: a prepared file, or files prepared into the user's cache."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from tat.config import Config
from tat.data.corpus import load_corpus, require_functions
from tat.data.corpus_content import Content, key_of
from tat.data.corpus_file import SUFFIX, CorpusFile
from tat.data.prepare import prepare
from tat.data.prepare_progress import EtaProgress
from tat.data.sources import nothing_usable
from tat.data.tokenizer import Tokenizer
from tat.data.training_data import TrainingData
from tat.errors import BusyError, CorpusError, FileError
from tat.files import writing
from tat.resources import user_folder

_MOST = 16  # files in the cache; those that were not used for longest go
_SMALL = 1 << 20  # bytes of files that are read once more before functions are drawn beside them
_PAUSE = 0.2  # seconds between looks at what another process prepares

Say = Callable[[str], None]


def training_data(
    paths: Sequence[Path], config: Config, tokenizer: Tokenizer | None, say: Say
) -> TrainingData:
    """The corpus of `paths`, or of the one prepared file that they name.

    tokenizer: of a model that goes on; without, one is learnt. CorpusError if there is nothing to
    train on, or a prepared file was made with other settings. Small files without a function are
    refused before functions are drawn beside them.
    """
    if is_prepared(paths):
        return _prepared(paths[0], config, tokenizer)
    content = Content.of(paths)
    if paths and not content.files:
        raise CorpusError(nothing_usable(paths, content.skipped, content.others))
    known = any(_place(content, config, of).is_file() for of in (None, tokenizer))
    if paths and config.data.synth and content.size <= _SMALL and not known:
        require_functions(paths, config.data)
    if config.data.neighbours:
        say(f"looking for {config.data.neighbours} neighbours of each sample")
    if config.data.synth:
        say(f"drawing {config.data.synth} functions by rules, seed {config.seed}")
    if tokenizer and (file := _cached(content, config, None)):
        learnt = file.training_data()
        if learnt.tokenizer.to_bytes() == tokenizer.to_bytes():
            return _with_others(learnt, content)
    try:
        return _with_others(_made(paths, content, config, tokenizer, say), content)
    except CorpusError:
        raise
    except FileError as error:  # the cache cannot be written
        say(f"the corpus is read without a cache: {error}")
        corpus = load_corpus(paths, config.data, config.seed)
        return TrainingData.of(corpus, config.data, tokenizer)


def is_prepared(paths: Sequence[Path]) -> bool:
    """Whether training reads one prepared file, and nothing else."""
    return len(paths) == 1 and paths[0].suffix == SUFFIX and paths[0].is_file()


def _with_others(data: TrainingData, content: Content) -> TrainingData:
    """The data, and the parts of the folders that were prepared earlier and not read now."""
    known = {item.path for item in data.report.skipped}
    skipped = (*data.report.skipped, *(s for s in content.skipped if s.path not in known))
    return replace(data, report=replace(data.report, others=content.others, skipped=skipped))


def _prepared(path: Path, config: Config, tokenizer: Tokenizer | None) -> TrainingData:
    file = CorpusFile(path)
    file.require_settings(config.data)
    if tokenizer and file.tokenizer().to_bytes() != tokenizer.to_bytes():
        raise CorpusError(
            f"{path}: prepared with another tokenizer than the model's; prepare it with `tat"
            " prepare --from` and that model, or give the files themselves"
        )
    return file.training_data()


def _made(
    paths: Sequence[Path], content: Content, config: Config, tokenizer: Tokenizer | None, say: Say
) -> TrainingData:
    """The data from the cache, prepared first where it is not there."""
    while True:
        if file := _cached(content, config, tokenizer):
            return file.training_data()
        place = _place(content, config, tokenizer)
        with writing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
        try:
            prepare(
                paths, place, config.data, config.seed, tokenizer=tokenizer,
                threads=config.threads, progress=EtaProgress(say), content=content,
            )  # fmt: skip
        except BusyError:  # another process does
            time.sleep(_PAUSE)
            continue
        _prune(place)


def _place(content: Content, config: Config, tokenizer: Tokenizer | None) -> Path:
    key = key_of(content, config.data, config.seed, tokenizer)
    return user_folder("cache") / "corpora" / f"{key}{SUFFIX}"


def _cached(content: Content, config: Config, tokenizer: Tokenizer | None) -> CorpusFile | None:
    """The file that tells of these contents, if there is one; a damaged one goes."""
    place = _place(content, config, tokenizer)
    if not place.is_file():
        return None
    try:
        file = CorpusFile(place)
        names_told = file.index.report.skipped or any(n for n, _ in file.index.too_long.values())
        if names_told and file.index.names != content.names:
            raise CorpusError("its report names other files")
    except CorpusError:
        with suppress(OSError):
            place.unlink()
        return None
    with suppress(OSError):
        os.utime(place)
    return file


def _prune(newest: Path) -> None:
    with suppress(OSError):
        files = sorted(newest.parent.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime)
        for old in files[:-_MOST]:
            old.unlink(missing_ok=True)
