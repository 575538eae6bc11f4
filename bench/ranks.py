"""Time and volume of a step over ranks: mpirun -n 2 python bench/ranks.py [SETTING...]

Trains preset tiny on the cookbook, with 8 micro-batches a step unless a setting says otherwise, and
prints, at rank 0, processor times as medians over 20 steps. Rank 0 says after the first steps how
long the others take.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import tat  # noqa: F401  # isort: skip  (before numpy: it sets the BLAS threads)
import numpy as np

from tat import weights
from tat.backends.opening import open_backend
from tat.config import resolve
from tat.cookbook.library import load
from tat.data.batches import Batches
from tat.data.corpus import cookbook_corpus
from tat.data.training_data import TrainingData
from tat.model.transformer import Transformer
from tat.train.agreement import ended_together
from tat.train.ranks import Ranks, open_ranks
from tat.train.sharded_update import ShardedUpdate
from tat.train.trainer import Trainer

STEPS, WARM = 20, 3


def main() -> None:
    ranks = open_ranks("auto")
    with ended_together(ranks):  # or the others would wait for one that failed
        measure(ranks, ["train.micro_batches=8", *sys.argv[1:]])


def measure(ranks: Ranks, settings: list[str]) -> None:
    config = resolve(flags={"preset": "tiny"}, assignments=settings).config
    entries = [(e.name, e.request, e.code) for e in load(tag="starter")]
    data = TrainingData.of(cookbook_corpus(entries, config.data), config.data)
    batches = Batches(data.train, config.data.buckets, config.train.batch_tokens, config.seed)
    model = Transformer(config.model, data.tokenizer.size)
    backend = open_backend("cpu", config.threads or 1, config.memory.alignment)
    trainer = Trainer(config, model, backend, batches, ranks)
    trainer.start(weights.draw(model.parameters, config.seed))
    rows, before = [], getattr(ranks, "sent", 0)
    clock, began = time.process_time, time.monotonic()  # waiting sleeps: only the wall's moves
    with timed_updates(clock) as spent:
        for step in range(WARM + STEPS):
            start = clock()
            trainer.step()
            rows.append((clock() - start, spent[-1] if spent else 0.0))
            if step + 1 == WARM and ranks.rank == 0:
                left = (time.monotonic() - began) / WARM * STEPS
                print(f"{ranks.size} ranks: about {left:.0f} s for {STEPS} steps", file=sys.stderr)
    step, apply = np.median(np.array(rows[WARM:]), axis=0)
    gathered = ranks.together((step, apply, (getattr(ranks, "sent", 0) - before) / len(rows)))
    if ranks.rank == 0:
        print(json.dumps({
            "ranks": ranks.size, "library": ranks.library, "weights": model.parameters.flat.size,
            "micro_batches": config.train.micro_batches,
            "step_ms": [round(1e3 * s, 2) for s, _, _ in gathered],
            "exchange_update_share_ms": [round(1e3 * a, 2) for _, a, _ in gathered],
            "share_of_step": [round(a / s, 4) for s, a, _ in gathered],
            "sent_megabytes": [round(v / 1e6, 2) for _, _, v in gathered],
        }))  # fmt: skip


@contextmanager
def timed_updates(clock: Callable[[], float]) -> Iterator[list[float]]:
    """The time of each exchange, update and sharing meanwhile, as they happen."""
    original, spent = ShardedUpdate.apply, []

    def timed(self: ShardedUpdate, *arguments: object) -> object:
        began = clock()
        try:
            return original(self, *arguments)
        finally:
            spent.append(clock() - began)

    ShardedUpdate.apply = timed
    try:
        yield spent
    finally:
        ShardedUpdate.apply = original


if __name__ == "__main__":
    main()
