"""`tat bench`: times the benchmarks, prints a table and compares with an earlier file."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tat.benchmarks.autobench import AutoBench, Comparison, Measurement, compare
from tat.benchmarks.bench_file import Results, encode_results, read_results
from tat.benchmarks.history import append_history, history_path
from tat.config import Config, resolve
from tat.errors import RegressionError, UsageError
from tat.files import atomic_file, require_place

_WIDTH = 44  # of the names


def run(options: argparse.Namespace) -> int:
    require_place(options.output)
    config = _resolve(options)
    agent = AutoBench(config, options.device)
    base = read_results(options.compare) if options.compare else None
    names = _names(agent, options, base)
    if options.list:
        for row in agent.chosen(names):
            print(f"{row.name:{_WIDTH}} {row.summary}")
        return 0
    measurements = []
    for measurement in agent.measure(names, options.quick):
        measurements.append(measurement)
        if not options.json:
            print(_line(measurement), flush=True)
    results = agent.results(measurements)
    _write(results, options)
    if not options.no_history:
        append_history(history_path(), measurements, results.metadata)
    if base is not None:
        _judge(options.compare, compare(base.benchmarks, results.benchmarks, config.bench))
    return 0


def _resolve(options: argparse.Namespace) -> Config:
    flags = {"preset": options.preset, "bench.threshold": options.threshold}
    return resolve(
        files=options.config, assignments=options.set,
        flags={key: value for key, value in flags.items() if value is not None},
    ).config  # fmt: skip


def _names(agent: AutoBench, options: argparse.Namespace, base: Results | None) -> Sequence[str]:
    """The benchmarks to run: those named, in a comparison only those that the base has."""
    if base is None:
        return options.names
    agent.require_like(options.compare, base)
    common = [row.name for row in agent.chosen(options.names) if row.name in base.benchmarks]
    if not common:
        raise UsageError(f"{options.compare} has none of these benchmarks; `tat bench --list`")
    return common


def _line(measurement: Measurement) -> str:
    m = measurement
    target = ""
    if m.target is not None:
        target = f"  target {m.target:g} {m.unit} {'met' if m.met else 'missed'}"
    return f"{m.name:{_WIDTH}} {m.value:10.3f} {m.unit}  ±{m.spread:4.0%}{target}"


def _write(results: Results, options: argparse.Namespace) -> None:
    data = encode_results(results)
    if options.output:
        with atomic_file(options.output) as file:
            file.write(data)
    if options.json:
        sys.stdout.write(data.decode())


def _judge(base: Path, comparisons: Sequence[Comparison]) -> None:
    """Print every change to standard error; RegressionError if something got slower."""
    for c in comparisons:
        if c.verdict != "same":
            change = f"{c.change:+.0%}, {c.verdict} (p = {c.probability:.1g})"
            print(f"{c.name:{_WIDTH}} {change}", file=sys.stderr)
    found = [f"{c.name} by {c.change:.0%}" for c in comparisons if c.verdict == "slower"]
    if found:
        raise RegressionError(f"slower than in {base}: {', '.join(found)}")
    print(f"none of {len(comparisons)} is slower than in {base}", file=sys.stderr)
