"""AutoBench: runs the benchmarks and compares them with earlier results.

A slower or busy machine is no regression: it compares multiples of a reference workload, which is
timed in turns with each benchmark.
"""

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tat.benchmarks.bench_file import Result, Results, run_metadata
from tat.benchmarks.catalogue import benchmarks, choose
from tat.benchmarks.significance import adjusted, slower
from tat.benchmarks.subject import Benchmark, Setting
from tat.benchmarks.timing import Clock, Reference, measure
from tat.config import Config, resolve
from tat.config_tables import BenchConfig
from tat.errors import UsageError

_SCALES = {"ms": 1e3, "µs": 1e6}


@dataclass(frozen=True)
class Measurement:
    """One benchmark's figures; `target` is None without one for this model and device."""

    name: str
    summary: str
    unit: str  # "ms" or "µs"
    value: float  # median of the timings, in that unit
    spread: float  # half the distance of the quartiles, as a share of the value
    ratio: float  # median multiple of the reference workload
    target: float | None  # in that unit, at most
    result: Result

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        return None if self.target is None else self.value <= self.target


@dataclass(frozen=True)
class Comparison:
    """A benchmark beside its base, both as multiples of the reference workload."""

    name: str
    change: float  # share by which it is slower now; negative is faster
    probability: float  # of such a change by chance, corrected for the number of comparisons
    verdict: Literal["slower", "faster", "same"]


class AutoBench:
    """Benchmarks of one configuration on one device."""

    def __init__(
        self, config: Config, device: str = "cpu", setting: Setting | None = None,
        clock: Clock = time.perf_counter,
    ) -> None:  # fmt: skip
        self.config, self.device, self._clock = config, device, clock
        self._setting = setting or Setting.of(config, device)

    def chosen(self, names: Sequence[str] = ()) -> list[Benchmark]:
        """The named benchmarks, or all; on a GPU only those for one. UsageError for others."""
        rows = choose(benchmarks(self.config), names)
        return [row for row in rows if row.on_device or self.device == "cpu"]

    def measure(self, names: Sequence[str] = (), quick: bool = False) -> Iterator[Measurement]:
        """Time benchmarks one by one, each after its check; TatError for a wrong result."""
        reference = Reference()
        for row in self.chosen(names):
            yield self._measure(row, quick, reference)

    def _measure(self, row: Benchmark, quick: bool, reference: Reference) -> Measurement:
        bench = self.config.bench
        samples = bench.quick_samples if quick else bench.samples
        least = (bench.quick_sample_ms if quick else bench.sample_ms) / 1000
        with row.make(self._setting) as subject:
            subject.check()
            timings = measure(
                subject.run, reference, samples=samples, least=least, clock=self._clock
            )
        seconds = tuple(value / subject.units for value in timings.seconds)
        metadata = {"loops": timings.loops, "inner_loops": subject.units}
        if subject.plan_hash:
            metadata["tat_plan"] = subject.plan_hash
        result = Result(row.name, seconds, timings.reference, metadata)
        per_unit = result.timings
        return Measurement(
            row.name, row.summary, row.unit, per_unit.median * _SCALES[row.unit], per_unit.spread,
            statistics.median(per_unit.ratios), self.target(row), result,
        )  # fmt: skip

    def results(self, measurements: Sequence[Measurement]) -> Results:
        """The measurements with machine, commit and workload, to be kept or compared."""
        benchmarks = {m.name: m.result for m in measurements}
        return Results(benchmarks, run_metadata(self.device, self._shape))

    @property
    def _shape(self) -> str:
        """Layers, width, heads, feed-forward width, vocabulary and copy head of the workload."""
        model = self.config.model
        extents = model.layers, model.width, model.heads, model.feed_forward
        return "x".join(map(str, (*extents, self.config.data.vocabulary))) + "+copy" * model.copy

    def require_like(self, path: Path, base: Results) -> None:
        """UsageError if results were measured on another model or kind of device."""
        for key, here in (("tat_model", self._shape), ("tat_device", self.device)):
            there = base.metadata.get(key, here)
            if there != here:
                raise UsageError(
                    f"{path}: measured with {key.removeprefix('tat_')} {there}, not {here};"
                    " compare like with like"
                )

    def target(self, row: Benchmark) -> float | None:
        """The target in the benchmark's unit; targets are for the default model on a CPU."""
        default = resolve(flags={"preset": "base"}, environment={}, files=()).config
        shape = ("layers", "width", "heads", "feed_forward")
        same = all(getattr(self.config.model, s) == getattr(default.model, s) for s in shape)
        if not (row.target and same and self.device == "cpu"):
            return None
        return getattr(self.config.targets, row.target)


def run_suite(
    names: Sequence[str] = (), *, quick: bool = True, config: Config | None = None,
    device: str = "cpu",
) -> list[Measurement]:  # fmt: skip
    """All measurements at once; the configuration in force if none is given."""
    return list(AutoBench(config or resolve().config, device).measure(names, quick))


def compare(
    base: Mapping[str, Result], now: Mapping[str, Result], bench: BenchConfig
) -> list[Comparison]:
    """Comparisons of the benchmarks that both have, in the order of `now`.

    Slower or faster means: by more than the threshold, and by the Mann-Whitney test not by chance.
    """
    names = [name for name in now if name in base]
    pairs = [(base[name].timings.ratios, now[name].timings.ratios) for name in names]
    factors = [statistics.median(new) / statistics.median(old) for old, new in pairs]
    chances = adjusted([
        slower(old, new) if factor >= 1 else slower(new, old)
        for factor, (old, new) in zip(factors, pairs, strict=True)
    ])  # fmt: skip
    return [
        Comparison(name, factor - 1, chance, _judged(factor, chance, bench))
        for name, factor, chance in zip(names, factors, chances, strict=True)
    ]


def _judged(
    factor: float, chance: float, bench: BenchConfig
) -> Literal["slower", "faster", "same"]:
    if max(factor, 1 / factor) <= 1 + bench.threshold or chance >= bench.significance:
        return "same"
    return "slower" if factor > 1 else "faster"
