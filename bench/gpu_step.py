"""Training steps and decoding on a GPU, beside PyTorch on CUDA in the same run.

    python bench/gpu_step.py [--device gpu] [--preset base] [--rows 32] [--length 128]
                             [--precision f32] [--micro-batches 1] [--steps 10] [--rounds 5]
                             [--chunk-bytes 134217728] [--no-torch] [--json FILE]

A step takes rows x (length + length) tokens, with dropout, label smoothing, clipping and AdamW,
through the Trainer; by default all logits are kept, as PyTorch does. The two take turns, each
`steps` steps in a row; PyTorch (eager, float32 products) waits for its GPU at the end of a turn.
Decoding is that of tat generate, in blocks: tokens are drawn on the device, their logits read back
and chosen from on the host. Ways to choose (greedy, drawn, drawn with all filters) take turns.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import tat
from tat.backends.opening import open_backend
from tat.benchmarks.model_workloads import make_trainer
from tat.config import Config, resolve
from tat.data.tokenizer import Tokenizer
from tat.decode.choice import Sampling
from tat.decode.generator import Generator
from tat.decode.loading import LoadedModel
from tat.train.trainer import Trainer

_TOKENS = 128  # of a decoding, at most
_WAYS = {
    "greedy": Sampling(0.0),
    "drawn": Sampling(1.0, draws_first=True),
    "filtered": Sampling(1.0, 50, 0.95, 0.01, 1.1, draws_first=True),
}


def own_turn(trainer: Trainer, steps: int) -> float:
    """Seconds of one step."""
    began = time.perf_counter()
    for i in range(steps):
        trainer.step(ahead=i + 1 < steps)
    return (time.perf_counter() - began) / steps


class TorchPeer:
    """PyTorch's steps in a child process."""

    def __init__(self, config: Config, rows: int, length: int) -> None:
        model = config.model
        shape = (
            config.data.vocabulary, model.layers, model.width, model.heads, model.feed_forward,
            rows, length, length, 1, "cuda",
        )  # fmt: skip
        script = Path(__file__).with_name("torch_step.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), *map(str, shape)], env=dict(os.environ), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def turn(self, steps: int) -> float:
        """Seconds of one step."""
        print(steps, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())


def decoding(trainer: Trainer, source: int) -> dict[str, float]:
    """Seconds of a token of a decoding, batch 1, for each way to choose."""
    config = trainer.config
    loaded = LoadedModel(trainer.model, trainer.backend, Tokenizer([]), config, step=0)
    generator = Generator(loaded, _TOKENS)
    turns: dict[str, list[float]] = {name: [] for name in _WAYS}
    for turn in range(8):  # the first compiles and wakes the clocks up
        for name, sampling in _WAYS.items():
            prompt = list(range(9, 9 + source))
            began = time.perf_counter()
            preference = sampling.preference(prompt, turn)
            count = sum(1 for _ in generator.tokens(prompt, None, preference))
            turns[name].append((time.perf_counter() - began) / count)
    return {name: statistics.median(seconds[1:]) for name, seconds in turns.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="gpu")
    parser.add_argument("--preset", default="base")
    parser.add_argument("--precision", default="f32", choices=("f32", "f16"))
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--micro-batches", type=int, default=1)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--chunk-bytes", type=int, default=1 << 27, help="memory.chunk_bytes")
    parser.add_argument("--no-torch", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    count = options.micro_batches
    settings = {
        "train.precision": options.precision,
        "model.copy": False,  # which the peer's model does not have
        "memory.chunk_bytes": options.chunk_bytes,
    }  # fmt: skip
    config = resolve(flags={"preset": options.preset, **settings}).config
    backend = open_backend(options.device, 0, config.memory.alignment, options.precision)
    trainer = make_trainer(config, backend, options.rows, options.length, count)
    peer = None if options.no_torch else TorchPeer(config, options.rows, options.length)
    own, torch = [], []
    for round_ in range(options.rounds + 1):
        turns = own_turn(trainer, options.steps), peer.turn(options.steps) if peer else None
        if round_:  # the first compiles and warms up
            own.append(turns[0])
            torch.append(turns[1])
    token_seconds = decoding(trainer, min(64, options.length))
    print(
        f"step of {options.rows} rows in {count} micro-batches, 2 x {options.length} tokens,"
        f" on {backend.name}"
    )
    print(f"  tat      {1000 * statistics.median(own):8.2f} ms")
    if peer:
        ratio = statistics.median(a / b for a, b in zip(own, torch, strict=True))
        print(f"  PyTorch  {1000 * statistics.median(torch):8.2f} ms, ratio {ratio:.3f}")
    print(f"decoding, batch 1, up to {_TOKENS} tokens, ms per token")
    for name, seconds in token_seconds.items():
        print(f"  {name:8} {1000 * seconds:8.3f}")
    record = {
        "benchmark": "gpu_step", "device": backend.name, "preset": options.preset,
        "precision": options.precision, "rows": options.rows, "length": options.length,
        "micro_batches": count,
        "chunk_bytes": options.chunk_bytes, "tat_s": own, "torch_s": torch,
        "token_s": token_seconds, "tat": tat.__version__,
    }  # fmt: skip
    if options.json:
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
