"""`tat eval`: judges the functions of a model, or anyone's predictions of them."""

import argparse
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

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
from tat.decode.prompt import Prompt
from tat.errors import UsageError, one_line
from tat.evaluation.answers import Answer, Respondent
from tat.evaluation.functions import ReferenceFunction, read_predictions, write_predictions
from tat.evaluation.judge import MEASURES, Judge
from tat.evaluation.result_file import Outcome, Report, differences, figures, read_report
from tat.evaluation.result_table import print_report
from tat.evaluation.selection import apart, read_ids
from tat.evaluation.unjudged import all_unjudged
from tat.files import atomic_file, require_place
from tat.machine import cores
from tat.resources import BUNDLED
from tat.train.agreement import ended_together, of_all, own_items
from tat.train.ranks import Ranks, open_ranks
from tat.wgsl.sandbox import Sandbox
from tat.wgsl.sandbox_pool import SandboxPool

Found = TypeVar("Found")

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
    ids, own, modules = reference_functions(options, sandbox, ranks)
    predictions = _predictions(options, ids)
    unjudged = _merged(ranks, all_unjudged(own, modules, sandbox))
    functions = of_all(ranks, own)
    asked = [function for function in functions if function.id not in unjudged]
    share, taken = own_items(ranks, asked), (asked[turn] for turn in ranks.turns(len(asked)))
    if predictions is None:
        respondent, system = open_respondent(options, sandbox, ranks)
        cut = sum(not respondent.reads_whole(function.prompt) for function in share)
        system["prompts_not_read_whole"] = sum(ranks.together(cut))
        answers = generated_bodies(respondent, taken, _open_at_once(ranks, share))
    else:
        system = {"predictions": options.predictions.name}
        answers = ((f, Answer(predictions.get(f.id), "no prediction")) for f in taken)
    bodies: dict[str, str | None] = {}

    def answered() -> Iterator[tuple[ReferenceFunction, Answer]]:
        for function, answer in answers:
            bodies[function.id] = answer.text
            yield function, answer

    # The last answers are judged while the model writes the next ones.
    judge = Judge(sandbox, modules, {function.id for function in asked})
    judged = sandbox.results(lambda pair: judge.judge(pair[0], *pair[1]), answered())
    found = {outcome.id: outcome for outcome in _shown(judged, share, options.quiet)}
    found, bodies = _merged(ranks, found) | unjudged, _merged(ranks, bodies)
    outcomes = [found[function.id] for function in functions]
    system["functions_not_judged"] = unjudged_count(options, outcomes)
    if options.answers and ranks.rank == 0:
        in_order = {function.id: bodies.get(function.id) for function in functions}
        _write(options.answers, write_predictions(in_order))
    return Report(
        "functions", named(options.files), system, MEASURES, figures(outcomes), tuple(outcomes)
    )


def _merged(ranks: Ranks, found: dict[str, Found]) -> dict[str, Found]:
    """All that ranks found, by id."""
    return {id: one for part in ranks.together(found, patient=True) for id, one in part.items()}


def _open_at_once(ranks: Ranks, share: Sequence[object]) -> int | None:
    """Texts of a process that may be open at a time, where others may take what is left."""
    return max(1, len(share) * 3 // 5) if ranks.shares_device else None


def _shown(judged: Iterator[Outcome], share: Sequence[object], quiet: bool) -> Iterator[Outcome]:
    """All outcomes, with their progress among those of an equal share."""
    for _, outcome in zip(counted(share, "functions", quiet), judged, strict=False):
        yield outcome
    yield from judged


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
    respondent: Respondent, functions: Iterable[ReferenceFunction], most: int | None = None
) -> Iterator[tuple[ReferenceFunction, Answer]]:
    """The model's bodies; no retrieved text holds the function that it has to write.

    It takes functions as they are needed, with up to `most` of them open at a time."""
    asked: deque[tuple[ReferenceFunction, Prompt]] = deque()

    def prompts() -> Iterator[Prompt]:
        for function in functions:
            code = f"{function.signature} {function.body}"
            asked.append((function, respondent.beside_neighbours(function.prompt, code)))
            yield asked[-1][1]

    for answer in respondent.answers(prompts(), most):
        function, prompt = asked.popleft()
        if answer.text is not None:
            answer = Answer(answer.text.removeprefix(prompt.lead).strip())
        yield function, answer


def _write(path: Path, content: bytes) -> None:
    with atomic_file(path) as file:
        file.write(content)


def _say(options: argparse.Namespace, text: str) -> None:
    if not options.quiet:
        print(f"tat: {one_line(text)}", file=sys.stderr)
