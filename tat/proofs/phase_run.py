"""Runs one phase, from its context to its manifest."""

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tat import provenance
from tat.benchmarks.autobench import Measurement
from tat.checks.validator import Check, run_check
from tat.config import Config
from tat.errors import TatError, one_line
from tat.proofs.manifest import (
    VERSION,
    Benchmark,
    Manifest,
    Status,
    configuration_of,
    inputs_of,
    outputs_of,
    predecessor,
    require,
    write_manifest,
)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Context:
    """The inputs of a phase."""

    config: Config
    target: Path  # the folder for all that phases make
    device: str = "auto"
    standalone: bool = False  # without the manifest of the phase before
    resuming: bool = False  # an earlier attempt was killed, and its files may be used
    quiet: bool = False

    def folder(self, phase: str) -> Path:
        """The folder of a phase's files."""
        return self.target / phase


@dataclass
class Findings:
    """The findings of a phase so far; each is printed as it comes."""

    say: Say
    checks: list[Check] = field(default_factory=list)
    benchmarks: list[Benchmark] = field(default_factory=list)
    outputs: list[Path] = field(default_factory=list)
    skipped: str = ""  # why the phase could not do its work here

    def check(self, name: str, look: Callable[[], str]) -> bool:
        """Do one check; a failure is recorded and does not stop the phase."""
        check = run_check(name, look)
        self.checks.append(check)
        self.say(f"  {check.status:8}{name:30} {check.detail}  ({check.seconds:.1f} s)")
        return check.status == "ok"

    def note(self, name: str, value: float, unit: str) -> None:
        """Record a value that only informs."""
        self._add(Benchmark(name, value, unit, None, "informative"))

    def judge(self, name: str, value: float, unit: str, *, least: float) -> None:
        """Record a value that has to reach `least`."""
        verdict = "met" if value >= least else "missed"
        self._add(Benchmark(name, value, unit, least, verdict))

    def measured(self, measurement: Measurement) -> None:
        """Record a benchmark's time, with a verdict if it has a target for this model."""
        met = measurement.met
        verdict = "informative" if met is None else "met" if met else "missed"
        row = (measurement.name, measurement.value, measurement.unit, measurement.target, verdict)
        self._add(Benchmark(*row))

    def _add(self, row: Benchmark) -> None:
        self.benchmarks.append(row)
        goal = "" if row.target is None else f"  (target {row.target:g})"
        self.say(f"  {row.verdict:12}{row.name:26} {row.value:.4g} {row.unit}{goal}")

    def reason(self) -> str:
        """The failed checks and missed targets in words; empty if there are none."""
        wrong = [f"{c.name}: {c.detail}" for c in self.checks if c.status == "failed"]
        wrong += [
            f"{b.name}: {b.value:.4g} {b.unit}, and the target is {b.target:g}"
            for b in self.benchmarks
            if b.verdict == "missed"
        ]
        return one_line("; ".join(wrong), 1000)


Phase = Callable[[Context, Findings], None]  # raises TatError where it cannot go on


def run_phase(name: str, body: Phase, context: Context, say: Say) -> Manifest:
    """Run a phase on the verified manifest of the one before, and store its own.

    A failure is stored and raised: TatError, or the error of the body. FileError, with nothing
    stored, if the manifest before does not hold.
    """
    before = predecessor(name)
    if before and not context.standalone:
        require(context.target, before, context.config)
    inputs = inputs_of(context.target, name, context.standalone)
    findings, began, started = Findings(say), time.perf_counter(), time.gmtime()

    def store(status: Status, reason: str) -> Manifest:
        manifest = Manifest(
            version=VERSION, phase=name, status=status, reason=reason,
            standalone=bool(before) and context.standalone,
            started=time.strftime("%Y-%m-%dT%H:%M:%SZ", started),
            seconds=round(time.perf_counter() - began, 1), commit=provenance.commit(),
            machine=_machine(), configuration=configuration_of(context.config), inputs=inputs,
            outputs=outputs_of(context.target, findings.outputs), checks=findings.checks,
            benchmarks=findings.benchmarks,
        )  # fmt: skip
        return write_manifest(context.target, manifest)

    try:
        body(context, findings)
    except Exception as error:
        store("failed", one_line(str(error) or type(error).__name__, 1000))
        raise
    if reason := findings.reason():
        store("failed", reason)
        raise TatError(f"phase {name} failed: {reason}")
    return store("skipped" if findings.skipped else "verified", findings.skipped)


def _machine() -> dict[str, str | int]:
    return {
        "processor": provenance.processor(),
        "cores": provenance.cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
