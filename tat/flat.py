"""Nested settings as one mapping of dotted keys, and that mapping as TOML."""

from collections.abc import Mapping
from typing import Any

import msgspec

Flat = dict[str, Any]  # "model.width" -> value


def flatten(nested: Mapping[str, Any], prefix: str = "") -> Flat:
    """{"model": {"width": 1}} -> {"model.width": 1}."""
    flat: Flat = {}
    for key, value in nested.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def to_toml(flat: Flat, comments: Mapping[str, str] | None = None) -> str:
    """TOML of dotted keys, tables in order of first use; comments go behind the values."""
    lines: list[str] = []
    table = ""
    for key in sorted(flat, key=lambda k: "." in k):  # top-level keys have to come first
        section, _, name = key.rpartition(".")
        if section != table:
            lines += ["", f"[{section}]"]
            table = section
        note = f"  # {comments[key]}" if comments and key in comments else ""
        lines.append(f"{name} = {_toml_value(flat[key])}{note}")
    return "\n".join(lines) + "\n"


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return msgspec.json.encode(value).decode()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml_value, value)) + "]"
    return repr(value)
