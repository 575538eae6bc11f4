"""`tat eval FILE --infill`: judges the text that a model writes into gaps of functions."""

import argparse

from tat.commands.common.progress import counted
from tat.commands.common.reference_functions import (
    named,
    reference_functions,
    unjudged_count,
)
from tat.commands.common.respondent import open_respondent
from tat.evaluation.infill import INFILL_MEASURES, gap_of, judge_gap
from tat.evaluation.result_file import Outcome, Report, figures
from tat.evaluation.unjudged import all_unjudged
from tat.train.agreement import of_all
from tat.train.ranks import Ranks
from tat.wgsl.sandbox import Sandbox


def infill_report(options: argparse.Namespace, sandbox: Sandbox, ranks: Ranks) -> Report:
    """Judges the text of one gap in each function of a file; ranks share them out."""
    _, functions, modules = reference_functions(options, sandbox, ranks)
    unjudged = all_unjudged(functions, modules, sandbox)
    gaps = [None if f.id in unjudged else gap_of(f, options.infill) for f in functions]
    respondent, system = open_respondent(options, sandbox, ranks)
    answers = respondent.answers([gap.prompt for gap in gaps if gap])
    judged: list[Outcome | None] = []
    for function, gap in zip(functions, counted(gaps, "gaps", options.quiet), strict=True):
        answer = next(answers) if gap else None
        if answer:
            judged.append(judge_gap(gap, answer.text, answer.reason, sandbox, modules))
        else:
            judged.append(unjudged.get(function.id))
    judged = of_all(ranks, judged)
    outcomes = [outcome for outcome in judged if outcome]
    system["functions_without_such_a_gap"] = len(judged) - len(outcomes)
    system["functions_not_judged"] = unjudged_count(options, outcomes)
    benchmark = f"infill {options.infill}"
    found = figures(outcomes)
    return Report(benchmark, named(options.files), system, INFILL_MEASURES, found, tuple(outcomes))
