"""Loads a checkpoint into a backend, ready to generate; exports one for that."""

from dataclasses import dataclass, replace
from pathlib import Path

from tat import weights
from tat.backends.backend import Backend
from tat.backends.opening import open_backend
from tat.checkpoint import Checkpoint
from tat.config import Config
from tat.data.tokenizer import Tokenizer
from tat.errors import DeviceError
from tat.model.programs import model_hash
from tat.model.transformer import Transformer
from tat.stored_model import averaged, build_model, stored_config


@dataclass(frozen=True)
class LoadedModel:
    """A model with its weights in a backend, its tokenizer and the configuration it had."""

    model: Transformer
    backend: Backend
    tokenizer: Tokenizer
    config: Config
    step: int


def exported(path: Path, checkpoint: Checkpoint, int8: bool) -> Checkpoint:
    """A checkpoint for generating: averaged weights, in int8 if asked for, and no state."""
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
    precision: str = "f32", threads: int = 0,
) -> LoadedModel:  # fmt: skip
    """The model of a checkpoint read from `path`, with averaged weights where there are any.

    With `int8`, matrices are rounded as in an exported file. Where a device has no kernels for
    them, those of an exported file are widened to float32. `threads` of the CPU are those asked for
    here, 0 for one per core, however many trained it: threads change no bit.
    """
    checkpoint = exported(path, checkpoint, int8)
    config = stored_config(path, checkpoint.configuration)
    model, tokenizer = build_model(path, checkpoint, config)
    backend = open_backend(
        "cpu" if checkpoint.int8 and device == "auto" else device, threads, config.memory.alignment,
        precision, work="decoding", wait_s=config.device.wait_s,
    )  # fmt: skip
    values = checkpoint.weights
    if checkpoint.int8 and not backend.takes_int8:
        if int8:
            raise DeviceError(f"device {device}: --int8 is for the CPU; leave out one of both")
        values = weights.widen(model.parameters, values)
        model = Transformer(config.model, tokenizer.size)
    weights.install(backend, model, values)
    return LoadedModel(model, backend, tokenizer, config, checkpoint.step)
