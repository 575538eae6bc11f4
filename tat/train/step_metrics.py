"""The schema of metrics.jsonl, one object a step, and the meter that fills it."""

import time
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tat.machine import resident_bytes
from tat.train.trainer import StepResult, Trainer

SCHEMA = 1  # rises when a field changes its meaning, not with a new optional field

_NotNegative = Annotated[float, Meta(ge=0)]
_Bytes = Annotated[int, Meta(ge=0)]


class StepMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """One line of metrics.jsonl; fields that are not measured at every step may be missing."""

    schema: Literal[1]
    step: Annotated[int, Meta(ge=1)]
    loss: float  # nats per target token, smoothed as configured, dropout on
    lr: _NotNegative
    gradient_norm: _NotNegative  # of the mean gradient, before clipping
    tokens: Annotated[int, Meta(ge=0)]  # target tokens
    seconds: _NotNegative  # of the step
    tokens_per_s: _NotNegative  # target tokens
    gflops: _NotNegative  # 1e9 operations a second, of the products that the step's plans define
    arena_bytes: _Bytes  # of the temporaries, over all lanes
    rss_bytes: _Bytes  # memory of the process on the host
    device: str
    attention_ms: _NotNegative | UnsetType = UNSET  # forward, all layers of one micro-batch
    validation_loss: float | UnsetType = UNSET  # nats per token
    loss_scale: _NotNegative | UnsetType = UNSET  # with f16: factor of the step that comes
    skipped: Annotated[int, Meta(ge=0)] | UnsetType = UNSET  # with f16: steps so far, in all


class Meter:
    """Measures around the steps of one trainer."""

    def __init__(
        self, trainer: Trainer, every: int, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._trainer, self._every, self._clock = trainer, every, clock
        self._arena_bytes = _arena_bytes(trainer)

    def measures_after(self, step: int) -> bool:
        """Whether this step's attention is timed; no other step may then be underway."""
        return bool(self._every) and step % self._every == 0

    def record(
        self, result: StepResult, seconds: float, validation_loss: float | None
    ) -> StepMetrics:
        """The line of a step that took `seconds`."""
        timed = self.measures_after(result.step) and not self._trainer.underway
        scale = result.loss_scale
        return StepMetrics(
            schema=SCHEMA,
            step=result.step,
            loss=result.loss,
            lr=result.lr,
            gradient_norm=result.gradient_norm,
            tokens=result.tokens,
            seconds=seconds,
            tokens_per_s=result.tokens / seconds,
            gflops=result.flops / seconds / 1e9,
            arena_bytes=self._arena_bytes,
            rss_bytes=resident_bytes(),
            device=self._trainer.backend.name,
            attention_ms=self._attention_ms() if timed else UNSET,
            validation_loss=UNSET if validation_loss is None else validation_loss,
            loss_scale=scale.next if scale else UNSET,
            skipped=scale.skipped if scale else UNSET,
        )

    def _attention_ms(self) -> float:
        """Milliseconds of attention, replayed for one micro-batch of the first bucket."""
        executable = self._trainer.gradient_executable(self._trainer.batches.used_buckets[0])
        calls = executable.plan.calls
        chosen = [i for i, call in enumerate(calls) if call.kernel == "attention"]
        waits = self._trainer.backend.queues
        began = self._clock()
        for index in chosen:
            executable.run_call(index)
        if waits:
            executable.read("loss")  # waits for all submitted work
        return 1000 * (self._clock() - began)


def _arena_bytes(trainer: Trainer) -> int:
    return trainer.lanes * max(plan.arena_bytes for plan in trainer.plans().values())
