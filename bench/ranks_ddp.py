"""One process of bench/ranks_gpu.py's PyTorch side: a Transformer under DDP with NCCL."""

import json
import os
import sys
import time
from statistics import median

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel


class Model(torch.nn.Module):
    """The size of preset base: 6 + 6 layers of width 512, 8 heads, 8192 tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(8192, 512)
        self.body = torch.nn.Transformer(512, 8, 6, 6, 2048, 0.1, batch_first=True, norm_first=True)

    def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        mask = torch.nn.Transformer.generate_square_subsequent_mask(target.shape[1]).to(
            target.device
        )
        out = self.body(self.embedding(source), self.embedding(target), tgt_mask=mask)
        return out @ self.embedding.weight.T


def main() -> None:
    counts, steps = [int(word) for word in sys.argv[1].split(",")], int(sys.argv[2])
    rank = int(os.environ["LOCAL_RANK"])
    torch.cuda.set_device(rank)
    dist.init_process_group("nccl")
    model = DistributedDataParallel(Model().cuda())
    optimizer = torch.optim.AdamW(model.parameters(), 5e-4, fused=True)
    ids = torch.randint(9, 8192, (8, 64), device="cuda")

    def step(count: int) -> float:
        torch.cuda.synchronize()
        began = time.perf_counter()
        optimizer.zero_grad()
        for index in range(count):
            model.require_backward_grad_sync = index == count - 1
            logits = model(ids, ids)
            torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids.flatten()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        torch.cuda.synchronize()
        return time.perf_counter() - began

    found = [median([step(count) for _ in range(steps)][steps // 3 :]) for count in counts]
    if rank == 0:
        print(json.dumps({"step_ms": [round(1e3 * seconds, 2) for seconds in found]}))
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
