"""The model of the phases, trained on the bundled cookbook as `tat train` does."""

import shutil
from dataclasses import replace
from pathlib import Path

from tat.config import Config, differences
from tat.cookbook.library import load as cookbook
from tat.data.corpus import cookbook_corpus
from tat.data.tokenizer import Tokenizer
from tat.data.training_data import TrainingData
from tat.errors import TatError
from tat.proofs.manifest import configuration_of, read_manifest
from tat.proofs.phase_run import Context
from tat.train.interrupt import StopRequest
from tat.train.reporter import open_reporter
from tat.train.run_folder import RunFolder
from tat.train.session import Session


def train(config: Config, folder: Path, *, resume: bool, quiet: bool) -> Path:
    """Train to the end on the cookbook's starters; returns the last checkpoint.

    With `resume` it continues the run of a killed call, if that fits; else it empties the folder.
    SystemExit, after saving, if a signal asks to stop.
    """
    entries = [(e.name, e.request, e.code) for e in cookbook(tag="starter")]
    corpus = cookbook_corpus(entries, config.data)
    if not (resume and _continues(folder, config)):
        _remove_run(folder)
    resuming = (folder / "config.toml").is_file()
    opened = RunFolder.open(folder) if resuming else RunFolder.create(folder)
    with opened as run, StopRequest() as stop:
        reporter = open_reporter(quiet, False, run.log)
        stop.on_first, stop.on_second = reporter.stopping, reporter.abandon
        try:
            if resuming:
                path, stored = run.latest_good()
                tokenizer = Tokenizer.from_bytes(stored.tokenizer)
                data = TrainingData.of(corpus, config.data, tokenizer)
                session = Session.resume(config, run, data, stored, path, reporter, "cpu")
            else:
                data = TrainingData.of(corpus, config.data)
                session = Session.start(config, run, data, [], reporter, "cpu")
            session.run(stop)
        finally:
            reporter.close()
        if stop:
            raise SystemExit(stop.exit_code)
        return run.newest()


def _continues(folder: Path, config: Config) -> bool:
    """Whether the folder holds a run with these settings and a good checkpoint."""
    try:
        _, stored = RunFolder.open(folder, write=False).latest_good()
    except TatError:
        return False
    return not differences(stored.configuration, configuration_of(config))


def _remove_run(folder: Path) -> None:
    """Delete a run that no process writes; leave anything else alone."""
    if (folder / "config.toml").is_file():
        RunFolder.open(folder).close()
        shutil.rmtree(folder)


def model_of(context: Context, phase: str) -> Path:
    """The checkpoint for a phase: that of the architect.

    A standalone phase trains a model of the same shape for a few steps.
    """
    if not context.standalone:
        outputs = read_manifest(context.target, "architect").outputs
        return context.target / next(name for name in outputs if name.endswith(".safetensors"))
    few = min(context.config.train.steps, context.config.phases.standalone_steps)
    config = replace(context.config, train=replace(context.config.train, steps=few))
    return train(config, context.folder(phase), resume=context.resuming, quiet=context.quiet)
