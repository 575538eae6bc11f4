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
from ctranslate2 import get_supported_compute_types
from peers import Peer, compare, seconds

from tat.backends.backend import Backend
from tat.backends.opening import open_backend
from tat.benchmarks.model_workloads import (
    LENGTH,
    Decoder,
    attention_executable,
    forward_executable,
    installed_model,
)
from tat.commands.doctor import processor
from tat.config import Config, resolve

_TRIALS = 5  # of each of CTranslate2's settings, to choose one


def per_token(time: Callable[[int], float]) -> float:
    """Seconds of a token, by those that so many take."""
    return (time(LENGTH) - time(1)) / (LENGTH - 1)


def own_token(decoder: Decoder) -> float:
    """Seconds of a token."""
    return per_token(lambda tokens: seconds(partial(decoder.run, tokens)))


def ctranslate2_token(peer: Peer, kind: str, threads: int) -> float:
    """The same of CTranslate2 with a compute type."""
    return per_token(lambda tokens: peer.seconds(f"{kind} {threads} {LENGTH} {tokens}"))


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
    model = installed_model(config, backend)
    peer = Peer("torch_inference.py", config.data.vocabulary, *shape_of(config), threads)
    cases = {f"forward {n} {n}": forward_executable(backend, model, n).run for n in (64, 128)}
    for n in (64, 128, 256, 512):
        cases[f"mha {n}"] = attention_executable(config, backend, n)[0].run
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
        decoder = Decoder(backend, installed_model(config, backend, int8))
        choice = fastest_int8(peer, threads) if int8 else ("float32", threads)
        other = partial(ctranslate2_token, peer, *choice)
        results[name] = compare(partial(own_token, decoder), other, rounds)
        results[name]["peer"] = "CTranslate2 {}, {} threads".format(*choice)
    return results


def shape_of(config: Config) -> tuple[int, int, int, int]:
    """Layers, width, heads and feed-forward width."""
    model = config.model
    return model.layers, model.width, model.heads, model.feed_forward


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
