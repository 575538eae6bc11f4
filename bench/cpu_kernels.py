"""The CPU's roofline: each kernel of a pass, of a token and of a step beside its floor.

    python bench/cpu_kernels.py [--preset base] [--threads 1] [--rounds 15]
                                [--json FILE] [--markdown FILE]

Calls are timed where they are, in whole passes, tokens and steps. Of a step the calls of all
threads, which have a micro-batch each, are added up and divided by their number. A call's floor is
the larger of its operations over the rate of products in the first-level cache, and its bytes over
the rate of adding one large array to another, both on as many threads; a share above 1 read what
caches hold. Of each call and each ceiling the fastest round counts: the work of others only slows.
"""

import argparse
import json
import math
import platform
import sys
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import tat  # isort: skip  (before numpy: it sets the BLAS threads)
import numpy as np
from numba import njit
from peers import blas, seconds
from roofline import Ceilings, Gap, key_of, sizes_of, table

from tat.backends.cpu.executable import CpuExecutable
from tat.backends.cpu.packing import BLOCK, ROWS
from tat.backends.cpu.vectors import FLOAT, tile
from tat.backends.opening import open_backend
from tat.benchmarks.model_workloads import (
    LENGTH,
    STEP_ROWS,
    Decoder,
    forward_executable,
    installed_model,
    make_trainer,
)
from tat.config import Config, resolve
from tat.files import atomic_file
from tat.ops.graph import Call
from tat.provenance import processor

_DEPTH, _REPEATS = 64, 4000  # of a tile whose 16 KiB of weights stay in the first-level cache
_WARM = 50  # replays of nothing, after which one is as fast as between two calls
_FLOATS = 1 << 24  # of each array that is read from memory
_PACKED = "packed products of its own (see below)"
_LEVERS = {  # by the first word of a program, then by kernel
    "forward": {
        "attention": "keys packed across, without sums over lanes (other bits)",
        "gelu": "with the product before it, while its rows are in the cache",
        "linear": "none: near the rate of the first-level cache",
        "output_projection": "none: near the rate of the first-level cache",
    },
    "a": {
        "attention": "caches in 16 bits",
        "linear": "fewer bytes: int8, as the next table has it",
        "output_projection": "fewer bytes: int8, as the next table has it",
        "linear_int8": "weights in 4 bits",
        "output_projection_int8": "weights in 4 bits",
    },
    "training": {
        "attention": "keys packed across, without sums over lanes (other bits)",
        "attention_backward": "tiles of 6 x 64; probabilities kept from the forward pass",
        "linear": _PACKED,
        "linear_backward_input": _PACKED,
        "linear_backward_parameters": _PACKED,
        "output_projection": _PACKED,
        "output_projection_backward_input": _PACKED,
        "output_projection_backward_table": _PACKED,
        "adamw": "moments in 16 bits",
        "square_sum": "with the fold of gradients, while they are in the cache",
    },
}
_tile = tile(ROWS, FLOAT, resume=True)


@dataclass
class Timed:
    """A call of a plan: its fastest time, and how often a round has it."""

    call: Call
    seconds: float = math.inf
    count: int = 0


class Clock:
    """Times every call of every executable that runs in a round."""

    def __init__(self) -> None:
        self._timed: dict[tuple[CpuExecutable, int], Timed] = {}
        self._empty: dict[CpuExecutable, float] = {}  # seconds of a replay of nothing

    def round(self, run: Callable[[], object]) -> None:
        for timed in self._timed.values():
            timed.count = 0
        plain, CpuExecutable.run = CpuExecutable.run, self._run
        try:
            run()
        finally:
            CpuExecutable.run = plain

    @property
    def _run(self) -> Callable[..., None]:
        def run(executable: CpuExecutable, times: int = 1) -> None:
            for _ in range(times):
                self._measure_empty(executable)
                for index, call in enumerate(executable.plan.calls):
                    timed = self._timed.setdefault((executable, index), Timed(call))
                    timed.seconds = min(timed.seconds, seconds(partial(executable.run_call, index)))
                    timed.count += 1

        return run

    def _measure_empty(self, executable: CpuExecutable) -> None:
        """Times how long a table takes to be asked for, and to replay nothing."""
        replay = executable._table
        if replay:
            executable._bound()
            took = min(seconds(partial(replay.run, 0, 0)) for _ in range(_WARM))
            self._empty[executable] = min(took, self._empty.get(executable, math.inf))

    def gaps(self, ceilings: Ceilings, share: int) -> list[Gap]:
        """The kernels of a round, in which `share` threads worked side by side."""
        alike: dict[tuple, list[tuple[float, Timed]]] = defaultdict(list)
        for (executable, _), timed in self._timed.items():
            spent = timed.count * (timed.seconds - self._empty.get(executable, 0.0))
            alike[key_of(timed.call)].append((spent / share, timed))
        found = []
        for group in alike.values():
            call, calls = group[0][1].call, sum(timed.count for _, timed in group)
            floor, bound = ceilings.floor(call)
            spent = sum(spent for spent, _ in group)
            found.append(Gap(call, calls, max(spent, 1e-9), calls * floor / share, bound))
        return found


@njit(nogil=True)
def _products(x: int, weights: int, out: int) -> None:
    for _ in range(_REPEATS):
        _tile(x, weights, out, _DEPTH, _DEPTH, 4 * BLOCK, 0)


def product_rate(threads: int) -> float:
    """FLOP/s of tiles whose operands stay in the first-level cache, on all threads."""
    arrays = [np.zeros((_DEPTH + 2 * ROWS, BLOCK), np.float32) for _ in range(threads)]

    def work(array: np.ndarray) -> None:
        start, line = array.ctypes.data, 4 * BLOCK
        _products(start, start + line * ROWS, start + line * (ROWS + _DEPTH))

    return threads * _REPEATS * 2.0 * ROWS * _DEPTH * BLOCK / together(work, arrays)


def bandwidth(threads: int) -> float:
    """Bytes a second, read and written, of adding one array to another, on all threads."""
    pairs = [np.ones((2, _FLOATS), np.float32) for _ in range(threads)]
    took = together(lambda pair: np.add(pair[0], pair[1], out=pair[0]), pairs)
    return threads * 12.0 * _FLOATS / took


def together(work: Callable[[np.ndarray], object], parts: list[np.ndarray]) -> float:
    """The fastest of some runs of parts side by side."""
    with ThreadPoolExecutor(len(parts)) as pool:
        return min(seconds(lambda: list(pool.map(work, parts))) for _ in range(7))


def programs(config: Config, threads: int) -> dict[str, tuple[Callable[[], object], int]]:
    """Calls by the title of their table, and how many threads run them side by side."""
    alignment = config.memory.alignment
    backend = open_backend("cpu", threads, alignment)
    model = installed_model(config, backend)
    forward, decoder = forward_executable(backend, model), Decoder(backend, model)
    small = open_backend("cpu", threads, alignment)
    rounded = Decoder(small, installed_model(config, small, int8=True))
    rows = STEP_ROWS // 2 * threads  # so that a thread's micro-batch is that of two threads
    trainer = make_trainer(config, open_backend("cpu", threads, alignment), rows, LENGTH)
    last = {"lengths": np.array([[LENGTH]]), "position": np.array([LENGTH - 1])}
    for decoding in (decoder, rounded):
        for name, values in last.items():
            decoding.step.write(name, values)
    return {
        f"forward, {LENGTH} + {LENGTH} tokens": (lambda: forward.run(), 1),
        "a token, float32": (lambda: decoder.step.run(), 1),
        "a token, int8": (lambda: rounded.step.run(), 1),
        f"training step, {rows} x ({LENGTH} + {LENGTH})": (trainer.step, threads),
    }


def word(title: str) -> str:
    """The first word of a program's title."""
    return title.partition(" ")[0].strip(",")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="base")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    threads = options.threads
    flags = {"preset": options.preset, "threads": threads, "model.copy": False}
    chosen = programs(resolve(flags=flags).config, threads)
    clocks = {title: Clock() for title in chosen}
    flops = read = 0.0
    for run, _ in chosen.values():
        run()
    for _ in range(options.rounds):
        flops, read = max(flops, product_rate(threads)), max(read, bandwidth(threads))
        for title, (run, _) in chosen.items():
            clocks[title].round(run)
    ceilings = Ceilings(flops, read)
    rates = f"{flops / 1e9:.0f} GFLOP/s, {read / 1e9:.0f} GB/s"
    print(f"{processor()}, threads: {threads}, {blas()}: {rates}\n")
    gaps = {title: clock.gaps(ceilings, chosen[title][1]) for title, clock in clocks.items()}
    page = "\n".join(table(title, found, _LEVERS[word(title)]) for title, found in gaps.items())
    print(page)
    record = {
        "benchmark": "cpu_kernels", "threads": threads, "blas": blas(), "rounds": options.rounds,
        "flops": flops, "bytes": read, "tat": tat.__version__,
        "processor": processor(), "machine": platform.machine(),
        "kernels": {
            title: [
                {"kernel": gap.call.kernel, "sizes": sizes_of(gap.call), "calls": gap.calls,
                 "seconds": gap.seconds, "floor": gap.floor, "bound": gap.bound}
                for gap in found
            ]
            for title, found in gaps.items()
        },
    }  # fmt: skip
    for path, text in ((options.json, json.dumps(record) + "\n"), (options.markdown, page)):
        if path:
            with atomic_file(path) as file:
                file.write(text.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
