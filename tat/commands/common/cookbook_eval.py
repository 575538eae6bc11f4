"""`tat eval --cookbook`: functions for the requests of the cookbook's test split."""

import argparse
from collections.abc import Sequence

from tat.commands.common.progress import counted
from tat.commands.common.respondent import open_respondent
from tat.cookbook.generated import test_generated
from tat.cookbook.library import Entry, load
from tat.data.corpus import last_function
from tat.decode.prompt import Prompt
from tat.errors import one_line
from tat.evaluation.answers import Answer
from tat.evaluation.result_file import Outcome, Report, figures
from tat.evaluation.selection import spread
from tat.evaluation.statistics import pass_at_k
from tat.train.agreement import of_all, own_items
from tat.train.ranks import Ranks
from tat.wgsl.sandbox import Sandbox

_SAMPLES = 10  # drawn for a request
_MEASURES = {1: ("valid@1", "pass@1"), 10: ("valid@10", "pass@10")}  # by k


def cookbook_report(options: argparse.Namespace, sandbox: Sandbox, ranks: Ranks) -> Report:
    """Draws functions for each request and runs the tests of its entry on each of them.

    Ranks share the requests out.
    """
    samples = _SAMPLES if options.samples is None else options.samples
    respondent, system = open_respondent(options, sandbox, ranks)
    entries = spread([entry for entry in load() if entry.split == "test"], options.limit)
    outcomes = []
    for entry in counted(own_items(ranks, entries), "requests", options.quiet):
        prompt = _prompt(entry, options.with_signature)
        prompt = respondent.beside_neighbours(prompt, entry.code)
        answers = respondent.draws(prompt, samples)
        outcomes.append(judged(entry, prompt, answers, sandbox))
    outcomes = of_all(ranks, outcomes)
    system |= {"candidates": 0, "draws_first": True, "samples": samples}
    system["signature"] = options.with_signature
    measures = tuple(name for k, names in _MEASURES.items() if k <= samples for name in names)
    found = figures(outcomes)
    return Report("cookbook", "cookbook, test split", system, measures, found, tuple(outcomes))


def _prompt(entry: Entry, with_signature: bool) -> Prompt:
    if not with_signature:
        return Prompt(entry.request)
    function = last_function(entry.name, entry.request, entry.code)
    return Prompt(entry.request, function.signature, function.context)


def judged(entry: Entry, prompt: Prompt, answers: Sequence[Answer], sandbox: Sandbox) -> Outcome:
    """Measures of the samples for one entry, and the problem of the first of them."""
    problems: dict[str | None, tuple[str, str]] = {}
    for answer in answers:
        if answer.text is None:
            problems[None] = answer.reason, answer.reason
        elif answer.text not in problems:
            problems[answer.text] = _problems(entry, prompt.module(answer.text), sandbox)
    found = [problems[answer.text] for answer in answers]
    valid, passed = (sum(not problem for problem in of) for of in zip(*found, strict=True))
    measures = {
        name: pass_at_k(len(answers), count, k)
        for k, names in _MEASURES.items()
        if k <= len(answers)
        for name, count in zip(names, (valid, passed), strict=True)
    }
    groups = (f"difficulty {entry.difficulty}",)
    return Outcome(entry.name, measures, groups, one_line(found[0][1]))


def _problems(entry: Entry, code: str, sandbox: Sandbox) -> tuple[str, str]:
    """The problem of the code as a module, and that of its tests; "" where there is none."""
    invalid = str(sandbox.validate(code) or "")
    if invalid:
        return invalid, invalid
    return "", str(test_generated(entry, code, sandbox).failure or "")
