"""Configuration: layers of TOML, environment and flags become frozen dataclasses.

Precedence, later wins: config/default.toml (with its preset), the user's tat.toml, the project's
tat.toml, --config files, TAT_* variables, --set, flags. config/default.toml holds every default.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from stat import S_ISREG
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta

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


@dataclass(frozen=True)
class DataConfig:
    """What becomes a sample, and how samples are batched."""

    vocabulary: Annotated[int, Meta(ge=265, le=1048576)]
    buckets: Annotated[tuple[tuple[Length, Length], ...], Meta(min_length=1, max_length=64)]
    infill_share: Share
    description_words: Count
    validation_share: Share
    max_file_bytes: Positive


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


@dataclass(frozen=True)
class GenerateConfig:
    """Limits of generation."""

    max_tokens: Positive
    candidates: Count
    temperature: AboveZero
    block: Positive


@dataclass(frozen=True)
class MemoryConfig:
    """How tensors are laid out."""

    alignment: Annotated[int, Meta(ge=4, le=65536)]
    chunk_bytes: Annotated[int, Meta(ge=4096)]


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


# What a resumed run may change freely: nothing here moves a bit of the result.
NOT_COMPARED = (
    "threads", "preset", "train.steps", "train.save_every", "train.keep",
    "generate.max_tokens", "generate.candidates", "generate.temperature", "generate.block",
)  # fmt: skip

_RESERVED = ("TAT_LAUNCHER",)  # environment variables that are not settings
_MAX_FILE_BYTES = 1_000_000  # of a TOML file; the defaults take 4,000
_TYPE_WORDS = {"int": "a whole number", "float": "a number", "str": "text", "array": "a list"}



@dataclass(frozen=True)
class Layer:
    """One source of values: its name for people, and values by dotted key."""

    origin: str
    values: Flat
    presets: dict[str, Flat]


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
) -> Resolved:
    """Lays all sources over each other; raises ConfigError naming key, value and source.

    files: of --config; assignments: of --set, "a.b=v"; flags: dotted key -> value; base: a stored
    configuration (nested) that replaces default.toml, preset and tat.toml, for resuming.
    """
    default = _read_file(resource("config", "default.toml"), "default.toml", known=None)
    known = default.values
    layers = [default]
    if base is None:
        candidates = (user_folder("config") / "tat.toml", Path("tat.toml"))
        layers += [_read_file(p, str(p), known) for p in candidates if p.is_file()]
    else:
        layers.append(Layer("the run", flatten(base), {}))
        _check_keys(layers[-1], known)
    layers += [_read_file(path, str(path), known) for path in files]
    layers += list(_environment_layers(os.environ if environment is None else environment, known))
    layers += [_assignment_layer(text, known) for text in assignments]
    layers.append(Layer("flag", dict(flags or {}), {}))
    if base is None:
        layers.insert(1, _preset_layer(layers))
    else:
        _refuse_other_preset(layers[1:])
    return _merge(layers)


def check_stored(configuration: Mapping[str, Any]) -> Config:
    """A configuration (nested) out of a checkpoint, checked as strictly as any; ConfigError.

    Settings that are newer than the checkpoint get their defaults.
    """
    known = _read_file(resource("config", "default.toml"), "default.toml", known=None).values
    stored = Layer("the checkpoint", flatten(configuration), {})
    _check_keys(stored, known)
    config = _convert(known | stored.values, {})
    _check_combinations(config)
    return config


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Dotted keys whose change makes a resumed run another run: key -> (old, new); both nested."""
    a, b = flatten(old), flatten(new)
    keys = [k for k in dict.fromkeys([*a, *b]) if k not in NOT_COMPARED]
    return {k: (a.get(k), b.get(k)) for k in keys if _plain(a.get(k)) != _plain(b.get(k))}


def _read_file(path: Path, origin: str, known: Flat | None) -> Layer:
    try:
        nested = tomllib.loads(_read_text(path))
    except UnicodeDecodeError as error:
        raise ConfigError(f"configuration {path}: not UTF-8 at byte {error.start}") from None
    except (OSError, tomllib.TOMLDecodeError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"not TOML: {error}"
        raise ConfigError(f"configuration {path}: {one_line(str(reason))}") from None
    presets = nested.pop("presets", {})
    if not isinstance(presets, dict) or not all(isinstance(p, dict) for p in presets.values()):
        raise ConfigError(f"configuration {path}: presets are tables, as in [presets.mine]")
    layer = Layer(origin, flatten(nested), {k: flatten(v) for k, v in presets.items()})
    if known is not None:
        _check_keys(layer, known)
    for name, values in layer.presets.items():
        _check_keys(Layer(f"{origin} [presets.{name}]", values, {}), known or layer.values)
    return layer


def _read_text(path: Path) -> str:
    status = path.stat()
    if not S_ISREG(status.st_mode):  # reading a FIFO may wait for ever, and a device never end
        raise ConfigError(f"configuration {path}: not a regular file; name a TOML file")
    if status.st_size > _MAX_FILE_BYTES:
        raise ConfigError(f"configuration {path}: larger than {_MAX_FILE_BYTES} bytes")
    return path.read_text("utf-8")


def _environment_layers(environment: Mapping[str, str], known: Flat) -> Iterator[Layer]:
    names = {f"TAT_{key.upper().replace('.', '_')}": key for key in known}
    for variable in sorted(environment):
        if not variable.startswith("TAT_") or variable in _RESERVED:
            continue
        if variable not in names:
            raise ConfigError(
                f"environment: unknown variable {variable}{_nearest(variable, names)}"
            )
        key = names[variable]
        yield Layer(variable, {key: _parse(environment[variable], known[key])}, {})


def _assignment_layer(text: str, known: Flat) -> Layer:
    key, equals, value = text.partition("=")
    key = key.strip()
    if not (key and equals):
        raise ConfigError(f"--set {one_line(text)}: write it as key=value, e.g. model.layers=4")
    layer = Layer(f"--set {key}", {key: None}, {})
    _check_keys(layer, known)
    return Layer(layer.origin, {key: _parse(value.strip(), known[key])}, {})


def _parse(text: str, like: object) -> object:
    """A TOML value; text that is none stays a string, as does all text for a string setting."""
    if isinstance(like, str) and not text.startswith(('"', "'")):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text


def _check_keys(layer: Layer, known: Flat) -> None:
    for key in layer.values:
        if key not in known:
            raise ConfigError(f"{layer.origin}: unknown key {one_line(key)}{_nearest(key, known)}")


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    """ ", did you mean …?": the whole key most like this one, or one whose last word is."""
    match = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if not match:
        ends = {key.rpartition(".")[2]: key for key in known}
        match = [ends[m] for m in difflib.get_close_matches(name.rpartition(".")[2], ends, n=1)]
    return f", did you mean {match[0]}?" if match else "; `tat config` lists all keys"


def _preset_layer(layers: Sequence[Layer]) -> Layer:
    """The values of the preset that the last of the layers with a say names."""
    presets = {name: (v, layer) for layer in layers for name, v in layer.presets.items()}
    name = next(layer.values["preset"] for layer in reversed(layers) if "preset" in layer.values)
    if name not in presets:
        choices = ", ".join(sorted(presets))
        raise ConfigError(f"preset {one_line(str(name))!r} does not exist; choose one of {choices}")
    values, owner = presets[name]
    return Layer(f"{owner.origin} [presets.{name}]", values, {})


def _refuse_other_preset(layers: Sequence[Layer]) -> None:
    """ConfigError if a layer names another preset than the stored configuration, the first."""
    stored = layers[0].values.get("preset")
    for layer in layers[1:]:
        if layer.values.get("preset", stored) != stored:
            raise ConfigError(
                f"preset, from {layer.origin}: the run was started with {stored!r} and keeps it;"
                " start another run, or change single values with --set"
            )


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
