"""The benchmarks of `tat bench` under pyperf, which starts processes and calibrates by itself.

    python bench/pyperf_suite.py -o FILE.json [--preset base] [--only NAME] [pyperf's options]

Each process proves a workload right before it times it. Its file is read by pyperf's compare_to and
by `tat bench --compare`, which measures machines by the benchmark "reference".
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache

import tat  # noqa: F401  isort: skip  (before numpy: it sets the BLAS threads)
import pyperf

from tat.benchmarks.autobench import AutoBench
from tat.benchmarks.subject import Benchmark, Setting, Subject
from tat.benchmarks.timing import Reference
from tat.config import resolve

_PROCESSES, _VALUES, _WARMUPS = 4, 5, 1
_EVERYTHING = ExitStack()  # closed with the process


def timer(row: Benchmark, setting: Setting) -> Callable[[int], float]:
    """Seconds of so many units of work, after making the workload ready at the first call."""

    @cache
    def subject() -> Subject:
        made = _EVERYTHING.enter_context(row.make(setting))
        made.check()
        return made

    def seconds(loops: int) -> float:
        made = subject()
        began = time.perf_counter()
        for _ in range(loops):
            made.run()
        return (time.perf_counter() - began) / made.units

    return seconds


def main() -> None:
    runner = pyperf.Runner(
        processes=_PROCESSES, values=_VALUES, warmups=_WARMUPS,
        add_cmdline_args=lambda command, options: command.extend(
            ["--preset", options.preset, *(["--only", options.only] if options.only else [])]
        ),
    )  # fmt: skip
    runner.argparser.add_argument("--preset", default="base")
    runner.argparser.add_argument("--only", help="a name, as `tat bench` takes it")
    options = runner.parse_args()
    config = resolve(flags={"preset": options.preset}).config
    agent = AutoBench(config)
    runner.metadata.update(agent.results([]).metadata)
    with _EVERYTHING:
        runner.bench_func("reference", Reference())
        for row in agent.chosen([options.only] if options.only else []):
            runner.bench_time_func(row.name, timer(row, Setting.of(config)))


if __name__ == "__main__":
    main()
