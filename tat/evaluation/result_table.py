"""Prints the report of an evaluation as a table."""

from typing import TextIO

from rich.console import Console
from rich.table import Table

from tat.evaluation.result_file import Report
from tat.evaluation.statistics import Estimate

_WIDTH = 100  # columns, where standard output is no terminal
_UNMEASURED = "not measured"
_PLAIN = ("similarity",)  # measures that are not percentages


def print_report(report: Report, stream: TextIO) -> None:
    """The figures by measure and group, each with its interval, and the differences below."""
    console = Console(file=stream, highlight=False, width=None if stream.isatty() else _WIDTH)
    console.print(_headline(report), markup=False, soft_wrap=True)
    console.print(_figures(report))
    if report.differences:
        console.print(_differences(report))
    console.print("[95 % confidence intervals]", markup=False)


def _headline(report: Report) -> str:
    settings = (f"{_name(key)} {_setting(value)}" for key, value in report.system.items())
    return f"{report.data}: {', '.join(settings)}"


def _setting(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None else str(value)


def _figures(report: Report) -> Table:
    groups = list(report.figures)
    table = Table("measure", *groups, box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for measure in report.measures:
        cells = [report.figures[group].get(measure) for group in groups]
        table.add_row(_name(measure), *(_shown(measure, cell) for cell in cells))
    return table


def _differences(report: Report) -> Table:
    title = f"more than {report.compared_with}"
    table = Table("measure", title, box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for measure in report.measures:
        table.add_row(_name(measure), _shown(measure, report.differences.get(measure), sign="+"))
    return table


def _name(measure: str) -> str:
    return measure.replace("_", " ")


def _shown(measure: str, estimate: Estimate | None, sign: str = "-") -> str:
    """An estimate such as `11.1 % [8.2, 14.8] of 361`."""
    if estimate is None:
        return _UNMEASURED
    scale, digits, unit = (1, 3, "") if measure in _PLAIN else (100, 1, " %")
    unit = " points" if unit and sign == "+" else unit
    value = f"{scale * estimate.value:{sign}.{digits}f}{unit}"
    low, high = (f"{scale * limit:{sign}.{digits}f}" for limit in (estimate.low, estimate.high))
    return f"{value} [{low}, {high}] of {estimate.count}"
