"""`tat tune`: searches for training settings and writes them as TOML."""

import argparse
import sys
from dataclasses import replace

from tat.config import Config, resolve
from tat.files import require_place
from tat.train.agreement import ended_together, own_threads
from tat.train.ranks import Ranks, open_ranks
from tat.tuning.objective import Objective
from tat.tuning.tuner import Tuning, tune


def run(options: argparse.Namespace) -> int:
    flags = {"preset": options.preset, "seed": options.seed, "tune.trials": options.budget}
    given = {key: value for key, value in flags.items() if value is not None}
    config = resolve(files=options.config, assignments=options.set, flags=given).config
    require_place(options.output)
    ranks = open_ranks(options.ranks)
    with ended_together(ranks):
        tuning = _tuned(options, replace(config, threads=own_threads(ranks, config.threads)), ranks)
        if ranks.rank == 0:
            tuning.write(options.output)
            _tell(options, tuning)
    return 0


def _tuned(options: argparse.Namespace, config: Config, ranks: Ranks) -> Tuning:
    trials = options.output.with_suffix(".trials")

    def say(line: str) -> None:
        if not options.quiet and ranks.rank == 0:
            print(line, file=sys.stderr, flush=True)

    try:
        return tune(
            config, Objective(config, options.paths), trials, say,
            anneal=options.search == "annealing", ranks=ranks,
        )  # fmt: skip
    except KeyboardInterrupt:
        say(f"{trials} keeps what was tried: the same call goes on from there")
        raise


def _tell(options: argparse.Namespace, tuning: Tuning) -> None:
    if options.quiet:
        return
    verdict = "better than" if tuning.better else "no better than"
    line = (
        f"{options.output}: {tuning.loss:.4f} nats a token, {verdict} the configured settings'"
        f" {tuning.given:.4f}; use it with"
        f" `tat train --preset {tuning.config.preset} --config {options.output}`"
    )
    print(line, file=sys.stderr, flush=True)
