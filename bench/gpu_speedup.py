"""A training step on a GPU against the same host's CPU: Numba, NumPy and PyTorch.

    python bench/gpu_speedup.py [--device gpu] [--preset base] [--rows 32] [--length 128]
                                [--steps 20] [--cpu-steps 1] [--json FILE]

A step takes rows x (length + length) tokens, with dropout, label smoothing, clipping and AdamW. On
the GPU it is one micro-batch, on the CPU one for each core. Each path warms up with one step, or
with `steps` on the GPU; the paths follow each other, for they differ by factors and not by shares.
Without Numba, without PyTorch or without f16 that line says so and the others are measured.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tat  # isort: skip  (before numpy: it sets the BLAS threads)
from step import TorchPeer

from tat.backends.backend import Backend
from tat.backends.cpu.executable import CpuBackend
from tat.backends.opening import open_backend
from tat.benchmarks.model_workloads import make_trainer
from tat.config import Config, resolve
from tat.errors import DeviceError
from tat.ops.plan import Memory
from tat.provenance import processor

_CHUNK_BYTES = 1 << 27  # memory.chunk_bytes: all logits at once, as PyTorch has them
_GPU, _CPU = ("gpu_f32", "gpu_f16"), ("numba", "numpy", "torch_cpu")


def configured(options: argparse.Namespace, precision: str) -> Config:
    settings = {"train.precision": precision, "memory.chunk_bytes": _CHUNK_BYTES}
    return resolve(flags={"preset": options.preset, **settings}).config


def seconds_of_step(config: Config, backend: Backend, options: argparse.Namespace) -> float:
    """Seconds of one step, warmed up; a GPU's steps follow each other as they do in training."""
    trainer = make_trainer(config, backend, options.rows, options.length)
    steps = options.steps if backend.queues else options.cpu_steps
    for _ in range(steps if backend.queues else 1):
        trainer.step()
    began = time.perf_counter()
    for i in range(steps):
        trainer.step(ahead=i + 1 < steps)
    seconds = (time.perf_counter() - began) / steps
    trainer.close()
    return seconds


def on_gpu(options: argparse.Namespace, precision: str) -> tuple[str, float]:
    config = configured(options, precision)
    backend = open_backend(options.device, 0, config.memory.alignment, precision)
    return backend.name, seconds_of_step(config, backend, options)


def on_cpu(options: argparse.Namespace, numba: bool) -> tuple[str, float]:
    threads = len(os.sched_getaffinity(0))
    config = configured(options, "f32")
    backend = CpuBackend(threads, Memory(config.memory.alignment), numba=numba)
    if numba and "numba" not in backend.name:
        raise DeviceError("Numba is missing here")
    return backend.name, seconds_of_step(config, backend, options)


def on_torch(options: argparse.Namespace) -> tuple[str, float]:
    threads = len(os.sched_getaffinity(0))
    peer = TorchPeer(configured(options, "f32"), options.rows, options.length, threads)
    try:
        peer.step()
        steps = [peer.step() for _ in range(options.cpu_steps)]
    except (ValueError, BrokenPipeError):  # it ended instead of answering
        raise DeviceError("PyTorch is missing here") from None
    finally:
        peer.process.kill()
    return f"PyTorch, {threads} threads", sum(steps) / len(steps)


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Seconds of each path, printed as they come, and how much faster the GPU's are."""
    paths: dict[str, Callable[[], tuple[str, float]]] = {
        "gpu_f32": lambda: on_gpu(options, "f32"),
        "gpu_f16": lambda: on_gpu(options, "f16"),
        "numba": lambda: on_cpu(options, numba=True),
        "numpy": lambda: on_cpu(options, numba=False),
        "torch_cpu": lambda: on_torch(options),
    }
    devices, seconds, missing = {}, {}, {}
    print(f"step of {options.rows} rows, 2 x {options.length} tokens; {processor()}")
    for path, measure in paths.items():
        try:
            devices[path], seconds[path] = measure()
            print(f"  {path:10} {1000 * seconds[path]:10.1f} ms  {devices[path]}", flush=True)
        except DeviceError as error:
            missing[path] = str(error)
            print(f"  {path:10} not measured: {error}", flush=True)
    speedup = {
        gpu: {cpu: seconds[cpu] / seconds[gpu] for cpu in _CPU if cpu in seconds}
        for gpu in _GPU
        if gpu in seconds
    }
    for gpu, ratios in speedup.items():
        print(f"  {gpu} is faster by", ", ".join(f"{r:.0f}x ({c})" for c, r in ratios.items()))
    return {
        "benchmark": "gpu_speedup", "preset": options.preset, "rows": options.rows,
        "length": options.length, "processor": processor(),
        "threads": len(os.sched_getaffinity(0)), "tat": tat.__version__,
        "devices": devices, "seconds": seconds, "missing": missing, "speedup": speedup,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="gpu")
    parser.add_argument("--preset", default="base")
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--steps", type=int, default=20, help="on the GPU")
    parser.add_argument("--cpu-steps", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    record = measured(options)
    if options.json:
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
