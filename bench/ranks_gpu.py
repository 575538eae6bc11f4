"""Training on several GPUs of one host, beside PyTorch's DistributedDataParallel over NCCL.

Run by hand on a machine with two GPUs, MPICH's wheel and a PyTorch with CUDA in the environment:

    python bench/ranks_gpu.py tat --ranks 1 --each 1 4 16      # micro-batches a rank and step
    python bench/ranks_gpu.py tat --ranks 2 --each 1 4 16
    python bench/ranks_gpu.py torch --ranks 2 --each 1 4 16    # the same batches, DDP with NCCL
    python bench/ranks_gpu.py loss --ranks 2 --steps 300       # the curve beside one GPU's

A micro-batch has 8 rows of 64 + 64 tokens. Step times are medians after the first third of the
steps. Efficiency is the step time of one GPU over that of N, with as many micro-batches a rank.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("tat", "torch", "loss"))
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--each", type=int, nargs="+", default=[1], help="micro-batches a rank")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--mpirun", default=str(Path(sys.prefix, "bin", "mpirun")))
    parser.add_argument("--preset", default="base")
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--device", default="gpu", help="gpu:software tries it without a GPU")
    options = parser.parse_args()
    result = {"tat": time_tat, "torch": time_torch, "loss": compare}[options.what](options)
    print(json.dumps(vars(options) | result))


def train(options: argparse.Namespace, ranks: int, count: int, folder: Path) -> list[dict]:
    """The metrics of a run over so many GPUs, of `count` micro-batches a step."""
    launcher = [options.mpirun, "-n", str(ranks)] if ranks > 1 else []
    words = ["train", "--preset", options.preset, "--device", options.device, "-q", "--run", folder,
             "--precision", options.precision, "--steps", options.steps,
             "--set", f"train.micro_batches={count}",
             "--set", "train.save_every=100000", "--set", "train.validate_every=0",
             "--set", "train.metrics_every=0", "--set", "data.buckets=[[64, 64]]"]  # fmt: skip
    subprocess.run([*launcher, sys.executable, "-m", "tat", *map(str, words)], check=True, cwd=ROOT)
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def time_tat(options: argparse.Namespace) -> dict:
    found = []
    for count in options.each:
        with tempfile.TemporaryDirectory() as name:
            lines = train(options, options.ranks, count * options.ranks, Path(name) / "run")
        seconds = [line["seconds"] for line in lines[len(lines) // 3 :]]
        found.append(round(1e3 * median(seconds), 2))
    return {"step_ms": found, "device": lines[-1]["device"]}


def compare(options: argparse.Namespace) -> dict:
    """The largest and the mean relative difference of losses to one GPU's."""
    with tempfile.TemporaryDirectory() as name:
        one, many = (
            [line["loss"] for line in train(options, ranks, options.ranks, Path(name) / str(ranks))]
            for ranks in (1, options.ranks)
        )
    apart = [abs(a - b) / abs(a) for a, b in zip(one, many, strict=True)]
    return {"largest": max(apart), "mean": sum(apart) / len(apart), "last": [one[-1], many[-1]]}


def time_torch(options: argparse.Namespace) -> dict:
    """DDP with NCCL: a Transformer of preset base, batches of 8 rows of 64 + 64 tokens."""
    script = Path(__file__).with_name("ranks_ddp.py")
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", f"--nproc_per_node={options.ranks}",
         str(script), ",".join(map(str, options.each)), str(options.steps)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
