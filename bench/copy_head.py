"""The value of the copy head: two models trained alike, with it and without, on real functions.

    python bench/copy_head.py TRAIN.jsonl VALID.jsonl [--preset small --steps 4000 --device gpu]
        [--set key=value]... [-o bench/results/copy_head.json]

Both start from the same weights, as far as they share them, and see the same batches. The result
pairs them function by function on VALID, under teacher forcing; an interval is that of the 2.5 and
97.5 percentiles over bootstrap samples of the functions.
"""

import argparse
import re
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path

import tat  # noqa: F401  # isort: skip  (before numpy: it sets the BLAS threads)
import numpy as np
from result_file import publish

from tat import weights
from tat.backends.backend import Backend
from tat.backends.opening import open_backend
from tat.config import Config, resolve
from tat.data.batches import Batches
from tat.data.corpus import Corpus, load_corpus
from tat.data.dataset import encode_samples
from tat.data.samples import Sample
from tat.data.tokenizer import Special, Tokenizer
from tat.model.programs import BatchShape, logits_program
from tat.model.transformer import Transformer
from tat.ops.plan import plan
from tat.train.trainer import Trainer

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESAMPLES = 10_000
_SECONDS_BETWEEN_LINES = 60


@dataclass(frozen=True)
class Score:
    """The result of a model on one function: sums over its target tokens, EOS included."""

    tokens: int
    nats: float
    right: int  # tokens that are the most probable ones
    new_tokens: int  # of names that no training text holds
    new_right: int
    new_names: int
    new_names_right: int  # all of whose tokens are right
    new_nats: float


@dataclass(frozen=True)
class Name:
    """A name in a target: its tokens, and whether training texts hold it."""

    start: int
    stop: int
    new: bool


def names(tokenizer: Tokenizer, ids: Sequence[int], known: set[str]) -> list[Name]:
    """The names in a target, by the tokens that make them."""
    pieces = [tokenizer.decode([i]) if i != Special.EOS else b"" for i in ids]
    ends = list(accumulate(map(len, pieces)))
    text = b"".join(pieces).decode("latin-1")  # a character a byte
    found = []
    for match in _NAME.finditer(text):
        start, stop = np.searchsorted(ends, [match.start(), match.end() - 1], side="right")
        found.append(Name(int(start), int(stop) + 1, match.group() not in known))
    return found


def score(logits: np.ndarray, targets: np.ndarray, found: Sequence[Name]) -> Score:
    """The score of one function, from logits [T, V] before each of its targets [T]."""
    top = logits.max(axis=1)
    normalizers = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    nats = normalizers - logits[np.arange(len(targets)), targets]
    right = logits.argmax(axis=1) == targets
    new = [name for name in found if name.new]
    inside = np.zeros(len(targets), bool)
    for name in new:
        inside[name.start : name.stop] = True
    return Score(
        tokens=len(targets),
        nats=float(nats.sum()),
        right=int(right.sum()),
        new_tokens=int(inside.sum()),
        new_right=int(right[inside].sum()),
        new_names=len(new),
        new_names_right=sum(bool(right[name.start : name.stop].all()) for name in new),
        new_nats=float(nats[inside].sum()),
    )


def words(texts: Iterable[str]) -> set[str]:
    """The names in texts."""
    return {word for text in texts for word in _NAME.findall(text)}


def settings(copy: bool, options: argparse.Namespace) -> Config:
    """The configuration of the model with or without the head."""
    flags = {
        "preset": options.preset, "seed": options.seed, "threads": 1, "model.copy": copy,
        "train.steps": options.steps, "train.schedule_steps": options.steps,
        "data.validation_share": 0.0,
    }  # fmt: skip
    return resolve(assignments=options.set, flags=flags, environment={}).config


def completions(corpus: Corpus) -> list[Sample]:
    """The samples that ask for a body."""
    return [sample for sample in corpus.samples if sample.kind == "completion"]


def train_and_score(copy: bool, options: argparse.Namespace) -> dict:
    """Trains one model; its scores by function, and what it took."""
    config, seed = settings(copy, options), options.seed
    corpus, held_out = (
        load_corpus([path], config.data, seed) for path in (options.train, options.valid)
    )
    tokenizer = Tokenizer.train(corpus.texts(), config.data.vocabulary)
    data = encode_samples(corpus.train, tokenizer, config.data)
    model = Transformer(config.model, tokenizer.size)
    backend = open_backend(options.device, config.threads, config.memory.alignment)
    batches = Batches(data, config.data.buckets, config.train.batch_tokens, seed)
    trainer = Trainer(config, model, backend, batches)
    trainer.start(weights.draw(model.parameters, seed))
    began = last = time.monotonic()
    for left in reversed(range(options.steps)):
        result = trainer.step(ahead=left > 0)
        if time.monotonic() - last > _SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            print(f"copy {copy}: step {result.step}, loss {result.loss:.3f}", file=sys.stderr)
    seconds = time.monotonic() - began
    trainer.close()
    known = words(t for s in corpus.train for t in (s.target, *(text for _, text in s.source)))
    scores = evaluate(config, model, backend, tokenizer, completions(held_out), known)
    return {
        "weights": model.parameters.count,
        "seconds_per_step": seconds / options.steps,
        "scores": [asdict(s) for s in scores],
    }


def evaluate(
    config: Config, model: Transformer, backend: Backend, tokenizer: Tokenizer,
    samples: Sequence[Sample], known: set[str],
) -> list[Score]:  # fmt: skip
    """Scores of the samples that fit a bucket, in an order that hangs on their lengths alone."""
    data = encode_samples(samples, tokenizer, config.data)
    batches = Batches(data, config.data.buckets, config.train.batch_tokens, config.seed)
    executables = {}
    scores = []
    for batch in batches.in_order():
        shape = BatchShape(batches.rows_of(batch.bucket), *batch.bucket, batches.sources)
        if shape not in executables:
            made = plan(logits_program(model, shape), backend.memory)
            executables[shape] = backend.compile(made)
        executable = executables[shape]
        for name in executable.plan.feeds.keys() & vars(batch).keys():
            executable.write(name, getattr(batch, name).reshape(executable.plan.feeds[name].shape))
        executable.run()
        logits = executable.read("logits").reshape(shape.rows, shape.target, -1)
        for row, length in enumerate(batch.target_lengths):
            if length:
                targets = batch.targets[row, :length]
                found = names(tokenizer, targets.tolist(), known)
                scores.append(score(logits[row, :length].astype(np.float64), targets, found))
    return scores


RATIOS = {
    "nats_per_token": ("nats", "tokens"),
    "token_accuracy": ("right", "tokens"),
    "new_name_nats_per_token": ("new_nats", "new_tokens"),
    "new_name_token_accuracy": ("new_right", "new_tokens"),
    "new_names_exact": ("new_names_right", "new_names"),
}


def compare(off: Sequence[dict], on: Sequence[dict], seed: int) -> dict:
    """For each ratio its value without and with the head, and the difference with its interval."""
    assert [s["tokens"] for s in off] == [s["tokens"] for s in on]
    picks = np.random.default_rng(seed).integers(0, len(off), (_RESAMPLES, len(off)))
    result = {}
    for name, (above, below) in RATIOS.items():
        tops = [np.array([s[above] for s in scores], np.float64) for scores in (off, on)]
        bottom = np.array([s[below] for s in off], np.float64)
        values = [top.sum() / bottom.sum() for top in tops]
        counts = bottom[picks].sum(axis=1)
        drawn = (tops[1] - tops[0])[picks].sum(axis=1)[counts > 0] / counts[counts > 0]
        low, high = np.percentile(drawn, [2.5, 97.5])
        result[name] = {
            "off": round(values[0], 4), "on": round(values[1], 4),
            "difference": round(values[1] - values[0], 4),
            "interval": [round(float(low), 4), round(float(high), 4)],
        }  # fmt: skip
    return result


def markdown(report: dict) -> str:
    lines = [
        "# The copy head",
        "",
        f"{report['functions']} functions, {report['tokens']} tokens,"
        f" {report['new_names']} names that training never showed; {report['steps']} steps of"
        f" preset {' '.join((report['preset'], *report['set']))}, seed {report['seed']}."
        " Intervals are of 95 %, paired, bootstrapped over functions.",
        "",
        "| under teacher forcing | without | with | difference | interval |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, r in report["results"].items():
        low, high = r["interval"]
        cells = (name.replace("_", " "), r["off"], r["on"], f"{r['difference']:+}")
        lines.append(f"| {' | '.join(map(str, cells))} | {low:+} to {high:+} |")
    slower = report["seconds_per_step"]["on"] / report["seconds_per_step"]["off"] - 1
    lines += ["", f"Weights: {report['weights']['off']} and {report['weights']['on']}; a training"
              f" step took {slower:+.0%} time with the head."]  # fmt: skip
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train", type=Path)
    parser.add_argument("valid", type=Path)
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--set", action="append", default=[], metavar="key=value")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, help="JSON, and beside it Markdown")
    options = parser.parse_args()
    # On a CPU side by side, a core for each; a GPU has room for one at a time.
    with ProcessPoolExecutor(2 if options.device == "cpu" else 1) as pool:
        off, on = pool.map(train_and_score, (False, True), (options, options))
    total = {key: sum(s[key] for s in off["scores"]) for key in ("tokens", "new_names")}
    report = {
        "benchmark": "copy_head", "preset": options.preset, "set": options.set,
        "device": options.device, "steps": options.steps, "seed": options.seed,
        "functions": len(off["scores"]), **total,
        "weights": {"off": off["weights"], "on": on["weights"]},
        "seconds_per_step": {
            name: round(made["seconds_per_step"], 4) for name, made in (("off", off), ("on", on))
        },
        "results": compare(off["scores"], on["scores"], options.seed),
    }  # fmt: skip
    publish(report, options.output, markdown(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
