"""Reports: rows and verdicts from planted files, well-formed pages, and `tat report` itself."""

import json
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cli_harness import tat
from hypothesis import given
from hypothesis import strategies as st

from tat.benchmarks.bench_file import Result, Results, encode_results, run_metadata
from tat.config import resolve
from tat.errors import FileError
from tat.reports.metrics_agent import MetricsAgent
from tat.reports.report_agent import BENCHMARKS, GROWTH, ReportAgent
from tat.reports.report_page import baseline_page, run_page
from tat.reports.svg import Bar, Series, bar_chart, line_chart, standalone
from tat.resources import resource

CONFIG = resolve(flags={"preset": "base"}, environment={}).config


def timed(**seconds: float) -> Results:
    metadata = run_metadata("cpu", "6x512x8x2048x8192")
    return Results({n: Result(n, (s,) * 3, (0.006,) * 3, {}) for n, s in seconds.items()}, metadata)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Files as the scripts of bench/ write them."""
    folder = tmp_path / "results"
    folder.mkdir()
    files = {
        "inference.json": {"results": {"forward 64 64": {"ratio": 0.5}, "mha 128": {"ratio": 1.2}}},
        "step.json": {"ratio": 0.8, "processor": "a <processor>"},
        "gpu_h100.json": {"step_32x128": {
            "device": "a GPU", "tat_s": [0.04] * 3, "torch_s": [0.05] * 3}},
        "gpu_speedup.json": {"speedup": {"gpu_f32": {"numpy": 90.0, "numba": 70.0},
                                         "gpu_f16": {"numpy": 150.0}}, "processor": "host"},
        "curve.json": {"training_loss": [[1, 3.0], [2, 2.0]], "validation_loss": [[2, 2.5]]},
        GROWTH: growth(),
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    line = {"run": {"date": "2026", "tat_commit": "abc<"}, "seconds": {"step": 0.5}, "ratios": {}}
    (folder / "machine.jsonl").write_text(json.dumps(line) + "\n")
    first = timed(forward=0.2, step=4.0)
    first.metadata["tat_commit"] = "ff7552c"
    (folder / "first_version.json").write_bytes(encode_results(first))
    return folder


def growth() -> dict:
    sizes = {"weights_bytes": 4e6, "state_bytes": 2e7, "arena_bytes": 1e7}
    points = [{"value": value, "seconds": value / 1000, **sizes} for value in (64, 128)]
    axes = ("width", "layers", "batch", "length", "vocabulary")
    return {"about": "around a <small> model", "axes": dict.fromkeys(axes, points)}


def agent(folder: Path, **seconds: float) -> ReportAgent:
    return ReportAgent(folder, timed(**seconds), CONFIG.targets)


def test_rows_hold_what_was_measured_and_the_verdict(results: Path):
    rows = {r.title: r for r in agent(results, forward=0.05, decode=0.004, step=0.9).rows()}
    forward = rows["inference, 64 + 64 tokens"]
    assert (forward.first, forward.now, forward.target) == (200, 50, "60")
    assert (forward.peer, forward.ratio, forward.verdict) == ("PyTorch", 0.5, "met")
    decode = rows["decoding, a token in float32"]
    assert (decode.first, decode.now, decode.verdict) == (None, 4, "missed")
    attention = rows["multi-head attention, 128 tokens"]
    assert (attention.now, attention.ratio, attention.verdict) == (None, 1.2, "not measured")
    step = rows["training step, 8 x (64 + 64) tokens"]
    assert (step.now, step.ratio, step.verdict) == (900, 0.8, "missed")  # 0.75 is promised
    gpu = rows["training step on a GPU, NumPy = 1"]
    assert (gpu.first, gpu.now, gpu.ratio, gpu.verdict) == (1, 150, pytest.approx(0.8), "met")


def test_every_promised_row_is_there_without_any_file(tmp_path: Path):
    rows = agent(tmp_path).rows()
    assert len(rows) == len(BENCHMARKS) + 1
    assert {row.verdict for row in rows} == {"not measured"}
    page(baseline_page(agent(tmp_path), None))


def test_the_text_is_aligned_and_says_where_figures_come_from(results: Path):
    text = agent(results, forward=0.05, attention=0.0027, tokenize=123e-6).text()
    lines = text.splitlines()
    head = next(i for i, line in enumerate(lines) if "verdict" in line)
    table = [lines[head], *lines[head + 2 : head + 2 + len(BENCHMARKS) + 1]]
    column = table[0].index("verdict")
    assert all(line[column - 2 : column] == "  " and line[column] != " " for line in table)
    assert all(line == line.rstrip() for line in lines) and "ff7552c" in text
    for figure in ("2.7", "123", "200", "0.50 of PyTorch"):
        assert figure in text


class Page(HTMLParser):
    """Counts elements, and holds that they are closed in order."""

    VOID = ("meta", "path", "polyline", "circle", "rect")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attributes) -> None:
        self.seen.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        assert not {"src", "href"} & {name for name, _ in attributes}, "it must need no other file"

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def page(text: str) -> Page:
    parsed = Page()
    parsed.feed(text)
    parsed.close()
    assert not parsed.open and "$sections" not in text
    return parsed


def test_the_page_has_tables_and_plots_and_needs_nothing_else(results: Path):
    parsed = page(baseline_page(agent(results, forward=0.05, step=0.9), None))
    assert parsed.seen.count("table") == 4 and parsed.seen.count("svg") == 1 + 10 + 1
    words = " ".join(parsed.words)
    assert "abc<" in parsed.words and "500.00 ms" in parsed.words
    assert "around a <small> model" in words and "a <processor>" in words
    assert "missed" in words and "script" not in parsed.seen and "url(" not in words


def test_a_run_becomes_a_page(bench: Path):
    parsed = page(run_page(MetricsAgent(bench / "run")))
    assert parsed.seen.count("svg") == 2 and "gradient norm" in parsed.words


@pytest.mark.parametrize("text", ["", "\xff", "[" * 10_000, '{"ratio": "half"}', '{"peer": "a"}'])
def test_a_damaged_result_is_named(results: Path, text: str):
    (results / "step.json").write_text(text, encoding="latin-1")
    with pytest.raises(FileError, match=r"step\.json"):
        agent(results).rows()


@given(data=st.data())
def test_a_damaged_folder_is_reported_or_refused(data, tmp_path_factory):
    source = resource("bench", "results")
    folder = tmp_path_factory.mktemp("damaged")
    for path in (*source.glob("*.json"), *source.glob("*.jsonl")):
        content = bytearray(path.read_bytes())
        if data.draw(st.booleans()):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(32, 126))
        (folder / path.name).write_bytes(content)
    with suppress(FileError):
        page(baseline_page(agent(folder, forward=0.05), None))


numbers = st.floats(0.001, 1e9)
series = st.lists(
    st.builds(Series, st.text(max_size=9), st.lists(st.tuples(numbers, numbers), max_size=9)),
    max_size=4,
)


@given(series=series, title=st.text(st.characters(exclude_categories=["C"]), max_size=20))
def test_plots_are_well_formed_and_keep_to_their_frame(series, title: str):
    kept = [Series("".join(filter(str.isprintable, s.name)), s.points) for s in series]
    picture = standalone(line_chart(title, kept, "x", "y"))
    root = ElementTree.fromstring(picture)
    width, height = map(float, root.get("viewBox").split()[2:])
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")
    assert [len(line.get("points").split()) for line in lines] == [len(s.points) for s in kept]
    for line in lines:
        for point in line.get("points").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= width and 0 <= y <= height


names = st.sampled_from("ab<&")


@given(bars=st.lists(st.builds(Bar, names, st.floats(0, 1e6), names), max_size=9))
def test_bars_are_as_long_as_their_values(bars):
    root = ElementTree.fromstring(standalone(bar_chart("t", bars, 1.0, "the peer")))
    drawn = [
        float(rect.get("width"))
        for rect in root.findall("{http://www.w3.org/2000/svg}rect")
        if rect.get("width") != "100%"
    ]
    longest = max([1.0, *(bar.value for bar in bars)])
    assert len(drawn) == len(bars)
    for bar, length in zip(bars, drawn, strict=True):
        assert length == pytest.approx(180 * bar.value / longest, abs=0.06)


def test_the_command_sums_up_a_run(bench: Path, tmp_path: Path):
    done = tat("report", bench / "run")
    assert done.code == 0 and "nats per token" in done.out and not done.err
    as_json = json.loads(tat("report", bench / "run", "--json").out)
    assert as_json["steps"] == 3 and as_json["tokens_per_s"] > 0
    done = tat("report", bench / "run", "--html", tmp_path / "run.html")
    assert done.code == 0 and not done.out
    page((tmp_path / "run.html").read_text())


def test_the_command_reports_from_files(results: Path, tmp_path: Path):
    timings = tmp_path / "bench.json"
    timings.write_bytes(encode_results(timed(forward=0.05)))
    files = "--bench", timings, "--results", results
    out, html = tmp_path / "FINAL_BASELINE.txt", tmp_path / "report.html"
    assert tat("report", *files, "--baseline", out, "--html", html).code == 0
    page(html.read_text())
    printed = tat("report", *files)
    assert printed.out == out.read_text() and "0.50 of PyTorch" in printed.out
    rows = json.loads(tat("report", *files, "--json").out)
    assert {row["verdict"] for row in rows} == {"met", "missed", "not measured"}


def test_the_command_refuses_missing_files(tmp_path: Path):
    assert tat("report", tmp_path / "nosuch").code == 4
    assert tat("report", "--bench", tmp_path / "nosuch").code == 4
    timings = tmp_path / "bench.json"
    timings.write_bytes(encode_results(timed(forward=0.05)))
    assert tat("report", "--bench", timings, "--results", tmp_path / "nosuch").code == 2


def test_the_results_that_come_with_tat_can_be_reported():
    agent = ReportAgent(resource("bench", "results"), timed(forward=0.05), CONFIG.targets)
    page(baseline_page(agent, None))
    rows = {row.title: row for row in agent.rows()}
    assert rows["inference, 64 + 64 tokens"].first > 0
    assert rows["training step, 8 x (64 + 64) tokens"].peer == "PyTorch"
