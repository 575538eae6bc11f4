"""AdamW (Loshchilov and Hutter 2019) and its learning-rate schedules, as one traced update.

State, all flat in the weights' layout: weights, adamw.m, adamw.v and, if asked for, ema.
"""

from math import cos, pi, sqrt

import numpy as np

from tat.config_tables import TrainConfig
from tat.model.parameters import Parameters
from tat.ops.graph import Graph, Tensor

CHUNK = 65536  # elements of one partial sum of squares


def learning_rate(config: TrainConfig, step: int) -> float:
    """The learning rate of `step`, counted from 1: linear warm-up, then the schedule."""
    warm = min(1.0, step / config.warmup_steps) if config.warmup_steps else 1.0
    if config.schedule == "inverse_square_root":
        anchor = max(1, config.warmup_steps)
        return config.lr * warm * sqrt(anchor / max(step, anchor))
    if config.schedule == "cosine" and step > config.warmup_steps:
        span = max(1, config.schedule_steps - config.warmup_steps)
        done = min(1.0, (step - config.warmup_steps) / span)
        low = config.final_lr_share
        return config.lr * (low + (1 - low) * 0.5 * (1 + cos(pi * done)))
    return config.lr * warm


def rate_feed(config: TrainConfig, step: int) -> np.ndarray:
    """The feed "rate" of step `step`: learning rate, 1 - beta1^step and 1 - beta2^step."""
    corrections = (1 - config.beta1**step, 1 - config.beta2**step)
    return np.array([learning_rate(config, step), *corrections])


class AdamW:
    """Adam with decoupled decay of the matrices, clipping by global norm, an optional average."""

    def __init__(self, parameters: Parameters, config: TrainConfig) -> None:
        self.parameters, self.config = parameters, config
        shape = parameters.flat.shape
        self.gradients = Tensor("gradient_total", shape, "state")
        self.m, self.v = Tensor("adamw.m", shape, "state"), Tensor("adamw.v", shape, "state")
        self.average = Tensor("ema", shape, "state") if config.ema_decay else None

    @property
    def state(self) -> list[Tensor]:
        """The tensors that a checkpoint keeps besides the weights."""
        return [self.m, self.v, *([self.average] if self.average else [])]

    @property
    def lane_gradients(self) -> Tensor:
        """The gradient of a lane's micro-batch, flat."""
        return Tensor("gradients", self.parameters.flat.shape, "gradient")

    def level(self, depth: int) -> Tensor:
        """A sum of gradients on the stack that micro-batches are folded into; see tree.py."""
        if depth == 0:
            return self.gradients
        return Tensor(f"gradient_total.{depth}", self.gradients.shape, "state")

    def fold_program(self, depth: int, assign: bool) -> Graph:
        """A lane's gradients into a sum of the stack: set to them, or added to."""
        return self._fold(self.level(depth), self.lane_gradients, assign)

    def merge_program(self, depth: int) -> Graph:
        """A sum of the stack added to the one below it."""
        return self._fold(self.level(depth - 1), self.level(depth), False)

    def _fold(self, into: Tensor, what: Tensor, assign: bool) -> Graph:
        with Graph() as graph:
            graph.emit("fold", [into], [what], size=into.size, accumulate=int(not assign))
        return graph

    def update_program(self, gradients: Tensor | None = None) -> Graph:
        """Feeds "tokens" [1] and "rate" [3]; metric "scale" [2]: applied factor and gradient norm.

        The summed gradients become their mean over the step's tokens. If their norm is not
        finite, the factor is NaN and nothing changes. gradients: the sum, if not the stack's.
        """
        config, flat, size = self.config, self.parameters.flat, self.parameters.flat.size
        gradients = gradients or self.gradients
        tokens, rate = Tensor("tokens", (1,), "feed"), Tensor("rate", (3,), "feed")
        scale = Tensor("scale", (2,), "metric")
        with Graph() as graph:
            count = -(-size // CHUNK)
            (partials,) = graph.emit("square_sum", [(count,)], [gradients], size=size, chunk=CHUNK)
            graph.emit("clip", [scale], [partials, tokens], count=count, clip_norm=config.clip_norm)
            graph.emit(
                "adamw", [flat, self.m, self.v], [gradients, scale, rate], size=size,
                decayed=self.parameters.decayed, beta1=config.beta1, beta2=config.beta2,
                epsilon=config.epsilon, weight_decay=config.weight_decay,
            )  # fmt: skip
            if self.average:
                inputs = [flat, scale]
                graph.emit(
                    "moving_average", [self.average], inputs, size=size, decay=config.ema_decay
                )
        return graph
