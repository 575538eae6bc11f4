"""`tat train`: starts a run, or goes on with one."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from tat.checkpoint import Checkpoint
from tat.commands.common.doubts import invalid_modules
from tat.config import Config, Resolved, resolve
from tat.cookbook.library import load
from tat.data.corpus import cookbook_corpus
from tat.data.corpus_cache import Say, is_prepared, training_data
from tat.data.input_files import list_files
from tat.data.sources import SUFFIXES
from tat.data.tokenizer import Tokenizer
from tat.data.training_data import TrainingData
from tat.errors import CheckpointError, ConfigError, OneSidedError, UsageError
from tat.train.agreement import BITS, Onlooker, ended_together, led, shown
from tat.train.interrupt import StopRequest
from tat.train.pretrained import Pretrained
from tat.train.ranks import Ranks, open_ranks
from tat.train.reporter import Reporter, open_reporter
from tat.train.resuming import Progress, refuse_changes, stored_tokenizer
from tat.train.run_folder import RunFolder
from tat.train.session import Session


def run(options: argparse.Namespace) -> int:
    if options.resume and options.run is None:
        raise UsageError("--resume: name the run with --run DIR")
    if set(options.allow_change) - {BITS} and not options.resume:
        raise UsageError("--allow-change is for --resume; a new run has nothing to change")
    if options.resume and options.pretrained:
        raise UsageError("--from is for a new run; --resume goes on with the weights of --run")
    ranks = open_ranks(options.ranks)
    with ended_together(ranks):
        return (_resume if options.resume else _start)(options, ranks)


def _start(options: argparse.Namespace, ranks: Ranks) -> int:
    pretrained = Pretrained.load(options.pretrained) if options.pretrained else None
    config = _resolve(options, pretrained=pretrained).config
    ranks.wait_s = config.train.ranks_wait_s
    with (
        StopRequest() as stop,
        led(ranks, lambda: RunFolder.create(options.run)) or Onlooker(Path()) as folder,
        _reporter(options, folder, stop, ranks) as reporter,
    ):
        if pretrained:
            config, data = _data_to_tune(options, config, pretrained, reporter, ranks)
        else:
            data = _data(options.paths, config, None, reporter, ranks)
        if not (options.quiet or ranks.rank or is_prepared(options.paths)):
            for line in invalid_modules(options.paths, config.data):
                reporter.note(line)
        session = Session.start(
            config, folder, data, options.paths, reporter, options.device, pretrained, ranks,
            options.allow_change,
        )  # fmt: skip
        return session.run(stop)


def _resume(options: argparse.Namespace, ranks: Ranks) -> int:
    with (
        StopRequest() as stop,
        led(ranks, lambda: RunFolder.open(options.run)) or Onlooker(options.run) as folder,
        _reporter(options, folder, stop, ranks) as reporter,
    ):
        path, checkpoint = _shown(folder, ranks)
        config = _resolve(options, base=checkpoint.configuration).config
        stored = Progress.restore(path, checkpoint.progress).paths
        data = _data(
            options.paths or list(map(Path, stored)), config, stored_tokenizer(path, checkpoint),
            reporter, ranks,
        )  # fmt: skip
        refuse_changes(path, checkpoint, config, data, options.allow_change)
        ranks.wait_s = config.train.ranks_wait_s
        session = Session.resume(
            config, folder, data, checkpoint, path, reporter, options.device, options.paths,
            ranks, options.allow_change,
        )  # fmt: skip
        return session.run(stop)


@contextmanager
def _reporter(
    options: argparse.Namespace, folder: RunFolder, stop: StopRequest, ranks: Ranks
) -> Iterator[Reporter]:
    """The reporter of the call; it hears of signals and is always closed. Rank 0 alone talks."""
    reporter = open_reporter(options.quiet or ranks.rank > 0, options.verbose, folder.log)
    stop.on_first, stop.on_second = reporter.stopping, reporter.abandon
    try:
        yield reporter
    finally:
        reporter.close()


def _shown(folder: RunFolder, ranks: Ranks) -> tuple[Path, Checkpoint]:
    """The newest checkpoint, read by rank 0."""

    def good() -> tuple[Path, Checkpoint]:
        path, checkpoint = folder.latest_good()
        _check_stored(path, checkpoint)
        return path, checkpoint

    path, checkpoint = led(ranks, good) or (folder.path, None)
    return shown(ranks, path, checkpoint)


def _check_stored(path: Path, checkpoint: Checkpoint) -> None:
    """CheckpointError for a wrong value in the file: it is no fault of today's settings."""
    try:
        resolve(base=checkpoint.configuration, environment={})
    except ConfigError as error:
        raise CheckpointError(f"{path}: its configuration is not usable: {error}") from None


def _resolve(
    options: argparse.Namespace, base: dict[str, Any] | None = None,
    pretrained: Pretrained | None = None,
) -> Resolved:  # fmt: skip
    flags = {
        "preset": options.preset, "train.steps": options.steps, "seed": options.seed,
        "train.precision": options.precision, "data.synth": options.synth,
        "data.defines": options.define or None,
    }  # fmt: skip
    return resolve(
        files=options.config, assignments=options.set, base=base,
        pretrained=pretrained.settings if pretrained else None,
        flags={key: value for key, value in flags.items() if value is not None},
    )  # fmt: skip


def _data_to_tune(
    options: argparse.Namespace, config: Config, pretrained: Pretrained, reporter: Reporter,
    ranks: Ranks,
) -> tuple[Config, TrainingData]:  # fmt: skip
    """The corpus to tune on. Where the files are so few that all of them fall on one side of the
    split, it is by functions, and the configuration says so from then on."""
    paths, tokenizer = options.paths, pretrained.tokenizer()
    if not paths or config.data.split == "function" or not config.data.validation_share:
        return config, _data(paths, config, tokenizer, reporter, ranks)
    say, one = reporter.note, _one_file(paths)
    if is_prepared(paths) or not one:
        with suppress(OneSidedError):
            data = _read(paths, config, tokenizer, say, ranks)
            if (data.report.files > 1 and len(data.valid)) or is_prepared(paths):
                return config, _reported(data, reporter)
        say = reporter.detail  # it was said
    by_function = replace(config, data=replace(config.data, split="function"))
    data = _read(paths, by_function, tokenizer, say, ranks)
    reporter.note("so few files fall on one side of the split: functions are held out, not files")
    _reported(data, reporter)
    if not len(data.valid):
        reporter.note("nothing is held out of so few functions: no checkpoint is known to be best")
    return by_function, data


def _data(
    paths: Sequence[Path], config: Config, tokenizer: Tokenizer | None, reporter: Reporter,
    ranks: Ranks,
) -> TrainingData:  # fmt: skip
    """The corpus to train on, reported."""
    return _reported(_read(paths, config, tokenizer, reporter.note, ranks), reporter)


def _read(
    paths: Sequence[Path], config: Config, tokenizer: Tokenizer | None, say: Say, ranks: Ranks
) -> TrainingData:
    """The corpus to train on; rank 0 prepares first, and others find it in a shared cache."""

    def read() -> TrainingData:
        if paths or config.data.synth:
            return training_data(paths, config, tokenizer, say)
        say("no PATH: training on the bundled cookbook")
        entries = [(e.name, e.request, e.code) for e in load(tag="starter")]
        return TrainingData.of(cookbook_corpus(entries, config.data), config.data, tokenizer)

    return led(ranks, read) or read()


def _one_file(paths: Sequence[Path]) -> bool:
    """Whether the paths are, or hold, one file that may have shaders."""
    found = list_files(paths, SUFFIXES, lambda path, reason: None)
    return len(list(islice(found, 2))) == 1


def _reported(data: TrainingData, reporter: Reporter) -> TrainingData:
    """The corpus, once its counts are reported."""
    for line in data.report.lines():
        reporter.note(line)
    for item in data.report.skipped:
        reporter.detail(f"skipped {item.path}: {item.reason}")
    return data
