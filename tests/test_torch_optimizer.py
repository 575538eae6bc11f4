"""AdamW against PyTorch's, on equal weights and gradients."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy import ndarray as Array
from torch import nn

from tat import weights
from tat.backends.cpu.executable import CpuBackend
from tat.config import resolve
from tat.config_tables import TrainConfig
from tat.model.parameters import Parameters
from tat.ops.plan import plan
from tat.train.adamw import AdamW, learning_rate, rate_feed

DTYPES = {np.float32: torch.float32, np.float64: torch.float64}
SETTINGS = replace(resolve(environment={}).config.train, weight_decay=0.3)
OPTIMIZERS = {  # with the fewest and the most steps that clip
    "always clipped": (
        replace(SETTINGS, lr=0.01, warmup_steps=10, schedule_steps=40, clip_norm=0.05), 50, 50,
    ),
    "sometimes clipped": (
        replace(SETTINGS, lr=0.02, schedule="inverse_square_root", warmup_steps=5, clip_norm=2.0),
        10, 40,
    ),
    "never clipped": (
        replace(SETTINGS, lr=0.005, schedule="constant", warmup_steps=4, clip_norm=0.0), 0, 0,
    ),
}  # fmt: skip


def parameters_of_two_kinds() -> Parameters:
    parameters = Parameters()
    parameters.matrix("first", 13, 7)
    parameters.vector("shift", 7, 0.0)
    parameters.matrix("second", 7, 11)
    parameters.vector("gain", 11, 1.0)
    parameters.freeze()
    return parameters


class OptimizerPair:
    """AdamW and torch.optim.AdamW on equal weights; each step takes equal gradients."""

    def __init__(self, config: TrainConfig, dtype: type) -> None:
        self.config, self.parameters = config, parameters_of_two_kinds()
        self.backend, self.optimizer = CpuBackend(dtype=dtype), AdamW(self.parameters, config)
        self.update = self.backend.compile(plan(self.optimizer.update_program()))
        self.start = weights.draw(self.parameters, seed=2)
        self.backend.write(self.parameters.flat, weights.pack(self.parameters, self.start))
        self.peers = {
            name: nn.Parameter(torch.tensor(value, dtype=DTYPES[dtype]))
            for name, value in self.start.items()
        }
        matrices = [p for p in self.peers.values() if p.ndim > 1]
        vectors = [p for p in self.peers.values() if p.ndim == 1]
        self.peer = torch.optim.AdamW(
            [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}],
            betas=(config.beta1, config.beta2),
            eps=config.epsilon,
            weight_decay=config.weight_decay,
        )

    def step(self, number: int, gradients: Mapping[str, Array], tokens: int) -> float:
        """Steps both with the mean over `tokens` of summed gradients; returns the norm here."""
        self.backend.write(self.optimizer.gradients, weights.pack(self.parameters, gradients))
        self.update.write("tokens", np.array([tokens]))
        self.update.write("rate", rate_feed(self.config, number))
        self.update.run()
        return float(self.update.read("scale")[1])

    def step_peer(self, number: int, gradients: Mapping[str, Array], tokens: int) -> float:
        for name, p in self.peers.items():
            p.grad = torch.tensor(gradients[name], dtype=p.dtype) / tokens
        limit = self.config.clip_norm or float("inf")
        norm = nn.utils.clip_grad_norm_(self.peers.values(), limit)
        for group in self.peer.param_groups:
            group["lr"] = learning_rate(self.config, number)
        self.peer.step()
        return float(norm)


@pytest.mark.parametrize("clipping", OPTIMIZERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_adamw_over_50_steps(clipping: str, dtype: type):
    config, fewest, most = OPTIMIZERS[clipping]
    pair, random, clipped = OptimizerPair(config, dtype), np.random.default_rng(3), 0
    for step in range(1, 51):
        tokens = int(random.integers(1, 9))
        scale = tokens * random.uniform(0.02, 0.2)
        gradients = {
            name: (scale * (1 + random.standard_normal(value.shape))).astype(np.float32)
            for name, value in pair.start.items()
        }
        norm, expected_norm = (f(step, gradients, tokens) for f in (pair.step, pair.step_peer))
        assert norm == pytest.approx(expected_norm, rel=1e-5)
        clipped += 0 < config.clip_norm < norm
    assert fewest <= clipped <= most
    # PyTorch clips by the norm plus 1e-6, which makes 4e-8 of the weights.
    bound = 2e-6 if dtype is np.float32 else 1e-6 if clipped else 1e-12
    flat = pair.backend.read(pair.parameters.flat)
    for name, got in weights.unpack(pair.parameters, flat).items():
        expected = pair.peers[name].detach().numpy()
        assert np.abs(expected - pair.start[name]).max() > 0.05
        np.testing.assert_allclose(got, expected, rtol=0, atol=bound, err_msg=name)
