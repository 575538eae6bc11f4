"""`tat tune`: searches for training settings and writes them as TOML."""

import argparse
import sys

from tat.config import resolve
from tat.files import require_place
from tat.tuning.objective import Objective
from tat.tuning.tuner import tune


def run(options: argparse.Namespace) -> int:
    flags = {"preset": options.preset, "seed": options.seed, "tune.trials": options.budget}
    given = {key: value for key, value in flags.items() if value is not None}
    config = resolve(files=options.config, assignments=options.set, flags=given).config
    require_place(options.output)
    trials = options.output.with_suffix(".trials")

    def say(line: str) -> None:
        if not options.quiet:
            print(line, file=sys.stderr, flush=True)

    try:
        tuning = tune(
            config, Objective(config, options.paths), trials, say,
            anneal=options.search == "annealing",
        )  # fmt: skip
    except KeyboardInterrupt:
        say(f"{trials} keeps what was tried: the same call goes on from there")
        raise
    tuning.write(options.output)
    verdict = "better than" if tuning.better else "no better than"
    say(
        f"{options.output}: {tuning.loss:.4f} nats a token, {verdict} the configured settings'"
        f" {tuning.given:.4f}; use it with"
        f" `tat train --preset {config.preset} --config {options.output}`"
    )
    return 0
