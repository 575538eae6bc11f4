"""ReportAgent: targets, measurements and peers in one table, from JSON files alone."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from tat.benchmarks.bench_file import Results, read_results
from tat.config_tables import TargetsConfig
from tat.reports.result_files import GpuStep, Ratio, ResultFiles

FIRST_VERSION = "first_version.json"  # of NumPy alone, in pyperf's format
GROWTH = "growth.json"
_GPU_STEP, _SPEED_UP = ("gpu_h100.json", "step_32x128"), "gpu_speedup.json"
_SCALES = {"ms": 1e3, "µs": 1e6}
COLUMNS = ("", "unit", "first version", "now", "target", "peer", "verdict")


@dataclass(frozen=True)
class _Source:
    """The sources of a row: a benchmark, a target in [targets], a peer.

    `peer` is a JSON file and the keys down to an object with the "ratio" of tat's time to that of
    the peer, taken in turns in one run.
    """

    title: str
    unit: str
    benchmark: str
    target: str = ""
    peer: tuple[str, ...] = ()
    peer_name: str = "PyTorch"  # where the object has no "peer"


_SOURCES = (
    _Source("multi-head attention, 128 tokens", "ms", "attention", "attention_ms",
            ("inference.json", "results", "mha 128")),
    _Source("tokenizing 300 bytes of WGSL", "µs", "tokenize", "tokenize_us",
            ("kernel_peers.json", "results", "tokenize, beside tokenizers"), "HF tokenizers"),
    _Source("softmax, 64 rows of 64", "µs", "softmax", "softmax_us",
            ("kernel_peers.json", "results", "softmax 64x64, beside PyTorch")),
    _Source("inference, 64 + 64 tokens", "ms", "forward", "forward_ms",
            ("inference.json", "results", "forward 64 64")),
    _Source("decoding, a token in float32", "ms", "decode", "token_ms",
            ("inference.json", "results", "decode float32")),
    _Source("decoding, a token with int8 weights", "ms", "decode_int8", "token_int8_ms",
            ("inference.json", "results", "decode int8")),
)  # fmt: skip
_STEP = _Source("training step, 8 x (64 + 64) tokens", "ms", "step", peer=("step.json",))
BENCHMARKS = tuple(source.benchmark for source in (*_SOURCES, _STEP))


@dataclass(frozen=True)
class Row:
    """A row of the report; figures are in `unit`, None without a measurement."""

    title: str
    unit: str
    first: float | None
    now: float | None
    target: str  # in words: "15", "0.75 of PyTorch"
    peer: str  # "PyTorch"; "" for none
    ratio: float | None  # of tat's time to the peer's
    verdict: Literal["met", "missed", "not measured"]


class ReportAgent:
    """Reports from a folder of JSON files and today's timings of the default model."""

    def __init__(self, results: Path, now: Results, targets: TargetsConfig) -> None:
        self.files, self.now, self.targets = ResultFiles(results), now, targets

    @cached_property
    def first(self) -> Results:
        """The timings of the first version; none if the file is missing."""
        path = self.files.folder / FIRST_VERSION
        return read_results(path) if path.exists() else Results({}, {})

    def rows(self) -> list[Row]:
        """A row for each target."""
        return [*map(self._row, _SOURCES), self._step_row(), self._gpu_row()]

    def _row(self, source: _Source) -> Row:
        target = getattr(self.targets, source.target)
        first = self._seconds(self.first, source.benchmark, source.unit)
        now = self._seconds(self.now, source.benchmark, source.unit)
        peer, ratio = self._peer(source)
        verdict = _verdict(now is not None, now is not None and now <= target)
        return Row(source.title, source.unit, first, now, f"{target:g}", peer, ratio, verdict)

    def _step_row(self) -> Row:
        """The row of the training step; its target is a share of the peer's time."""
        peer, ratio = self._peer(_STEP)
        share = self.targets.step_torch
        first, now = (self._seconds(side, "step", _STEP.unit) for side in (self.first, self.now))
        verdict = _verdict(ratio is not None, ratio is not None and ratio <= share)
        target = f"{share:g} of {_STEP.peer_name}"
        return Row(_STEP.title, _STEP.unit, first, now, target, peer, ratio, verdict)

    def _gpu_row(self) -> Row:
        """A training step on a GPU beside NumPy on the same host, in the faster precision."""
        found = self.files.part(dict[str, dict[str, float]], _SPEED_UP, "speedup") or {}
        ratios = [ratio["numpy"] for ratio in found.values() if "numpy" in ratio]
        speed_up, target = max(ratios, default=None), self.targets.gpu_speedup
        verdict = _verdict(speed_up is not None, bool(speed_up and speed_up >= target))
        first = None if speed_up is None else 1.0
        title = "training step on a GPU, NumPy = 1"
        return Row(title, "x", first, speed_up, f"{target:g}", *self._gpu_peer(), verdict)

    def _gpu_peer(self) -> tuple[str, float | None]:
        step = self.files.part(GpuStep, *_GPU_STEP)
        ratios = [a / b for a, b in zip(step.tat_s, step.torch_s)] if step else []
        return ("PyTorch CUDA", statistics.median(ratios)) if ratios else ("", None)

    def _peer(self, source: _Source) -> tuple[str, float | None]:
        """Name and ratio of the peer; neither without a measurement."""
        found = self.files.part(Ratio, *source.peer) if source.peer else None
        if found is None:
            return "", None
        return (found.peer or source.peer_name).partition(",")[0], found.ratio

    @staticmethod
    def _seconds(results: Results, name: str, unit: str) -> float | None:
        """The median in a unit."""
        found = results.benchmarks.get(name)
        return found.timings.median * _SCALES[unit] if found else None

    def text(self) -> str:
        """The table as plain text, with a line about the source of each column."""
        rows = [COLUMNS, *(cells(row) for row in self.rows())]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
        notes = [f"{name:15}{words}" for name, words in self.notes()]
        rule = "-" * len(max(lines, key=len))
        return "\n".join([*self._head(), "", lines[0], rule, *lines[1:], "", *notes]) + "\n"

    def _head(self) -> list[str]:
        about = self.now.metadata
        return [
            f"tat {about.get('tat_version', '')}, {about.get('tat_commit', '')}:"
            " figures beside targets and peers",
            f"{machine_of(about)}, {about.get('date', '')}",
        ]

    def notes(self) -> list[tuple[str, str]]:
        """A line about the source of each column."""
        first, gpu = self.first.metadata, self.files.part(GpuStep, *_GPU_STEP)
        hosts = [self.files.part(str, f, "processor") or "-" for f in ("step.json", _SPEED_UP)]
        return [
            ("now", "medians on this machine; layers x width x heads x feed-forward x vocabulary:"
             f" {self.now.metadata.get('tat_model', '-')}"),
            ("first version", f"NumPy alone, commit {first.get('tat_commit', '-')};"
             f" {machine_of(first)}"),
            ("peer", "time of tat over time of the peer, in turns in one run; the models of both"
             f" have no copy head; {hosts[0]}"),
            ("GPU", f"{gpu.device if gpu else '-'}; NumPy on all cores of its host, {hosts[1]}"),
            ("verdict", "whether the target is reached"),
        ]  # fmt: skip


def machine_of(metadata: dict[str, Any]) -> str:
    """Processor and cores that results were measured on."""
    if "cpu_model_name" not in metadata:
        return "-"
    return f"{metadata['cpu_model_name']}, {metadata.get('cpu_count', '?')} cores"


def figure(value: float | None) -> str:
    """A number with three significant digits; "-" for none."""
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def cells(row: Row) -> tuple[str, ...]:
    """A row in words, one for each of COLUMNS."""
    figures = figure(row.first), figure(row.now), row.target
    return row.title, row.unit, *figures, peer_words(row) or "-", row.verdict


def peer_words(row: Row) -> str:
    """ "0.55 of PyTorch"; empty where there is no peer."""
    return "" if row.ratio is None else f"{row.ratio:.2f} of {row.peer}"


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Figures to the right, words to the left."""
    return [
        cell.rjust(width) if i in (2, 3, 4) else cell.ljust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]


def _verdict(measured: bool, reached: bool) -> Literal["met", "missed", "not measured"]:
    if not measured:
        return "not measured"
    return "met" if reached else "missed"
