"""Greedy decoding of many rows on the CPU beside CTranslate2, in turns in one run, as ratios.

    python bench/batch_inference.py [--rows 16] [--threads 2] [--rounds 9] [--processor-time]

Sources and texts have 64 tokens. A step's time is what 64 tokens take more than one does, over 63;
encoding is no part of it. In int8 the peer has whatever int8 type it is fastest with. On a busy
machine compare processor time on one thread, which other programs hardly change.
"""

import argparse
import json
import statistics
import sys
import time
from functools import partial

import tat  # isort: skip  (before numpy: it sets the BLAS threads)
import numpy as np
from ctranslate2 import get_supported_compute_types
from inference import shape_of
from peers import Peer

from tat.backends.backend import Executable
from tat.backends.opening import open_backend
from tat.benchmarks.model_workloads import LENGTH, drawn_ids, installed_model
from tat.commands.doctor import processor
from tat.config import Config, resolve
from tat.decode.compiled_programs import next_logits, write_sources
from tat.model.programs import BatchShape, encode_program, step_program
from tat.ops.plan import plan

_WARM_UP = 1  # rounds that are not counted


def decoder(config: Config, rows: int, int8: bool) -> Executable:
    """A compiled step whose rows have sources that were encoded."""
    backend = open_backend("cpu", config.threads, config.memory.alignment)
    model = installed_model(config, backend, int8)
    shape = BatchShape(rows, LENGTH, LENGTH)
    programs = (encode_program(model, shape), step_program(model, shape))
    encode, step = (backend.compile(plan(program, backend.memory)) for program in programs)
    for executable in (encode, step):
        ids = drawn_ids(model, (rows, 1, LENGTH), 0)
        write_sources(executable, ids, np.full((rows, 1), LENGTH))
    encode.run()
    return step


def own(step: Executable, rows: int, clock: int) -> float:
    """Seconds of a step with choosing, by the 63 behind the first."""
    tokens = np.ones(rows, np.int32)
    for length in range(1, LENGTH + 1):
        if length == 2:
            began = time.perf_counter(), time.process_time()
        logits = next_logits(step, tokens, np.full(rows, length))
        tokens = logits.argmax(axis=1).astype(np.int32)
    return ((time.perf_counter(), time.process_time())[clock] - began[clock]) / (LENGTH - 1)


def other(peer: Peer, rows: int, threads: int, clock: int, kind: str) -> float:
    """The same of CTranslate2 with a compute type."""
    long, short = (
        peer.answer(f"{kind} {threads} {LENGTH} {tokens} {rows}")[clock] for tokens in (LENGTH, 1)
    )
    return (long - short) / (LENGTH - 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--processor-time", action="store_true")
    options = parser.parse_args()
    rows, clock = options.rows, int(options.processor_time)
    # The peer's model has no copy head.
    config = resolve(flags={"threads": options.threads, "model.copy": False}).config
    peer = Peer("ctranslate2_decode.py", config.data.vocabulary, *shape_of(config))
    int8 = sorted(kind for kind in get_supported_compute_types("cpu") if kind.startswith("int8"))
    results = {}
    for name, kinds in (("float32", ["float32"]), ("int8", int8)):
        step = decoder(config, rows, name == "int8")
        ways = {"tat": partial(own, step, rows, clock)}
        ways |= {kind: partial(other, peer, rows, options.threads, clock, kind) for kind in kinds}
        rounds = [
            {way: measure() for way, measure in ways.items()}
            for _ in range(options.rounds + _WARM_UP)
        ][_WARM_UP:]
        medians = {way: statistics.median(turn[way] for turn in rounds) for way in ways}
        best = min(kinds, key=medians.__getitem__)
        times = statistics.median(turn[best] / turn["tat"] for turn in rounds)
        results[name] = {"step_s": medians, "peer": best, "times": times}
    print(json.dumps({
        "benchmark": "batch_inference", "rows": rows, "threads": options.threads,
        "processor_time": options.processor_time, "results": results, "tat": tat.__version__,
        "processor": processor(),
    }, indent=1))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
