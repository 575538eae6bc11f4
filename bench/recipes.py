"""Trains variants of the bundled model in equal time and judges each by what its functions do.

    python bench/recipes.py FUNCTIONS.jsonl --data FOLDER [--minutes 6 | --steps N] [--only NAME]...
                            [--work FOLDER] [--device gpu] [--limit 100] [--without near.json]
                            [--set KEY=VALUE]... [--results FOLDER]

FOLDER has generated functions, as `make model` draws them. A variant is config/bundled.toml with
some other settings. It is first timed for a few steps; its schedule then has as many steps as fit
into --minutes at that speed (equal compute), or --steps. Each is judged on the same functions of
FUNCTIONS.jsonl, spread over the file, without a library, up to 8 candidates. All parts of the work
are kept in --work: killed at any point, the same call goes on. The table is written again after
each variant, to bench/results/recipes.md and recipes.json.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import tat  # noqa: F401  isort: skip  (before numpy: it sets the BLAS threads)

from result_file import write

from tat.errors import FileError, TatError, UsageError
from tat.evaluation.result_file import Report, read_report
from tat.evaluation.statistics import Estimate

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).with_name("results")
_TIMED = 60  # steps that a variant is timed for; the first third is warm-up
_WARMUP = 400  # steps, of a recipe that is long enough
_SHORTEST = 20  # steps of a variant


class Variant(NamedTuple):
    """A recipe that differs from config/bundled.toml in some settings."""

    name: str
    settings: tuple[str, ...] = ()


_WIDE = ("model.layers=6", "model.width=384", "model.heads=6", "model.feed_forward=1536")
_MODERN = ("model.norm=rms", "model.feed_forward_kind=swiglu", "model.positions=rotary")
_TEN = [[64, 32], [64, 64], [128, 64], [128, 128], [256, 64], [256, 128], [256, 256], [512, 128],
        [512, 256], [512, 512]]  # fmt: skip
_SIDES = (32, 64, 96, 128, 192, 256, 512)
# Rows are filled by targets: longer sources beside short ones would not fit a GPU.
_MANY = [[s, t] for s in _SIDES for t in _SIDES if s <= 2 * t]
_10_BUCKETS, _37_BUCKETS = (f"data.buckets={buckets}" for buckets in (_TEN, _MANY))

VARIANTS = (
    Variant("as bundled"),
    Variant("10 buckets", (_10_BUCKETS,)),
    Variant("37 buckets", (_37_BUCKETS,)),
    Variant("average 0.999", ("train.ema_decay=0.999",)),
    Variant("decay 0.3", ("train.weight_decay=0.3",)),
    Variant("decay 1.0", ("train.weight_decay=1.0",)),
    Variant("26 M", _WIDE),
    Variant("48 M", ("model.layers=6", "model.width=512", "model.feed_forward=2048")),
    Variant("modern layers", _MODERN),
    Variant("no dropout", ("model.dropout=0.0",)),
    Variant("infills 0.5", ("data.infill_share=0.5",)),
    Variant("rate 3e-3", ("train.lr=0.003",)),
    Variant("buckets, average, layers", (_37_BUCKETS, "train.ema_decay=0.999", *_MODERN)),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--steps", type=int, help="of every variant, instead of equal time")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "recipes")
    parser.add_argument("--device", default="gpu")
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--without", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    try:
        known = [variant.name for variant in VARIANTS]
        if unknown := set(options.only) - set(known):
            raise UsageError(f"--only {min(unknown)!r}: no such variant; there are {known}")
        for variant in VARIANTS:
            if not options.only or variant.name in options.only:
                evaluated(variant, options)
                write_table(options)
    except (TatError, subprocess.CalledProcessError) as error:
        print(f"recipes: {error}", file=sys.stderr)
        return 1
    return 0


def evaluated(variant: Variant, options: argparse.Namespace) -> None:
    """Train a variant and judge it, as far as that was not done before."""
    folder = options.work / variant.name.replace(" ", "-")
    result = folder / "result.json"
    if result.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    said = folder / "plan.json"
    if not said.exists():
        plan = {"name": variant.name, "settings": variant.settings, **_planned(variant, options)}
        write(said, json.dumps(plan))
    run = folder / "run"
    if (run / "latest").exists():
        _tat("train", "--run", run, "--resume", "--device", options.device)
    else:
        steps = json.loads(said.read_text())["steps"]
        _train(variant, options, run, steps)
    more = ["--without", options.without] if options.without else []
    _tat("eval", options.file, "--run", run, "--validate", "8", "--limit", options.limit,
         "--device", options.device, *more, "-o", result)  # fmt: skip


def _planned(variant: Variant, options: argparse.Namespace) -> dict[str, float]:
    """Steps that fit into the time, by the speed of a few."""
    run = options.work / variant.name.replace(" ", "-") / "timed"
    if not (run / "latest").exists():
        _train(variant, options, run, min(_TIMED, options.steps or _TIMED))
    seconds = [
        line["seconds"]
        for line in map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
        if "seconds" in line
    ]
    if not seconds:
        raise FileError(f"{run}: has no times of steps; remove it and start again")
    late = sorted(seconds[len(seconds) // 3 :])
    each = late[len(late) // 2]
    steps = options.steps or max(_SHORTEST, int(60 * options.minutes / each))
    return {"seconds_a_step": each, "steps": steps}


def _train(variant: Variant, options: argparse.Namespace, run: Path, steps: int) -> None:
    shutil.rmtree(run, ignore_errors=True)  # one that ended before its first checkpoint
    warmup = min(_WARMUP, max(1, steps // 4))
    numbers = {"steps": steps, "schedule_steps": steps, "warmup_steps": warmup}
    schedule = (f"train.{name}={number}" for name, number in numbers.items())
    assignments = (*variant.settings, *schedule, *options.set)
    given = [word for assignment in assignments for word in ("--set", assignment)]
    _tat("train", options.data, "--config", ROOT / "config" / "bundled.toml", "--run", run,
         "--device", options.device, *given)  # fmt: skip


def _tat(*words: object) -> None:
    command = [sys.executable, "-m", "tat", *map(str, words)]
    print(f"recipes: tat {' '.join(map(str, words))}", file=sys.stderr)
    subprocess.run(command, check=True, stdout=sys.stderr)


def write_table(options: argparse.Namespace) -> None:
    """The results that are there, the best behaviour first."""
    rows = []
    for variant in VARIANTS:
        folder = options.work / variant.name.replace(" ", "-")
        if (folder / "result.json").exists():
            plan = json.loads((folder / "plan.json").read_text())
            rows.append((plan, read_report(folder / "result.json")))
    rows.sort(key=lambda row: -_behaviour(row[1]))
    options.results.mkdir(parents=True, exist_ok=True)
    write(options.results / "recipes.md", "\n".join(_table(rows, options)) + "\n")
    records = [
        {**plan, "figures": {m: _numbers(e) for m, e in report.figures["all"].items()}}
        for plan, report in rows
    ]
    write(options.results / "recipes.json", json.dumps(records, indent=1) + "\n")


def _table(rows: list[tuple[dict, Report]], options: argparse.Namespace) -> list[str]:
    equal = (
        f"{options.steps} steps" if options.steps else f"{options.minutes:g} minutes of training"
    )
    lines = [
        "# Recipes of the bundled model", "",
        f"Written by bench/recipes.py: {equal} of training each, on {options.device};"
        f" functions spread over {options.file.name}, up to 8 candidates, no library;"
        " 95 % confidence intervals.", "",
        "| variant | settings | steps | ms a step | behaviour | valid | similarity |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]  # fmt: skip
    for plan, report in rows:
        every = report.figures["all"]
        cells = (
            plan["name"], " ".join(plan["settings"]) or "config/bundled.toml", str(plan["steps"]),
            f"{1000 * plan['seconds_a_step']:.1f}", _share(every.get("behaviour")),
            _share(every.get("valid")), f"{every['similarity'].value:.3f}",
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _share(estimate: Estimate | None) -> str:
    if estimate is None:
        return "not measured"
    value, low, high = (100 * v for v in (estimate.value, estimate.low, estimate.high))
    return f"{value:.1f} % [{low:.1f}, {high:.1f}] of {estimate.count}"


def _behaviour(report: Report) -> float:
    found = report.figures["all"].get("behaviour")
    return found.value if found else -1.0


def _numbers(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


if __name__ == "__main__":
    sys.exit(main())
