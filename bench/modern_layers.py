"""The value of RMSNorm, SwiGLU and rotary positions: models trained alike, each with other parts.

    python bench/modern_layers.py TRAIN.jsonl VALID.jsonl [--preset small --steps 2000]
        [--device gpu] [--set key=value]... [-o bench/results/modern_layers.json]

All models start from the same weights, as far as they share them, and see the same batches. They
take their steps in turn, so that a busy machine slows all of them alike: times are ratios to the
model with default parts, the median over steps. The loss is that of VALID, without smoothing.
"""

import argparse
import json
import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tat import weights
from tat.backends.opening import open_backend
from tat.config import Config, resolve
from tat.data.batches import Batches
from tat.data.corpus import load_corpus
from tat.data.dataset import encode_samples
from tat.data.tokenizer import Tokenizer
from tat.model.transformer import Transformer
from tat.train.trainer import Trainer

MODELS = {
    "default": {},
    "RMSNorm": {"model.norm": "rms"},
    "SwiGLU": {"model.feed_forward_kind": "swiglu"},
    "rotary positions": {"model.positions": "rotary"},
}
MODELS["all three"] = {key: value for parts in MODELS.values() for key, value in parts.items()}

_SECONDS_BETWEEN_LINES = 60


@dataclass
class Run:
    """A model in training, and the seconds of its steps."""

    name: str
    trainer: Trainer
    held_out: Batches
    seconds: list[float]


def settings(parts: dict[str, str], options: argparse.Namespace) -> Config:
    """The configuration of a model with these parts."""
    flags = {
        "preset": options.preset, "seed": options.seed, "threads": 1,
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
        runs.append(Run(name, trainer, held_out, []))
    return runs


def train(runs: list[Run], steps: int) -> None:
    """Each model takes a step, then each the next."""
    last = time.monotonic()
    for step in range(1, steps + 1):
        for run in runs:
            began = time.perf_counter()
            run.trainer.step()
            run.seconds.append(time.perf_counter() - began)
        if time.monotonic() - last > _SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            print(f"step {step} of {steps}", file=sys.stderr)


def measured(run: Run, base: Run, batches: int) -> dict[str, float]:
    """The figures of a model beside those of the default one."""
    pairs = zip(run.seconds, base.seconds, strict=True)
    return {
        "weights": run.trainer.model.parameters.count,
        "loss": round(run.trainer.evaluate(run.held_out.in_order(batches)), 4),
        "step_ms": round(1000 * median(run.seconds), 2),
        "step_ratio": round(median(own / plain for own, plain in pairs), 3),
    }


def markdown(report: dict) -> str:
    """The report as a page."""
    words = " ".join((report["preset"], *report["set"]))
    lines = [
        "# Modern layers",
        "",
        f"{report['steps']} steps of preset {words} on {report['device']}, seed {report['seed']};"
        f" `{report['command']}`.",
        "",
        "| model | weights | loss, nats per token | a step, to the default's | ms a step |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, row in report["models"].items():
        cells = (name, row["weights"], row["loss"], f"{row['step_ratio']:.3f}", row["step_ms"])
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
    parser.add_argument("--validation-batches", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, help="JSON, and beside it Markdown")
    options = parser.parse_args()
    runs = begin(options)
    train(runs, options.steps)
    models = {r.name: measured(r, runs[0], options.validation_batches) for r in runs}
    sets = [word for text in options.set for word in ("--set", text)]
    named = shlex.join(["--preset", options.preset, "--steps", str(options.steps), *sets])
    report = {
        "benchmark": "modern_layers", "preset": options.preset, "set": options.set,
        "device": runs[0].trainer.backend.name, "steps": options.steps, "seed": options.seed,
        "command": f"python bench/modern_layers.py TRAIN.jsonl VALID.jsonl {named}",
        "models": models,
    }  # fmt: skip
    if options.output:
        options.output.write_text(json.dumps(report, indent=1) + "\n")
        options.output.with_suffix(".md").write_text(markdown(report))
    print(markdown(report), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
