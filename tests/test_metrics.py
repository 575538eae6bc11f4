"""The metrics of each step that a run records, and their summary by the MetricsAgent."""

import json
from mmap import mmap
from pathlib import Path

import msgspec
import numpy as np
import pytest
from cli_harness import train
from hypothesis import given
from hypothesis import strategies as st

from tat.backends.cpu.executable import CpuBackend
from tat.checkpoint import load
from tat.config import resolve
from tat.errors import FileError
from tat.machine import resident_bytes
from tat.model.loss import CrossEntropyLoss
from tat.model.programs import BatchShape, logits_program, loss_program
from tat.model.transformer import Transformer
from tat.ops.cost import flops, plan_flops
from tat.ops.graph import Call
from tat.ops.kernels import KERNELS
from tat.ops.plan import plan
from tat.reports.metrics_agent import MetricsAgent, averaged, read_metrics
from tat.train import trainer
from tat.train.step_clock import StepClock
from tat.train.step_metrics import Meter, StepMetrics
from tat.train.trainer import StepResult, Trainer

BASE = resolve(flags={"preset": "base", "model.copy": False}, environment={}).config


@pytest.fixture(scope="module")
def run(bench, tmp_path_factory) -> Path:
    """A run of seven steps; every third times attention, every second validates."""
    folder = tmp_path_factory.mktemp("metered") / "run"
    done = train(
        bench, folder, "-q", "--set", "train.metrics_every=3", "--set", "train.validate_every=2",
        "--set", "data.validation_share=0.3", steps=7,
    )  # fmt: skip
    assert done.code == 0
    return folder


def test_every_step_is_recorded_after_the_schema(run: Path):
    records = read_metrics(run / "metrics.jsonl")
    assert [r.step for r in records] == list(range(1, 8))
    lines = (run / "metrics.jsonl").read_text().splitlines()
    for record, line in zip(records, lines, strict=True):
        named = json.loads(line)
        assert named["schema"] == 1
        assert ("attention_ms" in named) == (record.step % 3 == 0)
        assert ("validation_loss" in named) == (record.step % 2 == 0)
        assert record.tokens_per_s == pytest.approx(record.tokens / record.seconds)
        assert record.gflops > 0 and record.arena_bytes > 0
        assert 10**7 < record.rss_bytes < 10**11


def test_measuring_moves_no_bit(bench, run: Path, tmp_path: Path):
    more = "--set", "train.validate_every=2", "--set", "data.validation_share=0.3"
    assert train(bench, tmp_path / "run", "-q", "--set", "train.metrics_every=0", *more,
                 steps=7).code == 0  # fmt: skip
    measured, plain = (load(folder / "latest") for folder in (run, tmp_path / "run"))
    for name, values in plain.weights.items():
        assert np.array_equal(values, measured.weights[name])
    assert "attention_ms" not in (tmp_path / "run/metrics.jsonl").read_text()


@pytest.mark.parametrize("queues", [False, True])
def test_seconds_of_steps_begun_ahead_are_their_own(
    bench,
    tmp_path: Path,
    monkeypatch,
    queues: bool,
):
    """A step takes its time although its work is done while another is begun."""
    now, begin = [0.0], Trainer._begin

    def begun(trainer: Trainer, step: int, *stop: int) -> object:
        now[0] += 10.0 * step
        return begin(trainer, step, *stop)

    monkeypatch.setattr(trainer, "StepClock", lambda: StepClock(lambda: now[0]))
    monkeypatch.setattr(Trainer, "_begin", begun)
    monkeypatch.setattr(CpuBackend, "queues", queues)
    done = train(bench, tmp_path / "run", "-q", "--set", "train.metrics_every=0", steps=4)
    assert done.code == 0
    records = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert [record.seconds for record in records] == [10.0, 20.0, 30.0, 40.0]


class FakeTrainer:
    """The part of a trainer that a meter reads; each replayed call takes a second."""

    class Backend:
        name, queues = "fake", True

    def __init__(self, underway: bool) -> None:
        model = Transformer(resolve(flags={"preset": "tiny"}, environment={}).config.model, 300)
        self.plan = plan(logits_program(model, BatchShape(1, 8, 8)))
        self.backend, self.lanes, self.underway = self.Backend(), 2, underway
        self.batches, self.now, self.replayed = self, 0.0, []
        self.used_buckets = [(8, 8)]

    def plans(self):
        return {(8, 8): self.plan}

    def gradient_executable(self, bucket):
        return self

    def run_call(self, index: int) -> None:
        self.replayed.append(self.plan.calls[index].kernel)
        self.now += 1

    def read(self, name: str) -> None:
        self.now += 0.5  # that a device takes to finish


def test_attention_latency_is_that_of_all_its_calls_and_the_device():
    trainer = FakeTrainer(underway=False)
    meter = Meter(trainer, 10, clock=lambda: trainer.now)
    record = meter.record(StepResult(10, 1.0, 0.1, 2.0, 64, 3e9), 2.0, None)
    assert trainer.replayed == ["attention"] * 9  # 3 in the encoder, 6 in the decoder
    assert record.attention_ms == pytest.approx(9500)
    assert record.gflops == pytest.approx(1.5) and record.tokens_per_s == 32
    assert record.arena_bytes == 2 * trainer.plan.arena_bytes


def test_attention_is_not_timed_behind_another_step():
    trainer = FakeTrainer(underway=True)
    record = Meter(trainer, 10).record(StepResult(10, 1.0, 0.1, 2.0, 64, 3e9), 2.0, 0.5)
    assert record.attention_ms is msgspec.UNSET and not trainer.replayed
    assert record.validation_loss == 0.5


def test_resident_memory_grows_with_touched_pages():
    size = 1 << 26
    with mmap(-1, size) as block:  # straight from the kernel: malloc may have pages left to give
        before = resident_bytes()
        block.write(b"1" * size)
        assert resident_bytes() - before > 0.9 * size


def test_operations_of_the_default_model_are_those_counted_by_hand():
    width, hidden, layers, vocabulary, tokens = 512, 2048, 6, 8192, 64
    encoder, decoder = 4 * width**2 + 2 * width * hidden, 8 * width**2 + 2 * width * hidden
    products = 2 * tokens * (layers * (encoder + decoder) + width * vocabulary)
    pairs = layers * 4 * tokens**2 * width * 2.5  # of encoder, half in the decoder, and memory
    model = Transformer(BASE.model, vocabulary)
    forward = plan(logits_program(model, BatchShape(1, tokens, tokens)))
    assert plan_flops(forward) == products + pairs
    loss = CrossEntropyLoss(0.1, 1 << 30)
    step = plan(loss_program(model, BatchShape(8, tokens, tokens), loss, training=True))
    assert plan_flops(step) == 8 * (3 * products + 3.5 * pairs)


def test_every_kernel_that_multiplies_matrices_is_counted():
    ones = {name for row in KERNELS.values() for name, _ in row.attributes}
    calls = {name: Call(name, (), (), dict.fromkeys(ones, 1), "") for name in KERNELS}
    counted = {name for name, call in calls.items() if flops(call)}
    families = ("linear", "layer_norm_linear", "output_projection", "attention", "pointer")
    assert counted == {n for n in KERNELS if n.removeprefix("shared_").startswith(families)}


def test_a_run_is_summed_up(run: Path):
    agent = MetricsAgent(run)
    records, summary = agent.records, agent.summary()
    assert summary.steps == summary.last_step == 7
    assert summary.first_loss == records[0].loss and summary.last_loss == records[-1].loss
    assert summary.tokens == sum(r.tokens for r in records)
    validated = {r.step: r.validation_loss for r in records if r.step % 2 == 0}
    assert summary.best_validation_loss == min(validated.values())
    assert validated[summary.best_validation_step] == summary.best_validation_loss
    assert [step for step, _ in agent.validation_loss()] == [2, 4, 6]
    assert [step for step, _ in agent.training_loss()] == list(range(1, 8))
    assert summary.rss_bytes == max(r.rss_bytes for r in records)
    assert summary.devices == [records[0].device]


@given(values=st.lists(st.floats(-100, 100), min_size=1, max_size=999))
def test_a_curve_keeps_its_mean_and_end_in_few_points(values: list[float]):
    points = list(enumerate(values, 1))
    curve = averaged(points)
    assert len(curve) <= 200 and curve[-1][0] == points[-1][0]
    size = -(-len(points) // 200)
    assert curve[0][1] == pytest.approx(np.mean(values[:size]), abs=1e-4)


@pytest.mark.parametrize(("text", "reason"), [
    ("", "holds no step"),
    ('{"schema":1,"step":1', "holds no step"),
    ("hand-written\n", "line 1: not of schema 1"),
    ('{"schema":2,"step":1}\n', "line 1: not of schema 1"),
    ('{"step":1,"loss":2.0}\n', "schema"),
    ("[" * 10_000 + "\n", "line 1"),
])  # fmt: skip
def test_a_line_that_is_no_record_is_named(tmp_path: Path, text: str, reason: str):
    path = tmp_path / "metrics.jsonl"
    path.write_text(text)
    with pytest.raises(FileError, match=reason):
        read_metrics(path)


def test_a_torn_last_line_is_left_out(run: Path, tmp_path: Path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes((run / "metrics.jsonl").read_bytes()[:-9])
    assert [r.step for r in read_metrics(path)] == list(range(1, 7))


def test_newer_fields_are_no_obstacle(run: Path):
    line = json.loads((run / "metrics.jsonl").read_text().splitlines()[0])
    assert msgspec.convert(line | {"new": 1}, StepMetrics).step == 1
