"""`tat eval`: judges the functions of a model, or anyone's predictions of them."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec

from tat.commands.common.cookbook_eval import cookbook_report
from tat.commands.common.infill_eval import infill_report
from tat.commands.common.processes import Leader, Shared, rows_of_each, wanted
from tat.commands.common.progress import counted
from tat.commands.common.reference_functions import (
    named,
    reference_functions,
    unjudged_count,
)
from tat.commands.common.respondent import open_respondent
from tat.errors import UsageError, one_line
from tat.evaluation.answers import Answer, Respondent
from tat.evaluation.functions import ReferenceFunction, read_predictions, write_predictions
from tat.evaluation.judge import MEASURES, Judge
from tat.evaluation.result_file import Report, differences, figures, read_report
from tat.evaluation.result_table import print_report
from tat.evaluation.selection import apart, read_ids
from tat.evaluation.unjudged import all_unjudged
from tat.files import atomic_file, require_place
from tat.machine import cores
from tat.resources import BUNDLED
from tat.train.agreement import ended_together, of_all
from tat.train.ranks import Ranks, open_ranks
from tat.wgsl.sandbox import Sandbox
from tat.wgsl.sandbox_pool import SandboxPool

_OF_MODELS = (
    "index", "library", "top", "adapt", "validate", "temperature", "seed", "batch", "int8",
    "processes",
)  # fmt: skip
_OF_FUNCTIONS = ("files", "predictions", "modules", "define", "validate", "answers", "infill")
_OF_BODIES = ("predictions", "answers", "index", "library")


def run(options: argparse.Namespace) -> int:
    _check(options)
    other = read_report(options.compare) if options.compare else None
    ids = read_ids(options.without) if options.without else None
    ranks = _shared_out(options, open_ranks(options.ranks))
    with ended_together(ranks):
        options.quiet = options.quiet or ranks.rank > 0
        report = _judged(options, ranks)
        if ranks.rank == 0:
            _tell(options, _without(options, report, ids) if ids else report, other)
    return 0


def judge_share(options: argparse.Namespace, ranks: Ranks) -> None:
    """The share of a process that rank 0 started."""
    with ended_together(ranks):
        _judged(options, ranks)


def _shared_out(options: argparse.Namespace, launched: Ranks) -> Ranks:
    """Ranks of the processes that judge; as a rule those that a launcher started."""
    processes = wanted(options, launched)
    if processes == 1:
        return launched
    if options.batch is None and options.device.startswith("gpu"):
        options.batch = rows_of_each(processes)
    return Leader(options, processes)


def _judged(options: argparse.Namespace, ranks: Ranks) -> Report:
    threads = max(1, cores() // ranks.size) if isinstance(ranks, Shared) else cores()
    with SandboxPool(threads) as sandbox:
        return _report_of(options, ranks)(options, sandbox)


def _without(options: argparse.Namespace, report: Report, ids: frozenset[str]) -> Report:
    """The report with figures of the ids of --without, and of the others."""
    outcomes = tuple(apart(report.outcomes, ids))
    found = sum(outcome.id in ids for outcome in outcomes)
    if not found:
        _say(options, f"--without {options.without}: none of its {len(ids)} ids is judged here")
    system = report.system | {"ids_left_out": found}
    return msgspec.structs.replace(
        report, system=system, outcomes=outcomes, figures=figures(outcomes)
    )


def _tell(options: argparse.Namespace, report: Report, other: Report | None) -> None:
    """Writes and prints a report."""
    if other:
        found = differences(report, other)
        report = msgspec.structs.replace(
            report, compared_with=options.compare.name, differences=found
        )
    if options.output:
        _write(options.output, msgspec.json.format(msgspec.json.encode(report), indent=1))
    if options.json:
        summary = msgspec.structs.replace(report, outcomes=())
        sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
    else:
        print_report(report, sys.stdout)


def _report_of(
    options: argparse.Namespace, ranks: Ranks
) -> Callable[[argparse.Namespace, Sandbox], Report]:
    """The benchmark that the arguments choose."""
    if options.cookbook:
        return partial(cookbook_report, ranks=ranks)
    return partial(infill_report if options.infill else functions_report, ranks=ranks)


def _check(options: argparse.Namespace) -> None:
    """Refuse arguments that do not fit together, before hours of work."""
    if options.cookbook:
        _refuse(options, _OF_FUNCTIONS, "is for a file of functions, and not for --cookbook")
    else:
        _refuse(options, ("samples",), "is for --cookbook: a function of a file gets one answer")
        if not options.files:
            raise UsageError("give a file of functions, a folder with shaders, or --cookbook")
    if options.infill:
        _refuse(options, _OF_BODIES, "is for whole bodies, and not for --infill")
    if options.run and options.predictions:
        raise UsageError("give either --run, a model to judge, or --predictions, its answers")
    if not options.predictions:
        options.run = options.run or BUNDLED
    if options.predictions:
        _refuse(options, _OF_MODELS, "is for a model; --predictions are judged as they are")
    if not options.index:
        _refuse(options, ("top",), "says how much of an index is used; give --index too")
    if not (options.index or options.library):
        _refuse(options, ("adapt",), "says how much of an index is used; give --index too")
    for path in (options.output, options.answers):
        require_place(path)


def _refuse(options: argparse.Namespace, names: Sequence[str], reason: str) -> None:
    for name in names:
        value = getattr(options, name)
        if value is not None and value is not False and value != []:  # 0 is a value that was given
            raise UsageError(f"{'file' if name == 'files' else f'--{name}'} {reason}")


def functions_report(options: argparse.Namespace, sandbox: Sandbox, ranks: Ranks) -> Report:
    """Judges the bodies of the functions in a file; ranks share them out."""
    ids, functions, modules = reference_functions(options, sandbox, ranks)
    predictions = _predictions(options, ids)
    unjudged = all_unjudged(functions, modules, sandbox)
    asked = [function for function in functions if function.id not in unjudged]
    judge = Judge(sandbox, modules, {function.id for function in asked})
    if predictions is None:
        respondent, system = open_respondent(options, sandbox, ranks)
        cut = sum(not respondent.reads_whole(function.prompt) for function in asked)
        system["prompts_not_read_whole"] = sum(ranks.together(cut))
        answers = generated_bodies(respondent, asked)
    else:
        system = {"predictions": options.predictions.name}
        answers = (Answer(predictions.get(f.id), "no prediction") for f in asked)
    bodies: list[tuple[str, str | None]] = [(id, None) for id in unjudged]

    def answered() -> Iterator[tuple[ReferenceFunction, Answer]]:
        for function, answer in zip(asked, answers, strict=True):
            bodies.append((function.id, answer.text))
            yield function, answer

    # The last answers are judged while the model writes the next ones.
    judged = sandbox.results(lambda pair: judge.judge(pair[0], *pair[1]), answered())
    outcomes = [
        unjudged.get(function.id) or next(judged)
        for function in counted(functions, "functions", options.quiet)
    ]
    outcomes, bodies = of_all(ranks, outcomes), dict(of_all(ranks, bodies))
    system["functions_not_judged"] = unjudged_count(options, outcomes)
    if options.answers and ranks.rank == 0:
        _write(options.answers, write_predictions(bodies))
    found = figures(outcomes)
    return Report("functions", named(options.files), system, MEASURES, found, tuple(outcomes))


def _predictions(options: argparse.Namespace, ids: Sequence[str]) -> dict[str, str | None] | None:
    """The bodies of --predictions, or None for a model; says how many are missing."""
    if options.predictions is None:
        return None
    found = read_predictions(options.predictions, ids)
    missing = len(ids) - len(found)
    if missing:
        _say(options, f"{missing} of {len(ids)} functions have no prediction: that is wrong")
    return found


def generated_bodies(
    respondent: Respondent, functions: Sequence[ReferenceFunction]
) -> Iterator[Answer]:
    """The model's bodies; no retrieved text holds the function that it has to write."""
    prompts = [respondent.beside_neighbours(f.prompt, f"{f.signature} {f.body}") for f in functions]
    for prompt, answer in zip(prompts, respondent.answers(prompts), strict=True):
        if answer.text is None:
            yield answer
        else:
            yield Answer(answer.text.removeprefix(prompt.lead).strip())


def _write(path: Path, content: bytes) -> None:
    with atomic_file(path) as file:
        file.write(content)


def _say(options: argparse.Namespace, text: str) -> None:
    if not options.quiet:
        print(f"tat: {one_line(text)}", file=sys.stderr)
