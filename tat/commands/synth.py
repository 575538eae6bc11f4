"""`tat synth`: functions by rules, the families they are drawn from."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from tat.errors import UsageError
from tat.files import atomic_file, require_place
from tat.synth.generator import COMPOSED, Generator
from tat.synth.records import encoded
from tat.synth.tables import all_families

_STDOUT = Path("-")


def run(options: argparse.Namespace) -> int:
    if options.families:
        return _families(options)
    if options.count is None:
        raise UsageError("give --count N, the number of functions to write, or --families")
    return _write(options)


def _write(options: argparse.Namespace) -> int:
    generator = Generator(options.only, seed=options.seed)
    wanted = islice(generator.stream(), options.count)
    lines = (encoded(made, options.seed) for made in wanted)
    begin = time.perf_counter()
    if options.output == _STDOUT:
        written = _copy(lines, sys.stdout.buffer)
    else:
        require_place(options.output)
        with atomic_file(options.output) as file:
            written = _copy(lines, file)
    seconds = time.perf_counter() - begin
    if written < options.count:
        short = f"{written} functions, no more that differ are to be had of {options.only}"
        print(f"tat: {short}; ask for fewer, or for more families", file=sys.stderr)
    elif not options.quiet:
        pace = f", {written / seconds:,.0f} a second" if written >= 1000 else ""
        print(f"tat: {written} functions, seed {options.seed}{pace}", file=sys.stderr)
    return 0


def _copy(lines: Iterator[bytes], file: BinaryIO) -> int:
    written = 0
    for line in lines:
        file.write(line)
        written += 1
    file.flush()
    return written


def _families(options: argparse.Namespace) -> int:
    """The families by area, or each with where it stands where one area is named."""
    families = all_families()
    areas = Counter(family.area for family in families)
    if options.json:
        listed = [{"id": f.id, "area": f.area, "origin": f.origin, "bodies": len(f.bodies)}
                  for f in families]  # fmt: skip
        sys.stdout.write(msgspec.json.encode(listed).decode() + "\n")
        return 0
    for area, number in sorted(areas.items()):
        print(f"{area:16}{number:6}")
    print(f"{'in tables':16}{len(families):6}")
    print(f"{'composed':16}{len(COMPOSED):6}  kinds: {', '.join(COMPOSED)}")
    return 0
