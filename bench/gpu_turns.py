"""Training steps of several source trees on one GPU, in turns: what a change of the tree gains.

    python bench/gpu_turns.py TREE TREE... [--precision f16] [--rows 32] [--length 128]
                              [--steps 10] [--rounds 5] [--device gpu] [--preset base]
                              [--chunk-bytes 536870912] [--json FILE]

Each tree has a process of its own, which trains as gpu_step.py does and waits for its turns of
`steps` steps in a row. The ratios are those of one round's turns to the first tree's.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

_SERVE = "--serve"  # the argument of a process that runs one tree


def serve(shape: str) -> None:
    """Trains in turns: reads a number of steps, writes the seconds of one."""
    from gpu_step import own_turn  # after the parent, which needs no tat

    from tat.backends.opening import open_backend
    from tat.benchmarks.model_workloads import make_trainer
    from tat.config import resolve

    asked = json.loads(shape)
    settings = {
        "preset": asked["preset"], "train.precision": asked["precision"], "model.copy": False,
        "memory.chunk_bytes": asked["chunk_bytes"],
    }  # fmt: skip
    config = resolve(flags=settings).config
    backend = open_backend(asked["device"], 0, config.memory.alignment, asked["precision"])
    trainer = make_trainer(config, backend, asked["rows"], asked["length"], 1)
    for line in sys.stdin:
        print(own_turn(trainer, int(line)), flush=True)


def opened(tree: Path, shape: str) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(tree.resolve())}
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).resolve()), _SERVE, shape], env=environment, cwd=tree,
        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def turn(process: subprocess.Popen[str], steps: int) -> float:
    """Seconds of a step."""
    assert process.stdin and process.stdout
    print(steps, file=process.stdin, flush=True)
    return float(process.stdout.readline())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE")
    parser.add_argument("--device", default="gpu")
    parser.add_argument("--preset", default="base")
    parser.add_argument("--precision", default="f16", choices=("f32", "f16"))
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--chunk-bytes", type=int, default=1 << 29, help="memory.chunk_bytes")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    names = ("device", "preset", "precision", "rows", "length", "chunk_bytes")
    shape = {name: getattr(options, name) for name in names}
    processes = [opened(tree, json.dumps(shape)) for tree in options.trees]
    try:
        for process in processes:  # compiles and warms up
            turn(process, options.steps)
        rounds = [[turn(p, options.steps) for p in processes] for _ in range(options.rounds)]
    finally:
        for process in processes:
            process.communicate()
    print(f"{options.precision}, {options.rows} rows, 2 x {options.length} tokens, ms a step")
    for tree, seconds in zip(options.trees, zip(*rounds, strict=True), strict=True):
        ratio = statistics.median(s / r[0] for s, r in zip(seconds, rounds, strict=True))
        print(f"  {1000 * statistics.median(seconds):8.2f}  ratio {ratio:.4f}  {tree}")
    if options.json:
        record = {"benchmark": "gpu_turns", **shape, "trees": [*map(str, options.trees)]}
        options.json.write_text(json.dumps({**record, "seconds": rounds}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(serve(sys.argv[2]) if sys.argv[1:2] == [_SERVE] else main())
