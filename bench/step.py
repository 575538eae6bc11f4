"""A training step of the default model beside PyTorch's on the same cores, alternately, as a ratio.

    python bench/step.py [--rounds 9] [--rows 8] [--length 64]

Both take rows x (length + length) tokens, dropout, label smoothing, clipping and AdamW. PyTorch
runs in a process of its own, so that neither's idle threads disturb the other.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

from peers import blas

import tat
from tat.backends.opening import open_backend
from tat.benchmarks.model_workloads import make_trainer
from tat.commands.doctor import processor
from tat.config import Config, resolve
from tat.train.trainer import Trainer

_PAUSE = 0.3  # seconds between the two, for idle threads to stop spinning


class TorchPeer:
    """PyTorch's step in a child process."""

    def __init__(self, config: Config, rows: int, length: int, threads: int) -> None:
        model = config.model
        shape = (
            config.data.vocabulary, model.layers, model.width, model.heads, model.feed_forward,
            rows, length, length, threads,
        )  # fmt: skip
        script = Path(__file__).with_name("torch_step.py")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS")}
        self.process = subprocess.Popen(
            [sys.executable, str(script), *map(str, shape)], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def step(self) -> float:
        """Seconds of one step."""
        print(file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())


def own_step(trainer: Trainer) -> float:
    """Seconds of one step."""
    began = time.perf_counter()
    trainer.step()
    return time.perf_counter() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--length", type=int, default=64)
    options = parser.parse_args()
    threads = len(os.sched_getaffinity(0))
    # Without the copy head, which the peer's model does not have.
    config = resolve(flags={"threads": threads, "model.copy": False}).config
    backend = open_backend("cpu", config.threads, config.memory.alignment)
    trainer = make_trainer(config, backend, options.rows, options.length)
    peer = TorchPeer(config, options.rows, options.length, threads)
    own, torch = [], []
    for round_ in range(options.rounds + 1):
        pair = own_step(trainer), time.sleep(_PAUSE) or peer.step()
        time.sleep(_PAUSE)
        if round_:  # the first warms up
            own.append(pair[0])
            torch.append(pair[1])
    ratio = statistics.median(a / b for a, b in zip(own, torch))
    print(f"step of {options.rows} rows, 2 x {options.length} tokens, {threads} threads")
    print(f"  tat      {1000 * statistics.median(own):7.0f} ms  ({trainer.backend.name}, {blas()})")
    print(f"  PyTorch  {1000 * statistics.median(torch):7.0f} ms")
    print(f"  ratio    {ratio:7.2f}  (median of {options.rounds} pairs; 1.30 is the limit)")
    record = {
        "benchmark": "step", "rows": options.rows, "length": options.length, "threads": threads,
        "blas": blas(), "tat_s": own, "torch_s": torch, "ratio": ratio, "tat": tat.__version__,
        "machine": platform.machine(), "processor": processor(),
        "python": platform.python_version(),
    }  # fmt: skip
    print(json.dumps(record))
    return 0


if __name__ == "__main__":
    sys.exit(main())
