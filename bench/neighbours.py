"""The cost of retrieved neighbours: a training step of preset tiny with K sources beside K = 1.

    python bench/neighbours.py [--length 128] [--rounds 15] [--json]

One thread, random ids, 512 target positions; the steps of all K take turns, so that what else the
machine does hits all alike. Medians; the cost of a step should grow linearly with K.
"""

import argparse
import json
import statistics
import time

import tat  # isort: skip  (before numpy: it sets the BLAS threads)  # noqa: F401
import numpy as np

from tat import weights
from tat.backends.opening import open_backend
from tat.config import resolve
from tat.data.batches import Batches
from tat.data.dataset import Dataset, Ragged
from tat.data.tokenizer import FIRST_BYTE
from tat.model.transformer import Transformer
from tat.train.trainer import Trainer

SOURCES = (1, 2, 3, 5)  # K
_SAMPLES = 64


def make_trainer(sources: int, length: int) -> Trainer:
    """A trainer on random samples whose sources, neighbours and targets fill the bucket."""
    flags = {
        "preset": "tiny", "threads": 1, "train.micro_batches": 1, "data.neighbours": sources - 1,
        "data.neighbour_share": 1.0, "data.buckets": [[length, length]],
    }  # fmt: skip
    config = resolve(flags=flags).config
    generator = np.random.default_rng(0)

    def texts() -> Ragged:
        ids = generator.integers(FIRST_BYTE, config.data.vocabulary, (_SAMPLES, length))
        return Ragged.of(ids.tolist())

    neighbours = generator.integers(0, _SAMPLES, (_SAMPLES, sources - 1), dtype=np.int32)
    data = Dataset(texts(), texts(), texts(), neighbours)
    batches = Batches(data, config.data.buckets, config.train.batch_tokens, 0)
    model = Transformer(config.model, config.data.vocabulary)
    trainer = Trainer(config, model, open_backend("cpu", 1, config.memory.alignment), batches)
    trainer.start(weights.draw(model.parameters, 0))
    trainer.step()
    return trainer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--length", type=int, default=128, help="tokens of sources and targets")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    trainers = {k: make_trainer(k, options.length) for k in SOURCES}
    seconds: dict[int, list[float]] = {k: [] for k in SOURCES}
    for _ in range(options.rounds):
        for k, trainer in trainers.items():
            began = time.perf_counter()
            trainer.step()
            seconds[k].append(time.perf_counter() - began)
    base = statistics.median(seconds[1])
    rows = [
        {
            "sources": k,
            "step_ms": round(1000 * statistics.median(seconds[k]), 1),
            "ratio": round(statistics.median(seconds[k]) / base, 2),
            "arena_mb": round(max(p.arena_bytes for p in trainers[k].plans().values()) / 1e6, 1),
        }
        for k in SOURCES
    ]
    if options.json:
        print(json.dumps({"length": options.length, "rounds": options.rounds, "rows": rows}))
        return
    for row in rows:
        print("K={sources}  {step_ms} ms a step  x {ratio}  arena {arena_mb} MB".format(**row))


if __name__ == "__main__":
    main()
