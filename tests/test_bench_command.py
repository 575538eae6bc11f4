"""`tat bench`: its output, its files, and exit code 7 for a regression."""

import json
import time
from pathlib import Path
from pkgutil import resolve_name

import pytest
from cli_harness import tat

TINY = (
    "--quick", "--preset", "tiny", "--set", "bench.quick_samples=8",
    "--set", "bench.quick_sample_ms=0.01",
)  # fmt: skip


@pytest.fixture
def history(tmp_path: Path, monkeypatch) -> Path:
    path = tmp_path / "history" / "machine.jsonl"
    monkeypatch.setattr("tat.commands.bench.history_path", lambda: path)
    return path


@pytest.fixture
def base(history: Path, tmp_path: Path) -> Path:
    path = tmp_path / "base.json"
    assert tat("bench", "tokenize", *TINY, "-o", path).code == 0
    return path


def rescaled(base: Path, factor: float) -> Path:
    """The same file with all timings but the reference's multiplied."""
    suite = json.loads(base.read_text())
    for benchmark in suite["benchmarks"]:
        for run in benchmark["runs"]:
            run["values"] = [value * factor for value in run["values"]]
    base.write_text(json.dumps(suite))
    return base


def test_it_prints_a_line_for_each_and_keeps_a_history(history: Path):
    done = tat("bench", "tokenize", "kernel.sum", *TINY)
    lines = done.out.splitlines()
    assert done.code == 0 and not done.err
    assert [line.split()[0] for line in lines] == ["tokenize", "kernel.sum.256"]
    assert all(" µs " in line for line in lines)
    assert len(history.read_text().splitlines()) == 1
    assert tat("bench", "tokenize", *TINY, "--no-history").code == 0
    assert len(history.read_text().splitlines()) == 1


def test_the_list_runs_nothing(history: Path):
    done = tat("bench", "--list", "--preset", "tiny")
    assert done.code == 0 and done.out.startswith("forward ") and not history.exists()
    assert "kernel.linear." in done.out


def test_json_is_what_the_file_holds(history: Path, tmp_path: Path):
    path = tmp_path / "a.json"
    done = tat("bench", "tokenize", *TINY, "--json", "-o", path)
    assert done.out == path.read_text()
    assert json.loads(done.out)["version"] == "1.0"


def test_a_planted_slowdown_is_exit_7_and_named(base: Path):
    done = tat("bench", *TINY, "--compare", rescaled(base, 0.05))
    assert done.code == 7
    assert done.err.splitlines()[-1].startswith(f"tat: slower than in {base}: tokenize by ")


SLOWED = {  # the function that a workload spends its time in
    "grammar": "tat.wgsl.scope.Scope.after",
    "decode_batch": "tat.decode.stream.Stream.take",
    "prepare": "tat.benchmarks.host_workloads.prepare_corpus",
}


@pytest.mark.parametrize("name", SLOWED)
def test_a_slowdown_in_the_code_of_a_workload_is_named(
    name: str, history: Path, tmp_path: Path, monkeypatch
):
    path = tmp_path / "before.json"
    assert tat("bench", name, *TINY, "-o", path).code == 0
    original = resolve_name(SLOWED[name])

    def slowly(*arguments: object, **named: object) -> object:
        began = time.perf_counter()
        result = original(*arguments, **named)
        until = began + 10 * (time.perf_counter() - began)
        while time.perf_counter() < until:
            pass
        return result

    monkeypatch.setattr(SLOWED[name], slowly)
    done = tat("bench", name, *TINY, "--compare", path)
    assert done.code == 7 and f"slower than in {path}: {name} by " in done.err


def test_a_gain_or_a_loss_below_the_threshold_is_no_regression(base: Path):
    assert tat("bench", *TINY, "--compare", base, "--threshold", "1000").code == 0
    done = tat("bench", *TINY, "--compare", rescaled(base, 20))
    assert done.code == 0 and "faster" in done.err and "none of 1 is slower" in done.err


def test_incomparable_results_are_refused(base: Path, tmp_path: Path):
    assert tat("bench", "--compare", tmp_path / "nosuch").code == 4
    assert "like with like" in tat("bench", "--compare", base, "--preset", "small").failure()
    other = tat("bench", "start", *TINY, "--compare", base)
    assert other.code == 2 and "has none of these" in other.failure()
    assert tat("bench", "nosuch", *TINY).code == 2
    assert tat("bench", "--threshold", "-1").code == 2
    assert tat("bench", "--threshold", "nan").code == 2
