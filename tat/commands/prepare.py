"""`tat prepare`: files to one file of token ids that training maps."""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tat.commands.common.doubts import invalid_modules
from tat.commands.common.progress import shares
from tat.config import resolve
from tat.data.corpus_content import Content
from tat.data.corpus_file import SUFFIX, CorpusFile
from tat.data.prepare import prepare
from tat.errors import UsageError, one_line
from tat.files import require_place
from tat.train.pretrained import Pretrained


def run(options: argparse.Namespace) -> int:
    if options.check:
        return _check(options)
    if options.output is None or options.output.suffix != SUFFIX:
        raise UsageError(f"give -o FILE{SUFFIX}, the file to write: `tat train` knows it by that")
    require_place(options.output)
    pretrained = Pretrained.load(options.pretrained) if options.pretrained else None
    flags = {
        "preset": options.preset, "seed": options.seed, "data.synth": options.synth,
        "data.defines": options.define or None,
    }  # fmt: skip
    config = resolve(
        files=options.config, assignments=options.set,
        pretrained=pretrained.settings if pretrained else None,
        flags={key: value for key, value in flags.items() if value is not None},
    ).config  # fmt: skip

    if not options.paths and not config.data.synth:
        raise UsageError("give the files to prepare, or --synth N for functions by rules")

    def say(line: str) -> None:
        if not options.quiet:
            print(one_line(line, 1000), file=sys.stderr, flush=True)

    began, content = time.monotonic(), Content.of(options.paths)
    with shares("preparing", options.quiet) as progress:
        prepare(
            options.paths, options.output, config.data, config.seed, content=content,
            tokenizer=pretrained.tokenizer() if pretrained else None, threads=config.threads,
            progress=progress,
        )  # fmt: skip
    _describe(options.output, content.size, time.monotonic() - began, say)
    for line in () if options.quiet else invalid_modules(options.paths, config.data):
        say(line)
    return 0


def _check(options: argparse.Namespace) -> int:
    if not options.paths:
        raise UsageError("--check: give the prepared files to check")
    for path in options.paths:
        CorpusFile(path).check()
        if not options.quiet:
            print(f"{path}: every checksum holds", file=sys.stderr)
    return 0


def _describe(path: Path, size: int, seconds: float, say: Callable[[str], None]) -> None:
    file = CorpusFile(path)
    data = file.training_data()
    for line in data.report.lines():
        say(line)
    drawn = file.index.data["synth"]
    found = (f"{size / 1e6:.1f} MB", size), (f"{drawn} functions by rules", drawn)
    read = " and ".join(text for text, amount in found if amount)
    ids = sum(section.count for name, section in file.index.sections.items() if "ids" in name)
    say(
        f"{path}: {len(data.train)} training and {len(data.valid)} validation samples, {ids} tokens"
        f" of {data.tokenizer.size}; {read} in {seconds:.1f} s"
    )
