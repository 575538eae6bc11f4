"""Functions of which nothing can be judged: their references are invalid where they stand."""

from collections.abc import Mapping, Sequence

from tat.errors import one_line
from tat.evaluation.functions import ReferenceFunction
from tat.evaluation.placement import placement
from tat.evaluation.result_file import Outcome
from tat.wgsl.sandbox import Sandbox


def unjudged(
    function: ReferenceFunction, modules: Mapping[str, str], sandbox: Sandbox
) -> Outcome | None:  # fmt: skip
    """The outcome without measures of such a function, as one that imports from outside."""
    problem = sandbox.validate(placement(function, modules).module(function.body))
    if problem is None:
        return None
    reason = f"not judged, for the reference is invalid where it stands: {problem}"
    return Outcome(function.id, {}, (), one_line(reason))


def all_unjudged(
    functions: Sequence[ReferenceFunction], modules: Mapping[str, str], sandbox: Sandbox
) -> dict[str, Outcome]:
    """The outcomes of those among some functions, by id."""
    found = sandbox.each(lambda function: unjudged(function, modules, sandbox), functions)
    return {outcome.id: outcome for outcome in found if outcome}
