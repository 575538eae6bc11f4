"""`tat config`: prints the configuration in force, with the origin of each value."""

import argparse
import sys

import msgspec

from tat.config import resolve
from tat.config_layers import nearest_key
from tat.errors import UsageError, one_line
from tat.flat import Flat, to_toml


def run(options: argparse.Namespace) -> int:
    flags = {"preset": options.preset} if options.preset else {}
    resolved = resolve(files=options.config, assignments=options.set, flags=flags)
    values = _chosen(resolved.flat(), options.key)
    if options.json:
        pairs = {
            key: {"value": value, "origin": resolved.origins[key]} for key, value in values.items()
        }
        sys.stdout.write(msgspec.json.encode(pairs).decode() + "\n")
    else:
        sys.stdout.write(to_toml(values, comments=resolved.origins).lstrip())
    return 0


def _chosen(values: Flat, key: str | None) -> Flat:
    """The value of a key, those of a table, or all; UsageError where there is none."""
    if key is None:
        return values
    chosen = {k: value for k, value in values.items() if k == key or k.startswith(f"{key}.")}
    if not chosen:
        raise UsageError(f"no such key: {one_line(key)}{nearest_key(key, values)}")
    return chosen
