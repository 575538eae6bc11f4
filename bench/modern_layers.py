"""The value of RMSNorm, SwiGLU and rotary positions: models trained alike, each with other parts.

    python bench/modern_layers.py TRAIN.jsonl VALID.jsonl [--preset small --steps 2000]
        [--device gpu] [--set key=value]... [-o bench/results/modern_layers.json]

All models start from the same weights, as far as they share them, and see the same batches. They
take their steps in turn, so that a busy machine slows all of them alike: times are ratios to the
model with default parts, the median over steps. The loss is that of VALID, without smoothing. It
is measured at each fifth of the steps, and the files are written anew then: a run that is stopped
leaves the figures of the steps before.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from result_file import publish

from tat import weights
from tat.backends.opening import open_backend
from tat.config import Config, resolve
from tat.data.batches import Batches
from tat.data.corpus import load_corpus
from tat.data.dataset import encode_samples
from tat.data.tokenizer import Tokenizer
from tat.model.transformer import Transformer
from tat.provenance import machine
from tat.train.trainer import Trainer

MODELS = {
    "default": {},
    "RMSNorm": {"model.norm": "rms"},
    "SwiGLU": {"model.feed_forward_kind": "swiglu"},
    "rotary positions": {"model.positions": "rotary"},
}
MODELS["all three"] = {key: value for parts in MODELS.values() for key, value in parts.items()}

_SECONDS_BETWEEN_LINES = 60
_REPORTS = 5  # over a run


@dataclass
class Run:
    """A model in training, and the seconds of its steps."""

    name: str
    trainer: Trainer
    held_out: Batches
    seconds: list[float] = field(default_factory=list)
    losses: dict[int, float] = field(default_factory=dict)  # by the number of steps


def settings(parts: dict[str, str], options: argparse.Namespace) -> Config:
    """The configuration of a model with these parts."""
    flags = {
        "preset": options.preset, "seed": options.seed, "threads": options.threads,
        "train.steps": options.steps, "train.schedule_steps": options.steps,
        "train.warmup_steps": options.steps // 10, "data.validation_share": 0.0, **parts,
    }  # fmt: skip
    return resolve(assignments=options.set, flags=flags, environment={}).config


def begin(options: argparse.Namespace) -> list[Run]:
    """All models with their first weights and the same data."""
    config = settings({}, options)
    train, valid = (
        load_corpus([path], config.data, options.seed) for path in (options.train, options.valid)
    )
    tokenizer = Tokenizer.train(train.texts(), config.data.vocabulary)
    data = [encode_samples(c.samples, tokenizer, config.data) for c in (train, valid)]
    runs = []
    for name, parts in MODELS.items():
        config = settings(parts, options)
        model = Transformer(config.model, tokenizer.size)
        backend = open_backend(options.device, config.threads, config.memory.alignment)
        batches, held_out = (
            Batches(d, config.data.buckets, config.train.batch_tokens, options.seed) for d in data
        )
        trainer = Trainer(config, model, backend, batches)
        trainer.start(weights.draw(model.parameters, options.seed))
        runs.append(Run(name, trainer, held_out))
    return runs


def train(runs: list[Run], steps: int, batches: int) -> Iterator[int]:
    """Each model takes a step, then each the next; the number of steps where losses are new."""
    last = time.monotonic()
    for step in range(1, steps + 1):
        for run in runs:
            began = time.perf_counter()
            run.trainer.step()
            run.seconds.append(time.perf_counter() - began)
        if time.monotonic() - last > _SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            print(f"step {step} of {steps}", file=sys.stderr)
        if step * _REPORTS // steps > (step - 1) * _REPORTS // steps:
            for run in runs:
                run.losses[step] = round(run.trainer.evaluate(run.held_out.in_order(batches)), 4)
            yield step


def figures(run: Run, base: Run) -> dict[str, object]:
    """The figures of a model beside those of the default one, as far as both are trained."""
    pairs = zip(run.seconds, base.seconds, strict=True)
    return {
        "weights": run.trainer.model.parameters.count,
        "losses": run.losses,
        "step_ms": round(1000 * median(run.seconds), 2),
        "step_ratio": round(median(own / plain for own, plain in pairs), 3),
    }


def report(runs: list[Run], steps: int, options: argparse.Namespace) -> dict[str, object]:
    """All that is known after so many steps."""
    sets = [word for text in options.set for word in ("--set", text)]
    named = ["--preset", options.preset, "--steps", str(options.steps), "--seed", str(options.seed)]
    words = shlex.join([*named, "--threads", str(options.threads), *sets])
    return {
        "benchmark": "modern_layers", "preset": options.preset, "set": options.set,
        "device": runs[0].trainer.backend.name, "steps": steps, "seed": options.seed,
        "command": f"python bench/modern_layers.py TRAIN.jsonl VALID.jsonl {words}",
        "machine": machine(), "models": {run.name: figures(run, runs[0]) for run in runs},
    }  # fmt: skip


def markdown(report: dict) -> str:
    """The report as a page."""
    words = " ".join((report["preset"], *report["set"]))
    models = report["models"]
    steps = [*models["default"]["losses"]]
    lines = [
        "# Modern layers",
        "",
        f"{report['steps']} steps of preset {words} on {report['device']}"
        f" ({report['machine']}), seed {report['seed']}.",
        "The loss is that of held-out functions in nats per token, after so many steps; the time of"
        " a step is a median.",
        "",
        f"    {report['command']}",
        "",
        f"| model | weights | {' | '.join(f'loss, {n}' for n in steps)} | a step, to the default's"
        " | ms |",
        f"|---|--:|{'--:|' * len(steps)}--:|--:|",
    ]
    for name, row in models.items():
        ends = (f"{row['step_ratio']:.3f}", row["step_ms"])
        cells = (name, row["weights"], *row["losses"].values(), *ends)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Trains, measures and prints; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train", type=Path)
    parser.add_argument("valid", type=Path)
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--set", action="append", default=[], metavar="key=value")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--threads", type=int, default=1, help="of a CPU")
    parser.add_argument("--validation-batches", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, help="JSON, and beside it Markdown")
    options = parser.parse_args()
    runs = begin(options)
    for steps in train(runs, options.steps, options.validation_batches):
        known = report(runs, steps, options)
        publish(known, options.output, markdown(known), quiet=steps < options.steps)
    return 0


if __name__ == "__main__":
    sys.exit(main())
