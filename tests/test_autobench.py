"""AutoBench: timings by a fake clock, significance, planted slowdowns, files that pyperf reads."""

import os
from contextlib import suppress
from itertools import combinations
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tat.benchmarks import history
from tat.benchmarks.autobench import AutoBench, compare
from tat.benchmarks.bench_file import Result, Results, encode_results, read_results, run_metadata
from tat.benchmarks.history import append_history, history_path, read_history
from tat.benchmarks.significance import adjusted, slower
from tat.benchmarks.timing import calibrate, measure
from tat.config import resolve
from tat.errors import FileError, UsageError

CONFIG = resolve(flags={"preset": "tiny", "model.copy": True}, environment={}).config
BENCH = CONFIG.bench


class FakeClock:
    """Moves on only by the seconds that workloads say they take."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def workload(self, seconds: float):
        def run() -> None:
            self.now += seconds

        return run


def test_a_timing_is_of_one_run_and_stands_beside_its_reference():
    clock = FakeClock()
    timings = measure(clock.workload(3), clock.workload(2), samples=4, least=10, clock=clock)
    assert timings.loops == 4 and timings.seconds == (3,) * 4 and timings.reference == (2,) * 4
    assert timings.median == 3 and timings.spread == 0 and timings.ratios == (1.5,) * 4


@given(seconds=st.floats(1e-6, 1e3), least=st.floats(1e-3, 10))
def test_loops_are_as_few_as_last_long_enough(seconds: float, least: float):
    clock = FakeClock()
    loops = calibrate(clock.workload(seconds), least, clock)
    assert loops * seconds >= least * 0.999 or loops == 1 << 20
    assert loops == 1 or loops / 2 * seconds <= least * 1.001


def counted(base: list[float], now: list[float]) -> float:
    """The probability, by trying every choice of values that could have been `now`."""

    def wins(chosen: tuple[float, ...], rest: list[float]) -> int:
        return sum(c > r for c in chosen for r in rest)

    values, least = base + now, wins(tuple(now), base)
    splits = combinations(values, len(now))
    found = sum(wins(s, [v for v in values if v not in s]) >= least for s in splits)
    return found / comb(len(values), len(now))


@given(
    values=st.lists(st.integers(0, 999), min_size=2, max_size=9, unique=True),
    cut=st.integers(1, 8),
)
def test_the_probability_is_that_of_enumeration(values: list[int], cut: int):
    base, now = values[: min(cut, len(values) - 1)], values[min(cut, len(values) - 1) :]
    assert slower(base, now) == pytest.approx(counted(base, now))


def test_the_probability_of_large_samples_is_that_of_permutations():
    random = np.random.default_rng(0)
    for shift in (0.0, 0.2, 0.4):
        values = np.concatenate([random.normal(0, 1, 22), random.normal(shift, 1, 25)])
        ranks = values.argsort().argsort()
        shuffled = [random.permuted(ranks)[22:].sum() for _ in range(4000)]
        expected = np.mean(np.array(shuffled) >= ranks[22:].sum())
        assert slower(values[:22], values[22:]) == pytest.approx(expected, abs=0.03)


def test_more_comparisons_at_once_need_stronger_evidence():
    assert adjusted([0.01]) == [0.01]
    assert adjusted([0.03, 0.01, 0.6]) == pytest.approx([0.06, 0.03, 0.6])
    assert adjusted([0.5, 0.6]) == [1.0, 1.0] and adjusted([]) == []


def test_equal_timings_are_no_difference():
    assert slower([1.0] * 7, [1.0] * 7) > 0.4
    assert slower([1.0] * 30, [1.0] * 30) > 0.4


def result(
    name: str, seed: int, factor: float = 1.0, machine: float = 1.0, samples: int = 10
) -> Result:
    """Timings with a tail, as machines make them: 5 % of noise, now and then much more."""
    random = np.random.default_rng(seed)
    noise = 1 + random.exponential(0.05, (2, samples))
    seconds, reference = noise * [[0.01 * factor * machine], [0.006 * machine]]
    return Result(name, tuple(seconds.tolist()), tuple(reference.tolist()), {})


def verdicts(base: list[Result], now: list[Result]) -> dict[str, str]:
    found = compare({r.name: r for r in base}, {r.name: r for r in now}, BENCH)
    return {comparison.name: comparison.verdict for comparison in found}


def test_a_planted_slowdown_is_found_and_only_that():
    base = [result(name, i) for i, name in enumerate("abc")]
    now = [result("a", 10), result("b", 11, factor=1.4), result("c", 12, factor=0.6)]
    assert verdicts(base, now) == {"a": "same", "b": "slower", "c": "faster"}


@pytest.mark.parametrize("machine", [0.2, 3.0])
def test_another_machine_is_no_regression(machine: float):
    base = [result(str(i), i) for i in range(20)]
    now = [result(str(i), 100 + i, machine=machine) for i in range(20)]
    assert set(verdicts(base, now).values()) == {"same"}


def test_noise_alone_is_no_regression():
    base = [result(str(i), i) for i in range(500)]
    now = [result(str(i), 1000 + i) for i in range(500)]
    assert set(verdicts(base, now).values()) == {"same"}


def test_a_certain_but_small_change_is_no_regression():
    base = [result("a", 0, samples=20)]
    assert verdicts(base, [result("a", 0, factor=1.05, samples=20)]) == {"a": "same"}
    assert verdicts(base, [result("a", 0, factor=1.25, samples=20)]) == {"a": "slower"}


def test_only_shared_benchmarks_are_compared():
    assert verdicts([result("a", 0)], [result("b", 0)]) == {}


def some_results() -> Results:
    found = [result("forward", 0), result("kernel.add.64", 1)]
    return Results({r.name: r for r in found}, run_metadata("cpu", "1x2x3"))


def test_results_come_back_from_their_file(tmp_path: Path):
    path, results = tmp_path / "a.json", some_results()
    path.write_bytes(encode_results(results))
    again = read_results(path)
    assert again.metadata == results.metadata and again.metadata["tat_commit"]
    for name, kept in results.benchmarks.items():
        assert again.benchmarks[name].timings == kept.timings


def test_a_single_timing_has_no_spread():
    assert Result("a", (1.0,), (0.5,), {"loops": "many"}).timings.spread == 0


def test_pyperf_reads_the_file(tmp_path: Path):
    pyperf = pytest.importorskip("pyperf")
    path, results = tmp_path / "a.json", some_results()
    path.write_bytes(encode_results(results))
    suite = pyperf.BenchmarkSuite.load(str(path))
    assert suite.get_benchmark_names() == list(results.benchmarks)
    values = suite.get_benchmark("forward").get_values()
    assert values == results.benchmarks["forward"].seconds


def test_a_file_of_pyperf_is_read_with_its_reference(tmp_path: Path):
    pyperf = pytest.importorskip("pyperf")
    names = {"reference": (0.006, 0.007, 0.008), "step": (0.5, 0.6, 0.7)}
    runs = {
        name: [pyperf.Run([v], metadata={"name": name}, collect_metadata=False) for v in values]
        for name, values in names.items()
    }
    path = tmp_path / "a.json"
    pyperf.BenchmarkSuite([pyperf.Benchmark(r) for r in runs.values()]).dump(str(path))
    [found] = read_results(path).benchmarks.values()
    assert found.name == "step" and found.seconds == names["step"]
    assert found.reference == (0.007,) * 3


@pytest.mark.parametrize("text", [
    "", "[]", "{}", '{"version": "0.1", "benchmarks": []}', "\xff", "[" * 10_000,
    '{"version": "1.0", "benchmarks": [{"runs": [{"values": ["x"]}]}]}',
    '{"version": "1.0", "benchmarks": [{"metadata": {"name": "a"}, "runs": [{"values": [1.0]}]}]}',
    '{"version": "1.0", "benchmarks": [{"runs": [{"values": [1.0],'
    ' "metadata": {"tat_reference": {}}}]}]}',
    '{"version": "1.0", "benchmarks": [{"runs": [{"values": [-1.0],'
    ' "metadata": {"tat_reference": 1.0}}]}]}',
])  # fmt: skip
def test_other_files_than_results_are_refused(tmp_path: Path, text: str):
    path = tmp_path / "a.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(FileError, match=r"a\.json"):
        read_results(path)


@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_but_never_a_surprise(data, tmp_path_factory):
    whole = bytearray(encode_results(some_results()))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "a.json"
    path.write_bytes(whole)
    with suppress(FileError):
        read_results(path)


def test_a_fifo_is_refused_and_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(FileError, match=r"fifo: a FIFO, not a regular file .*; name a file of"):
        read_results(tmp_path / "fifo")


def test_results_of_another_model_are_not_compared():
    agent = AutoBench(CONFIG)
    with pytest.raises(UsageError, match=r"model 9x9, not 3x128x4x512x1024\+copy"):
        agent.require_like(Path("base.json"), Results({}, {"tat_model": "9x9"}))
    agent.require_like(Path("base.json"), agent.results([]))


def test_the_history_grows_by_a_line_for_each_call(tmp_path: Path, monkeypatch):
    assert history_path().parent == Path(__file__).parent.parent / "bench" / "results"
    monkeypatch.setattr(history, "checkout", lambda: None)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = history_path()
    assert path.is_relative_to(tmp_path) and path.suffix == ".jsonl"
    agent = AutoBench(CONFIG)
    measured = list(agent.measure(["tokenize"], quick=True))
    for _ in range(2):
        append_history(path, measured, agent.results(measured).metadata)
    path.write_bytes(path.read_bytes() + b'{"run"')  # as a kill may leave it
    entries = read_history(path)
    assert len(entries) == 2 and entries[0] == entries[1]
    [measurement] = measured
    assert entries[0].seconds == {"tokenize": measurement.result.timings.median}
    assert entries[0].ratios == {"tokenize": measurement.ratio}
    assert {"tat_commit", "tat_version", "tat_model", "date"} <= entries[0].run.keys()
    path.write_text("no line\n")
    with pytest.raises(FileError, match="line 1"):
        read_history(path)


def test_targets_are_for_the_default_model_alone():
    for preset, there in (("base", True), ("tiny", False)):
        agent = AutoBench(resolve(flags={"preset": preset}, environment={}).config)
        [row] = agent.chosen(["tokenize"])
        assert (agent.target(row) is not None) == there
