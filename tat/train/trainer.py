"""The Trainer: lanes turn micro-batches into gradients, added in order into one update."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from math import isfinite

import numpy as np
from numpy import ndarray as Array

from tat import weights
from tat.backends.backend import Backend, Executable
from tat.config import Config
from tat.data.batches import Batch, Batches
from tat.data.dataset import Bucket
from tat.errors import DivergedError
from tat.model.loss import CrossEntropyLoss
from tat.model.programs import BatchShape, loss_program
from tat.model.transformer import Transformer
from tat.ops.cost import plan_flops
from tat.ops.graph import Tensor
from tat.ops.plan import Plan, plan
from tat.train.adamw import AdamW, learning_rate, rate_feed
from tat.train.loss_scale import LossScale
from tat.train.step_clock import StepClock


@dataclass(frozen=True)
class StepResult:
    """The result of one optimizer step."""

    step: int
    loss: float  # nats per target token, smoothed as configured, dropout on
    lr: float
    gradient_norm: float  # of the mean gradient, before clipping
    tokens: int  # target tokens
    flops: float  # operations of its plans' products
    loss_scale: LossScale | None = None  # with f16: the state after the step
    seconds: float = field(default=0.0, compare=False)  # all steps add up to the whole time


Metric = Callable[[], Array]  # a metric's copy, waiting until its run is done


@dataclass(frozen=True)
class _Underway:
    """A step whose work the backend has, and the results to wait for."""

    step: int
    batches: list[Batch]
    losses: list[Metric]
    scale: Metric  # factor of the gradient, and its norm

    @property
    def tokens(self) -> int:
        return sum(batch.tokens for batch in self.batches)


class Trainer:
    """Owns batches, loss and steps. A step's result depends on seed and step, not on the lanes."""

    def __init__(
        self, config: Config, model: Transformer, backend: Backend, batches: Batches
    ) -> None:
        self.config, self.model, self.backend, self.batches = config, model, backend, batches
        self.step_count = 0  # steps of which the result is known
        self._start = (0, 0)  # a step, and the micro-batches that were drawn up to it
        self._next: _Underway | None = None
        self._clock = StepClock()
        half = config.train.precision == "f16"
        self.loss_scale = LossScale.initial(config.train) if half else None
        self.optimizer = AdamW(model.parameters, config.train)
        self.loss = CrossEntropyLoss(config.train.label_smoothing, config.memory.chunk_bytes)
        self.evaluation_loss = CrossEntropyLoss(0.0, config.memory.chunk_bytes)
        self._plan = cache(self._make_plan)
        self._executable = cache(self._compile)
        self._flops = cache(lambda bucket: plan_flops(self._plan(bucket, True)))
        self.lanes = min(backend.lanes, config.train.micro_batches)
        self._pool = ThreadPoolExecutor(self.lanes, "lane") if self.lanes > 1 else None
        self._update = backend.compile(plan(self.optimizer.update_program(), backend.memory))
        self._folds = {
            (lane, first): backend.compile(
                plan(self.optimizer.fold_program(first), backend.memory), lane
            )
            for lane in range(self.lanes)
            for first in (True, False)
        }
        self.compile_buckets()

    def compile_buckets(self) -> None:
        """Compile all programs, the largest first, so that arenas get their full size at once."""
        for bucket in sorted(self.batches.used_buckets, key=sum, reverse=True):
            for lane in range(self.lanes):
                self._executable(bucket, lane, True)

    def plans(self) -> dict[Bucket, Plan]:
        """The gradient plan of each bucket that has samples."""
        return {bucket: self._plan(bucket, True) for bucket in self.batches.used_buckets}

    def gradient_executable(self, bucket: Bucket) -> Executable:
        """The executable for gradients of this bucket's micro-batches on the first lane."""
        return self._executable(bucket, 0, True)

    def start(self, values: Mapping[str, Array]) -> None:
        """Sets the weights; moments start at zero and the average at the weights."""
        weights.install(self.backend, self.model, values)
        if self.optimizer.average:
            packed = weights.pack(self.model.parameters, values)
            self.backend.write(self.optimizer.average, packed)

    def step(self, *, ahead: bool = False) -> StepResult:
        """One optimizer step; DivergedError, weights as before, if a number is not finite.

        With f16, a gradient that is not finite only skips the step, and its norm is given as 0.

        With `ahead`, a backend that queues its work begins the next step before it waits for this
        one's result. Weights and state are then those after the next step.
        """
        if not self._next:
            self._clock.start()
        now = self._next or self._begin(self.step_count + 1)
        self._next = None
        if ahead and self.backend.queues:
            self._next = self._begin(now.step + 1)
        total = 0.0
        for loss in now.losses:
            total += float(loss()[0])
        norm = float(now.scale()[1])
        if not (isfinite(total) and self._accepts(norm)):
            self._next = None
            raise DivergedError(self._diagnose(now.step, now.batches))
        self.step_count = now.step
        lr = learning_rate(self.config.train, now.step)
        work = sum(self._flops(batch.bucket) for batch in now.batches)
        return StepResult(
            now.step, total / now.tokens, lr, norm if isfinite(norm) else 0.0, now.tokens, work,
            replace(self.loss_scale) if self.loss_scale else None, self._clock.finished(),
        )  # fmt: skip

    def _accepts(self, norm: float) -> bool:
        """Whether training can go on after a gradient of this norm."""
        if self.loss_scale is None:
            return isfinite(norm)
        return self.loss_scale.judge(isfinite(norm), self.config.train.loss_scale_steps)

    def _factor(self, step: int) -> float:
        """The factor of a step's loss."""
        if self.loss_scale is None:
            return 1.0
        ahead = step > self.step_count + 1
        return self.loss_scale.following if ahead else self.loss_scale.next

    @property
    def underway(self) -> bool:
        """Whether a step was begun ahead; the next call of step() returns its result."""
        return self._next is not None

    def _begin(self, step: int) -> _Underway:
        """Gives the backend all work of a step, from its batches to the update."""
        count = self.config.train.micro_batches
        begun, drawn = self._start
        first = drawn + (step - 1 - begun) * count
        batches = [self.batches.micro_batch(first + i) for i in range(count)]
        tokens = sum(batch.tokens for batch in batches)
        self._update.write("tokens", np.array([tokens * self._factor(step)]))
        self._update.write("rate", rate_feed(self.config.train, step))
        losses: list[Metric] = []
        with self.backend.together():
            for start in range(0, count, self.lanes):
                wave = range(start, min(start + self.lanes, count))
                losses += self._run([(batches[i], lane, step, i) for lane, i in enumerate(wave)])
                for lane, i in enumerate(wave):
                    self._folds[lane, i == 0].run()
            self._update.run()
            scale = self._update.fetch("scale")
        self._clock.began()
        return _Underway(step, batches, losses, scale)

    def _run(self, jobs: Sequence[tuple[Batch, int, int, int]]) -> list[Metric]:
        """The summed loss of each (batch, lane, step, index), gradients left in the lanes."""
        run = self._pool.map if self._pool and len(jobs) > 1 else map
        return list(run(lambda job: self._gradient(*job), jobs))

    def _gradient(self, batch: Batch, lane: int, step: int, index: int) -> Metric:
        executable = self._executable(batch.bucket, lane, True)
        write_batch(executable, batch)
        if "counter" in executable.plan.feeds:  # only dropout reads it
            counter = np.array([self.config.seed, step, index], np.uint32).view(np.int32)
            executable.write("counter", counter)
        if "loss_scale" in executable.plan.feeds:
            executable.write("loss_scale", np.array([self._factor(step)]))
        executable.run()
        return executable.fetch("loss")

    def _diagnose(self, step: int, batches: Sequence[Batch]) -> str:
        """The place of the first NaN or infinity of a diverged step, found by replaying it."""
        advice = "lower train.lr or raise train.warmup_steps; the last checkpoint is untouched"
        for index, batch in enumerate(batches):
            self._gradient(batch, 0, step, index)
            culprit = self._executable(batch.bucket, 0, True).first_non_finite()
            if culprit:
                return f"step {step}, micro-batch {index}: {culprit} is not finite; {advice}"
        return f"step {step}: the summed gradient is not finite; {advice}"

    def evaluate(self, batches: Iterable[Batch]) -> float:
        """Unsmoothed nats per token, dropout off; of the averaged weights if there are any."""
        if self.optimizer.average is None:
            return self._evaluate(batches)
        flat = self.model.parameters.flat
        kept = self.backend.read(flat)
        self.backend.write(flat, self.backend.view(self.optimizer.average))
        try:
            return self._evaluate(batches)
        finally:
            self.backend.write(flat, kept)

    def _evaluate(self, batches: Iterable[Batch]) -> float:
        total, tokens = 0.0, 0
        for batch in batches:
            executable = self._executable(batch.bucket, 0, False)
            write_batch(executable, batch)
            executable.run()
            total += float(executable.read("loss")[0])
            tokens += batch.tokens
        return total / max(1, tokens)

    def _make_plan(self, bucket: Bucket, training: bool) -> Plan:
        shape = BatchShape(self.batches.rows_of(bucket), *bucket, self.batches.sources)
        loss = self.loss if training else self.evaluation_loss
        scaled = training and self.loss_scale is not None
        graph = loss_program(self.model, shape, loss, training=training, scaled=scaled)
        return plan(graph, self.backend.memory)

    def _compile(self, bucket: Bucket, lane: int, training: bool) -> Executable:
        return self.backend.compile(self._plan(bucket, training), lane)

    def weights(self) -> dict[str, Array]:
        """The weights by name, to be used before the next step."""
        return weights.unpack(self.model.parameters, self.backend.view(self.model.parameters.flat))

    def state(self) -> dict[str, Array]:
        """The optimizer's state by "adamw.m/NAME" and so on, to be used before the next step."""
        return {
            f"{tensor.name}/{name}": values
            for tensor in self.optimizer.state
            for name, values in self._unpacked(tensor).items()
        }

    def _unpacked(self, tensor: Tensor) -> dict[str, Array]:
        return weights.unpack(self.model.parameters, self.backend.view(tensor))

    def restorable(self, names: Iterable[str]) -> list[Tensor]:
        """The tensors of the optimizer that a state with these names must hold.

        A new moving average starts at the weights.
        """
        averaged = any(name.startswith("ema/") for name in names)
        return [t for t in self.optimizer.state if averaged or t is not self.optimizer.average]

    def restore(
        self, step: int, values: Mapping[str, Array], state: Mapping[str, Array], drawn: int
    ) -> None:
        """Continues after `step`, up to which `drawn` micro-batches were drawn, with the weights
        and state of a checkpoint."""
        self.start(values)
        for tensor in self.restorable(state):
            named = {name: state[f"{tensor.name}/{name}"] for name in self.model.parameters.tensors}
            self.backend.write(tensor, weights.pack(self.model.parameters, named))
        self.step_count, self._next, self._start = step, None, (step, drawn)

    def close(self) -> None:
        """Ends the lanes' threads."""
        if self._pool:
            self._pool.shutdown()


def write_batch(executable: Executable, batch: Batch) -> None:
    """Sets the feeds that a loss program takes from a batch."""
    executable.write("sources", batch.sources)
    executable.write("source_lengths", batch.source_lengths)
    executable.write("inputs", batch.inputs)
    executable.write("targets", batch.targets)
    executable.write("target_lengths", batch.target_lengths[:, None])
