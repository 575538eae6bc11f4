"""A model that training starts from: its weights and tokenizer, with everything else new."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from numpy import ndarray as Array

from tat import weights
from tat.checkpoint import Checkpoint
from tat.config import Config
from tat.data.tokenizer import Tokenizer
from tat.errors import ConfigError
from tat.flat import Flat, flatten
from tat.stored_model import averaged, build_model, stored_config
from tat.train.named_checkpoint import load_checkpoint

# Settings that come with the weights. Another value would describe another model, or texts that the
# model did not learn to read.
_INHERITED = ("model.", "data.vocabulary", "data.buckets", "data.body_comments", "data.neighbour")


@dataclass(frozen=True)
class Origin:
    """The origin of a run's first weights; every checkpoint of the run keeps it."""

    name: str  # as --from named it
    sha256: str  # of its weights, by name, and its tokenizer
    step: int  # optimizer steps behind those weights


@dataclass(frozen=True)
class Pretrained:
    """A checkpoint to start from, checked: one of float32 or int8 weights."""

    path: Path
    origin: Origin
    checkpoint: Checkpoint

    @classmethod
    def load(cls, name: Path) -> "Pretrained":
        """The model that --from names: a run, a file or `bundled`.

        Raises CheckpointError if it is damaged or of another make, FileError if it is not there.
        """
        path, checkpoint = load_checkpoint(name)
        build_model(path, checkpoint, stored_config(path, checkpoint.configuration))
        digest = digest_of(checkpoint.tokenizer, checkpoint.weights)
        return cls(path, Origin(str(name), digest, checkpoint.step), checkpoint)

    @property
    def settings(self) -> Flat:
        """The settings that come with the weights, by dotted key."""
        return inherited(self.checkpoint.configuration)

    def require_model(self, config: Config) -> None:
        """ConfigError if the configuration describes another model than this one."""
        stored = stored_config(self.path, self.checkpoint.configuration)
        found = _shape(stored)
        for key, value in _shape(config).items():
            if key != "model.dropout" and value != found[key]:
                raise ConfigError(
                    f"--from {self.origin.name}: {key} is {value} here and {found[key]} in that"
                    f" model; leave {key} out, or train from scratch"
                )

    def tokenizer(self) -> Tokenizer:
        """The tokenizer that its weights were trained with."""
        return Tokenizer.from_bytes(self.checkpoint.tokenizer)

    def weights(self) -> dict[str, Array]:
        """Its weights in float32, moving averages where it has them; int8 ones are widened."""
        config = stored_config(self.path, self.checkpoint.configuration)
        model, _ = build_model(self.path, self.checkpoint, config)
        return weights.widen(model.parameters, averaged(self.checkpoint))


def _shape(config: Config) -> Flat:
    """The settings that shape the model, by dotted key."""
    return flatten({"model": asdict(config.model)})


def inherited(configuration: dict[str, Any]) -> Flat:
    """The settings of a stored configuration that come with its weights, by dotted key."""
    stored = flatten(configuration)
    return {key: value for key, value in stored.items() if key.startswith(_INHERITED)}


def digest_of(tokenizer: bytes, values: Mapping[str, Array]) -> str:
    """SHA-256 of a model, hexadecimal: its tokenizer, and its weights by name."""
    digest = sha256(tokenizer)
    for name in sorted(values):
        digest.update(name.encode())
        digest.update(memoryview(values[name]).cast("B"))
    return digest.hexdigest()
