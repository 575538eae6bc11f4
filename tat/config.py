"""Configuration: layers of TOML, environment and flags become frozen dataclasses.

Precedence, later wins: config/default.toml (with its preset), the user's tat.toml, the project's
tat.toml, --config files, TAT_* variables, --set, flags. config/default.toml holds every default.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec

from tat.config_layers import (
    Layer,
    assignment_layer,
    check_keys,
    environment_layers,
    preset_layer,
    read_file,
    refuse_other_preset,
    refuse_preset,
)
from tat.config_tables import Config
from tat.errors import ConfigError, one_line
from tat.flat import Flat, flatten
from tat.resources import resource, user_folder

TUNING = "tuning"  # the preset of a run that starts from a trained model

# A resumed run may change these freely: none of them changes a bit of the result.
NOT_COMPARED = (
    "threads", "preset", "train.steps", "train.save_every", "train.keep", "train.metrics_every",
    "train.ranks_wait_s",
)  # fmt: skip

_SECTIONS_NOT_COMPARED = ("generate", "device", "bench", "targets", "phases", "tune")

TYPE_WORDS = {  # msgspec's names of types, and a user's
    "int": "a whole number", "float": "a number", "str": "text", "array": "a list",
    "bool": "true or false",
}  # fmt: skip


@dataclass(frozen=True)
class Resolved:
    """The configuration and, for each dotted key, where its value came from."""

    config: Config
    origins: dict[str, str]

    def flat(self) -> Flat:
        return flatten(asdict(self.config))


def resolve(
    *,
    files: Sequence[Path] = (),
    assignments: Sequence[str] = (),
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    base: Mapping[str, Any] | None = None,
    pretrained: Flat | None = None,
) -> Resolved:
    """Lays all sources over each other; raises ConfigError naming key, value and source.

    files: of --config; assignments: of --set, "a.b=v"; flags: dotted key -> value; base: a stored
    configuration (nested) that replaces default.toml, preset and tat.toml, for resuming;
    pretrained: dotted keys that come with weights to start from, over the preset "tuning".
    """
    default = read_file(resource("config", "default.toml"), "default.toml", known=None)
    known = default.values
    layers = [default]
    if base is None:
        candidates = (user_folder("config") / "tat.toml", Path("tat.toml"))
        layers += [read_file(p, str(p), known) for p in candidates if p.is_file()]
    else:
        layers.append(Layer("the run", flatten(base), {}))
        check_keys(layers[-1], known)
    layers += [read_file(path, str(path), known) for path in files]
    layers += list(environment_layers(os.environ if environment is None else environment, known))
    layers += [assignment_layer(text, known) for text in assignments]
    layers.append(Layer("the command line", dict(flags or {}), {}))
    if pretrained is not None:
        refuse_preset(layers[1:])
        layers.insert(1, Layer("--from", {**pretrained, "preset": TUNING}, {}))
    if base is None:
        layers.insert(1, preset_layer(layers))
    else:
        refuse_other_preset(layers[1:])
    return _merge(layers)


def check_stored(configuration: Mapping[str, Any]) -> Config:
    """The nested configuration of a checkpoint, checked as strictly as any; else ConfigError.

    Settings that are newer than the checkpoint get their defaults.
    """
    known = read_file(resource("config", "default.toml"), "default.toml", known=None).values
    stored = Layer("the checkpoint", flatten(configuration), {})
    check_keys(stored, known)
    config = _convert(known | stored.values, {})
    _check_combinations(config)
    return config


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Dotted keys that make a resumed run another run, with (old, new) values; both are nested."""
    a, b = flatten(old), flatten(new)
    keys = [
        key
        for key in dict.fromkeys([*a, *b])
        if key not in NOT_COMPARED and key.partition(".")[0] not in _SECTIONS_NOT_COMPARED
    ]
    return {k: (a.get(k), b.get(k)) for k in keys if _plain(a.get(k)) != _plain(b.get(k))}


def _merge(layers: Sequence[Layer]) -> Resolved:
    flat: Flat = {}
    origins: dict[str, str] = {}
    for layer in layers:
        flat |= layer.values
        origins |= dict.fromkeys(layer.values, layer.origin)
    config = _convert(flat, origins)
    _check_combinations(config)
    return Resolved(config, origins)


def _convert(flat: Flat, origins: Mapping[str, str]) -> Config:
    nested: dict[str, Any] = {}
    for key, value in flat.items():
        section, _, name = key.rpartition(".")
        (nested.setdefault(section, {}) if section else nested)[name] = value
    try:
        config = msgspec.convert(nested, Config, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigError(_wrong_value(str(error), flat, origins)) from None
    for key, value in flat.items():
        if isinstance(value, float) and not isfinite(value):
            raise ConfigError(f"{key}: Expected a finite number{_got(key, flat, origins)}")
    return config


def _wrong_value(error: str, flat: Flat, origins: Mapping[str, str]) -> str:
    """The message of msgspec about a wrong value, in a user's words."""
    reason, _, path = error.partition(" - at `$.")
    key = path.rstrip("`").partition("[")[0]
    expected = reason.partition(", got")[0] if key in flat else reason
    if expected.startswith("Invalid enum value"):
        section, _, name = key.rpartition(".")
        choices = get_args(get_type_hints(get_type_hints(Config)[section])[name])
        expected = f"Expected one of {', '.join(choices)}"
    for name, words in TYPE_WORDS.items():
        expected = expected.replace(f"`{name}`", words)
    return f"{key}: {expected}{_got(key, flat, origins)}"


def _got(key: str, flat: Flat, origins: Mapping[str, str]) -> str:
    if key not in flat:
        return ""
    origin = f", from {origins[key]}" if key in origins else ""
    return f", got {one_line(repr(flat[key]), 60)}{origin}"


def _check_combinations(config: Config) -> None:
    model, longest = config.model, max(max(bucket) for bucket in config.data.buckets)
    if model.width % model.heads:
        raise ConfigError(
            f"attention: width {model.width} is not divisible by heads {model.heads};"
            " set model.width or model.heads"
        )
    if model.width % 2:
        raise ConfigError(
            f"positional encoding: width {model.width} is odd; set an even model.width"
        )
    if model.positions == "rotary" and model.width // model.heads % 2:
        raise ConfigError(
            f"rotary positions turn pairs of columns, and a head has {model.width // model.heads};"
            " set model.width to an even multiple of model.heads"
        )
    if longest > model.max_length:
        raise ConfigError(
            f"data.buckets has a length of {longest}, more than model.max_length"
            f" {model.max_length}; drop the bucket or raise model.max_length"
        )
    if config.train.patience and not config.train.validate_every:
        raise ConfigError("train.patience needs validations; set train.validate_every above 0")
    train = config.train
    if train.schedule == "cosine" and train.schedule_steps <= train.warmup_steps:
        raise ConfigError(
            f"train.schedule_steps {train.schedule_steps} ends before the warm-up of"
            f" {train.warmup_steps} steps does; raise it or lower train.warmup_steps"
        )
    if config.memory.alignment % 4:
        raise ConfigError(
            f"memory.alignment {config.memory.alignment} is not a multiple of 4 bytes"
        )


def _plain(value: object) -> object:
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value
