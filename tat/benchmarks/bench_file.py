"""Files of benchmark results in pyperf's JSON format, which pyperf can read.

Each timing is a run of its own, so that the time of the reference workload right before it can
stand in the run's metadata, as "tat_reference", in seconds.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from tat import __version__, provenance
from tat.benchmarks.timing import Timings
from tat.data.given_text import without_mark
from tat.data.input_files import open_regular
from tat.errors import FileError, one_line

_FORMAT = "1.0"  # of pyperf's JSON
REFERENCE_KEY = "tat_reference"  # metadata of a run: seconds
_MAX_BYTES = 100_000_000


class _Run(msgspec.Struct, omit_defaults=True):
    """`warmups` and `values` of pyperf: seconds of one loop; calibration runs have none."""

    metadata: dict[str, Any] = {}
    values: list[float] = []


class _Benchmark(msgspec.Struct, omit_defaults=True):
    runs: list[_Run]
    metadata: dict[str, Any] = {}


class _Suite(msgspec.Struct):
    benchmarks: list[_Benchmark]
    version: str
    metadata: dict[str, Any] = {}


class Result(msgspec.Struct, frozen=True):
    """The result of one benchmark."""

    name: str
    seconds: tuple[float, ...]  # of one unit of work
    reference: tuple[float, ...]  # of the workload timed right before each
    metadata: dict[str, Any]

    @property
    def timings(self) -> Timings:
        """The seconds with their references."""
        return Timings(self.seconds, self.reference)


class Results(msgspec.Struct, frozen=True):
    """The results of one run by name, and their common metadata."""

    benchmarks: dict[str, Result]
    metadata: dict[str, Any]


def run_metadata(device: str, model: str) -> dict[str, Any]:
    """Machine, commit, version and workload, under pyperf's names where it has them."""
    return {
        "cpu_model_name": provenance.processor(),
        "cpu_count": provenance.cores(),
        "date": datetime.now(UTC).isoformat(sep=" ", timespec="seconds"),
        "tat_commit": provenance.commit(),
        "tat_device": device,
        "tat_model": model,
        "tat_version": __version__,
        "unit": "second",
    }


def encode_results(results: Results) -> bytes:
    """The file's content."""
    suite = _Suite(list(map(_benchmark, results.benchmarks.values())), _FORMAT, results.metadata)
    return msgspec.json.encode(suite) + b"\n"


def _benchmark(result: Result) -> _Benchmark:
    runs = [
        _Run({REFERENCE_KEY: reference}, [seconds])
        for seconds, reference in zip(result.seconds, result.reference, strict=True)
    ]
    return _Benchmark(runs, {"name": result.name, **result.metadata})


def read_results(path: Path) -> Results:
    """Results that `tat bench` or pyperf wrote; FileError for anything else."""
    try:
        with open_regular(path) as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise FileError(f"{path}: larger than {_MAX_BYTES} bytes; name a file of `tat bench`")
        suite = msgspec.json.decode(without_mark(content), type=_Suite)
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}; name a file of `tat bench -o`") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        reason = one_line(str(error))
        raise FileError(f"{path}: no results of benchmarks: {reason}; make them anew") from None
    if suite.version != _FORMAT:
        raise FileError(f"{path}: of format {suite.version!r}, not {_FORMAT}; make it anew")
    found = (_result(benchmark, suite.metadata) for benchmark in suite.benchmarks)
    timed = {result.name: result for result in found if result.seconds}
    return Results(_with_references(path, timed), suite.metadata)


def _result(benchmark: _Benchmark, common: dict[str, Any]) -> Result:
    """A result; pyperf may store common metadata, the name included, one or two levels up."""
    metadata = common | benchmark.metadata
    runs = [(value, run.metadata) for run in benchmark.runs for value in run.values]
    references = [about.get(REFERENCE_KEY) for _, about in runs]
    return Result(
        str(metadata.get("name", "")),
        tuple(value for value, _ in runs),
        tuple(float(r) if isinstance(r, int | float) else 0.0 for r in references),
        benchmark.metadata,
    )


def _with_references(path: Path, results: dict[str, Result]) -> dict[str, Result]:
    """The result with the median of the benchmark "reference" where timings have no own one."""
    whole = results.pop("reference", None)
    for name, result in results.items():
        if not all(value > 0 for value in (*result.seconds, *result.reference)):
            if whole is None or not all(value > 0 for value in result.seconds):
                raise FileError(f"{path}: {one_line(name)} has no reference workload beside it")
            stand_in = (whole.timings.median,) * len(result.seconds)
            results[name] = msgspec.structs.replace(result, reference=stand_in)
    return results
