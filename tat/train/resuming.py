"""The progress of a run, and its checks and adjustments when a run goes on."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any

import msgspec

from tat.checkpoint import Checkpoint, check_weights
from tat.config import Config, check_stored, differences
from tat.data.tokenizer import Tokenizer
from tat.data.training_data import TrainingData
from tat.errors import CheckpointError, ConfigError
from tat.flat import Flat, flatten
from tat.model.programs import model_hash
from tat.model.transformer import Transformer
from tat.train.between import STATE
from tat.train.loss_scale import LossScale
from tat.train.pretrained import Origin
from tat.train.trainer import Trainer


@dataclass
class Progress:
    """The state of a run besides tensors; every checkpoint keeps it."""

    corpus: str  # fingerprint
    paths: list[str]  # absolute; empty for the bundled cookbook
    micro_batches: int = 0  # drawn so far: the position in the data
    epoch: int = 0  # micro-batches in one; 0 in checkpoints of 1.0.0
    validation: str = ""  # fingerprint of the validation set; "" in checkpoints of 1.0.0
    best_loss: float | None = None  # of all validations on that set
    best_step: int = 0
    stale_validations: int = 0  # since the best
    loss_scale: LossScale | None = None  # with f16
    gpu: str = ""  # that made the last step; a CPU's threads leave no trace
    fold: str = ""  # how gradients are added: "tree", or "" in what 1.0.0 wrote, left to right
    origin: Origin | None = None  # the model that it started from, where it did not from scratch
    version: str = ""  # of tat, when the run was started; "" in checkpoints of 1.0.0

    def judge(self, step: int, loss: float) -> bool:
        """Account for a validation loss; True if it is the best so far."""
        best = self.best_loss is None or loss < self.best_loss
        if best:
            self.best_loss, self.best_step = loss, step
        self.stale_validations = 0 if best else self.stale_validations + 1
        return best

    @classmethod
    def restore(cls, path: Path, stored: dict[str, Any]) -> "Progress":
        """The progress in the checkpoint at `path`; CheckpointError if it is not usable."""
        try:
            return msgspec.convert(stored, cls, strict=True)
        except msgspec.ValidationError as error:
            raise CheckpointError(f"{path}: its progress is not usable: {error}") from None

    def move(self, corpus: str, paths: Sequence[Path]) -> None:
        """Go on with a corpus of this fingerprint, read from `paths` if there are any."""
        if corpus != self.corpus and not self.validation:
            self.validation = "not known"  # of an older version: it may be another now
        self.corpus = corpus
        if paths:
            self.paths = [str(path.resolve()) for path in paths]

    def fold_change(self, micro_batches: int) -> list[str]:
        """Notes if older steps added the gradients of so many micro-batches in another order."""
        if self.fold or micro_batches < 4:
            return []
        return [
            "gradients of 4 or more micro-batches are added by a tree since this run was saved:"
            " last bits differ from what the older version would have gone on with"
        ]

    def adopt(self, validation: str, epoch: int) -> list[str]:
        """Go on with this validation set and with epochs of `epoch` micro-batches.

        Losses of another set are forgotten, and the position is converted to the new epochs.
        Returns the changes in words.
        """
        changes = []
        if self.validation not in ("", validation) and self.best_loss is not None:
            changes.append(
                f"the validation set is another: its losses are not compared with the best so far"
                f" ({self.best_loss:.4f} at step {self.best_step}); best and patience begin anew"
            )
            self.best_loss, self.best_step, self.stale_validations = None, 0, 0
        if self.epoch not in (0, epoch):
            number, place = divmod(self.micro_batches, self.epoch)
            self.micro_batches = number * epoch + ceil(place * epoch / self.epoch)
            changes.append(
                f"an epoch has {epoch} micro-batches and had {self.epoch}: going on with"
                f" micro-batch {self.micro_batches}, at the same share of epoch {number + 1}"
            )
        self.validation, self.epoch = validation, epoch
        return changes


def stored_tokenizer(path: Path, checkpoint: Checkpoint) -> Tokenizer:
    """The tokenizer in the checkpoint at `path`; CheckpointError if it is not usable."""
    try:
        return Tokenizer.from_bytes(checkpoint.tokenizer)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None


def require_same_model(path: Path, checkpoint: Checkpoint, model: Transformer) -> None:
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


def require_state(path: Path, checkpoint: Checkpoint, trainer: Trainer) -> None:
    """CheckpointError unless the optimizer's state is there, each tensor in its shape."""
    kinds = [state.name for state in trainer.restorable(checkpoint.state)]
    if any(name.startswith(f"{STATE}/") for name in checkpoint.state):
        kinds.append(STATE)
    tensors = trainer.model.parameters.tensors.items()
    wanted = {f"{kind}/{name}": tensor.shape for kind in kinds for name, tensor in tensors}
    found = {name: a.shape for name, a in checkpoint.state.items() if name in wanted}
    check_weights(path, found, wanted)


def refuse_changes(
    path: Path, checkpoint: Checkpoint, config: Config, data: TrainingData, allowed: Sequence[str]
) -> None:
    """ConfigError naming what changed since the run was started and is not allowed to."""
    stored = asdict(check_stored(checkpoint.configuration))  # with defaults for newer settings
    changed: dict[str, tuple[Any, Any]] = differences(stored, asdict(config))
    old_corpus = checkpoint.progress.get("corpus")
    if old_corpus != data.fingerprint:
        changed["corpus"] = (str(old_corpus)[:12], data.fingerprint[:12])
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
    return {*flat, "corpus", "bits"}
