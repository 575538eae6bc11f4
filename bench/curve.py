"""Keeps a run's loss curve: bench/results/NAME.json, and NAME.svg to look at.

    python bench/curve.py RUN NAME "command that made it"

Losses are averaged over stretches of steps, so that the file stays small; validations are kept all.
"""

import argparse
import json
import sys
from pathlib import Path

import tat
from tat.provenance import processor
from tat.reports.metrics_agent import MetricsAgent
from tat.reports.svg import Series, line_chart, standalone


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("command")
    options = parser.parse_args()
    agent = MetricsAgent(options.run)
    summary = agent.summary()
    training, validation = agent.training_loss(), agent.validation_loss()
    result = {
        "command": options.command, "tat": tat.__version__, "processor": processor(),
        "device": summary.devices[0], "steps": summary.last_step, "hours": summary.hours,
        "tokens": summary.tokens, "training_loss": training, "validation_loss": validation,
    }  # fmt: skip
    series = [Series("training", training), Series("validation", validation)]
    picture = line_chart(options.name, series, "step", "nats per token")
    folder = Path(__file__).with_name("results")
    (folder / f"{options.name}.json").write_text(json.dumps(result) + "\n")
    (folder / f"{options.name}.svg").write_text(standalone(picture))
    return 0


if __name__ == "__main__":
    sys.exit(main())
