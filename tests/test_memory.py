"""Memory of a training step against the promise of `tat inspect --plan`."""

import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from harness import compile_graph, random_batch

from tat import weights
from tat.backends.cpu.executable import CpuBackend
from tat.commands.inspect import plan_report
from tat.config import resolve
from tat.model.loss import CrossEntropyLoss
from tat.model.programs import BatchShape, logits_program, loss_program, step_program
from tat.model.transformer import Transformer
from tat.ops.graph import Graph

ALLOWANCE = 300e6  # bytes over the plan: the interpreter, libraries and kernels' scratch

# Makes a trainer on random ids, forgets the peak so far, runs two steps and prints the new peak.
SCRIPT = """
import sys
from tat.benchmarks.model_workloads import make_trainer
from tat.backends.opening import open_backend
from tat.config import resolve
config, length = resolve(flags=eval(sys.argv[1])).config, int(sys.argv[2])
backend = open_backend("cpu", config.threads, config.memory.alignment)
micro_batches = config.train.micro_batches
rows = micro_batches * config.train.batch_tokens // length
trainer = make_trainer(config, backend, rows, length, micro_batches)
open("/proc/self/clear_refs", "w").write("5")
trainer.step()
trainer.step()
status = open("/proc/self/status").read()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""


@pytest.mark.parametrize(("preset", "length"), [("tiny", 256), ("base", 64)])
def test_a_step_stays_within_its_plan(preset, length):
    flags = {
        "preset": preset, "threads": 2, "train.batch_tokens": 256, "train.ema_decay": 0.9,
        "data.buckets": [[length, length]],
    }  # fmt: skip
    config = resolve(flags=flags).config
    command = [sys.executable, "-c", SCRIPT, repr(flags), str(length)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    peak = 1024 * int(done.stdout)
    report = plan_report(config, config.data.vocabulary)
    promised = report["persistent_bytes"] + report["arena_bytes"]
    assert peak <= promised + ALLOWANCE, f"{peak / 1e6:.0f} MB over {promised / 1e6:.0f} MB"
    assert report["arena_bytes"] < 0.6 * report["unplanned_bytes"]


SMALL = {
    "preset": "tiny", "model.layers": 1, "model.width": 32, "model.heads": 4,
    "model.feed_forward": 64,
}  # fmt: skip


def training_program(model: Transformer, shape: BatchShape) -> Graph:
    return loss_program(model, shape, CrossEntropyLoss(0.1, 1 << 20), training=True)


def resident_bytes() -> int:
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return 1024 * int(line.split()[1])


@pytest.mark.parametrize(
    ("program", "int8"),
    [*product([logits_program, step_program], [False, True]), (training_program, False)],
)
def test_memory_is_flat_over_a_hundred_runs(program: Callable[..., Graph], int8: bool):
    config = resolve(flags=SMALL, environment={}).config.model
    model, shape = Transformer(config, 300, int8), BatchShape(rows=2, source=20, target=20)
    backend = CpuBackend(2)
    batch = random_batch(shape, 300, [[20], [9]], [20, 11])
    executable = compile_graph(program(model, shape), backend, batch)
    values = weights.draw(Transformer(config, 300).parameters, 0)
    weights.install(backend, model, weights.quantize(model.parameters, values) if int8 else values)

    def runs(count: int) -> None:
        for _ in range(count):
            for name in executable.plan.feeds.keys() & batch.keys():
                executable.write(name, batch[name])
            executable.run()
            for name in executable.plan.metrics:
                assert np.isfinite(executable.read(name)).all()

    tracemalloc.start()
    try:
        runs(20)
        traced, resident = tracemalloc.get_traced_memory()[0], resident_bytes()
        runs(100)
        assert tracemalloc.get_traced_memory()[0] - traced < 50_000
        assert resident_bytes() - resident < 2_000_000
    finally:
        tracemalloc.stop()
