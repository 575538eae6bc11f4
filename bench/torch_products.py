"""Ceilings of an NVIDIA GPU: cuBLAS float32 products at the shapes of a step, and a copy.

    python bench/torch_products.py [--tokens 4096] [--width 512] [--hidden 2048]
                                   [--vocabulary 8192] [--json FILE]

Products of rows x depth by depth x columns: forward (nn), gradient of the input (nt) and of the
weight (tn), by CUDA events, medians. The copy counts bytes read and written.
"""

import argparse
import json
import statistics
from collections.abc import Callable
from pathlib import Path

import torch

_REPEATS, _ROUNDS = 20, 7


def seconds(work: Callable[[], object]) -> float:
    """The median of one call, of `_REPEATS` queued at once."""
    times = []
    for _ in range(_ROUNDS + 2):  # two warm up
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        for _ in range(_REPEATS):
            work()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end) / _REPEATS / 1e3)
    return statistics.median(times[2:])


def product(kind: str, rows: int, columns: int, depth: int) -> float:
    """FLOP/s of one product; in kind, t stands for an operand that is stored transposed."""
    shapes = (rows, depth), (depth, columns)
    left, right = (
        torch.randn(shape if mark == "n" else shape[::-1], device="cuda")
        for shape, mark in zip(shapes, kind, strict=True)
    )
    left, right = (x if mark == "n" else x.T for x, mark in zip((left, right), kind, strict=True))
    out = torch.empty(rows, columns, device="cuda")
    return 2.0 * rows * columns * depth / seconds(lambda: torch.mm(left, right, out=out))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=4096)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--hidden", type=int, default=2048)
    parser.add_argument("--vocabulary", type=int, default=8192)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    n, d, f, v = options.tokens, options.width, options.hidden, options.vocabulary
    shapes = {}
    for inputs, outputs in ((d, d), (d, 2 * d), (d, f), (f, d)):
        layer = f"linear {inputs} -> {outputs}"
        shapes[layer] = ("nn", n, outputs, inputs)
        shapes[f"{layer}, gradient of the input"] = ("nt", n, inputs, outputs)
        shapes[f"{layer}, gradient of the weight"] = ("tn", inputs, outputs, n)
    shapes["output projection"] = ("nt", n, v, d)
    shapes["output projection, gradient of the input"] = ("nn", n, d, v)
    shapes["output projection, gradient of the table"] = ("tn", v, d, n)
    shapes["4096 x 4096 x 4096"] = ("nn", 4096, 4096, 4096)
    rates = {name: product(*shape) for name, shape in shapes.items()}
    for name, rate in rates.items():
        print(f"{rate / 1e12:6.1f} TFLOP/s  {name}")
    data = torch.randn(1 << 28, device="cuda")
    target = torch.empty_like(data)
    rates["copy, bytes/s"] = 2 * 4 * data.numel() / seconds(lambda: target.copy_(data))
    print(f"{rates['copy, bytes/s'] / 1e12:6.2f} TB/s copied")
    if options.json:
        record = {"benchmark": "torch_products", "device": torch.cuda.get_device_name(), **rates}
        options.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
