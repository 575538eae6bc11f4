"""Configuration: layers of TOML, environment and flags become frozen dataclasses.

Precedence, later wins: config/default.toml (with its preset), the user's tat.toml, the project's
tat.toml, --config files, TAT_* variables, --set, flags. config/default.toml holds every default.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta

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
from tat.errors import ConfigError, one_line
from tat.flat import Flat, flatten
from tat.resources import resource, user_folder

Positive = Annotated[int, Meta(ge=1)]
Length = Annotated[int, Meta(ge=1, le=65536)]  # tokens
Count = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, lt=1)]
AboveZero = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]


@dataclass(frozen=True)
class TransformerConfig:
    """Shape of the model; config/default.toml says what each value means."""

    layers: Annotated[int, Meta(ge=1, le=256)]
    width: Annotated[int, Meta(ge=1, le=65536)]
    heads: Positive
    feed_forward: Annotated[int, Meta(ge=1, le=1048576)]
    dropout: Share
    max_length: Annotated[int, Meta(ge=2, le=65536)]
    copy: bool


@dataclass(frozen=True)
class DataConfig:
    """What becomes a sample, and how samples are batched."""

    vocabulary: Annotated[int, Meta(ge=265, le=1048576)]
    buckets: Annotated[tuple[tuple[Length, Length], ...], Meta(min_length=1, max_length=64)]
    infill_share: Share
    description_words: Count
    validation_share: Share
    max_file_bytes: Positive
    neighbours: Annotated[int, Meta(ge=0, le=64)]
    neighbour_share: Annotated[float, Meta(ge=0, le=1)]
    neighbour_tokens: Positive
    renamings: Count
    body_comments: bool


@dataclass(frozen=True)
class TrainConfig:
    """The optimizer, its schedule and the rhythm of a run."""

    steps: Count
    schedule_steps: Positive
    schedule: Literal["cosine", "inverse_square_root", "constant"]
    warmup_steps: Count
    lr: AboveZero
    final_lr_share: Annotated[float, Meta(ge=0, le=1)]
    batch_tokens: Annotated[int, Meta(ge=1, le=1048576)]
    micro_batches: Annotated[int, Meta(ge=1, le=65536)]
    precision: Literal["f32", "f16"]
    loss_scale: Annotated[float, Meta(ge=1)]
    loss_scale_steps: Positive
    clip_norm: NotNegative
    label_smoothing: Share
    weight_decay: NotNegative
    beta1: Share
    beta2: Share
    epsilon: AboveZero
    ema_decay: Share
    validate_every: Count
    validation_batches: Positive
    patience: Count
    save_every: Positive
    keep: Positive
    metrics_every: Count


@dataclass(frozen=True)
class GenerateConfig:
    """How texts are generated, and how many."""

    max_tokens: Positive
    batch: Annotated[int, Meta(ge=1, le=1024)]
    candidates: Count
    adaptations: Annotated[int, Meta(ge=0, le=1024)]
    last_resorts: Annotated[int, Meta(ge=0, le=1024)]
    temperature: NotNegative
    top_k: Count
    top_p: Annotated[float, Meta(gt=0, le=1)]
    min_p: Annotated[float, Meta(ge=0, le=1)]
    repetition_penalty: AboveZero
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    length_penalty: NotNegative
    block: Positive
    drafts: Annotated[int, Meta(ge=0, le=64)]
    draft_match: Annotated[int, Meta(ge=1, le=64)]


@dataclass(frozen=True)
class MemoryConfig:
    """How tensors are laid out."""

    alignment: Annotated[int, Meta(ge=4, le=65536)]
    chunk_bytes: Annotated[int, Meta(ge=4096)]


@dataclass(frozen=True)
class DeviceConfig:
    """How long a GPU is waited for."""

    wait_s: AboveZero


@dataclass(frozen=True)
class BenchConfig:
    """How benchmarks are sampled and compared."""

    samples: Annotated[int, Meta(ge=2, le=1000)]
    quick_samples: Annotated[int, Meta(ge=2, le=1000)]
    sample_ms: AboveZero
    quick_sample_ms: AboveZero
    threshold: NotNegative
    significance: Annotated[float, Meta(gt=0, lt=1)]


@dataclass(frozen=True)
class TargetsConfig:
    """What the default model is to reach."""

    attention_ms: AboveZero
    tokenize_us: AboveZero
    softmax_us: AboveZero
    forward_ms: AboveZero
    token_ms: AboveZero
    token_int8_ms: AboveZero
    step_torch: AboveZero
    gpu_speedup: AboveZero


@dataclass(frozen=True)
class PhasesConfig:
    """How much the phases do beside the configured training."""

    loss_share: Annotated[float, Meta(gt=0, le=1)]
    standalone_steps: Positive
    prompts: Positive
    answer_tokens: Positive
    valid_share: Annotated[float, Meta(ge=0, le=1)]


@dataclass(frozen=True)
class TuneConfig:
    """The search for training settings."""

    trials: Annotated[int, Meta(ge=1, le=100000)]
    steps: Positive
    replicas: Annotated[int, Meta(ge=2, le=64)]
    temperature: AboveZero
    field: AboveZero


@dataclass(frozen=True)
class Config:
    """All settings of one run."""

    seed: Annotated[int, Meta(ge=0, lt=2**32)]
    threads: Annotated[int, Meta(ge=0, le=4096)]
    preset: str
    model: TransformerConfig
    data: DataConfig
    train: TrainConfig
    generate: GenerateConfig
    memory: MemoryConfig
    device: DeviceConfig
    bench: BenchConfig
    targets: TargetsConfig
    phases: PhasesConfig
    tune: TuneConfig


TUNING = "tuning"  # the preset of a run that starts from a trained model

# What a resumed run may change freely: nothing here moves a bit of the result.
NOT_COMPARED = (
    "threads", "preset", "train.steps", "train.save_every", "train.keep", "train.metrics_every",
)  # fmt: skip

_SECTIONS_NOT_COMPARED = ("generate", "device", "bench", "targets", "phases", "tune")

_TYPE_WORDS = {
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
    """A configuration (nested) out of a checkpoint, checked as strictly as any; ConfigError.

    Settings that are newer than the checkpoint get their defaults.
    """
    known = read_file(resource("config", "default.toml"), "default.toml", known=None).values
    stored = Layer("the checkpoint", flatten(configuration), {})
    check_keys(stored, known)
    config = _convert(known | stored.values, {})
    _check_combinations(config)
    return config


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Dotted keys whose change makes a resumed run another run: key -> (old, new); both nested."""
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
    """What msgspec says of a value, in a user's words."""
    reason, _, path = error.partition(" - at `$.")
    key = path.rstrip("`").partition("[")[0]
    expected = reason.partition(", got")[0] if key in flat else reason
    if expected.startswith("Invalid enum value"):
        choices = get_args(get_type_hints(TrainConfig)[key.rpartition(".")[2]])
        expected = f"Expected one of {', '.join(choices)}"
    for name, words in _TYPE_WORDS.items():
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
