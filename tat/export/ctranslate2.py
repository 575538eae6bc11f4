"""A model in CTranslate2's form: a folder that its Translator opens.

Its TransformerSpec has all that a model without a copy head has: pre-norm blocks, one table for
sources, targets and output, embeddings scaled by the root of the width, sinusoids as given
encodings, and GELU in its tanh form. A bias of the output says that padding and the start token are
never written.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray as Array

from tat import weights
from tat.errors import UsageError
from tat.export.leaving import LeavingModel
from tat.files import temporary_name, writing
from tat.tokens import Special

# The settings of the one kind of model that is written here: among others, without a copy head.
_KNOWN = {
    "copy": False, "norm": "layer", "feed_forward_kind": "gelu", "positions": "sinusoidal",
}  # fmt: skip

NEVER = -1e9  # a bias that nothing makes up for


def words(size: int) -> list[str]:
    """The vocabulary by CTranslate2's names: `t` and the id, but for three that it knows."""
    return ["<unk>", "<s>", "</s>", *(f"t{token}" for token in range(3, size))]


def write_folder(leaving: LeavingModel, folder: Path) -> None:
    """Write the model into a new folder, whole or not at all; float32, CTranslate2 rounds itself.

    UsageError for a model with a part that CTranslate2's specification does not have here.
    """
    for key, value in _KNOWN.items():
        found = getattr(leaving.config.model, key)
        if found != value:
            has, wanted = (str(one).lower() for one in (found, value))
            raise UsageError(
                f"--ctranslate2: this model has model.{key} = {has}"
                f"{' (a copy head)' * (key == 'copy')}, which CTranslate2's form does not hold;"
                f" train one with --set model.{key}={wanted}, or export with --web or --onnx"
            )
    spec = _spec(leaving)
    temporary = temporary_name(folder)
    with writing(folder):
        temporary.mkdir()
        try:
            spec.save(str(temporary))
            shutil.rmtree(folder, ignore_errors=True)  # one that is to be replaced
            os.replace(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _spec(leaving: LeavingModel) -> Any:
    try:
        from ctranslate2.specs import common_spec, transformer_spec
    except ImportError:
        raise UsageError(
            "--ctranslate2 needs the package ctranslate2; install it with `pip install ctranslate2`"
        ) from None
    config, values, size = leaving.config.model, leaving.values, leaving.tokenizer.size
    spec = transformer_spec.TransformerSpec.from_config(
        (config.layers, config.layers), config.heads, pre_norm=True,
        activation=common_spec.Activation.GELUTanh,
    )  # fmt: skip
    positions = weights.sinusoids(config.max_length, config.width).astype(np.float32)
    for half in (spec.encoder, spec.decoder):
        half.position_encodings.encodings = positions
        half.scale_embeddings = True
    table = values["embedding.table"]
    spec.encoder.embeddings[0].weight = table
    spec.decoder.embeddings.weight = table
    spec.decoder.projection.weight = table
    spec.decoder.projection.bias = np.zeros(size, np.float32)
    spec.decoder.projection.bias[[Special.PAD, Special.BOS]] = NEVER
    for name, half in (("encoder", spec.encoder), ("decoder", spec.decoder)):
        _norm(half.layer_norm, values, f"{name}.norm")
        for i, layer in enumerate(half.layer):
            _block(layer, values, f"{name}.{i}")
    spec.register_source_vocabulary(words(size))
    spec.register_target_vocabulary(words(size))
    spec.validate()
    return spec


def _block(layer: Any, values: Mapping[str, Array], name: str) -> None:
    """One layer: self-attention, in a decoder cross-attention, and the feed-forward part."""
    together = [f"{name}.attention.query", f"{name}.attention.key_value"]
    _linear(layer.self_attention.linear[0], values, *together)
    _linear(layer.self_attention.linear[1], values, f"{name}.attention.output")
    _norm(layer.self_attention.layer_norm, values, f"{name}.norm1")
    last = 2
    if name.startswith("decoder"):
        for i, part in enumerate(("query", "key_value", "output")):
            _linear(layer.attention.linear[i], values, f"{name}.cross_attention.{part}")
        _norm(layer.attention.layer_norm, values, f"{name}.norm2")
        last = 3
    _linear(layer.ffn.linear_0, values, f"{name}.feed_forward.up")
    _linear(layer.ffn.linear_1, values, f"{name}.feed_forward.down")
    _norm(layer.ffn.layer_norm, values, f"{name}.norm{last}")


def _linear(spec: Any, values: Mapping[str, Array], *names: str) -> None:
    spec.weight = np.concatenate([values[f"{name}.weight"].T for name in names])
    spec.bias = np.concatenate([values[f"{name}.bias"] for name in names])


def _norm(spec: Any, values: Mapping[str, Array], name: str) -> None:
    spec.gamma, spec.beta = values[f"{name}.gain"], values[f"{name}.bias"]
