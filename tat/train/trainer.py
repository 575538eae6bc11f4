"""The Trainer: micro-batches to gradients on lanes, folded by a tree into one update."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
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
from tat.remembered import remembered
from tat.train.adamw import AdamW, learning_rate
from tat.train.between import Between
from tat.train.feeds import write_batch
from tat.train.loss_scale import LossScale
from tat.train.ranks import ALONE, Ranks
from tat.train.sharded_update import open_update, own_share
from tat.train.step_clock import StepClock
from tat.train.tree import added, in_order
from tat.train.update import Applied, Metric


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


@dataclass(frozen=True)
class _Underway:
    """A step whose work the backend has, and the results to wait for."""

    step: int
    batches: list[Batch]  # of this process
    applied: Applied


class Trainer:
    """Owns batches, loss and steps. A step's result depends on seed and step alone.

    Lanes, and ranks if it is one of several, only decide who computes which micro-batch. Several
    ranks call the same methods in the same order.
    """

    def __init__(
        self, config: Config, model: Transformer, backend: Backend, batches: Batches,
        ranks: Ranks = ALONE,
    ) -> None:  # fmt: skip
        self.config, self.model, self.backend, self.batches = config, model, backend, batches
        self.ranks = ranks
        self.stop_asked = 0  # exit code that a signal asked any rank to end with, as all know
        self.step_count = 0  # steps of which the result is known
        self._start = (0, 0)  # a step, and the micro-batches that were drawn up to it
        self._next: _Underway | None = None
        self._clock = StepClock()
        half = config.train.precision == "f16"
        self.loss_scale = LossScale.initial(config.train) if half else None
        self.optimizer = AdamW(model.parameters, config.train)
        self.between = Between(config.train.origin_share, model.parameters, backend, ranks)
        self.loss = CrossEntropyLoss(config.train.label_smoothing, config.memory.chunk_bytes)
        self.evaluation_loss = CrossEntropyLoss(0.0, config.memory.chunk_bytes)
        self.lanes = min(backend.lanes, len(own_share(config.train.micro_batches, self.ranks)))
        self._pool = ThreadPoolExecutor(self.lanes, "lane") if self.lanes > 1 else None
        self._update = open_update(
            self.optimizer, backend, self.lanes, config.train.micro_batches, self.ranks
        )
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
        """Sets the weights to rank 0's; moments start at zero and the average at the weights."""
        weights.install_constants(self.backend, self.model)
        self._update.install(self._packed(values))
        self.between.start()

    def _packed(self, values: Mapping[str, Array]) -> Array | None:
        """The values in the weights' layout, at rank 0."""
        return None if self.ranks.rank else weights.pack(self.model.parameters, values)

    def step(self, *, ahead: bool = False, stop: int = 0) -> StepResult:
        """One optimizer step; DivergedError, weights as before, if a number is not finite.

        With f16, a gradient that is not finite only skips the step, and its norm is given as 0.

        With `ahead`, a backend that queues its work begins the next step before it waits for this
        one's result. Weights and state are then those after the next step. Several ranks never do
        so. stop: the exit code that a signal asked this process to end with.
        """
        if not self._next:
            self._clock.start()
        now = self._next or self._begin(self.step_count + 1, stop)
        self._next = None
        if ahead and self.backend.queues and self.ranks.size == 1:
            self._next = self._begin(now.step + 1)
        applied = now.applied
        total, norm = applied.loss(), float(applied.scale()[1])
        if not (isfinite(total) and self._accepts(norm)):
            self._next = None
            raise DivergedError(self._diagnose(now.step, now.batches))
        self.step_count, self.stop_asked = now.step, applied.stop
        lr = learning_rate(self.config.train, now.step)
        return StepResult(
            now.step, total / applied.tokens, lr, norm if isfinite(norm) else 0.0, applied.tokens,
            applied.work, replace(self.loss_scale) if self.loss_scale else None,
            self._clock.finished(),
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
        return self.loss_scale.following if step > self.step_count + 1 else self.loss_scale.next

    @property
    def underway(self) -> bool:
        """Whether a step was begun ahead; the next call of step() returns its result."""
        return self._next is not None

    def _begin(self, step: int, stop: int = 0) -> _Underway:
        """Gives the backend all work of a step, from its batches to the update."""
        own, first = self._update.own, self._first(step)
        jobs = [(i, self.batches.micro_batch(first + i)) for i in own]
        batches, losses = [batch for _, batch in jobs], []
        self._update.begin(step, self._factor(step), [batch.tokens for batch in batches])
        with self.backend.together():
            for start in range(0, len(jobs), self.lanes):
                wave = jobs[start : start + self.lanes]
                losses += self._run(
                    [(batch, lane, step, i) for lane, (i, batch) in enumerate(wave)]
                )
                for lane, (i, _) in enumerate(wave):
                    self._update.fold(lane, i)
            work = sum(self._flops(batch.bucket) for batch in batches)
            applied = self._update.apply(losses, work, stop)
        self._clock.began()
        return _Underway(step, batches, applied)

    def _first(self, step: int) -> int:
        """The number of a step's first micro-batch, counted from the start of the run."""
        begun, drawn = self._start
        return drawn + (step - 1 - begun) * self.config.train.micro_batches

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
        found = ""
        for index, batch in zip(self._update.own, batches):
            self._gradient(batch, 0, step, index)
            if culprit := self._executable(batch.bucket, 0, True).first_non_finite():
                found = f"step {step}, micro-batch {index}: {culprit} is not finite; {advice}"
                break
        problems = filter(None, self.ranks.together(found))
        return next(problems, f"step {step}: the summed gradient is not finite; {advice}")

    def first_gradient(self) -> Array:
        """The gradient of the next step's micro-batch 0, flat: equal bits on every rank."""
        step = self.step_count + 1
        batch = self.batches.micro_batch(self._first(step))
        self._gradient(batch, 0, step, 0)()
        return self.backend.view(self.optimizer.lane_gradients, 0)

    def evaluate(self, batches: Iterable[Batch]) -> float:
        """Unsmoothed nats per token, dropout off; of the weights that generate."""
        average = self._update.average()
        if average is None and not self.between.share:
            return self._evaluate(list(batches))
        flat = self.model.parameters.flat
        kept = self.backend.read(flat)
        self.backend.write(flat, self.between.of(kept if average is None else average))
        try:
            return self._evaluate(list(batches))
        finally:
            self.backend.write(flat, kept)

    def _evaluate(self, batches: Sequence[Batch]) -> float:
        """Every rank takes each so manieth; losses are added in the order of the batches."""
        losses = []
        for batch in batches[self.ranks.rank :: self.ranks.size]:
            executable = self._executable(batch.bucket, 0, False)
            write_batch(executable, batch)
            executable.run()
            losses.append(float(executable.read("loss")[0]))
        total = added(in_order(self.ranks.gather(np.array(losses, np.float64))))
        return total / max(1, sum(batch.tokens for batch in batches))

    @remembered()
    def _plan(self, bucket: Bucket, training: bool) -> Plan:
        shape = BatchShape(self.batches.rows_of(bucket), *bucket, self.batches.sources)
        loss = self.loss if training else self.evaluation_loss
        scaled = training and self.loss_scale is not None
        graph = loss_program(self.model, shape, loss, training=training, scaled=scaled)
        return plan(graph, self.backend.memory)

    @remembered()
    def _executable(self, bucket: Bucket, lane: int, training: bool) -> Executable:
        return self.backend.compile(self._plan(bucket, training), lane)

    @remembered()
    def _flops(self, bucket: Bucket) -> float:
        return plan_flops(self._plan(bucket, True))

    def weights(self) -> dict[str, Array]:
        """The weights by name, to be used before the next step."""
        return weights.unpack(self.model.parameters, self.backend.view(self.model.parameters.flat))

    def state(self) -> dict[str, Array]:
        """The optimizer's state by "adamw.m/NAME" and so on, to be used before the next step.

        All of it at rank 0, nothing at the others.
        """
        return self.between.state() | {
            f"{kind}/{name}": values
            for kind, flat in (self._update.state() or {}).items()
            for name, values in weights.unpack(self.model.parameters, flat).items()
        }

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
            names = self.model.parameters.tensors
            named = {name: state.get(f"{tensor.name}/{name}") for name in names}
            self._update.restore(tensor, self._packed(named))
        self.between.restore(state)
        self.step_count, self._next, self._start = step, None, (step, drawn)

    def close(self) -> None:
        """Ends the lanes' threads."""
        if self._pool:
            self._pool.shutdown()
