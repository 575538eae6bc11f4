"""`tat report`: writes the figures of a run or of tat as text, JSON or a page."""

import argparse
import sys
from pathlib import Path

import msgspec

from tat.benchmarks.autobench import AutoBench
from tat.benchmarks.bench_file import Results, read_results
from tat.config import resolve
from tat.errors import UsageError
from tat.files import atomic_file, require_place
from tat.reports.metrics_agent import MetricsAgent
from tat.reports.report_agent import BENCHMARKS, ReportAgent
from tat.reports.report_page import baseline_page, run_page, summary_lines
from tat.resources import resource

_WIDTH = 26  # of the names


def run(options: argparse.Namespace) -> int:
    require_place(options.html)
    require_place(options.baseline)
    run_agent = MetricsAgent(options.run_folder) if options.run_folder else None
    if run_agent and not (options.baseline or options.bench or options.results):
        return _report_run(run_agent, options)
    return _report_baseline(run_agent, options)


def _report_run(agent: MetricsAgent, options: argparse.Namespace) -> int:
    summary = agent.summary()
    if options.html:
        _write(options.html, run_page(agent))
    if options.json:
        sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
    elif not options.html:
        for name, words in summary_lines(summary):
            print(f"{name:{_WIDTH}}  {words}")
    return 0


def _report_baseline(run_agent: MetricsAgent | None, options: argparse.Namespace) -> int:
    folder = options.results or resource("bench", "results")
    if options.results and not folder.is_dir():
        raise UsageError(f"--results {folder}: no such folder")
    config = resolve(flags={"preset": "base"}).config
    now = read_results(options.bench) if options.bench else _measured(AutoBench(config))
    agent = ReportAgent(folder, now, config.targets)
    if options.html:
        _write(options.html, baseline_page(agent, run_agent))
    if options.baseline:
        _write(options.baseline, agent.text())
    if options.json:
        sys.stdout.write(msgspec.json.encode(agent.rows()).decode() + "\n")
    elif not (options.html or options.baseline):
        sys.stdout.write(agent.text())
    return 0


def _measured(agent: AutoBench) -> Results:
    """Quick timings of the benchmarks that the report has rows for."""
    there = {row.name for row in agent.chosen()}
    names = [name for name in BENCHMARKS if name in there]
    measurements = []
    for row in agent.chosen(names):
        print(f"timing {row.summary}", file=sys.stderr)
        measurements += agent.measure([row.name], quick=True)
    return agent.results(measurements)


def _write(path: Path, text: str) -> None:
    with atomic_file(path) as file:
        file.write(text.encode())
    print(f"wrote {path}", file=sys.stderr)
