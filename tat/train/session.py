"""A run from start to stop: data, model and Trainer put together, validated, saved and resumed."""

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from tat import weights
from tat.backends.opening import open_backend
from tat.checkpoint import Checkpoint, check_weights
from tat.config import Config, check_stored, differences
from tat.data.batches import Batches
from tat.data.corpus import Corpus
from tat.data.dataset import Dataset, encode_samples
from tat.data.tokenizer import Tokenizer
from tat.errors import CheckpointError, ConfigError, CorpusError
from tat.flat import Flat, flatten, to_toml
from tat.model.programs import model_hash
from tat.model.transformer import Transformer
from tat.train.interrupt import StopRequest
from tat.train.loss_scale import LossScale
from tat.train.pretrained import Origin, Pretrained
from tat.train.reporter import Reporter, Status
from tat.train.run_folder import RunFolder
from tat.train.step_metrics import Meter
from tat.train.trainer import Trainer

_PACE_DECAY = 0.9  # of the moving average that speed and remaining time are shown from


@dataclass
class Progress:
    """What a run remembers besides tensors; kept in every checkpoint."""

    corpus: str  # fingerprint
    paths: list[str]  # absolute; empty for the bundled cookbook
    micro_batches: int = 0  # drawn so far: position in the data and counter of the generators
    best_loss: float | None = None  # of all validations
    best_step: int = 0
    stale_validations: int = 0  # since the best
    loss_scale: LossScale | None = None  # with f16
    gpu: str = ""  # that made the last step; a CPU's threads leave no trace
    origin: Origin | None = None  # the model that it started from, where it did not from scratch

    def judge(self, step: int, loss: float) -> bool:
        """Takes note of a validation loss; True if it is the best so far."""
        best = self.best_loss is None or loss < self.best_loss
        if best:
            self.best_loss, self.best_step = loss, step
        self.stale_validations = 0 if best else self.stale_validations + 1
        return best

    @classmethod
    def restore(cls, path: Path, stored: dict[str, Any]) -> "Progress":
        """Out of the checkpoint at `path`; CheckpointError if it is not usable."""
        try:
            return msgspec.convert(stored, cls, strict=True)
        except msgspec.ValidationError as error:
            raise CheckpointError(f"{path}: its progress is not usable: {error}") from None


class Session:
    """One call of `tat train`. Build with start() or resume(), then run()."""

    def __init__(
        self, config: Config, run: RunFolder, corpus: Corpus, tokenizer: Tokenizer,
        progress: Progress, reporter: Reporter, device: str,
    ) -> None:  # fmt: skip
        self.config, self.run_folder, self.reporter = config, run, reporter
        self.tokenizer, self.progress = tokenizer, progress
        self._pace: float | None = None  # smoothed seconds of a step
        self._validation_loss: float | None = None  # the latest
        self._saved: int | None = None  # step of the newest checkpoint
        self.backend = open_backend(
            device, config.threads, config.memory.alignment, config.train.precision,
            wait_s=config.device.wait_s,
        )  # fmt: skip
        self.model = Transformer(config.model, tokenizer.size)
        self.hash = model_hash(self.model)
        train = self._encode(corpus.train, "training")
        valid = self._encode(corpus.valid, "validation")
        buckets, rows = config.data.buckets, config.train.batch_tokens
        if not len(train):
            raise CorpusError("corpus: no sample is short enough for data.buckets; enlarge them")
        batches = Batches(train, buckets, rows, config.seed, config.data.neighbour_share)
        self.trainer = Trainer(config, self.model, self.backend, batches)
        self.meter = Meter(self.trainer, config.train.metrics_every)
        held_out = Batches(valid, buckets, rows, config.seed)
        self.validation = list(held_out.in_order(config.train.validation_batches))
        reporter.note(f"run: {run.path}")
        if self.backend.remark:
            reporter.note(f"device: {self.backend.remark}")
        reporter.note(
            f"model: {self.model.parameters.count / 1e6:.2f} M weights, {tokenizer.size} tokens;"
            f" {len(train)} training and {len(valid)} validation samples,"
            f" {batches.micro_batches_per_epoch} micro-batches an epoch; {self.backend.name}"
        )

    @classmethod
    def start(
        cls, config: Config, run: RunFolder, corpus: Corpus, paths: Sequence[Path],
        reporter: Reporter, device: str, pretrained: Pretrained | None = None,
    ) -> "Session":  # fmt: skip
        """A new run; from scratch, with a tokenizer learnt from the corpus and weights drawn from
        the seed, or with both from `pretrained`."""
        progress = Progress(corpus.fingerprint, [str(path.resolve()) for path in paths])
        if pretrained:
            pretrained.require_model(config)
            tokenizer, progress.origin = pretrained.tokenizer(), pretrained.origin
        else:
            tokenizer = Tokenizer.train(corpus.texts(), config.data.vocabulary)
        session = cls(config, run, corpus, tokenizer, progress, reporter, device)
        values = pretrained.weights() if pretrained else None
        session.trainer.start(values or weights.draw(session.model.parameters, config.seed))
        if pretrained:
            reporter.note(f"starting from {pretrained.origin.name}")
        run.write_config(to_toml(flatten(asdict(config))))
        return session

    @classmethod
    def resume(
        cls, config: Config, run: RunFolder, corpus: Corpus, checkpoint: Checkpoint, path: Path,
        reporter: Reporter, device: str,
    ) -> "Session":  # fmt: skip
        """Continues after a checkpoint, bit for bit where nothing was changed."""
        progress = Progress.restore(path, checkpoint.progress)
        progress.corpus = corpus.fingerprint
        tokenizer = _stored_tokenizer(path, checkpoint)
        _require_same_model(path, checkpoint, Transformer(config.model, tokenizer.size))
        session = cls(config, run, corpus, tokenizer, progress, reporter, device)
        _require_state(path, checkpoint, session.trainer)
        session._saved = checkpoint.step
        session.trainer.restore(checkpoint.step, checkpoint.weights, checkpoint.state)
        if session.trainer.loss_scale and progress.loss_scale:
            session.trainer.loss_scale = progress.loss_scale
        run.truncate_metrics(checkpoint.step)
        reporter.note(f"resuming {path} after step {checkpoint.step}")
        return session

    def _encode(self, samples: Sequence[Any], split: str) -> Dataset:
        dataset = encode_samples(samples, self.tokenizer, self.config.data)
        if dataset.too_long:
            self.reporter.note(
                f"left out {len(dataset.too_long)} of {len(samples)} {split} samples: longer than"
                f" the largest of data.buckets (the first is {dataset.too_long[0]})"
            )
        return dataset

    def run(self, stop: StopRequest) -> int:
        """Trains until train.steps, early stopping or a signal; saves at the end; the exit code."""
        settings, trainer = self.config.train, self.trainer
        if trainer.step_count >= settings.steps:
            self.reporter.note(
                f"nothing to do: step {trainer.step_count} is done, and this call stops at step"
                f" {settings.steps}; --steps sets another"
            )
        try:
            while trainer.underway or not (
                trainer.step_count >= settings.steps or stop or self._stale()
            ):
                best = self._step(stop)
                if best or trainer.step_count % settings.save_every == 0:
                    self.save(best)
        finally:
            trainer.close()
            self.reporter.close()
        if self._saved != trainer.step_count:
            self.save()
        return self._farewell(stop)

    def _step(self, stop: StopRequest) -> bool:
        """One step with its metrics; True if its validation loss is the best so far."""
        settings = self.config.train
        result = self.trainer.step(ahead=not stop and not self._pauses_after_next())
        self.progress.micro_batches += settings.micro_batches
        seconds = result.seconds
        self._pace = seconds if self._pace is None else (
            _PACE_DECAY * self._pace + (1 - _PACE_DECAY) * seconds
        )  # fmt: skip
        validated, best = None, False
        if self._validates_at(result.step):
            self._validation_loss = validated = self.trainer.evaluate(self.validation)
            best = self.progress.judge(result.step, self._validation_loss)
            judged = f"validation loss {self._validation_loss:.4f}{', the best so far' * best}"
            self.reporter.detail(f"step {result.step}: {judged}")
        self.run_folder.append_metrics(self.meter.record(result, seconds, validated))
        remaining = self._pace * (settings.steps - result.step)
        speed = result.tokens / self._pace
        self.reporter.step(Status(result, speed, remaining, self._validation_loss), settings.steps)
        return best

    def _pauses_after_next(self) -> bool:
        """Whether weights are looked at after the step that comes: it must be the last begun."""
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
        """Writes a checkpoint of the step that was done last; `best` marks it as the best one."""
        self.progress.loss_scale = self.trainer.loss_scale
        self.progress.gpu = self.backend.name if self.backend.queues else ""
        checkpoint = Checkpoint(
            weights=self.trainer.weights(), state=self.trainer.state(),
            tokenizer=self.tokenizer.to_bytes(), configuration=asdict(self.config),
            model_hash=self.hash, step=self.trainer.step_count, progress=asdict(self.progress),
        )  # fmt: skip
        path = self.run_folder.save(checkpoint, keep=self.config.train.keep, best=best)
        self._saved = checkpoint.step
        self.reporter.detail(f"saved {path}")

    def _farewell(self, stop: StopRequest) -> int:
        step, folder = self.trainer.step_count, shlex.quote(str(self.run_folder.path))
        if stop:
            self.reporter.note(
                f"interrupted after step {step}; continue with `tat train --run {folder} --resume`"
            )
            return stop.exit_code or 0
        why = "stopped early: validation no longer improves" if self._stale() else "done"
        best, tail = self.progress.best_loss, ""
        if best is not None:
            tail = f", best validation loss {best:.4f} at step {self.progress.best_step}"
        self.reporter.note(
            f"{why} at step {step}{tail}; generate with `tat generate … --run {folder}`"
        )
        return 0


def _stored_tokenizer(path: Path, checkpoint: Checkpoint) -> Tokenizer:
    try:
        return Tokenizer.from_bytes(checkpoint.tokenizer)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None


def _require_same_model(path: Path, checkpoint: Checkpoint, model: Transformer) -> None:
    """CheckpointError unless the weights are those of the model; before anything is allocated."""
    if checkpoint.int8:
        raise CheckpointError(
            f"{path}: has int8 weights, which can generate but not be trained; go on from the"
            " checkpoint that it was exported from"
        )
    if model_hash(model) != checkpoint.model_hash:
        raise CheckpointError(
            f"{path}: holds another model than the configuration describes; leave model.* as it"
            " was, or start another run"
        )
    found = {name: values.shape for name, values in checkpoint.weights.items()}
    check_weights(path, found, {n: t.shape for n, t in model.parameters.tensors.items()})


def _require_state(path: Path, checkpoint: Checkpoint, trainer: Trainer) -> None:
    """CheckpointError unless the optimizer's state is there, each tensor in its shape."""
    wanted = {
        f"{state.name}/{name}": tensor.shape
        for state in trainer.restorable(checkpoint.state)
        for name, tensor in trainer.model.parameters.tensors.items()
    }
    found = {name: a.shape for name, a in checkpoint.state.items() if name in wanted}
    check_weights(path, found, wanted)


def refuse_changes(
    path: Path, checkpoint: Checkpoint, config: Config, corpus: Corpus, allowed: Sequence[str]
) -> None:
    """ConfigError naming what changed since the run was started and is not allowed to."""
    stored = asdict(check_stored(checkpoint.configuration))  # with what is newer than it
    changed: dict[str, tuple[Any, Any]] = differences(stored, asdict(config))
    old_corpus = checkpoint.progress.get("corpus")
    if old_corpus != corpus.fingerprint:
        changed["corpus"] = (str(old_corpus)[:12], corpus.fingerprint[:12])
    unknown = set(allowed) - changed.keys() - _comparable(config)
    if unknown:
        raise ConfigError(
            f"--allow-change {min(unknown)}: no such key; `tat config` lists all keys"
        )
    refused = {key: pair for key, pair in changed.items() if key not in allowed}
    if refused:
        listed = "; ".join(f"{key} was {old}, now {new}" for key, (old, new) in refused.items())
        flags = " ".join(f"--allow-change {key}" for key in refused)
        raise ConfigError(
            f"{path}: the run was started differently: {listed}; to go on so: {flags}"
        )


def _comparable(config: Config) -> set[str]:
    flat: Flat = flatten(asdict(config))
    return {*flat, "corpus"}
