"""Annealing beside random search of equal budget, on objectives of which every value is known.

    python bench/tune.py [--runs 1000] [-o bench/results/tune.json]

The objective is that of `tat tune` for preset tiny with trials of a second: all 512 settings are
trained once for each of two seeds (about 8 minutes of one core in all; kept in the result, and not
done again), so that both searches can be repeated as often as statistics ask for. The annealing's
own settings were chosen on the first table; what is reported is the second, which had no say.
"""

import argparse
import itertools
import json
import platform
import statistics
import sys
import time
from pathlib import Path
from unittest import mock

import tat  # isort: skip  (before numpy: it sets the BLAS threads)

from tat import provenance
from tat.benchmarks.significance import slower
from tat.config import Config, resolve
from tat.files import atomic_file
from tat.tuning import annealing
from tat.tuning.annealing import Point, Schedule, quantum_annealing, random_search
from tat.tuning.objective import BITS, Objective, Settings

SEEDS = {"chosen on": 0, "reported": 1}
BUDGETS = (8, 16, 24, 48, 96)
CALIBRATION = ((2, 3, 4, 6), (0.002, 0.005, 0.02, 0.05, 0.1), (0.5, 1.0, 2.0, 4.0))

Table = dict[Point, float]


def small(seed: int) -> Config:
    """Preset tiny on short functions, two rows a step: a trial takes a second or less."""
    flags = {
        "preset": "tiny", "seed": seed, "threads": 1, "data.buckets": [[96, 96]],
        "train.batch_tokens": 192, "train.micro_batches": 1, "tune.steps": 16,
    }  # fmt: skip
    return resolve(flags=flags, environment={}, files=()).config


def points() -> list[Point]:
    return list(itertools.product((0, 1), repeat=BITS))


def fill(losses: list[float], seed: int, path: Path, record: dict) -> None:
    """Trains what is missing of a table, and stores the record now and then."""
    objective = Objective(small(seed))
    for point in points()[len(losses) :]:
        losses.append(objective.loss(Settings.of(point)))
        if len(losses) % 16 == 0:
            store(path, record)
            print(f"seed {seed}: {len(losses)} of {2**BITS} settings", file=sys.stderr)


def store(path: Path, record: dict) -> None:
    with atomic_file(path) as file:
        file.write(json.dumps(record, indent=1).encode() + b"\n")


def regrets(table: Table, budget: int, runs: int, schedule: Schedule | None) -> list[float]:
    """How far the best of each search is above the best of all, in nats; no schedule: random."""
    lowest, found = min(table.values()), []
    for seed in range(runs):
        if schedule:
            search = quantum_annealing(BITS, table.__getitem__, budget, schedule, seed)
        else:
            search = random_search(BITS, table.__getitem__, budget, seed)
        found.append(min(loss for _, loss in search) - lowest)
    return found


def compare(table: Table, schedule: Schedule, runs: int) -> list[dict]:
    """Both searches at each budget, and annealing without what is quantum-like about it."""
    rows = []
    for budget in BUDGETS:
        ours, theirs = (regrets(table, budget, runs, s) for s in (schedule, None))
        with mock.patch.object(annealing, "_coupling", lambda *given: 0.0):
            uncoupled = regrets(table, budget, runs, schedule)
        rows.append({
            "budget": budget, "annealing": statistics.fmean(ours),
            "uncoupled": statistics.fmean(uncoupled), "random": statistics.fmean(theirs),
            "annealing_wins": share(a < b for a, b in zip(ours, theirs)),
            "random_wins": share(a > b for a, b in zip(ours, theirs)),
            "chance": slower(ours, theirs), "chance_uncoupled": slower(ours, uncoupled),
        })  # fmt: skip
    return rows


def share(cases: object) -> float:
    cases = list(cases)
    return sum(cases) / len(cases)


def calibrate(table: Table, budget: int, runs: int) -> list[dict]:
    """Schedules by their mean regret, the best first."""
    tried = []
    for replicas, temperature, field in itertools.product(*CALIBRATION):
        schedule = Schedule(replicas, temperature, field)
        regret = statistics.fmean(regrets(table, budget, runs, schedule))
        tried.append({"replicas": replicas, "temperature": temperature, "field": field,
                      "regret": regret})  # fmt: skip
    return sorted(tried, key=lambda row: row["regret"])


def page(record: dict) -> str:
    """The result for people."""
    lines = [
        "# Annealing beside random search", "",
        f"Mean regret (nats a token above the best of all {2**BITS} settings) over"
        f" {record['runs']} searches of each kind, on the table that had no say in the choice of"
        f" the annealing's settings ({schedule_words(record['schedule'])}).", "",
        "| trials | annealing | its copies uncoupled | random | annealing wins | random wins"
        " | chance | chance, uncoupled |",
        "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for r in record["results"]:
        lines.append(
            f"| {r['budget']} | {r['annealing']:.4f} | {r['uncoupled']:.4f} | {r['random']:.4f} |"
            f" {r['annealing_wins']:.0%} | {r['random_wins']:.0%} | {r['chance']:.1e} |"
            f" {r['chance_uncoupled']:.1e} |"
        )
    default = next(r for r in record["results"] if r["budget"] == record["default_budget"])
    better = default["annealing"] < default["random"] and default["chance"] < 0.01
    verdict = "beats" if better else "does not beat"
    quantum = default["annealing"] < default["uncoupled"] and default["chance_uncoupled"] < 0.01
    part = "helps" if quantum else "does not help"
    lines += ["", f"At the default budget of {record['default_budget']} trials annealing {verdict}"
              f" random search; that its copies are coupled, as slices of a quantum system are,"
              f" {part}. `chance` is the Mann-Whitney probability of regrets that much lower if"
              " both were alike; wins are counted against random search.", ""]  # fmt: skip
    return "\n".join(lines)


def schedule_words(schedule: dict) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in schedule.items())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--calibrate", action="store_true", help="also rank schedules")
    parser.add_argument("-o", type=Path, default=Path(__file__).parent / "results" / "tune.json")
    options = parser.parse_args()
    began = time.process_time()
    record = json.loads(options.o.read_text()) if options.o.exists() else {}
    losses = record.setdefault("losses", {name: [] for name in SEEDS})
    for name, seed in SEEDS.items():
        fill(losses[name], seed, options.o, record)
    tables = {name: dict(zip(points(), losses[name], strict=True)) for name in SEEDS}
    tune = small(0).tune
    if options.calibrate:
        for row in calibrate(tables["chosen on"], tune.trials, options.runs // 4)[:12]:
            print(row)
    schedule = Schedule(tune.replicas, tune.temperature, tune.field)
    record |= {
        "benchmark": "tune", "preset": "tiny", "steps": small(0).tune.steps, "runs": options.runs,
        "default_budget": tune.trials, "schedule": vars(schedule),
        "results": compare(tables["reported"], schedule, options.runs),
        "tat": tat.__version__, "commit": provenance.commit(), "processor": provenance.processor(),
        "machine": platform.machine(),
    }  # fmt: skip
    store(options.o, record)
    options.o.with_suffix(".md").write_text(page(record))
    print(page(record))
    print(f"{time.process_time() - began:.0f} s of one core", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
