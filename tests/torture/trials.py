"""Shared by faults.py and crashes.py: trials of works, their time, and one command line."""

import argparse
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple


class Trial(NamedTuple):
    """One trial of a work, and what was wrong there; empty if nothing was."""

    work: str
    place: str  # where it was cut off or failed
    problem: str


Run = Callable[[Sequence[str], int, float], Iterable[Trial]]
"""Trials of the works with these names: every so-manieth, for so many seconds."""


def shares(names: Sequence[str], seconds: float) -> Iterator[tuple[str, float]]:
    """Each name, and when its trials have to end so that all together take `seconds`."""
    began = time.monotonic()
    for number, name in enumerate(names, 1):
        yield name, began + seconds * number / len(names)


def command(
    description: str, works: Sequence[str], why_not: Callable[[], str], run: Run
) -> int:  # fmt: skip
    """The command line of a kind of trials: 1 where one found a problem; `why_not`: why it
    can try nothing here, or ""."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[*works], choices=[*works])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seconds", type=float, default=math.inf, help="for all works together")
    options = parser.parse_args()
    if why := why_not():
        print(f"skipped: {description.partition(':')[0].lower()}: {why}")
        return 0
    began, tried, bad = time.monotonic(), Counter(), []
    for trial in run(options.only, options.every, options.seconds):
        tried[trial.work] += 1
        if trial.problem:
            bad.append(trial._asdict())
            print(*trial, sep=" ", flush=True)
        if options.json:
            seconds = round(time.monotonic() - began)
            summary = {"trials": tried, "seconds": seconds, "problems": bad}
            options.json.write_text(json.dumps(summary, indent=1) + "\n")
    seconds = time.monotonic() - began
    print(f"{tried.total()} trials ({dict(tried)}), {len(bad)} problems, {seconds:.0f} s")
    return bool(bad)
