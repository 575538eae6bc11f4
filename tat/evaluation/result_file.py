"""The result file of an evaluation: an outcome for each case, and figures over all."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from tat.data.given_text import without_mark
from tat.data.input_files import display_name, failure_reason, open_regular
from tat.errors import FileError, UsageError, one_line
from tat.evaluation.statistics import Estimate, difference, estimate

_MOST_BYTES = 200_000_000  # of a result file

ALL = "all"

System = dict[str, str | int | float | bool | None]
"""How answers were made, by name of the setting."""


class Outcome(msgspec.Struct, frozen=True):
    """The outcome of one case: values by measure, without measures that do not apply.

    It enters the figures of `groups` and of `all`; `problem` is "" or says what was wrong.
    """

    id: str
    measures: dict[str, float]
    groups: tuple[str, ...] = ()
    problem: str = ""


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of a result file; `system` says how the answers were made.

    `measures` are all that the benchmark has, in order of showing; `figures` holds estimates by
    group and measure; `differences` those of paired outcomes to another report, by measure.
    """

    benchmark: str
    data: str
    system: System
    measures: tuple[str, ...]
    figures: dict[str, dict[str, Estimate]]
    outcomes: tuple[Outcome, ...]
    compared_with: str = ""
    differences: dict[str, Estimate] = {}


def figures(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Estimate]]:
    """Estimates by group and measure."""
    values: dict[str, dict[str, list[float]]] = {ALL: {}}
    for outcome in outcomes:
        for group in (ALL, *outcome.groups):
            for measure, value in outcome.measures.items():
                values.setdefault(group, {}).setdefault(measure, []).append(value)
    return {
        group: {measure: estimate(of) for measure, of in measures.items()}
        for group, measures in values.items()
    }


def differences(report: Report, other: Report) -> dict[str, Estimate]:
    """How much higher `report` is in each measure, over the cases that both have.

    UsageError where they have none in common.
    """
    if report.benchmark != other.benchmark:
        raise UsageError(f"compare: one result is of {report.benchmark}, one of {other.benchmark}")
    theirs = {outcome.id: outcome.measures for outcome in other.outcomes}
    pairs: dict[str, list[tuple[float, float]]] = {}
    for outcome in report.outcomes:
        for measure, value in outcome.measures.items():
            if measure in theirs.get(outcome.id, {}):
                pairs.setdefault(measure, []).append((value, theirs[outcome.id][measure]))
    if not pairs:
        raise UsageError("compare: the two results have no case in common")
    return {measure: difference(*zip(*of, strict=True)) for measure, of in pairs.items()}


def read_report(path: Path) -> Report:
    """A result file; FileError if it is none."""
    try:
        with open_regular(path) as file:
            return msgspec.json.decode(without_mark(file.read(_MOST_BYTES)), type=Report)
    except OSError as error:
        raise FileError(f"{display_name(path)}: {failure_reason(error)}") from None
    except (ValueError, RecursionError) as error:
        reason = one_line(str(error))
        raise FileError(f"{display_name(path)}: no result of `tat eval`: {reason}") from None
