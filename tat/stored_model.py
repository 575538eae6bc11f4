"""The model that a checkpoint holds: its configuration, tokenizer and weights, each checked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy import ndarray as Array

from tat.checkpoint import Checkpoint, check_weights
from tat.config import Config, check_stored
from tat.data.tokenizer import Tokenizer
from tat.errors import CheckpointError, ConfigError
from tat.model.programs import model_hash
from tat.model.transformer import Transformer
from tat.weights import mixed


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
    """The weights of a checkpoint that generate: moving averages where there are any, and between
    these and the first weights where the configuration gives those a share."""
    averages = {name: checkpoint.state.get(f"ema/{name}") for name in checkpoint.weights}
    found = checkpoint.weights | {n: a for n, a in averages.items() if a is not None}
    share = checkpoint.configuration.get("train", {}).get("origin_share", 0.0)
    firsts = {name: checkpoint.state.get(f"origin/{name}") for name in found}
    pairs = [(name, first) for name, first in firsts.items() if first is not None and share]
    return found | {name: mixed(found[name], first, share) for name, first in pairs}
