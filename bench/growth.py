"""How a training step's time and memory grow with each extent of the model and the batch.

    python bench/growth.py [--rounds 5] [--json bench/results/growth.json]

One extent varies at a time around preset small with 4 rows of 64 + 64 tokens and 4096 tokens of
vocabulary. Times are medians of whole steps, dropout and AdamW included, on all cores; the
configurations take turns, so that a machine that slows down for a while does not bend a curve.
"""

import argparse
import json
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tat  # noqa: F401  isort: skip  (before numpy: it sets the BLAS threads)

from tat.backends.opening import open_backend
from tat.benchmarks.bench_file import run_metadata
from tat.benchmarks.model_workloads import make_trainer
from tat.config import resolve
from tat.ops.plan import ELEMENT_BYTES
from tat.train.trainer import Trainer

_BASE = {"width": 256, "layers": 5, "batch": 4, "length": 64, "vocabulary": 4096}
_AXES = {
    "width": (64, 128, 256, 384, 512),
    "layers": (1, 2, 4, 6, 8),
    "batch": (2, 4, 8, 12, 16),
    "length": (16, 32, 64, 128, 192),
    "vocabulary": (1024, 2048, 4096, 8192, 16384),
}


@dataclass(frozen=True)
class Point:
    """One configuration: what is varied, and to what."""

    axis: str
    value: int

    def trainer(self) -> Trainer:
        """A trainer whose feed-forward block is four times the width, with heads 32 wide."""
        extents = _BASE | {self.axis: self.value}
        width, length = extents["width"], extents["length"]
        flags = {
            "preset": "small", "model.width": width, "model.heads": width // 32,
            "model.feed_forward": 4 * width, "model.layers": extents["layers"],
            "data.vocabulary": extents["vocabulary"],
        }  # fmt: skip
        config = resolve(flags=flags, environment={}).config
        backend = open_backend("cpu", config.threads, config.memory.alignment)
        return make_trainer(config, backend, extents["batch"], length)


def memory(trainer: Trainer) -> dict[str, int]:
    """Bytes by what they hold."""
    weights = ELEMENT_BYTES * trainer.model.parameters.flat.size
    arena = max(plan.arena_bytes for plan in trainer.plans().values())
    return {
        "weights_bytes": weights,
        # Gradients of each lane and their sum, and the moments.
        "state_bytes": weights * (trainer.lanes + 1 + len(trainer.optimizer.state)),
        "arena_bytes": trainer.lanes * arena,
    }


def step_seconds(trainer: Trainer) -> float:
    """Seconds of one step."""
    began = time.perf_counter()
    trainer.step()
    return time.perf_counter() - began


def measure(axis: str, rounds: int) -> list[dict[str, Any]]:
    """A record for each value of an extent."""
    trainers = {value: Point(axis, value).trainer() for value in _AXES[axis]}
    seconds: dict[int, list[float]] = {value: [] for value in trainers}
    for round_ in range(rounds + 1):
        for value, trainer in trainers.items():
            taken = step_seconds(trainer)
            if round_:  # the first warms up
                seconds[value].append(taken)
    records = []
    for value, trainer in trainers.items():
        median = statistics.median(seconds[value])
        records.append({"value": value, "seconds": median, **memory(trainer)})
        print(f"{axis:10} {value:6}  {1000 * median:8.1f} ms  {records[-1]}", file=sys.stderr)
        trainer.close()
    return records


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results/growth.json")
    options = parser.parse_args()
    base = ", ".join(f"{name} {value}" for name, value in _BASE.items())
    record = {
        "about": f"One extent varies at a time around {base}; a step of training on the CPU.",
        "machine": run_metadata("cpu", "small"),
        "axes": {axis: measure(axis, options.rounds) for axis in _AXES},
    }
    options.json.write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
