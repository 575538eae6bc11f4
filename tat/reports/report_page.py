"""Reports as one self-contained page: tables, and plots drawn as SVG in the text."""

from collections.abc import Iterable, Sequence
from html import escape
from string import Template

from tat.benchmarks.history import read_history
from tat.reports.metrics_agent import MetricsAgent, RunSummary
from tat.reports.report_agent import (
    BENCHMARKS,
    COLUMNS,
    GROWTH,
    ReportAgent,
    Row,
    cells,
    machine_of,
    peer_words,
)
from tat.reports.result_files import Growth
from tat.reports.svg import STYLE, Bar, Point, Series, bar_chart, line_chart
from tat.resources import resource

_GROWTH_AXES = {
    "width": "model width", "layers": "encoder layers, and as many decoder layers",
    "batch": "rows of a step", "length": "source tokens, and as many target tokens",
    "vocabulary": "tokens of the vocabulary",
}  # fmt: skip
_CALLS = 20  # the last ones of the history
_MEMORY = {"weights_bytes": "weights", "state_bytes": "gradients and state", "arena_bytes": "arena"}


def baseline_page(agent: ReportAgent, run: MetricsAgent | None) -> str:
    """Targets, peers, growth of cost, losses and all timings."""
    about = agent.now.metadata
    words = (about.get("tat_commit", ""), machine_of(about), about.get("date", ""))
    sections = [
        ("Targets", _targets(agent)),
        ("Time beside peers", _peers(agent.rows())),
        ("How cost grows", _growth(agent.files.part(Growth, GROWTH))),
        ("Loss", _plots([*_losses(agent), *([_loss(run, str(run.path.parent))] if run else [])])),
        ("History", _history(agent)),
        ("All timings", _timings(agent)),
    ]
    title = f"tat {about.get('tat_version', '')}: targets, peers and cost"
    return _page(title, ", ".join(filter(None, map(str, words))), sections)


def run_page(agent: MetricsAgent) -> str:
    """One run: its figures, loss and speed."""
    name = str(agent.path.parent)
    speed = line_chart("Speed", [Series("speed", agent.speed())], "step", "target tokens a second")
    sections = [
        ("Figures", _table(("", ""), summary_lines(agent.summary()), figures=())),
        ("Curves", _plots([_loss(agent, "Loss"), speed])),
    ]
    return _page(f"Run {name}", "", sections)


def summary_lines(summary: RunSummary) -> list[tuple[str, str]]:
    """Names and figures of a run for people."""
    best = summary.best_validation_loss
    validated = "-" if best is None else f"{best:.4f} at step {summary.best_validation_step}"
    attention = "-" if summary.attention_ms is None else f"{summary.attention_ms:.2f} ms"
    return [
        ("steps", f"{summary.steps}, the last {summary.last_step}"),
        ("loss", f"{summary.first_loss:.4f} to {summary.last_loss:.4f} nats per token"),
        ("best validation loss", validated),
        ("target tokens", f"{summary.tokens:,} in {summary.hours:.2f} hours"),
        ("speed", f"{summary.tokens_per_s:.0f} target tokens/s; 9 of 10 steps above"
         f" {summary.tokens_per_s_low:.0f}"),
        ("achieved", f"{summary.gflops:.1f} GFLOP/s"),
        ("attention, a micro-batch", attention),
        ("gradient norm", f"{summary.gradient_norm:.3f}; at most"
         f" {summary.gradient_norm_highest:.3f}"),
        ("arena", f"{summary.arena_bytes / 1e6:.1f} MB"),
        ("memory of the process", f"{summary.rss_bytes / 1e6:.1f} MB at most"),
        ("device", ", ".join(summary.devices)),
    ]  # fmt: skip


def _page(title: str, about: str, sections: Iterable[tuple[str, str]]) -> str:
    bodies = (f"<h2>{escape(head)}</h2>\n{body}\n" for head, body in sections if body)
    style = resource("reports", "page", "style.css").read_text(encoding="utf-8")
    return Template(resource("reports", "page", "report.html").read_text("utf-8")).substitute(
        title=escape(title), about=escape(about), style=STYLE + style, sections="".join(bodies)
    )


def _targets(agent: ReportAgent) -> str:
    notes = "".join(
        f'<p class="note"><b>{escape(name)}</b> {escape(words)}</p>\n'
        for name, words in agent.notes()
    )
    return _table(COLUMNS, map(cells, agent.rows()), figures=(2, 3, 4)) + notes


def _peers(rows: Sequence[Row]) -> str:
    bars = [Bar(row.title, row.ratio, peer_words(row)) for row in rows if row.ratio is not None]
    if not bars:
        return ""
    return bar_chart("Time of tat over time of the peer; shorter is faster", bars, 1.0, "the peer")


def _growth(growth: Growth | None) -> str:
    """Two plots and a table for each varied extent."""
    if growth is None:
        return ""
    plots, rows = [], []
    for axis, points in growth.axes.items():
        label = _GROWTH_AXES.get(axis, axis)
        times = [(p.value, 1000 * p.seconds) for p in points]
        memory = [
            Series(words, [(p.value, getattr(p, key) / 1e6) for p in points])
            for key, words in _MEMORY.items()
        ]
        plots.append(line_chart(f"Step time over {axis}", [Series("", times)], label, "ms"))
        plots.append(line_chart(f"Memory over {axis}", memory, label, "MB"))
        for p in points:
            sizes = [f"{getattr(p, key) / 1e6:.1f}" for key in _MEMORY]
            rows.append((axis, f"{p.value:g}", f"{1000 * p.seconds:.1f}", *sizes))
    head = ("varied", "value", "step, ms", *(f"{words}, MB" for words in _MEMORY.values()))
    note = f'<p class="note">{escape(growth.about)}</p>'
    table = _table(head, rows, figures=(1, 2, 3, 4, 5))
    return f"{note}\n{_plots(plots)}\n<details><summary>Figures</summary>\n{table}</details>"


def _losses(agent: ReportAgent) -> list[str]:
    """The kept curves of runs."""
    kept = agent.files.losses()
    return [_loss_chart(name, c.training_loss, c.validation_loss) for name, c in kept.items()]


def _loss(run: MetricsAgent, title: str) -> str:
    return _loss_chart(title, run.training_loss(), run.validation_loss())


def _loss_chart(title: str, training: Sequence[Point], validation: Sequence[Point]) -> str:
    series = [Series("training", training), Series("validation", validation)]
    return line_chart(title, series[: 1 + bool(validation)], "step", "nats per token")


def _history(agent: ReportAgent) -> str:
    """The last calls of `tat bench` on each machine."""
    rows = []
    for path in sorted(agent.files.folder.glob("*.jsonl")):
        for entry in read_history(path)[-_CALLS:]:
            times = [entry.seconds.get(name) for name in BENCHMARKS]
            words = [str(entry.run.get(key, "")) for key in ("date", "tat_commit", "tat_model")]
            rows.append((path.stem, *words, *("-" if t is None else _seconds(t) for t in times)))
    head = ("machine", "date", "commit", "model", *BENCHMARKS)
    return _table(head, rows, figures=range(4, len(head))) if rows else ""


def _timings(agent: ReportAgent) -> str:
    rows = []
    for name, result in agent.now.benchmarks.items():
        timings, plan = result.timings, str(result.metadata.get("tat_plan", ""))
        figures = (_seconds(timings.median), f"{timings.spread:.0%}", f"{len(timings.seconds)}")
        rows.append((name, *figures, plan[:12]))
    head = ("benchmark", "median", "half the quartiles", "timings", "plan")
    return _table(head, rows, figures=(1, 2, 3))


def _seconds(value: float) -> str:
    return f"{value * 1e3:.2f} ms" if value >= 1e-3 else f"{value * 1e6:.2f} µs"


def _plots(pictures: Sequence[str]) -> str:
    if not pictures:
        return ""
    return '<div class="plots">\n' + "\n".join(pictures) + "\n</div>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], figures: Sequence[int]) -> str:
    """An HTML table; the columns `figures` are right-aligned, verdicts are coloured."""

    def cell(tag: str, index: int, words: str) -> str:
        kind = words if words in ("met", "missed") else "figure" if index in figures else ""
        attribute = f' class="{kind}"' if kind else ""
        return f"<{tag}{attribute}>{escape(words, quote=False)}</{tag}>"

    lines = [
        "<tr>" + "".join(cell(tag, i, words) for i, words in enumerate(row)) + "</tr>"
        for tag, row in (("th", head), *(("td", row) for row in rows))
        if any(row)
    ]
    return '<div class="wide"><table>\n' + "\n".join(lines) + "\n</table></div>\n"
