"""All rows of `tat eval` for some models, and the page that shows them beside the floors.

    python bench/eval_suite.py FUNCTIONS.jsonl --run small=runs/small [--index train.index]
                               [--library] [--reads] [--drafts] [--work FOLDER] [--only ROW]...
                               [--limit N] [--batch N] [--device DEVICE]
    python bench/eval_suite.py                  only writes the page again

A model's rows go to bench/results/eval_NAME.json: figures, and paired differences to the row that
differs in one thing. --index gives a library, --library takes tat's own where a row says so;
--reads says that the model was trained with neighbours; --drafts shows that drafts change no text.
Whole results, with an outcome per function, stay in --work; a row whose result is there already is
not computed again. bench/results/eval.md is made of the eval_*.json there, those of
bench/floors.py among them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tat  # noqa: F401  isort: skip  (before numpy: it sets the BLAS threads)
import msgspec

from tat.errors import TatError, UsageError
from tat.evaluation.result_file import differences, read_report
from tat.files import atomic_file

RESULTS = Path(__file__).with_name("results")
_HEAD = """\
# The worth of generated functions

Written by bench/eval_suite.py from eval_*.json here, with 95 % confidence intervals in brackets:
Wilson's for shares, bootstrap for means and paired differences (10,000 samples, by function).

- valid: naga accepts the body, alone with its context where the reference can stand alone (of these
  functions is "valid alone"), else in its module. behaviour: of the testable functions, those that
  agree with the reference on 64 inputs. exact: the same lexical tokens. similarity: mean difflib
  ratio of lexical tokens. abstained: nothing was returned, which is wrong in all of these; valid of
  returned leaves them out.
- Floors: empty returns the zero value of the result type; nearest copies the body that BM25 finds
  in the training split; adapted is the first of 32 that validates with the names of the signature;
  fivegram draws tokens. Two testable references give values so near to 0
  that zero agrees with them.
- gaps: one line of each function, or two to eight lines, written again. Floors: above copies the
  line above, between the line of the training split between lines most like those around the gap,
  fivegram the likeliest statement.
- cookbook: texts drawn for the requests of the test split, judged by the entries' tests;
  @1 and @10 are the unbiased estimators of Chen et al. 2021.
"""
_COLUMNS = {
    "functions": ("valid", "valid_alone", "behaviour", "exact", "similarity", "abstained",
                  "valid_of_returned"),
    "infill line": ("exact", "edit_similarity", "first_token", "valid"),
    "infill block": ("exact", "edit_similarity", "first_token", "valid"),
    "infill within": ("exact", "edit_similarity", "first_token", "valid"),
    "cookbook": ("valid@1", "valid@10", "pass@1", "pass@10"),
}  # fmt: skip
_TITLES = {
    "functions": "Functions", "infill line": "A gap of a line",
    "infill block": "A gap of two to eight lines", "infill within": "A gap within a line",
    "cookbook": "Cookbook, test split",
}  # fmt: skip
_SHARES_OF_ONE = ("similarity",)  # shown as they are, not in percent


class Row(NamedTuple):
    """A call of `tat eval`, and the row that it is to be compared with."""

    name: str
    arguments: tuple[str, ...]
    base: str = ""
    cookbook: bool = False
    environment: tuple[tuple[str, str], ...] = ()


def rows(index: str | None, library: bool, reads: bool, drafts: bool) -> Iterator[Row]:
    """The rows of a model; the later differ from their base in one thing."""
    yield Row("no grammar, unchecked", ("--no-grammar", "--validate", "0"))
    yield Row("grammar, unchecked", ("--validate", "0"), "no grammar, unchecked")
    yield Row("grammar, up to 8 candidates", ("--validate", "8"), "grammar, unchecked")
    if index:
        with_index = "--validate", "8", "--index", index, "--top", "0"
        yield Row("a library first, then up to 8", with_index, "grammar, up to 8 candidates")
    if library:
        yield Row("tat's library and up to 8", ("--validate", "8", "--library"),
                  "grammar, up to 8 candidates")  # fmt: skip
    if index and reads:
        with_index = "--validate", "0", "--index", index
        yield Row("grammar, unchecked, retrieval", with_index, "grammar, unchecked")
        with_index = "--validate", "8", "--index", index, "--adapt", "0"
        yield Row("grammar, up to 8, retrieval", with_index, "grammar, up to 8 candidates")
    if drafts:  # they are made for a text that is decoded alone
        alone = "--validate", "0", "--batch", "1", *(("--index", index) if index else ())
        off = (("TAT_GENERATE_DRAFTS", "0"),)
        yield Row("grammar, one by one, no drafts", alone, environment=off)
        yield Row("grammar, one by one, drafts", alone, "grammar, one by one, no drafts")
    yield Row("a gap of a line", ("--infill", "line", "--validate", "0"))
    yield Row("a gap of some lines", ("--infill", "block", "--validate", "0"))
    yield Row("a gap within a line", ("--infill", "within", "--validate", "0"))
    yield Row("requests", (), cookbook=True)
    yield Row("requests and signatures", ("--with-signature",), "requests", cookbook=True)
    if index and reads:
        beside = "--index", "cookbook"
        yield Row("requests, retrieval", beside, "requests", cookbook=True)
        yield Row("requests and signatures, retrieval", ("--with-signature", *beside),
                  "requests and signatures", cookbook=True)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--run", metavar="NAME=RUN", action="append", default=[])
    parser.add_argument("--index")
    parser.add_argument("--library", action="store_true")
    parser.add_argument("--reads", action="store_true")
    parser.add_argument("--drafts", action="store_true")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--limit")
    parser.add_argument("--only", metavar="ROW", action="append", default=[])
    parser.add_argument("--device")
    parser.add_argument("--batch")
    options = parser.parse_args()
    try:
        if bool(options.run) != bool(options.file):
            raise UsageError("give functions and models, or neither to write the page again")
        for model in options.run:
            name, equals, run = model.partition("=")
            if not (name and equals and run):
                raise UsageError(f"--run {model}: write it as NAME=RUN")
            record = _evaluated(options, name, run)
            _write(RESULTS / f"eval_{name}.json", json.dumps(record, indent=1))
        _write(RESULTS / "eval.md", page())
    except (TatError, subprocess.CalledProcessError) as error:
        print(f"eval_suite: {error}", file=sys.stderr)
        return 1
    return 0


def _evaluated(options: argparse.Namespace, name: str, run: str) -> dict:
    """The record of one model, row after row."""
    work = options.work or Path(tempfile.mkdtemp())
    work.mkdir(parents=True, exist_ok=True)
    record = {"benchmark": "eval_suite", "name": name, "data": options.file.name, "rows": []}
    reports = {}
    for row in rows(options.index, options.library, options.reads, options.drafts):
        result = work / f"{name}, {row.name}.json"
        if not result.exists():
            if options.only and row.name not in options.only:
                continue
            _evaluate(options, run, row, result)
        reports[row.name] = report = read_report(result)
        shown = {
            "name": row.name, "benchmark": report.benchmark, "arguments": _without_places(row),
            "step": report.system["step"], "figures": msgspec.to_builtins(report.figures),
        }  # fmt: skip
        if row.base in reports:
            found = differences(report, reports[row.base])
            shown |= {"base": row.base, "differences": msgspec.to_builtins(found)}
        record["rows"].append(shown)
    return record


def _evaluate(options: argparse.Namespace, run: str, row: Row, result: Path) -> None:
    what = ["--cookbook"] if row.cookbook else [str(options.file)]
    given = {"--limit": options.limit, "--batch": options.batch, "--device": options.device}
    alone = [] if "--library" in row.arguments else ["--no-library"]
    more = [word for option, value in given.items() if value for word in (option, value)]
    command = [
        sys.executable, "-m", "tat", "eval", *what, "--run", run, *row.arguments, *alone, *more,
        "-o", str(result),
    ]  # fmt: skip
    print(f"eval_suite: {row.name}", file=sys.stderr)
    environment = os.environ | dict(row.environment)
    subprocess.run(command, check=True, stdout=sys.stderr, env=environment)


def _without_places(row: Row) -> str:
    return " ".join(Path(argument).name for argument in row.arguments)


def page() -> str:
    """eval.md, from the records beside it."""
    records = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("eval_*.json"))]
    floors = [record for record in records if record["benchmark"] == "eval_floors"]
    models = [record for record in records if record["benchmark"] == "eval_suite"]
    parts = [_HEAD]
    for benchmark, title in _TITLES.items():
        lines = [
            _line(f"floor: {name}", benchmark, figures)
            for floor in floors if benchmark == floor.get("of", "functions")
            for name, figures in floor["systems"].items()
        ] + [
            _line(f"{model['name']}: {row['name']}", benchmark, row["figures"])
            for model in models
            for row in model["rows"] if row["benchmark"] == benchmark
        ]  # fmt: skip
        if lines:
            parts += [f"\n## {title}\n", *_header(benchmark), *lines]
    changes = [_change(model["name"], row) for model in models for row in model["rows"]
               if "base" in row]  # fmt: skip
    if changes:
        parts += ["\n## Paired differences, in points\n", *[line for of in changes for line in of]]
    return "\n".join(parts) + "\n"


def _header(benchmark: str) -> list[str]:
    names = ["", *(column.replace("_", " ") for column in _COLUMNS[benchmark]), "of"]
    return [f"| {' | '.join(names)} |", f"|---|{'--:|' * (len(names) - 1)}"]


def _line(name: str, benchmark: str, figures: dict) -> str:
    every = figures["all"]
    if "valid" in figures.get("standalone", {}):
        every = every | {"valid_alone": figures["standalone"]["valid"]}
    cells = [_shown(column, every.get(column)) for column in _COLUMNS[benchmark]]
    count = max(estimate["count"] for estimate in every.values())
    return f"| {name} | {' | '.join(cells)} | {count} |"


def _change(model: str, row: dict) -> list[str]:
    """A list item: what a row gains over its base."""
    changes = ", ".join(
        f"{measure.replace('_', ' ')} {_shown(measure, estimate, '+')}"
        for measure, estimate in row["differences"].items()
    )
    return [f"- {model}: *{row['name']}* over *{row['base']}*: {changes}"]


def _shown(measure: str, estimate: dict | None, sign: str = "-") -> str:
    if estimate is None:
        return "not measured"
    scale, digits = (1, 3) if measure in _SHARES_OF_ONE else (100, 1)
    value, low, high = (
        f"{scale * estimate[name]:{sign}.{digits}f}" for name in ("value", "low", "high")
    )
    return f"{value} [{low}, {high}]"


def _write(path: Path, text: str) -> None:
    with atomic_file(path) as file:
        file.write(text.rstrip("\n").encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
