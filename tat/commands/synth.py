"""`tat synth`: functions by rules, and what is known of the families they are drawn from."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice, takewhile
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from tat.commands.common.synth_overlap import left_out, near
from tat.data.json_lines import read_json_lines
from tat.errors import TatError, UsageError, did_you_mean
from tat.files import atomic_file, require_place
from tat.synth.family import Family, find_families
from tat.synth.generator import COMPOSED, Generator
from tat.synth.records import encoded
from tat.synth.stats import Distribution, Text, table
from tat.synth.tables import all_families
from tat.synth.verify import proof, verify
from tat.train.interrupt import StopRequest
from tat.wgsl.sandbox import Sandbox

_STDOUT = Path("-")
_SAMPLE = 10_000  # functions that --stats draws
_PROOFS = {"reference": "reference", "alternatives": "alternatives", "": "unverified"}


def run(options: argparse.Namespace) -> int:
    if options.against and not options.stats:
        raise UsageError("--against is for --stats")
    if options.threshold is not None and not options.near:
        raise UsageError("--threshold is for --near")
    if options.near:
        return near(options)
    if options.families:
        return _families(options)
    if options.check is not None:
        return _check(options)
    if options.stats:
        return _stats(options)
    if options.count is None:
        raise UsageError("give --count N, the number of functions to write")
    return _write(options)


def _write(options: argparse.Namespace) -> int:
    generator = Generator(options.only, left_out(options.without), options.seed)
    wanted = islice(generator.stream(), options.count)
    lines = (encoded(made, options.seed) for made in wanted)
    begin = time.perf_counter()
    if options.output == _STDOUT:
        written = _copy(lines, sys.stdout.buffer)
    else:
        require_place(options.output)
        with StopRequest() as stop, atomic_file(options.output) as file:
            written = _copy(takewhile(lambda line: not stop, lines), file)
            if stop:  # what was written goes with the block
                print(f"tat: interrupted; {options.output} is as it was", file=sys.stderr)
                raise SystemExit(stop.exit_code)
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


def _chosen(name: str) -> list[Family]:
    """The families of an area or name, all for none; UsageError if there are none."""
    families = all_families()
    found = find_families(families, name) if name else list(families)
    if not found:
        known = {word for family in families for word in (family.area, family.names[0])}
        hint = did_you_mean(name, known, "; `tat synth --families` names the areas")
        raise UsageError(f"no area or family: {name!r}{hint}")
    return found


def _families(options: argparse.Namespace) -> int:
    """The families of each area by what proves them, or those of one area."""
    families = _chosen(options.only)
    if options.json:
        listed = [
            {"id": f.id, "area": f.area, "origin": f.origin, "bodies": len(f.bodies),
             "proof": proof(f)} for f in families
        ]  # fmt: skip
        _print_json(listed)
    elif options.only:
        for family in families:
            print(f"{family.id:40} {proof(family):14} {family.origin}")
    else:
        _print_counts(families)
    return 0


def _print_counts(families: list[Family]) -> None:
    counts = Counter((family.area, proof(family)) for family in families)
    print(f"{'area':16}{'families':>10}" + "".join(f"{name:>14}" for name in _PROOFS.values()))
    areas = sorted({family.area for family in families})
    for area in areas:
        parts = [counts[area, kind] for kind in _PROOFS]
        print(f"{area:16}{sum(parts):10}" + "".join(f"{part:14}" for part in parts))
    wholes = [sum(counts[area, kind] for area in areas) for kind in _PROOFS]
    print(f"{'all':16}{len(families):10}" + "".join(f"{whole:14}" for whole in wholes))
    print(f"composed of these: {', '.join(COMPOSED)}")


def _check(options: argparse.Namespace) -> int:
    """Run what can be compared; failures on standard output, exit code 1 if there are any."""
    chosen, problems, ran = _chosen(options.check), [], 0
    with Sandbox() as sandbox:
        for verdict in verify(chosen, sandbox):
            ran += 1
            if verdict.problem:
                problems.append(verdict)
                if not options.json:
                    kind = f" of {verdict.kind}" if verdict.kind else ""
                    print(f"{verdict.origin}: {verdict.family}{kind}: {verdict.problem}")
    if options.json:
        _print_json({"ran": ran, "problems": problems})
    if problems:
        raise TatError(f"{len(problems)} of {ran} comparisons failed; correct their tables")
    if not options.quiet:
        proven = sum(bool(proof(family)) for family in chosen)
        said = f"{ran} comparisons agree; they are of {proven} of {len(chosen)} families"
        print(f"tat: {said}", file=sys.stderr)
    return 0


class _Line(msgspec.Struct):
    signature: str
    body: str
    context: str = ""
    comment: str = ""
    calls: tuple[str, ...] = ()


def _stats(options: argparse.Namespace) -> int:
    generator = Generator(options.only, left_out(options.without), options.seed)
    made = (m.written for m in islice(generator.stream(), options.count or _SAMPLE))
    named = [("generated", Distribution(
        Text(w.signature, w.body, w.context, bool(w.calls), len(w.comment.split())) for w in made
    ))]  # fmt: skip
    if options.against:
        lines = read_json_lines(options.against, _Line, "function with `signature` and `body`")
        named.append((options.against.stem[:13], Distribution(
            Text(f.signature, f.body, f.context, bool(f.calls), len(f.comment.split()))
            for _, f in lines
        )))  # fmt: skip
    if options.json:
        _print_json({name: distribution.rows() for name, distribution in named})
    else:
        print(table(named))
    return 0


def _print_json(value: Any) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
