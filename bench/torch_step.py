"""The same training step in PyTorch: a child process that times the steps each line asks for."""

import math
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class Model(nn.Module):
    """nn.Transformer, pre-norm, with one embedding table for sources, targets and output."""

    def __init__(
        self, vocabulary: int, layers: int, width: int, heads: int, hidden: int, dropout: float
    ) -> None:
        super().__init__()
        self.table = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.table.weight, std=width**-0.5)
        self.transformer = nn.Transformer(
            width, heads, layers, layers, hidden, dropout=dropout, norm_first=True,
            batch_first=True,
            activation=lambda x: F.gelu(x, approximate="tanh"),
        )  # fmt: skip
        self.scale = math.sqrt(width)

    def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        length = target.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(length, device=target.device)
        padding = source == 0
        hidden = self.transformer(
            self.table(source) * self.scale, self.table(target) * self.scale, tgt_mask=mask,
            tgt_is_causal=True, src_key_padding_mask=padding, memory_key_padding_mask=padding,
        )  # fmt: skip
        return hidden @ self.table.weight.T


def main() -> None:
    """Arguments: vocabulary layers width heads hidden batch source target threads [device]."""
    vocabulary, layers, width, heads, hidden, batch, source, target, threads = map(
        int, sys.argv[1:10]
    )
    device = torch.device(*sys.argv[10:] or ["cpu"])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = Model(vocabulary, layers, width, heads, hidden, 0.1).train().to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.98), fused=True)
    sources = torch.randint(8, vocabulary, (batch, source), device=device)
    targets = torch.randint(8, vocabulary, (batch, target + 1), device=device)

    def step() -> None:
        logits = model(sources, targets[:, :-1])
        loss = F.cross_entropy(
            logits.flatten(0, 1), targets[:, 1:].flatten(), ignore_index=0, label_smoothing=0.1
        )
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    for line in sys.stdin:
        steps = int(line.strip() or 1)
        began = time.perf_counter()
        for _ in range(steps):
            step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        print((time.perf_counter() - began) / steps, flush=True)


if __name__ == "__main__":
    main()
