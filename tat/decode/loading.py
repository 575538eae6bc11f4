"""A checkpoint made ready to compute."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tat import weights
from tat.backends.backend import Backend, open_backend
from tat.checkpoint import Checkpoint, check_weights
from tat.config import Config, check_stored
from tat.data.tokenizer import Tokenizer
from tat.errors import CheckpointError, ConfigError
from tat.model.programs import model_hash
from tat.model.transformer import Transformer


@dataclass(frozen=True)
class LoadedModel:
    """A model with its weights in a backend, its tokenizer and the configuration it had."""

    model: Transformer
    backend: Backend
    tokenizer: Tokenizer
    config: Config
    step: int


def stored_config(path: Path, configuration: Mapping[str, Any]) -> Config:
    """The configuration inside the checkpoint at `path`; CheckpointError if it is not usable."""
    try:
        return check_stored(configuration)
    except ConfigError as error:
        raise CheckpointError(f"{path}: its configuration is not usable: {error}") from None


def build_model(
    path: Path, checkpoint: Checkpoint, config: Config
) -> tuple[Transformer, Tokenizer]:
    """The model and tokenizer of a checkpoint; CheckpointError where they do not fit it."""
    try:
        tokenizer = Tokenizer.from_bytes(checkpoint.tokenizer)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    model = Transformer(config.model, tokenizer.size)
    if model_hash(model) != checkpoint.model_hash:
        raise CheckpointError(f"{path}: made by another model than this version of tat builds")
    found = {name: values.shape for name, values in checkpoint.weights.items()}
    wanted = {name: tensor.shape for name, tensor in model.parameters.tensors.items()}
    check_weights(path, found, wanted)
    return model, tokenizer


def load_model(path: Path, checkpoint: Checkpoint, device: str = "auto") -> LoadedModel:
    """The model of a checkpoint read from `path`, with averaged weights where there are any."""
    config = stored_config(path, checkpoint.configuration)
    model, tokenizer = build_model(path, checkpoint, config)
    # One thread per core here, however many it was trained with: they move no bit.
    backend = open_backend(device, 0, config.memory.alignment)
    averages = {
        name: checkpoint.state[f"ema/{name}"]
        for name in checkpoint.weights
        if f"ema/{name}" in checkpoint.state
    }
    weights.install(backend, model, checkpoint.weights | averages)
    return LoadedModel(model, backend, tokenizer, config, checkpoint.step)
