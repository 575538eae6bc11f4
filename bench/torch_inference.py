"""Inference in PyTorch: a child process that times a pass for each line it reads: "mha T"."""

import sys
import time

import torch
from torch import nn
from torch_step import Model


def main() -> None:
    """Arguments: vocabulary layers width heads hidden threads."""
    vocabulary, layers, width, heads, hidden, threads = map(int, sys.argv[1:])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = Model(vocabulary, layers, width, heads, hidden, 0.0).eval()
    attention = nn.MultiheadAttention(width, heads, batch_first=True).eval()
    with torch.inference_mode():
        for line in sys.stdin:
            what, *lengths = line.split()
            ids = [torch.randint(8, vocabulary, (1, int(n))) for n in lengths]
            x = torch.randn(1, int(lengths[0]), width)
            began = time.perf_counter()
            if what == "forward":
                model(*ids)
            else:
                attention(x, x, x, need_weights=False)
            print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
