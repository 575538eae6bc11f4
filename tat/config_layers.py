"""The sources of the configuration: TOML files, the environment, --set, presets."""

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Any

from tat.errors import ConfigError, one_line
from tat.flat import Flat, flatten

_RESERVED = ("TAT_LAUNCHER", "TAT_TOKEN")  # environment variables that are not settings
_MAX_FILE_BYTES = 1_000_000  # of a TOML file; the defaults take 4,000


@dataclass(frozen=True)
class Layer:
    """One source of values: its name for people, and values by dotted key."""

    origin: str
    values: Flat
    presets: dict[str, Flat]


def read_file(path: Path, origin: str, known: Flat | None) -> Layer:
    """The values and presets of a TOML file, keys checked; ConfigError naming the file."""
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
        check_keys(layer, known)
    for name, values in layer.presets.items():
        check_keys(Layer(f"{origin} [presets.{name}]", values, {}), known or layer.values)
    return layer


def _read_text(path: Path) -> str:
    status = path.stat()
    if not S_ISREG(status.st_mode):  # a FIFO may block for ever, and a device never ends
        raise ConfigError(f"configuration {path}: not a regular file; name a TOML file")
    if status.st_size > _MAX_FILE_BYTES:
        raise ConfigError(f"configuration {path}: larger than {_MAX_FILE_BYTES} bytes")
    return path.read_text("utf-8-sig")


def environment_layers(environment: Mapping[str, str], known: Flat) -> Iterator[Layer]:
    """A layer for each TAT_* variable, in the order of their names."""
    names = {f"TAT_{key.upper().replace('.', '_')}": key for key in known}
    for variable in sorted(environment):
        if not variable.startswith("TAT_") or variable in _RESERVED:
            continue
        if variable not in names:
            raise ConfigError(
                f"environment: unknown variable {variable}{nearest_key(variable, names)}"
            )
        key = names[variable]
        yield Layer(variable, {key: _parse(environment[variable], known[key])}, {})


def assignment_layer(text: str, known: Flat) -> Layer:
    """The layer of one --set."""
    key, equals, value = text.partition("=")
    key = key.strip()
    if not (key and equals):
        raise ConfigError(f"--set {one_line(text)}: write it as key=value, e.g. model.layers=4")
    layer = Layer(f"--set {key}", {key: None}, {})
    check_keys(layer, known)
    return Layer(layer.origin, {key: _parse(value.strip(), known[key])}, {})


def _parse(text: str, like: object) -> object:
    """The value of a TOML literal; other text, and text for a string setting, stays a string."""
    if isinstance(like, str) and not text.startswith(('"', "'")):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text


def check_keys(layer: Layer, known: Flat) -> None:
    """ConfigError for the first unknown key, with the nearest known one."""
    for key in layer.values:
        if key not in known:
            meant = nearest_key(key, known)
            raise ConfigError(f"{layer.origin}: unknown key {one_line(key)}{meant}")


def nearest_key(name: str, known: Mapping[str, Any]) -> str:
    """ ", did you mean …?": the whole key most like this one, or one whose last word is."""
    match = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if not match:
        ends = {key.rpartition(".")[2]: key for key in known}
        match = [ends[m] for m in difflib.get_close_matches(name.rpartition(".")[2], ends, n=1)]
    return f", did you mean {match[0]}?" if match else "; `tat config` lists all keys"


def preset_layer(layers: Sequence[Layer]) -> Layer:
    """The values of the preset; the last layer that names one decides."""
    presets = {name: (v, layer) for layer in layers for name, v in layer.presets.items()}
    name = next(layer.values["preset"] for layer in reversed(layers) if "preset" in layer.values)
    if name not in presets:
        choices = ", ".join(sorted(presets))
        raise ConfigError(f"preset {one_line(str(name))!r} does not exist; choose one of {choices}")
    values, owner = presets[name]
    return Layer(f"{owner.origin} [presets.{name}]", values, {})


def refuse_other_preset(layers: Sequence[Layer]) -> None:
    """ConfigError if a layer names another preset than the stored configuration, the first."""
    stored = layers[0].values.get("preset")
    for layer in layers[1:]:
        if layer.values.get("preset", stored) != stored:
            raise ConfigError(
                f"preset, from {layer.origin}: the run was started with {stored!r} and keeps it;"
                " start another run, or change single values with --set"
            )


def refuse_preset(layers: Sequence[Layer]) -> None:
    """ConfigError if a layer names a preset, where a trained model brings its own shape."""
    for layer in layers:
        if "preset" in layer.values:
            raise ConfigError(
                f"preset, from {layer.origin}: --from brings the shape of its model; leave the"
                " preset out, or change single values with --set"
            )
