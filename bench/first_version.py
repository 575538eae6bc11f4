"""Times the first version, NumPy alone, on the workloads of `tat bench`, into one JSON file.

    git worktree add build/first ff7552c
    PYTHONPATH=build/first python bench/first_version.py [--json bench/results/first_version.json]

Commit ff7552c is the last before any kernel was compiled. The workloads are those of
tat/benchmarks, written for what that commit offers; the file has pyperf's format.
"""

import argparse
import importlib.util
import json
import os
import statistics
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import tat  # isort: skip  (before numpy: it sets the BLAS threads)
import numpy as np

from tat import weights
from tat.backends.cpu.executable import CpuBackend
from tat.commands.doctor import processor
from tat.config import Config, resolve
from tat.cookbook.library import load as cookbook
from tat.data.batches import Batches, Dataset
from tat.data.tokenizer import Tokenizer
from tat.model.layers import MultiHeadAttention
from tat.model.parameters import Parameters
from tat.model.programs import BatchShape, encode_program, logits_program, step_program
from tat.model.transformer import Transformer
from tat.ops.graph import Graph, Tensor
from tat.ops.plan import plan
from tat.train.trainer import Trainer

COMMIT = "ff7552c"
_ROOT = Path(__file__).parent.parent
_FIRST_ID = 265  # ids from here on are merges


def today(name: str) -> ModuleType:
    """A module of this checkout that stands alone; `tat` is the first version's."""
    path = _ROOT / "tat/benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"today_{name}", path)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def passes(config: Config) -> dict[str, tuple[Callable[[], Any], int]]:
    """Forward and decoding, batch 1, 64 + 64 tokens, with how many tokens a run decodes."""
    model = Transformer(config.model, config.data.vocabulary)
    backend = CpuBackend()
    weights.install(backend, model, weights.draw(model.parameters, 0))
    shape = BatchShape(rows=1, source=64, target=64)
    forward, encode, step = (
        backend.compile(plan(program(model, shape), backend.memory))
        for program in (logits_program, encode_program, step_program)
    )
    ids = np.random.default_rng(0).integers(_FIRST_ID, config.data.vocabulary, (1, 64))
    for executable in (forward, encode, step):
        executable.write("source_lengths", np.array([[64]]))
    for executable in (forward, encode):
        executable.write("sources", ids[:, None])
    forward.write("inputs", ids)
    forward.write("target_lengths", np.array([[64]]))

    def decode() -> None:
        encode.run()
        token = 1
        for position in range(64):
            step.write("token", np.array([[token]]))
            step.write("position", np.array([position]))
            step.write("lengths", np.array([[position + 1]]))
            step.run()
            token = int(step.read("logits").argmax())

    return {"forward": (forward.run, 1), "decode": (decode, 64)}


def attention(config: Config) -> Callable[[], None]:
    """Self-attention with its projections on 128 tokens."""
    parameters, backend = Parameters(), CpuBackend()
    layer = MultiHeadAttention(parameters, "attention", config.model.width, config.model.heads)
    parameters.freeze()
    x = Tensor("x", (128, config.model.width), "state")
    with Graph() as graph:
        layer(x, x, Tensor("lengths", (1, 1), "feed", "int"))
    executable = backend.compile(plan(graph, backend.memory))
    backend.write(parameters.flat, weights.pack(parameters, weights.draw(parameters, 0)))
    backend.write(x, np.random.default_rng(0).standard_normal(x.shape))
    executable.write("lengths", np.array([[128]]))
    return executable.run


def training_step(config: Config) -> Callable[[], Any]:
    """8 rows of 64 + 64 tokens, a micro-batch for each core."""
    backend = CpuBackend()
    lanes = min(backend.lanes, 8)
    train = replace(config.train, micro_batches=lanes, batch_tokens=8 // lanes * 64, warmup_steps=0)
    ids = np.random.default_rng(0).integers(
        _FIRST_ID, config.data.vocabulary, (2, 8 * 64), np.int32
    )
    starts = np.arange(9, dtype=np.int64) * 64
    data = Dataset(ids[0], starts, ids[1], starts, ())
    batches = Batches(data, ((64, 64),), train.batch_tokens, 0)
    model = Transformer(config.model, config.data.vocabulary)
    trainer = Trainer(replace(config, train=train), model, backend, batches)
    trainer.start(weights.draw(model.parameters, 0))
    return trainer.step


def softmax() -> Callable[[], Any]:
    """The lines of its attention kernel, on 64 rows of 64."""
    scores = np.random.default_rng(0).standard_normal((64, 64), np.float32)

    def run() -> np.ndarray:
        shifted = scores - scores.max(axis=-1, keepdims=True)
        np.exp(shifted, out=shifted)
        shifted /= shifted.sum(axis=-1, keepdims=True)
        return shifted

    return run


def tokenize(config: Config, text: str) -> Callable[[], Any]:
    """A call that turns the text into ids, by a tokenizer learnt from the cookbook of that time."""
    tokenizer = Tokenizer.train([entry.code for entry in cookbook()], config.data.vocabulary)
    return lambda: tokenizer.encode(text)


def sample_text() -> str:
    """The function that today's benchmark tokenizes."""
    source = (_ROOT / "tat/benchmarks/host_workloads.py").read_text("utf-8")
    return source.split('FUNCTION = """\\\n')[1].split('"""')[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=9)
    parser.add_argument("--json", type=Path, default=_ROOT / "bench/results/first_version.json")
    options = parser.parse_args()
    if Path(tat.__file__).is_relative_to(_ROOT / "tat"):
        parser.error("PYTHONPATH names no checkout of the first version; see above")
    timing = today("timing")
    # The first version had no copy head.
    config = resolve(flags={"model.copy": False}, environment={}).config
    workloads = {
        **passes(config), "attention": (attention(config), 1),
        "step": (training_step(config), 1), "softmax": (softmax(), 1),
        "tokenize": (tokenize(config, sample_text()), 1),
    }  # fmt: skip
    benchmarks = []
    for name, (run, units) in workloads.items():
        timings = timing.measure(run, timing.Reference(), samples=options.samples, least=0.05)
        runs = [
            {"metadata": {"tat_reference": reference}, "values": [seconds / units]}
            for seconds, reference in zip(timings.seconds, timings.reference, strict=True)
        ]
        metadata = {"name": name, "loops": timings.loops, "inner_loops": units}
        benchmarks.append({"metadata": metadata, "runs": runs})
        print(f"{name:12} {1000 * statistics.median(timings.seconds) / units:10.4f} ms")
    about = {
        "cpu_model_name": processor(), "cpu_count": len(os.sched_getaffinity(0)),
        "date": datetime.now(UTC).isoformat(sep=" ", timespec="seconds"),
        "tat_commit": COMMIT, "tat_device": "cpu", "tat_version": tat.__version__,
        "unit": "second",
    }  # fmt: skip
    suite = {"version": "1.0", "metadata": about, "benchmarks": benchmarks}
    options.json.write_text(json.dumps(suite) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
