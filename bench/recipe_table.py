"""The table of bench/recipes.py: what each variant's functions do, beside the first one's."""

import argparse
import json
from collections.abc import Sequence
from typing import NamedTuple

from recipe_judge import result_of
from recipe_training import Variant
from result_file import write

from tat.evaluation.result_file import Report, read_report
from tat.evaluation.statistics import Estimate


class _Row(NamedTuple):
    plan: dict
    reports: list[Report]  # of each file
    loss: float | None  # the last of validation


def write_table(variants: Sequence[Variant], options: argparse.Namespace) -> None:
    """The results that are there, the best behaviour first; pairs are against the first variant."""
    rows = [row for variant in variants if (row := _row(variant, options))]
    first = rows[0] if rows else None
    rows.sort(key=lambda row: -sum(map(_behaviour, row.reports)))
    options.results.mkdir(parents=True, exist_ok=True)
    lines = [*_head(options, first), *(_line(row, first) for row in rows)]
    write(options.results / "recipes.md", "\n".join(lines) + "\n")
    records = [
        {
            **row.plan, "validation_loss": row.loss,
            "figures": {
                file.name: {m: _numbers(e) for m, e in report.figures["all"].items()}
                for file, report in zip(options.files, row.reports, strict=True)
            },
        }
        for row in rows
    ]  # fmt: skip
    write(options.results / "recipes.json", json.dumps(records, indent=1) + "\n")


def _row(variant: Variant, options: argparse.Namespace) -> _Row | None:
    """A variant's row, once it is judged on all files."""
    folder = variant.folder(options.work)
    results = [result_of(variant, file, options.work) for file in options.files]
    if not all(result.exists() for result in results):
        return None
    plan, metrics = (folder / name for name in ("plan.json", "run/metrics.jsonl"))
    stands = {"name": variant.name, "settings": ["not trained here"], "steps": 0}
    losses = [
        line["validation_loss"]
        for line in map(json.loads, metrics.read_text().splitlines() if metrics.exists() else ())
        if line.get("validation_loss") is not None
    ]
    return _Row(
        json.loads(plan.read_text()) if plan.exists() else stands,
        [read_report(result) for result in results], losses[-1] if losses else None,
    )  # fmt: skip


def _head(options: argparse.Namespace, first: _Row | None) -> list[str]:
    equal = f"{options.steps} steps" if options.steps else f"{options.minutes:g} minutes"
    against = f"pairs are against {first.plan['name']!r}; " if first else ""
    names = [file.name for file in options.files]
    columns = [f"behaviour, {name} | won, lost" for name in names]
    return [
        "# Recipes of the bundled model", "",
        f"Written by bench/recipes.py: {equal} of training each, one on each of"
        f" {', '.join(options.device)}; int8 on a CPU; functions of {', '.join(names)}, up to"
        f" {options.validate} candidates, no library; {against}95 % confidence intervals. The"
        f" trainings of teachers are not counted. Valid and similarity are of {names[0]}.", "",
        "| variant | settings | steps | ms a step | validation loss"
        f" | {' | '.join(columns)} | valid | similarity |",
        f"|---|---|{'--:|' * (5 + 2 * len(names))}",
    ]  # fmt: skip


def _line(row: _Row, first: _Row | None) -> str:
    every, plan = row.reports[0].figures["all"], row.plan
    behaviour = [
        cell
        for number, report in enumerate(row.reports)
        for cell in (_share(report.figures["all"].get("behaviour")), _pairs(row, first, number))
    ]
    cells = (
        plan["name"], " ".join(plan["settings"]) or "config/bundled.toml", str(plan["steps"] or ""),
        f"{1000 * plan['seconds_a_step']:.1f}" if "seconds_a_step" in plan else "",
        "" if row.loss is None else f"{row.loss:.3f}", *behaviour, _share(every.get("valid")),
        f"{every['similarity'].value:.3f}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _pairs(row: _Row, first: _Row | None, number: int) -> str:
    """How many functions of a file behave that do not in the first variant, and the other way
    round."""
    if first is None or row.plan["name"] == first.plan["name"]:
        return ""
    ours, theirs = _behaving(row.reports[number]), _behaving(first.reports[number])
    both = ours.keys() & theirs.keys()
    won, lost = (sum(a[i] > b[i] for i in both) for a, b in ((ours, theirs), (theirs, ours)))
    return f"{won}, {lost}"


def _behaving(report: Report) -> dict[str, float]:
    return {o.id: o.measures["behaviour"] for o in report.outcomes if "behaviour" in o.measures}


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
