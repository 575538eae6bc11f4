"""Inference of the default model on the CPU beside PyTorch, alternately in one run, as ratios.

    python bench/inference.py [--rounds 15]

The forward pass takes one source and given targets, masks on; multi-head attention includes its
projections. Decoding is greedy, token by token with caches; PyTorch has no like of it.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import tat  # isort: skip  (before numpy: it sets the BLAS threads)
import numpy as np

from tat import weights
from tat.backends.backend import Backend, Executable, open_backend
from tat.commands.doctor import processor
from tat.config import Config, resolve
from tat.model.layers import MultiHeadAttention
from tat.model.parameters import Parameters
from tat.model.programs import BatchShape, encode_program, logits_program, step_program
from tat.model.transformer import Transformer
from tat.ops.graph import Graph, Tensor
from tat.ops.plan import plan

_PAUSE = 0.25  # seconds between the two, for idle threads to stop spinning


class TorchPeer:
    """PyTorch's passes in a child process."""

    def __init__(self, config: Config, threads: int) -> None:
        model = config.model
        shape = (
            config.data.vocabulary, model.layers, model.width, model.heads, model.feed_forward,
            threads,
        )  # fmt: skip
        script = Path(__file__).with_name("torch_inference.py")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS")}
        self.process = subprocess.Popen(
            [sys.executable, str(script), *map(str, shape)], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def seconds(self, request: str) -> float:
        print(request, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())


def forward(backend: Backend, model: Transformer, source: int, target: int) -> Executable:
    """The whole pass with all positions filled."""
    shape = BatchShape(rows=1, source=source, target=target)
    executable = backend.compile(plan(logits_program(model, shape), backend.memory))
    executable.write("sources", np.full((1, 1, source), 9))
    executable.write("source_lengths", np.array([[source]]))
    executable.write("inputs", np.full((1, target), 9))
    executable.write("target_lengths", np.array([[target]]))
    return executable


def attention(backend: Backend, width: int, heads: int, length: int) -> Executable:
    """Self-attention with its projections, on rows [T, D] that are all 0.1."""
    parameters = Parameters()
    layer = MultiHeadAttention(parameters, f"attention{length}", width, heads)
    parameters.freeze()
    parameters.flat.name = f"attention{length}"
    x, lengths = Tensor(f"x{length}", (length, width), "state"), Tensor(
        "lengths", (1, 1), "feed", "int"
    )
    with Graph() as graph:
        layer(x, x, lengths)
    executable = backend.compile(plan(graph, backend.memory))
    backend.write(parameters.flat, weights.pack(parameters, weights.draw(parameters, 0)))
    backend.write(x, np.full((length, width), 0.1))
    executable.write("lengths", np.array([[length]]))
    return executable


def decoder(backend: Backend, model: Transformer, source: int, tokens: int) -> Callable[[], None]:
    """Decodes `tokens` tokens greedily after encoding."""
    shape = BatchShape(rows=1, source=source, target=tokens)
    encode = backend.compile(plan(encode_program(model, shape), backend.memory))
    step = backend.compile(plan(step_program(model, shape), backend.memory))
    encode.write("sources", np.full((1, 1, source), 9))
    for executable in (encode, step):
        executable.write("source_lengths", np.array([[source]]))

    def run() -> None:
        encode.run()
        token = 1
        for position in range(tokens):
            step.write("token", np.array([[token]]))
            step.write("position", np.array([position]))
            step.write("lengths", np.array([[position + 1]]))
            step.run()
            token = int(step.read("logits").argmax())

    return run


def seconds(run: Callable[[], None]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    threads = len(os.sched_getaffinity(0))
    config = resolve(flags={"threads": threads}).config
    model = Transformer(config.model, config.data.vocabulary)
    backend = open_backend("cpu", threads, config.memory.alignment)
    weights.install(backend, model, weights.draw(model.parameters, 0))
    peer = TorchPeer(config, threads)
    cases = {f"forward {n} {n}": forward(backend, model, n, n).run for n in (64, 128)}
    shape = config.model.width, config.model.heads
    cases |= {f"mha {n}": attention(backend, *shape, n).run for n in (64, 128, 256, 512)}
    results = {}
    for request, run in cases.items():
        pairs = []
        for _ in range(rounds + 2):
            pairs.append((min(seconds(run) for _ in range(3)), peer.seconds(request)))
            time.sleep(_PAUSE)
        pairs = pairs[2:]  # the first warm up
        own, torch = (statistics.median(side) for side in zip(*pairs))
        ratio = statistics.median(a / b for a, b in pairs)
        results[request] = {"tat_ms": 1000 * own, "torch_ms": 1000 * torch, "ratio": ratio}
        print(f"{request:16} tat {1000 * own:8.2f} ms  PyTorch {1000 * torch:8.2f} ms  {ratio:.2f}")
    run = decoder(backend, model, 64, 64)
    run()
    token = statistics.median(seconds(run) / 64 for _ in range(rounds))
    results["decode 64 64"] = {"tat_ms_per_token": 1000 * token}
    print(f"decode 64 64     tat {1000 * token:8.2f} ms a token, encoding shared out")
    print(json.dumps({
        "benchmark": "inference", "threads": threads, "rounds": rounds, "results": results,
        "tat": tat.__version__, "device": backend.name, "machine": platform.machine(),
        "processor": processor(),
    }))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
