"""Generating until naga agrees: the most likely text first, then draws with fixed seeds."""

from dataclasses import dataclass

from tat.decode.choice import Sampler, greedy
from tat.decode.constraint import Constraints
from tat.decode.generator import Generation, Generator
from tat.decode.prompt import Prompt
from tat.wgsl.sandbox import Diagnostic, Sandbox


@dataclass(frozen=True)
class Outcome:
    """The first candidate that validates; if none does the best one, and what is wrong with it.

    Places in `problem` are those of the whole text of a gap, else of the generated text.
    """

    generation: Generation
    problem: Diagnostic | None
    candidates: int  # generated


def generate_valid(
    generator: Generator,
    prompt: Prompt,
    constraints: Constraints | None,
    sandbox: Sandbox,
    budget: int,
) -> Outcome:
    """Generate up to `budget` candidates (at least one) until one of them validates.

    The best of those that do not is the first that came to its end, else the first.
    """
    judged: dict[str, Outcome] = {}
    for number in range(max(1, budget)):
        constraint = constraints.of(prompt) if constraints else None
        choose = Sampler(number, generator.temperature) if number else greedy
        generation = generator.generate(prompt, constraint=constraint, choose=choose)
        if generation.text not in judged:
            problem = _problem(prompt, generation, sandbox)
            judged[generation.text] = Outcome(generation, problem, number + 1)
            if problem is None:
                return judged[generation.text]
    best = max(judged.values(), key=lambda outcome: outcome.generation.finished)
    return Outcome(best.generation, best.problem, max(1, budget))


def _problem(prompt: Prompt, generation: Generation, sandbox: Sandbox) -> Diagnostic | None:
    if not generation.finished:
        return Diagnostic(f"it does not end within {generation.tokens} tokens")
    problem = sandbox.validate(prompt.module(generation.text))
    above = 0 if prompt.is_gap else prompt.head.count("\n")
    if problem is None or problem.line == 0:
        return problem
    if problem.line <= above:
        return Diagnostic(f"in the context: {problem.message}", problem.line, problem.column)
    return problem._replace(line=problem.line - above)
