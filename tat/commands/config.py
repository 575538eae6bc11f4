"""`tat config`."""

import argparse
import sys

import msgspec

from tat.config import resolve
from tat.flat import to_toml


def run(options: argparse.Namespace) -> int:
    flags = {"preset": options.preset} if options.preset else {}
    resolved = resolve(files=options.config, assignments=options.set, flags=flags)
    if options.json:
        pairs = {
            key: {"value": value, "origin": resolved.origins[key]}
            for key, value in resolved.flat().items()
        }
        sys.stdout.write(msgspec.json.encode(pairs).decode() + "\n")
    else:
        sys.stdout.write(to_toml(resolved.flat(), comments=resolved.origins))
    return 0
