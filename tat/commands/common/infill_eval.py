"""`tat eval FILE --infill`: judges the text that a model writes into gaps of functions."""

import argparse

from tat.commands.common.progress import counted
from tat.commands.common.reference_functions import reference_functions
from tat.commands.common.respondent import open_respondent
from tat.evaluation.infill import INFILL_MEASURES, gap_of, judge_gap
from tat.evaluation.result_file import Report, figures
from tat.wgsl.sandbox import Sandbox


def infill_report(options: argparse.Namespace, sandbox: Sandbox) -> Report:
    """Judges the text of one gap in each function of a file."""
    _, functions, modules = reference_functions(options, sandbox)
    gaps = [gap for function in functions if (gap := gap_of(function, options.infill))]
    respondent, system = open_respondent(options, sandbox)
    system["functions_without_such_a_gap"] = len(functions) - len(gaps)
    answers = respondent.answers([gap.prompt for gap in gaps])
    outcomes = []
    for gap in counted(gaps, "gaps", options.quiet):
        answer = next(answers)
        outcomes.append(judge_gap(gap, answer.text, answer.reason, sandbox, modules))
    benchmark = f"infill {options.infill}"
    found = figures(outcomes)
    return Report(benchmark, options.file.name, system, INFILL_MEASURES, found, tuple(outcomes))
