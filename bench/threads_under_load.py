"""Decoding on all threads and on one, in turns, while other processes keep the cores busy.

    python bench/threads_under_load.py --busy 4 -o bench/results/threads_under_load.json

Each round runs one thread, all threads that follow the load, and all threads that do not (as in
1.0.0), a second each; the figures are medians over rounds of how much longer a token takes than on
one thread of the same round. `--busy 0` on a machine that does nothing else shows what is lost.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import tat  # noqa: F401  # isort: skip  (before numpy: it sets the BLAS threads)
import numpy as np
from result_file import publish

from tat import weights
from tat.backends.cpu.executable import CpuBackend, CpuExecutable
from tat.config import resolve
from tat.machine import cores
from tat.model.programs import BatchShape, step_program
from tat.model.transformer import Transformer
from tat.ops.plan import plan
from tat.provenance import machine

_VOCABULARY, _LENGTH = 4096, 64


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--busy", type=int, default=2 * cores(), help="processes that only count")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each run in a round")
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    count = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(count) for _ in range(options.busy)]
    try:
        report = measure(options)
    finally:
        for other in others:
            other.kill()
    publish(report, options.output)
    return 0


def measure(options: argparse.Namespace) -> dict[str, object]:
    """Seconds of a token in each way, and ratios to one thread."""
    ways = {"one": step(1, options.preset), "following": step(cores(), options.preset),
            "fixed": step(cores(), options.preset)}  # fmt: skip
    ways["fixed"]._table._pace._load.waited = lambda share: None  # never fewer threads
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, executable in ways.items():
            seconds[name].append(token_seconds(executable, options.seconds))
    ratios = {
        name: statistics.median(a / b for a, b in zip(of, seconds["one"], strict=True))
        for name, of in seconds.items()
    }
    return {
        "machine": machine(), "preset": options.preset, "threads": cores(), "busy": options.busy,
        "load": os.getloadavg()[0], "rounds": options.rounds,
        "milliseconds": {n: round(1000 * statistics.median(of), 4) for n, of in seconds.items()},
        "ratio_to_one_thread": {name: round(ratio, 3) for name, ratio in ratios.items()},
    }  # fmt: skip


def step(threads: int, preset: str) -> CpuExecutable:
    """The step of decoding, ready to run."""
    model = Transformer(resolve(flags={"preset": preset}).config.model, _VOCABULARY)
    backend = CpuBackend(threads)
    shape = BatchShape(rows=1, source=_LENGTH, target=_LENGTH)
    executable = backend.compile(plan(step_program(model, shape), backend.memory))
    weights.install(backend, model, weights.draw(model.parameters, 0))
    for name, value in (("token", [[5]]), ("position", [9]), ("lengths", [[10]])):
        executable.write(name, np.array(value))
    executable.run()
    return executable


def token_seconds(executable: CpuExecutable, seconds: float) -> float:
    """Seconds of a token on average over so many seconds."""
    began, count = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        executable.run()
        count += 1
    return (time.monotonic() - began) / count


if __name__ == "__main__":
    sys.exit(main())
