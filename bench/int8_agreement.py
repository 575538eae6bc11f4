"""How often int8 weights choose the token that float32 weights choose, on held-out functions.

    python bench/int8_agreement.py RUN FUNCTIONS.jsonl [--limit 500]

Each function's body is given token by token (teacher forcing), and at every place the most likely
token of the two models is compared. The interval is a bootstrap over functions.
"""

import argparse
import json
import sys
from pathlib import Path

import tat  # isort: skip  (before numpy: it sets the BLAS threads)
import numpy as np

from tat.data.dataset import buckets_of
from tat.data.samples import completion_source
from tat.data.tokenizer import Special
from tat.decode.loading import LoadedModel, load_model
from tat.model.programs import BatchShape, logits_program
from tat.ops.plan import plan
from tat.train.named_checkpoint import load_checkpoint

_RESAMPLES = 2000


class TeacherForcing:
    """The logits of given targets, one function at a time."""

    def __init__(self, loaded: LoadedModel) -> None:
        self._loaded, self._programs = loaded, {}

    def logits(self, source: list[int], target: list[int]) -> np.ndarray:
        """[T, V], row t before target[t] is known."""
        bucket = _bucket(self._loaded, source, target)
        shape = BatchShape(1, *self._loaded.config.data.buckets[bucket])
        if shape not in self._programs:
            backend = self._loaded.backend
            made = plan(logits_program(self._loaded.model, shape), backend.memory)
            self._programs[shape] = backend.compile(made)
        run = self._programs[shape]
        for name, ids, size in (
            ("sources", source, shape.source),
            ("inputs", [int(Special.BOS), *target[:-1]], shape.target),
        ):
            run.write(name, np.pad(ids, (0, size - len(ids))))
        run.write("source_lengths", np.array([[len(source)]]))
        run.write("target_lengths", np.array([[len(target)]]))
        run.run()
        return run.read("logits")[: len(target)]


def _bucket(loaded: LoadedModel, source: list[int], target: list[int]) -> int:
    """Its number, -1 where none is long enough."""
    lengths = np.array([len(source)]), np.array([len(target)])
    return int(buckets_of(*lengths, loaded.config.data.buckets)[0])


def compare(path: Path, functions: Path, limit: int) -> dict[str, object]:
    """Agreement of the choices, and how much both like what is written there, in nats per token."""
    models = [load_model(*load_checkpoint(path), "cpu", int8) for int8 in (False, True)]
    runs, tokenizer = [TeacherForcing(model) for model in models], models[0].tokenizer
    equal, sizes, nats = [], [], np.zeros(2)
    for line in functions.read_text("utf-8").splitlines():
        record = json.loads(line)
        parts = (record.get(k, "") for k in ("comment", "signature", "context"))
        source = tokenizer.encode_source(completion_source(*parts))
        target = tokenizer.encode_target(record["body"])
        if _bucket(models[0], source, target) < 0:
            continue
        logits = [run.logits(source, target) for run in runs]
        first, second = (values.argmax(axis=1) for values in logits)
        equal.append(int((first == second).sum()))
        sizes.append(len(target))
        nats += [_surprise(values, target) for values in logits]
        if len(sizes) == limit:
            break
    draws = np.random.default_rng(0).integers(0, len(sizes), (_RESAMPLES, len(sizes)))
    shares = np.array(equal)[draws].sum(axis=1) / np.array(sizes)[draws].sum(axis=1)
    return {
        "benchmark": "int8_agreement", "tat": tat.__version__, "functions": len(sizes),
        "tokens": sum(sizes), "agreement": sum(equal) / sum(sizes),
        "interval_95": np.quantile(shares, [0.025, 0.975]).tolist(),
        "float32_nats": nats[0] / sum(sizes), "int8_nats": nats[1] / sum(sizes),
        "weights": models[0].model.parameters.count, "device": models[0].backend.name,
    }  # fmt: skip


def _surprise(logits: np.ndarray, target: list[int]) -> float:
    """Sum of -log p of the target tokens."""
    logits = logits.astype(np.float64)
    norms = np.log(np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1))
    norms += logits.max(axis=1)
    return float((norms - logits[np.arange(len(target)), target]).sum())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("functions", type=Path)
    parser.add_argument("--limit", type=int, default=500)
    options = parser.parse_args()
    record = compare(options.run, options.functions, options.limit)
    low, high = record["interval_95"]
    print(
        f"{record['tokens']} tokens of {record['functions']} functions: the same choice at"
        f" {record['agreement']:.2%} ({low:.2%} to {high:.2%});"
        f" {record['float32_nats']:.4f} and {record['int8_nats']:.4f} nats per token"
    )
    print(json.dumps(record))
    return 0


if __name__ == "__main__":
    sys.exit(main())
