"""A checkpoint made ready to compute."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy import ndarray as Array

from tat import weights
from tat.backends.backend import Backend
from tat.backends.opening import open_backend
from tat.checkpoint import Checkpoint, check_weights
from tat.config import Config, check_stored
from tat.data.tokenizer import Tokenizer
from tat.errors import CheckpointError, ConfigError, DeviceError
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
    model = Transformer(config.model, tokenizer.size, checkpoint.int8)
    if model_hash(model) != checkpoint.model_hash:
        raise CheckpointError(f"{path}: made by another model than this version of tat builds")
    found = {name: values.shape for name, values in checkpoint.weights.items()}
    wanted = {name: tensor.shape for name, tensor in model.parameters.tensors.items()}
    check_weights(path, found, wanted)
    return model, tokenizer


def averaged(checkpoint: Checkpoint) -> dict[str, Array]:
    """The weights of a checkpoint, their moving averages where there are any."""
    averages = {name: checkpoint.state.get(f"ema/{name}") for name in checkpoint.weights}
    return checkpoint.weights | {n: values for n, values in averages.items() if values is not None}


def exported(path: Path, checkpoint: Checkpoint, int8: bool) -> Checkpoint:
    """What generating needs of a checkpoint: averaged weights, in int8 if asked for, no state."""
    checkpoint = replace(checkpoint, weights=averaged(checkpoint), state={})
    if checkpoint.int8 or not int8:
        return checkpoint
    config = stored_config(path, checkpoint.configuration)
    _, tokenizer = build_model(path, checkpoint, config)
    model = Transformer(config.model, tokenizer.size, int8=True)
    values = weights.quantize(model.parameters, checkpoint.weights)
    return replace(checkpoint, weights=values, model_hash=model_hash(model))


def load_model(
    path: Path, checkpoint: Checkpoint, device: str = "auto", int8: bool = False,
    precision: str = "f32",
) -> LoadedModel:  # fmt: skip
    """The model of a checkpoint read from `path`, with averaged weights where there are any.

    With `int8` its matrices are rounded to int8, as those of an exported file are.
    """
    checkpoint = exported(path, checkpoint, int8)
    config = stored_config(path, checkpoint.configuration)
    model, tokenizer = build_model(path, checkpoint, config)
    # One thread per core here, however many it was trained with: they move no bit.
    backend = open_backend(
        "cpu" if checkpoint.int8 and device == "auto" else device, 0, config.memory.alignment,
        precision, work="decoding", wait_s=config.device.wait_s,
    )  # fmt: skip
    if checkpoint.int8 and not backend.takes_int8:
        raise DeviceError(f"device {device}: int8 weights run on the CPU; use --device cpu")
    weights.install(backend, model, checkpoint.weights)
    return LoadedModel(model, backend, tokenizer, config, checkpoint.step)
