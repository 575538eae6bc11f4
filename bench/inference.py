"""Inference of the default model on the CPU beside its peers, in turns in one run, as ratios.

    python bench/inference.py [--rounds 15]

Beside PyTorch: the forward pass, one source and given targets, masks on, and multi-head attention
with its projections. Beside CTranslate2: greedy decoding with caches, in float32 with as many
threads as cores, and in int8 with whatever int8 type and number of threads it is fastest with. A
token's time is what 64 tokens take more than one does, over 63: encoding is no part of it.
"""

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable
from functools import partial
from itertools import product

import tat  # isort: skip  (before numpy: it sets the BLAS threads)
import numpy as np
from ctranslate2 import get_supported_compute_types
from peers import Peer, compare, seconds

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

_LENGTH = 64  # source tokens, and tokens decoded
_TRIALS = 5  # of each of CTranslate2's settings, to choose one


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
    x = Tensor(f"x{length}", (length, width), "state")
    lengths = Tensor("lengths", (1, 1), "feed", "int")
    with Graph() as graph:
        layer(x, x, lengths)
    executable = backend.compile(plan(graph, backend.memory))
    backend.write(parameters.flat, weights.pack(parameters, weights.draw(parameters, 0)))
    backend.write(x, np.full((length, width), 0.1))
    executable.write("lengths", np.array([[length]]))
    return executable


def decoder(backend: Backend, model: Transformer) -> Callable[[int], float]:
    """Seconds of decoding so many tokens greedily, after encoding."""
    shape = BatchShape(rows=1, source=_LENGTH, target=_LENGTH)
    encode = backend.compile(plan(encode_program(model, shape), backend.memory))
    step = backend.compile(plan(step_program(model, shape), backend.memory))
    encode.write("sources", np.full((1, 1, _LENGTH), 9))
    for executable in (encode, step):
        executable.write("source_lengths", np.array([[_LENGTH]]))
    encode.run()

    def run(tokens: int) -> None:
        token = 1
        for position in range(tokens):
            step.write("token", np.array([[token]]))
            step.write("position", np.array([position]))
            step.write("lengths", np.array([[position + 1]]))
            step.run()
            token = int(step.read("logits").argmax())

    return lambda tokens: seconds(lambda: run(tokens))


def per_token(time: Callable[[int], float]) -> float:
    """Seconds of a token."""
    return (time(_LENGTH) - time(1)) / (_LENGTH - 1)


def ctranslate2_token(peer: Peer, kind: str, threads: int) -> float:
    """The same of CTranslate2 with a compute type."""
    return per_token(lambda tokens: peer.seconds(f"{kind} {threads} {_LENGTH} {tokens}"))


def fastest_int8(peer: Peer, threads: int) -> tuple[str, int]:
    """The int8 type and number of threads that CTranslate2 decodes fastest with."""
    kinds = [kind for kind in get_supported_compute_types("cpu") if kind.startswith("int8")]
    times = {
        choice: statistics.median(ctranslate2_token(peer, *choice) for _ in range(_TRIALS))
        for choice in product(sorted(kinds), sorted({1, threads}))
    }
    return min(times, key=times.__getitem__)


def beside_torch(backend: Backend, config: Config, rounds: int, threads: int) -> dict[str, dict]:
    """Forward passes and attention."""
    model = installed(backend, config, int8=False)
    peer = Peer("torch_inference.py", config.data.vocabulary, *shape_of(config), threads)
    cases = {f"forward {n} {n}": forward(backend, model, n, n).run for n in (64, 128)}
    shape = config.model.width, config.model.heads
    cases |= {f"mha {n}": attention(backend, *shape, n).run for n in (64, 128, 256, 512)}
    return {
        request: compare(partial(seconds, run), partial(peer.seconds, request), rounds)
        for request, run in cases.items()
    }


def beside_ctranslate2(config: Config, rounds: int, threads: int) -> dict[str, dict]:
    """Decoding in float32 and int8."""
    peer = Peer("ctranslate2_decode.py", config.data.vocabulary, *shape_of(config))
    results = {}
    for name, int8 in (("decode float32", False), ("decode int8", True)):
        backend = open_backend("cpu", threads, config.memory.alignment)
        own = decoder(backend, installed(backend, config, int8))
        choice = fastest_int8(peer, threads) if int8 else ("float32", threads)
        other = partial(ctranslate2_token, peer, *choice)
        results[name] = compare(partial(per_token, own), other, rounds)
        results[name]["peer"] = "CTranslate2 {}, {} threads".format(*choice)
    return results


def shape_of(config: Config) -> tuple[int, int, int, int]:
    """Layers, width, heads and feed-forward width."""
    model = config.model
    return model.layers, model.width, model.heads, model.feed_forward


def installed(backend: Backend, config: Config, int8: bool) -> Transformer:
    """The default model with drawn weights."""
    model = Transformer(config.model, config.data.vocabulary)
    values = weights.draw(model.parameters, 0)
    if int8:
        model = Transformer(config.model, config.data.vocabulary, int8=True)
        values = weights.quantize(model.parameters, values)
    weights.install(backend, model, values)
    return model


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    threads = len(os.sched_getaffinity(0))
    # The peers' models have no copy head.
    config = resolve(flags={"threads": threads, "model.copy": False}).config
    backend = open_backend("cpu", threads, config.memory.alignment)
    results = beside_torch(backend, config, rounds, threads)
    results |= beside_ctranslate2(config, rounds, threads)
    for name, result in results.items():
        own, other = 1000 * result["tat_s"], 1000 * result["peer_s"]
        peer = result.setdefault("peer", "PyTorch")
        print(f"{name:16} tat {own:8.2f} ms  {peer:28} {other:8.2f} ms  {result['ratio']:.2f}")
    print(json.dumps({
        "benchmark": "inference", "threads": threads, "rounds": rounds, "results": results,
        "tat": tat.__version__, "device": backend.name, "machine": platform.machine(),
        "processor": processor(),
    }))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
