"""Tokenizing, a softmax and AdamW beside their peers, in turns in one process, as ratios.

    python bench/kernel_peers.py [--rounds 31]

The tokenizers have the same vocabulary: learnt from the cookbook, its merges and its rule of pieces
are given to Hugging Face's tokenizers, whose ids have to be the same, and to tiktoken, which merges
by its own rule. Softmax runs on one thread on both sides, AdamW on as many as there are cores.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import tat  # isort: skip  (before numpy: it sets the BLAS threads)
import numpy as np
import tiktoken
import tokenizers
import torch
from tokenizers import models, pre_tokenizers

from tat.backends.cpu.attention import softmax
from tat.backends.cpu.training_kernels import adamw
from tat.benchmarks.host_workloads import FUNCTION
from tat.commands.doctor import processor
from tat.config import resolve
from tat.cookbook.library import load as cookbook
from tat.data.tokenizer import FIRST_BYTE, PIECE_LIMIT, Tokenizer

_SAMPLE_S = 0.003  # seconds of a sample, of as many calls as that takes
_PAUSE = 0.05  # seconds before a side starts, for the other's threads to stop spinning
_WEIGHTS = 44_000_000
# The pieces of data/tokenizer.py for ASCII text.
_REST, _RUN = f"{{0,{PIECE_LIMIT - 1}}}", f"{{1,{PIECE_LIMIT}}}"
_HALF, _REST_OF_HALF = f"{{1,{PIECE_LIMIT // 2}}}", f"{{0,{PIECE_LIMIT // 2}}}"
_PIECE = (
    rf" ?[A-Za-z_][A-Za-z0-9_]{_REST}| ?[0-9][A-Za-z0-9_.]{_REST}"
    rf"| ?[^A-Za-z0-9_ \t\r\n]{_RUN}|[\r\n]{_HALF}[ \t]{_REST_OF_HALF}"
    rf"|[ \t]{_RUN}(?= [^ \t\r\n])|[ \t]{_RUN}"
)


def hugging_face(own: Tokenizer) -> Callable[[str], list[int]]:
    """The same tokenizer in `tokenizers`; ids are equal, or this stops."""
    letters = _letters()
    spell = ["".join(letters[b] for b in own.decode([i])) for i in range(own.size)]
    vocabulary = {word or f"<{i}>": i for i, word in enumerate(spell)}
    merges = [(spell[a], spell[b]) for a, b in own.merges]
    peer = tokenizers.Tokenizer(models.BPE(vocabulary, merges))
    peer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(tokenizers.Regex(_PIECE), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])  # fmt: skip
    if peer.encode(FUNCTION).ids != own.encode(FUNCTION):
        raise SystemExit("kernel_peers: Hugging Face's ids are not tat's")
    return lambda text: peer.encode(text).ids


def _letters() -> list[str]:
    """How ByteLevel writes bytes: printable ones as they are, others from U+0100 on."""
    shown = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte if byte in shown else next(others)) for byte in range(256)]


def tiktoken_peer(own: Tokenizer) -> Callable[[str], list[int]]:
    """The same vocabulary in tiktoken; it has to come back to the same text."""
    ranks = {own.decode([i]): i - FIRST_BYTE for i in range(FIRST_BYTE, own.size)}
    peer = tiktoken.Encoding("wgsl", pat_str=_PIECE, mergeable_ranks=ranks, special_tokens={})
    if peer.decode(peer.encode_ordinary(FUNCTION)) != FUNCTION:
        raise SystemExit("kernel_peers: tiktoken does not give the text back")
    return peer.encode_ordinary


def own_adamw(threads: int) -> Callable[[], None]:
    """A step on arrays of the model's size, in as many parts as the trainer has threads."""
    weights, m, v, gradients = np.full((4, _WEIGHTS), 1e-3, np.float32)
    scale, rate = np.ones(2, np.float32), np.array([1e-4, 0.1, 0.02], np.float32)
    settings = dict(beta1=0.9, beta2=0.98, epsilon=1e-9, weight_decay=0.01)
    pool = ThreadPoolExecutor(threads)
    bounds = [_WEIGHTS * i // threads for i in range(threads + 1)]
    parts = [slice(a, b) for a, b in pairwise(bounds)]

    def part(own: slice) -> None:
        size = own.stop - own.start
        arrays = (array[own] for array in (weights, m, v, gradients))
        adamw(*arrays, scale, rate, size=size, decayed=size, **settings)

    return lambda: list(pool.map(part, parts)) and None


def torch_adamw(threads: int) -> Callable[[], None]:
    """The fused one."""
    torch.set_num_threads(threads)
    weight = torch.nn.Parameter(torch.full((_WEIGHTS,), 1e-3))
    weight.grad = torch.full((_WEIGHTS,), 1e-3)
    optimizer = torch.optim.AdamW(
        [weight], lr=1e-4, betas=(0.9, 0.98), eps=1e-9, weight_decay=0.01, fused=True
    )
    return lambda: optimizer.step() and None


def compare(own: Callable[[], object], peer: Callable[[], object], rounds: int) -> dict[str, float]:
    """Medians in seconds and the median ratio; each sample is a mean over calls."""
    sides = [(run, _calls(run)) for run in (own, peer)]
    pairs = []
    for _ in range(rounds):
        pair = []
        for run, calls in sides:
            time.sleep(_PAUSE)
            began = time.perf_counter()
            for _ in range(calls):
                run()
            pair.append((time.perf_counter() - began) / calls)
        pairs.append(pair)
    first, second = (statistics.median(side) for side in zip(*pairs))
    return {"tat_s": first, "peer_s": second, "ratio": statistics.median(a / b for a, b in pairs)}


def _calls(run: Callable[[], object]) -> int:
    """Calls that a sample takes, after warming up."""
    for _ in range(3):
        run()
    began = time.perf_counter()
    run()
    return max(1, int(_SAMPLE_S / (time.perf_counter() - began)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=31)
    rounds, threads = parser.parse_args().rounds, len(os.sched_getaffinity(0))
    config = resolve().config
    own = Tokenizer.train([entry.code for entry in cookbook()], config.data.vocabulary)
    results = {}
    for name, peer in (("tokenizers", hugging_face(own)), ("tiktoken", tiktoken_peer(own))):
        mine, other = lambda: own.encode(FUNCTION), lambda p=peer: p(FUNCTION)
        results[f"tokenize, beside {name}"] = compare(mine, other, rounds)
    torch.set_num_threads(1)
    scores = np.random.default_rng(0).standard_normal((64, 64), np.float32)
    out, tensor = np.empty_like(scores), torch.from_numpy(scores)
    results["softmax 64x64, beside PyTorch"] = compare(
        lambda: softmax(out, scores), lambda: torch.softmax(tensor, 1), rounds
    )
    results["AdamW, beside PyTorch"] = compare(own_adamw(threads), torch_adamw(threads), rounds)
    for name, result in results.items():
        mine, other = 1e6 * result["tat_s"], 1e6 * result["peer_s"]
        print(f"{name:30} {mine:10.1f} µs {other:10.1f} µs {result['ratio']:6.2f}")
    print(json.dumps({
        "benchmark": "kernel_peers", "threads": threads, "rounds": rounds, "results": results,
        "vocabulary": own.size, "tat": tat.__version__, "machine": platform.machine(),
        "processor": processor(),
    }))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
