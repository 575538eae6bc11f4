"""Learning-rate schedules, and the parts of an update around AdamW's formula (see test_torch)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy import ndarray as Array

from tat import weights
from tat.backends.cpu.executable import CpuBackend
from tat.config import resolve
from tat.config_tables import TrainConfig
from tat.model.parameters import Parameters
from tat.ops.graph import Tensor
from tat.ops.plan import plan
from tat.train.adamw import AdamW, learning_rate, rate_feed
from tat.train.tree import fold_tree
from tat.train.update import Folding, WholeUpdate

DEFAULT = resolve(environment={}).config.train
SCHEDULES = ["cosine", "inverse_square_root", "constant"]

configs = st.builds(
    lambda **changes: replace(DEFAULT, **changes),
    schedule=st.sampled_from(SCHEDULES),
    lr=st.floats(1e-8, 1.0),
    warmup_steps=st.integers(0, 500),
    schedule_steps=st.integers(1, 2000),
    final_lr_share=st.floats(0, 1),
)


@given(configs, st.data())
def test_warm_up_is_linear_to_the_peak(config: TrainConfig, data: st.DataObject):
    if config.warmup_steps:
        step = data.draw(st.integers(1, config.warmup_steps))
        expected = config.lr * step / config.warmup_steps
        assert learning_rate(config, step) == pytest.approx(expected, rel=1e-12)
    else:
        assert learning_rate(replace(config, schedule="constant"), 1) == config.lr


@given(configs, st.integers(0, 3000), st.integers(0, 3000))
def test_after_warm_up_the_rate_never_rises(config: TrainConfig, one: int, other: int):
    early, late = sorted(config.warmup_steps + 1 + offset for offset in (one, other))
    assert 0 <= learning_rate(config, late) <= learning_rate(config, early) <= config.lr


@given(configs, st.integers(0, 10**6))
def test_cosine_ends_at_its_final_share_and_stays_there(config: TrainConfig, beyond: int):
    config = replace(config, schedule="cosine")
    step = max(config.schedule_steps, config.warmup_steps + 1) + beyond
    expected = config.lr * config.final_lr_share
    assert learning_rate(config, step) == pytest.approx(expected, rel=1e-9, abs=1e-15)


@given(configs)
def test_cosine_is_half_way_down_in_the_middle(config: TrainConfig):
    steps = config.warmup_steps + 2 * config.schedule_steps
    config = replace(config, schedule="cosine", schedule_steps=steps)
    expected = config.lr * (1 + config.final_lr_share) / 2
    middle = (config.warmup_steps + steps) // 2
    assert learning_rate(config, middle) == pytest.approx(expected, rel=1e-9)


@given(configs, st.integers(1, 40))
def test_the_inverse_square_root_schedule_follows_its_formula(config: TrainConfig, times: int):
    config = replace(config, schedule="inverse_square_root")
    step = max(1, config.warmup_steps) * times
    assert learning_rate(config, step) == pytest.approx(config.lr / np.sqrt(times), rel=1e-12)


@given(configs)
def test_a_constant_rate_is_constant(config: TrainConfig):
    config = replace(config, schedule="constant")
    steps = range(config.warmup_steps + 1, config.warmup_steps + 100, 7)
    assert {learning_rate(config, step) for step in steps} == {config.lr}


@pytest.mark.parametrize("step", [1, 2, 1000])
def test_the_rate_feed_corrects_the_bias_of_both_moments(step: int):
    rate = rate_feed(DEFAULT, step)
    assert rate[0] == learning_rate(DEFAULT, step)
    # A moment that averages a constant c from 0 holds c * correction after so many steps.
    for beta, correction in ((DEFAULT.beta1, rate[1]), (DEFAULT.beta2, rate[2])):
        moment = 0.0
        for _ in range(step):
            moment = beta * moment + (1 - beta) * 3.0
        assert moment == pytest.approx(3.0 * correction, rel=1e-9)


class Update:
    """The update of a few weights: two matrices and two vectors, with gaps between."""

    def __init__(self, config: TrainConfig, rows: int = 5, dtype: type = np.float32) -> None:
        self.parameters = Parameters()
        self.parameters.matrix("first", rows, 7)
        self.parameters.vector("shift", 7, 0.5)
        self.parameters.matrix("second", 7, 3)
        self.parameters.vector("gain", 3, 1.0)
        self.parameters.freeze()
        self.config, self.optimizer = config, AdamW(self.parameters, config)
        self.backend = CpuBackend(dtype=dtype)
        self.executable = self.backend.compile(plan(self.optimizer.update_program()))
        drawn = weights.pack(self.parameters, weights.draw(self.parameters, seed=1))
        for tensor in (self.parameters.flat, self.optimizer.average):
            if tensor is not None:
                self.backend.write(tensor, drawn)

    @property
    def tensors(self) -> list[Tensor]:
        """All tensors that an update changes."""
        return [self.parameters.flat, *self.optimizer.state]

    def values(self) -> list[Array]:
        return [self.backend.read(tensor).copy() for tensor in self.tensors]

    def gradient(self, seed: int = 0) -> Array:
        """A random gradient, 0 in the gaps."""
        random = np.random.default_rng(seed)
        drawn = {n: random.standard_normal(t.shape) for n, t in self.parameters.tensors.items()}
        return weights.pack(self.parameters, drawn)

    def step(self, number: int, gradient: Array, tokens: int = 1) -> Array:
        """One update; returns the metric "scale": applied factor and norm."""
        self.backend.write(self.optimizer.gradients, gradient)
        self.executable.write("tokens", np.array([tokens]))
        self.executable.write("rate", rate_feed(self.config, number))
        self.executable.run()
        return self.executable.read("scale")


AVERAGED = replace(
    DEFAULT, lr=0.01, schedule="constant", warmup_steps=0, ema_decay=0.9, weight_decay=0.1
)


@given(
    positions=st.lists(st.integers(0, 10**6), min_size=1, max_size=3),
    value=st.sampled_from([np.nan, np.inf, -np.inf, 1e30]),  # the last one overflows when squared
    clip_norm=st.sampled_from([0.0, 1.0]),
)
def test_a_gradient_that_is_not_finite_changes_no_bit(
    positions: Sequence[int], value: float, clip_norm: float
):
    update = Update(replace(AVERAGED, clip_norm=clip_norm))
    update.step(1, update.gradient())
    before, gradient = update.values(), update.gradient(seed=1)
    gradient[[p % gradient.size for p in positions]] = value
    factor, norm = update.step(2, gradient)
    assert np.isnan(factor)
    assert not np.isfinite(norm)
    for was, now in zip(before, update.values(), strict=True):
        assert was.tobytes() == now.tobytes()
    assert np.isfinite(update.step(2, update.gradient())).all()
    assert all((was != now).any() for was, now in zip(before, update.values(), strict=True))


@pytest.mark.parametrize("rows", [5, 30000])
def test_the_norm_is_that_of_the_mean_gradient(rows: int):
    update = Update(replace(AVERAGED, clip_norm=0.5), rows)
    gradient = update.gradient()
    factor, norm = update.step(1, gradient, tokens=4)
    expected = np.linalg.norm(gradient.astype(np.float64)) / 4
    assert norm == pytest.approx(expected, rel=1e-6)
    assert factor == pytest.approx(0.5 / expected / 4, rel=1e-6)


@pytest.mark.parametrize(("clip_norm", "tokens"), [(0.0, 1), (0.0, 7), (1e6, 7)])
def test_a_gradient_that_is_not_clipped_is_only_averaged(clip_norm: float, tokens: int):
    update = Update(replace(AVERAGED, clip_norm=clip_norm))
    assert update.step(1, update.gradient(), tokens)[0] == np.float32(1 / tokens)


def test_weight_decay_acts_on_matrices_alone():
    update = Update(AVERAGED, dtype=np.float64)
    before = update.values()[0]
    update.step(1, np.zeros(before.shape))
    after = weights.unpack(update.parameters, update.values()[0])
    for name, was in weights.unpack(update.parameters, before).items():
        decay = AVERAGED.lr * AVERAGED.weight_decay if was.ndim > 1 else 0.0
        assert was.any()
        np.testing.assert_allclose(after[name], was * (1 - decay), rtol=1e-14, err_msg=name)


def test_gaps_between_weights_stay_zero():
    update = Update(AVERAGED)
    for number in range(1, 4):
        update.step(number, update.gradient(number))
    for values in update.values():
        parts = weights.unpack(update.parameters, values)
        assert np.count_nonzero(values) == sum(np.count_nonzero(part) for part in parts.values())


def test_the_average_follows_the_weights_by_its_decay():
    update = Update(AVERAGED, dtype=np.float64)
    expected = update.values()[0]
    for number in range(1, 6):
        update.step(number, update.gradient(number))
        flat, *_, average = update.values()
        expected = 0.9 * expected + 0.1 * flat
        np.testing.assert_allclose(average, expected, rtol=0, atol=1e-14)
    assert np.abs(average - flat).max() > 1e-3


def test_without_decay_there_is_no_average():
    update = Update(replace(AVERAGED, ema_decay=0.0))
    assert [tensor.name for tensor in update.optimizer.state] == ["adamw.m", "adamw.v"]
    assert "ema" not in update.executable.plan.persistent


def test_the_gradient_of_one_micro_batch_is_applied_where_it_lies():
    expected, update = Update(AVERAGED), Update(AVERAGED)
    backend, optimizer, gradient = update.backend, update.optimizer, update.gradient()
    expected.step(1, gradient, tokens=7)
    backend.write(optimizer.gradients, np.full(optimizer.gradients.shape, np.nan))
    whole = WholeUpdate(optimizer, backend, lanes=1, count=1)
    whole.begin(1, 1.0, [7])
    backend.write(optimizer.lane_gradients, gradient)
    whole.fold(0, 0)
    whole.apply([], 0.0, 0)
    for got, value in zip(update.values(), expected.values(), strict=True):
        np.testing.assert_array_equal(got, value)
    assert np.isnan(backend.read(optimizer.gradients)).all()


@pytest.mark.parametrize(("count", "lanes"), [(1, 1), (3, 2), (4, 1), (6, 2), (11, 3)])
def test_micro_batches_are_folded_by_the_tree(count, lanes):
    update = Update(AVERAGED)
    backend, optimizer = update.backend, update.optimizer
    gradients = [update.gradient(seed) * 10.0 ** (seed % 4) for seed in range(count)]
    backend.write(optimizer.gradients, np.full(optimizer.gradients.shape, np.nan))
    folding = Folding(optimizer, backend, lanes, range(count))
    for start in range(0, count, lanes):
        for lane, index in enumerate(range(start, min(start + lanes, count))):
            backend.write(optimizer.lane_gradients, gradients[index], lane)
        for lane, index in enumerate(range(start, min(start + lanes, count))):
            folding.fold(lane, index)
    folding.finish()
    expected = fold_tree(count, {i: (1, g.copy()) for i, g in enumerate(gradients)})
    assert backend.read(optimizer.gradients).tobytes() == expected.tobytes()
