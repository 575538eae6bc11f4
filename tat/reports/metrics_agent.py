"""MetricsAgent: reads the metrics of a run's steps and sums them up."""

import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from msgspec import UNSET

from tat.errors import FileError
from tat.train.run_folder import RunFolder
from tat.train.step_metrics import SCHEMA, StepMetrics

_POINTS = 200  # of a curve, at most


class RunSummary(msgspec.Struct, frozen=True):
    """A run in figures."""

    steps: int  # recorded
    last_step: int
    first_loss: float  # nats per target token
    last_loss: float  # mean of the last tenth of the steps
    best_validation_loss: float | None
    best_validation_step: int | None
    tokens: int  # target tokens
    hours: float  # spent in steps
    tokens_per_s: float  # median
    tokens_per_s_low: float  # 90 % of the steps are faster
    gflops: float  # median
    attention_ms: float | None  # median
    gradient_norm: float  # median
    gradient_norm_highest: float
    arena_bytes: int
    rss_bytes: int  # the most
    devices: list[str]  # the most used first


class MetricsAgent:
    """The metrics of one run folder."""

    def __init__(self, run: Path) -> None:
        self.path = RunFolder.open(run, write=False).path / "metrics.jsonl"
        self.records = read_metrics(self.path)

    def summary(self) -> RunSummary:
        """The run in figures."""
        records = self.records
        tail = records[-max(1, len(records) // 10) :]
        validated = [r for r in records if r.validation_loss is not UNSET]
        best = min(validated, key=lambda r: r.validation_loss, default=None)
        attention = [r.attention_ms for r in records if r.attention_ms is not UNSET]
        speeds = sorted(r.tokens_per_s for r in records)
        return RunSummary(
            steps=len(records),
            last_step=records[-1].step,
            first_loss=records[0].loss,
            last_loss=statistics.fmean(r.loss for r in tail),
            best_validation_loss=best and best.validation_loss,
            best_validation_step=best and best.step,
            tokens=sum(r.tokens for r in records),
            hours=sum(r.seconds for r in records) / 3600,
            tokens_per_s=statistics.median(speeds),
            tokens_per_s_low=speeds[len(speeds) // 10],
            gflops=statistics.median(r.gflops for r in records),
            attention_ms=statistics.median(attention) if attention else None,
            gradient_norm=statistics.median(r.gradient_norm for r in records),
            gradient_norm_highest=max(r.gradient_norm for r in records),
            arena_bytes=records[-1].arena_bytes,
            rss_bytes=max(r.rss_bytes for r in records),
            devices=[name for name, _ in Counter(r.device for r in records).most_common()],
        )

    def training_loss(self) -> list[tuple[int, float]]:
        """Loss over steps, averaged to a short curve."""
        return self._curve(lambda record: record.loss)

    def speed(self) -> list[tuple[int, float]]:
        """Target tokens a second over steps, averaged in the same way."""
        return self._curve(lambda record: record.tokens_per_s)

    def validation_loss(self) -> list[tuple[int, float]]:
        """Every validation's loss over steps."""
        return [(r.step, r.validation_loss) for r in self.records if r.validation_loss is not UNSET]

    def _curve(self, value: Callable[[StepMetrics], float]) -> list[tuple[int, float]]:
        return averaged([(record.step, value(record)) for record in self.records])


def read_metrics(path: Path) -> list[StepMetrics]:
    """The records of a metrics.jsonl without a torn last line; FileError for a wrong one."""
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}; train a step first") from None
    records = []
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            break
        try:
            records.append(msgspec.json.decode(line, type=StepMetrics))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise FileError(f"{path}, line {number}: not of schema {SCHEMA}: {error}") from None
    if not records:
        raise FileError(f"{path}: holds no step; train one first")
    return records


def averaged(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Means over at most 200 equal stretches, each at its last step."""
    size = -(-len(points) // _POINTS) or 1
    stretches = [points[i : i + size] for i in range(0, len(points), size)]
    return [(s[-1][0], round(statistics.fmean(v for _, v in s), 5)) for s in stretches]
