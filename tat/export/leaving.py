"""The model that leaves: its checkpoint's weights by name, as float32 or as int8 with scales."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from numpy import ndarray as Array

from tat import weights
from tat.checkpoint import Checkpoint
from tat.config import Config
from tat.data.tokenizer import Tokenizer
from tat.errors import UsageError
from tat.model.transformer import Transformer
from tat.stored_model import averaged, build_model, stored_config


@dataclass(frozen=True)
class LeavingModel:
    """A model with averaged weights, and all that an export says of it."""

    model: Transformer  # of float32 weights, whatever the checkpoint holds
    tokenizer: Tokenizer
    config: Config
    values: Mapping[str, Array]  # float32, by name
    rounded: Mapping[str, Array] | None  # int8 matrices and scales, of a checkpoint that has them
    step: int
    hash: str

    @classmethod
    def of(cls, path: Path, checkpoint: Checkpoint) -> "LeavingModel":
        """The model of a checkpoint that was read from `path`."""
        config = stored_config(path, checkpoint.configuration)
        stored, tokenizer = build_model(path, checkpoint, config)
        values, rounded = averaged(checkpoint), None
        model = stored
        if checkpoint.int8:
            rounded = values
            values = weights.widen(stored.parameters, rounded)
            model = Transformer(config.model, tokenizer.size)
        return cls(
            model, tokenizer, config, values, rounded, checkpoint.step, checkpoint.model_hash
        )

    def kind(self, asked: str | None, usual: str) -> str:
        """The type of the weights that leave: the one asked for, or int8 where they are int8.

        UsageError where more bits are asked for than the checkpoint has.
        """
        if self.rounded is None:
            return asked or usual
        if asked not in (None, "int8"):
            raise UsageError(
                f"--weights {asked}: this checkpoint holds int8 weights, and what rounding took"
                " does not come back; leave the type out, or export the run that it was made from"
            )
        return "int8"

    def quantized(self) -> tuple[Transformer, Mapping[str, Array]]:
        """The int8 model, and its matrices and scales as `tat export --int8` has them."""
        model = Transformer(self.config.model, self.tokenizer.size, int8=True)
        return model, self.rounded or weights.quantize(model.parameters, self.values)
