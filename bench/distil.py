"""Trains a student on labels that teachers draw: an ensemble, distilled into one model.

    python bench/distil.py CORPUS --teacher RUN [--teacher RUN]... --run RUN [--resume] [--keep 0.5]
                           [--steps N] [--config FILE] [--set KEY=VALUE]... [--device gpu]

The cross-entropy against a distribution has the same expected gradient as that against a label
drawn from it. So at each position, behind the true tokens before it, the label is drawn from the
next-token distribution of one of the teachers, a different one for each batch: on average that is
the mixture of all. A share of --keep of the positions keeps the true label. All draws follow from
the seed and the batch's number, so that a run that is resumed goes on as it would have.

Teachers are runs or files of tat, of any size, with one tokenizer. CORPUS is a folder, a file or a
prepared corpus of that tokenizer. Other arguments are those of `tat train`.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import tat  # noqa: F401  isort: skip  (before numpy: it sets the BLAS threads)

import numpy as np

from tat.backends.backend import Executable
from tat.config import resolve
from tat.data.batches import Batch, Batches
from tat.data.corpus_cache import training_data
from tat.decode.loading import LoadedModel, load_model
from tat.errors import CheckpointError, TatError
from tat.hashing import fold
from tat.model.programs import BatchShape, drawing_program
from tat.ops.plan import plan
from tat.remembered import remembered
from tat.tokens import Special
from tat.train.interrupt import StopRequest
from tat.train.named_checkpoint import load_checkpoint
from tat.train.reporter import Reporter, open_reporter
from tat.train.resuming import refuse_changes, stored_tokenizer
from tat.train.run_folder import RunFolder
from tat.train.session import Session

_UNFILTERED = (1.0, 0.0, 1.0, 0.0, 1.0)  # temperature, top-k, top-p, min-p, repetition penalty
_CHOICE, _NOISE, _KEPT = range(3)  # what a batch's random bits are for


class Teacher:
    """A trained model that draws a token behind each position of a batch."""

    def __init__(self, loaded: LoadedModel, shapes: Iterable[BatchShape] = ()) -> None:
        """shapes: of batches to come, which are compiled at once; others are when they come."""
        self._loaded = loaded
        for shape in sorted(shapes, key=lambda s: s.source + s.target, reverse=True):
            self._executable(shape)  # the largest first: arenas get their full size at once

    def draw(self, batch: Batch, key: int) -> np.ndarray:
        """Drawn ids, int32 [B, T], behind given inputs; `key`, 32 bits, selects the noise."""
        rows, sources, _ = batch.sources.shape
        executable = self._executable(BatchShape(rows, *batch.bucket, sources))
        executable.write("sources", batch.sources)
        executable.write("source_lengths", batch.source_lengths)
        executable.write("inputs", batch.inputs)
        executable.write("target_lengths", batch.target_lengths[:, None])
        executable.write("key", np.full(batch.inputs.size, key, np.uint32).view(np.int32))
        executable.run()
        return executable.read("drawn").reshape(batch.inputs.shape).astype(np.int32)

    @remembered()
    def _executable(self, shape: BatchShape) -> Executable:
        backend, count = self._loaded.backend, shape.rows * shape.target
        graph = drawing_program(self._loaded.model, shape, first=Special.EOS)
        executable = backend.compile(plan(graph, backend.memory))
        executable.write("settings", np.tile(np.array(_UNFILTERED, np.float32), (count, 1)))
        executable.write("place", np.arange(count))
        executable.write("idle", np.zeros((count, 1)))
        return executable


class Drawing(Protocol):
    """Whoever draws labels: a Teacher."""

    def draw(self, batch: Batch, key: int) -> np.ndarray: ...


class TaughtBatches:
    """The batches of a Trainer, with labels that teachers drew.

    The next batch is drawn while the student learns from this one.
    """

    def __init__(
        self, batches: Batches, teachers: Sequence[Drawing], seed: int, keep: float
    ) -> None:
        """keep: the share of positions, 0 to 1, that keep the true label."""
        self._batches, self._teachers, self._seed, self._keep = batches, teachers, seed, keep
        self.used_buckets, self.sources = batches.used_buckets, batches.sources
        self.rows_of = batches.rows_of
        self._pool = ThreadPoolExecutor(1, "teachers")
        self._begun: dict[int, Future[Batch]] = {}

    def micro_batch(self, index: int) -> Batch:
        """Micro-batch `index`; it depends on teachers, seed and index alone."""
        for number in (index, index + 1):
            if number not in self._begun:
                self._begun[number] = self._pool.submit(self._taught, number)
        return self._begun.pop(index).result()

    def _taught(self, index: int) -> Batch:
        batch = self._batches.micro_batch(index)
        choice, noise, kept = (
            int(fold(self._seed, (index, use))[0]) for use in (_CHOICE, _NOISE, _KEPT)
        )
        drawn = self._teachers[choice % len(self._teachers)].draw(batch, noise)
        random = np.random.default_rng(kept).random(batch.targets.shape)
        own = (random < self._keep) | (batch.targets == Special.PAD)
        return replace(batch, targets=np.where(own, batch.targets, drawn))

    def close(self) -> None:
        """Ends the thread."""
        self._pool.shutdown(cancel_futures=True)


def main() -> int:
    options = _arguments().parse_args()
    open_run = RunFolder.open if options.resume else RunFolder.create
    try:
        with (
            StopRequest() as stop,
            open_run(options.run) as folder,
            closing(open_reporter(False, False, folder.log)) as reporter,
        ):
            stop.on_first, stop.on_second = reporter.stopping, reporter.abandon
            session = _resumed(options, folder, reporter) if options.resume else _started(
                options, folder, reporter
            )  # fmt: skip
            taught = TaughtBatches(
                session.trainer.batches, _teachers(options, session), session.config.seed,
                options.keep,
            )  # fmt: skip
            session.trainer.batches = taught
            try:
                return session.run(stop)
            finally:
                taught.close()
    except TatError as error:
        print(f"distil: {error}", file=sys.stderr)
        return 1


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--teacher", type=Path, action="append", required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--keep", type=float, default=0.5)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--config", type=Path, action="append", default=[])
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--device", default="gpu")
    return parser


def _started(options: argparse.Namespace, folder: RunFolder, reporter: Reporter) -> Session:
    flags = {} if options.steps is None else {"train.steps": options.steps}
    config = resolve(files=options.config, assignments=options.set, flags=flags).config
    path, checkpoint = load_checkpoint(options.teacher[0])
    tokenizer = stored_tokenizer(path, checkpoint)
    data = training_data([options.corpus], config, tokenizer, reporter.note)
    return Session.start(config, folder, data, [options.corpus], reporter, options.device)


def _resumed(options: argparse.Namespace, folder: RunFolder, reporter: Reporter) -> Session:
    path, checkpoint = folder.latest_good()
    flags = {} if options.steps is None else {"train.steps": options.steps}
    config = resolve(base=checkpoint.configuration, flags=flags).config
    tokenizer = stored_tokenizer(path, checkpoint)
    data = training_data([options.corpus], config, tokenizer, reporter.note)
    refuse_changes(path, checkpoint, config, data, ())
    return Session.resume(config, folder, data, checkpoint, path, reporter, options.device)


def _teachers(options: argparse.Namespace, session: Session) -> list[Teacher]:
    """Each teacher in a backend of its own: backends keep one model's weights."""
    batches, teachers = session.trainer.batches, []
    shapes = [
        BatchShape(batches.rows_of(bucket), *bucket, batches.sources)
        for bucket in batches.used_buckets
    ]
    for name in options.teacher:
        path, checkpoint = load_checkpoint(name)
        precision = session.config.train.precision
        loaded = load_model(path, checkpoint, options.device, precision=precision)
        if loaded.tokenizer.to_bytes() != session.tokenizer.to_bytes():
            raise CheckpointError(f"{path}: has another tokenizer than the student")
        teachers.append(Teacher(loaded, shapes))
    return teachers


if __name__ == "__main__":
    sys.exit(main())
