"""A run from start to stop: it joins data, model and Trainer, validates, saves and resumes."""

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import monotonic

from tat import __version__, weights
from tat.backends.opening import open_backend
from tat.checkpoint import Checkpoint
from tat.config import Config
from tat.data.batches import Batches, digest_of_rows
from tat.data.dataset import Dataset
from tat.data.training_data import TrainingData
from tat.errors import ConfigError, CorpusError, FileError
from tat.files import free_bytes
from tat.flat import flatten, to_toml
from tat.model.programs import model_hash
from tat.model.transformer import Transformer
from tat.train.agreement import (
    own_device,
    own_threads,
    require_same_bits,
    require_same_work,
)
from tat.train.interrupt import StopRequest
from tat.train.pretrained import Pretrained
from tat.train.ranks import ALONE, Ranks
from tat.train.reporter import Reporter, Status, duration
from tat.train.resuming import Progress, require_same_model, require_state
from tat.train.run_folder import RunFolder
from tat.train.step_metrics import Meter
from tat.train.trainer import Trainer

_HEADER_BYTES = 1 << 16  # of a checkpoint, about: names, shapes, configuration and progress
_PACE_DECAY = 0.9  # of the moving average behind the shown speed and remaining time


class Session:
    """One call of `tat train`. Build with start() or resume(), then run()."""

    def __init__(
        self, config: Config, run: RunFolder, data: TrainingData, progress: Progress,
        reporter: Reporter, device: str, ranks: Ranks,
    ) -> None:  # fmt: skip
        tokenizer = data.tokenizer
        self.config, self.run_folder, self.reporter, self.ranks = config, run, reporter, ranks
        require_same_work(ranks, config, progress.corpus, tokenizer.to_bytes())
        self.tokenizer, self.progress = tokenizer, progress
        self._pace: float | None = None  # smoothed seconds of a step
        self._validation_loss: float | None = None  # the latest
        self._began, self._best_after = 0.0, 0.0  # seconds: of this call, and its best validation
        self._saved: int | None = None  # step of the newest checkpoint
        self.backend = open_backend(
            own_device(ranks, device), own_threads(ranks, config.threads),
            config.memory.alignment, config.train.precision, wait_s=config.device.wait_s,
        )  # fmt: skip
        self.model = Transformer(config.model, tokenizer.size)
        self.hash = model_hash(self.model)
        self._require_room(len(tokenizer.to_bytes()))
        train, valid = data.train, data.valid
        self._tell_left_out(train, "training")
        self._tell_left_out(valid, "validation")
        buckets, rows = config.data.buckets, config.train.batch_tokens
        if not len(train):
            raise CorpusError("corpus: no sample is short enough for data.buckets; enlarge them")
        batches = Batches(train, buckets, rows, config.seed, config.data.neighbour_share)
        self.trainer = Trainer(config, self.model, self.backend, batches, ranks)
        self.meter = Meter(self.trainer, config.train.metrics_every)
        held_out = Batches(valid, buckets, rows, config.seed)
        self.validation = list(held_out.in_order(config.train.validation_batches))
        self.adopted = progress.adopt(
            digest_of_rows(self.validation), batches.micro_batches_per_epoch
        )
        reporter.note(f"run: {run.path}")
        if ranks.size > 1:
            reporter.note(f"ranks: {ranks.size}, over {ranks.library}")
        if self.backend.remark:
            reporter.note(f"device: {self.backend.remark}")
        reporter.note(
            f"model: {self.model.parameters.count / 1e6:.2f} M weights, {tokenizer.size} tokens;"
            f" {len(train)} training and {len(valid)} validation samples,"
            f" {batches.micro_batches_per_epoch} micro-batches an epoch; {self.backend.name}"
        )

    @classmethod
    def start(
        cls, config: Config, run: RunFolder, data: TrainingData, paths: Sequence[Path],
        reporter: Reporter, device: str, pretrained: Pretrained | None = None,
        ranks: Ranks = ALONE, allowed: Sequence[str] = (),
    ) -> "Session":  # fmt: skip
        """A new run, with weights drawn from the seed or those of `pretrained`."""
        progress = Progress(data.fingerprint, [str(path.resolve()) for path in paths])
        progress.version = __version__
        if pretrained:
            pretrained.require_model(config)
            progress.origin = pretrained.origin
        elif config.train.origin_share:
            raise ConfigError(
                "train.origin_share is about the weights of --from; leave it out, or name a model"
                " to start from"
            )
        session = cls(config, run, data, progress, reporter, device, ranks)
        values = pretrained.weights() if pretrained else None
        session.trainer.start(values or weights.draw(session.model.parameters, config.seed))
        session._compare_bits(allowed)
        if pretrained:
            reporter.note(f"starting from {pretrained.origin.name}")
        run.write_config(to_toml(flatten(asdict(config))))
        return session

    @classmethod
    def resume(
        cls, config: Config, run: RunFolder, data: TrainingData, checkpoint: Checkpoint, path: Path,
        reporter: Reporter, device: str, paths: Sequence[Path] = (), ranks: Ranks = ALONE,
        allowed: Sequence[str] = (),
    ) -> "Session":  # fmt: skip
        """Continues after a checkpoint, bit for bit where nothing was changed.

        data: encoded with the checkpoint's tokenizer. `paths`, if given, are those of the corpus
        from now on.
        """
        progress = Progress.restore(path, checkpoint.progress)
        progress.move(data.fingerprint, paths)
        require_same_model(path, checkpoint, Transformer(config.model, data.tokenizer.size))
        session = cls(config, run, data, progress, reporter, device, ranks)
        require_state(path, checkpoint, session.trainer)
        session._saved = checkpoint.step
        session.trainer.restore(
            checkpoint.step, checkpoint.weights, checkpoint.state, progress.micro_batches
        )
        if session.trainer.loss_scale and progress.loss_scale:
            session.trainer.loss_scale = progress.loss_scale
        session._compare_bits(allowed)
        run.truncate_metrics(checkpoint.step)
        reporter.note(f"resuming {path} after step {checkpoint.step}")
        for change in (*session.adopted, *progress.fold_change(config.train.micro_batches)):
            reporter.note(change)
        return session

    def _require_room(self, tokenizer: int) -> None:
        """FileError where no checkpoint would fit the drive, and a note where not all that are kept
        would; before the first step, for a checkpoint may be hours away."""
        train = self.config.train
        copies = 3 + (train.ema_decay > 0) + (train.origin_share > 0)  # weights, two moments
        needed = 4 * copies * self.model.parameters.count + tokenizer + _HEADER_BYTES
        if self.ranks.rank:
            return  # it writes nothing
        free, run = free_bytes(self.run_folder.path), self.run_folder.path
        if free is None:
            return
        if free < needed:
            raise FileError(
                f"{run}: a checkpoint takes {needed / 1e6:.1f} MB, and {free / 1e6:.1f} MB are free"
                " there; free some space, choose another --run or a smaller model"
            )
        kept = needed * (self.config.train.keep + 2)  # the best, too, and one while it is written
        if free < kept:
            self.reporter.note(
                f"{free / 1e6:.0f} MB are free for checkpoints, which may come to {kept / 1e6:.0f}"
                f" MB with train.keep = {self.config.train.keep}"
            )

    def _compare_bits(self, allowed: Sequence[str]) -> None:
        """Refuses ranks that compute otherwise, unless that is allowed."""
        if self.ranks.size > 1:
            gradient = self.trainer.first_gradient()
            if difference := require_same_bits(self.ranks, gradient, allowed):
                self.reporter.note(difference)

    def _tell_left_out(self, dataset: Dataset, split: str) -> None:
        if dataset.too_long:
            self.reporter.note(
                f"left out {dataset.too_long} of {len(dataset) + dataset.too_long} {split} samples:"
                f" longer than the largest of data.buckets (the first is {dataset.first_too_long})"
            )

    def run(self, stop: StopRequest) -> int:
        """Train until train.steps, early stopping or a signal, then save; returns the exit code."""
        settings, trainer = self.config.train, self.trainer
        self._began = monotonic()
        if trainer.step_count >= settings.steps:
            self.reporter.note(
                f"nothing to do: step {trainer.step_count} is done, and this call stops at step"
                f" {settings.steps}; --steps sets another"
            )
        try:
            while trainer.underway or not (
                trainer.step_count >= settings.steps or self._stopping(stop) or self._stale()
            ):
                best = self._step(stop)
                if best or trainer.step_count % settings.save_every == 0:
                    self.save(best)
        finally:
            trainer.close()
            self.reporter.close()
        if self._saved != trainer.step_count:
            self.save()
        return self._farewell(self._stopping(stop))

    def _stopping(self, stop: StopRequest) -> int:
        """The exit code that a signal asks for, 0 without one; of ranks all know it of any."""
        return (stop.exit_code or 0) if self.ranks.size == 1 else self.trainer.stop_asked

    def _step(self, stop: StopRequest) -> bool:
        """One step with its metrics; True if its validation loss is the best so far."""
        settings = self.config.train
        result = self.trainer.step(
            ahead=not stop and not self._pauses_after_next(), stop=stop.exit_code or 0
        )
        self.progress.micro_batches += settings.micro_batches
        seconds = result.seconds
        self._pace = seconds if self._pace is None else (
            _PACE_DECAY * self._pace + (1 - _PACE_DECAY) * seconds
        )  # fmt: skip
        validated, best = None, False
        if self._validates_at(result.step):
            self._validation_loss = validated = self.trainer.evaluate(self.validation)
            best = self.progress.judge(result.step, self._validation_loss)
            self._best_after = monotonic() - self._began if best else self._best_after
            judged = f"validation loss {self._validation_loss:.4f}{', the best so far' * best}"
            self.reporter.detail(f"step {result.step}: {judged}")
        if self.ranks.rank == 0:
            self.run_folder.append_metrics(self.meter.record(result, seconds, validated))
        remaining = self._pace * (settings.steps - result.step)
        speed = result.tokens / self._pace
        self.reporter.step(Status(result, speed, remaining, self._validation_loss), settings.steps)
        return best

    def _pauses_after_next(self) -> bool:
        """Whether the next step must be the last one begun, because its weights are needed."""
        step, settings = self.trainer.step_count + 1, self.config.train
        return (
            step >= settings.steps
            or step % settings.save_every == 0
            or self._validates_at(step)
            or self.meter.measures_after(step)
        )

    def _validates_at(self, step: int) -> bool:
        every = self.config.train.validate_every
        return bool(self.validation and every and step % every == 0)

    def _stale(self) -> bool:
        patience = self.config.train.patience
        return bool(patience) and self.progress.stale_validations >= patience

    def save(self, best: bool = False) -> None:
        """Writes a checkpoint of the step that was done last; `best` marks it as the best one.

        Rank 0 does, of what all ranks give it.
        """
        state, self._saved = self.trainer.state(), self.trainer.step_count
        if self.ranks.rank:
            return
        self.progress.fold = "tree"
        self.progress.loss_scale = self.trainer.loss_scale
        self.progress.gpu = self.backend.name if self.backend.queues else ""
        checkpoint = Checkpoint(
            weights=self.trainer.weights(), state=state,
            tokenizer=self.tokenizer.to_bytes(), configuration=asdict(self.config),
            model_hash=self.hash, step=self.trainer.step_count, progress=asdict(self.progress),
        )  # fmt: skip
        path = self.run_folder.save(checkpoint, keep=self.config.train.keep, best=best)
        self.reporter.detail(f"saved {path}")

    def _farewell(self, stopped: int) -> int:
        step, folder = self.trainer.step_count, shlex.quote(str(self.run_folder.path))
        if stopped:
            self.reporter.note(
                f"interrupted after step {step}; continue with `tat train --run {folder} --resume`"
            )
            return stopped
        why = "stopped early: validation no longer improves" if self._stale() else "done"
        best, tail = self.progress.best_loss, ""
        if best is not None:
            tail = f", best validation loss {best:.4f} at step {self.progress.best_step}"
            tail += f" ({duration(self._best_after)} of training)" if self._best_after else ""
        self.reporter.note(
            f"{why} at step {step}{tail}; generate with `tat generate … --run {folder}`"
        )
        return 0
