"""Judges bodies of functions: validity, likeness to the reference, and behaviour."""

from collections.abc import Collection, Mapping

from tat.errors import UsageError, one_line
from tat.evaluation.functions import ReferenceFunction
from tat.evaluation.likeness import code_tokens, similarity
from tat.evaluation.loops import has_loop, never_ends
from tat.evaluation.placement import Placement, is_one_block, placement
from tat.evaluation.result_file import Outcome
from tat.evaluation.unjudged import unjudged
from tat.wgsl.behaviour import disagreement, run
from tat.wgsl.sandbox import Sandbox
from tat.wgsl.signature import Signature, parse_signature

# The rate of valid bodies says little by itself, because one that returns the zero value is valid.
# It always stands beside the rate of bodies that behave like their references.
MEASURES = ("valid", "behaviour", "exact", "similarity", "abstained", "valid_of_returned")
_LONGEST = 100_000  # characters of a body; the longest of 4,705 public functions has 15 thousand


class Judge:
    """Judges one body after another, in one sandbox.

    A body takes the place of its function: alone with its context if that is a valid module, else
    in its module, else beside stubs of the functions that it calls. Only the first two are run.
    """

    def __init__(
        self, sandbox: Sandbox, modules: Mapping[str, str], sound: Collection[str] = ()
    ) -> None:
        """`sound` are ids of functions whose references are known to be valid."""
        self._sandbox, self._modules, self._sound = sandbox, modules, sound

    def judge(self, function: ReferenceFunction, body: str | None, reason: str = "") -> Outcome:
        """The outcome for `body`; None is an abstention, for `reason`, and wrong in every measure.

        A measure is left out where the reference has nothing to compare with, and all of them where
        that is invalid itself.
        """
        sound = function.id in self._sound
        if not sound and (nothing := unjudged(function, self._modules, self._sandbox)):
            return nothing
        place = placement(function, self._modules)
        measures = {"abstained": float(body is None), **_likeness(function, body)}
        problem = reason if body is None else self._problem(place, body)
        measures["valid"] = float(not problem and body is not None)
        if body is not None:
            measures["valid_of_returned"] = measures["valid"]
        if function.testable and place.runs:
            wrong = self._misbehaviour(place, function, None if problem else body)
            if wrong is not None:
                measures["behaviour"] = float(not wrong)
                problem = problem or wrong
        groups = ("standalone",) if function.standalone else ()
        return Outcome(function.id, measures, groups, one_line(problem))

    def _problem(self, place: Placement, body: str) -> str:
        if len(body) > _LONGEST:
            return f"longer than {_LONGEST} characters"
        if not is_one_block(body):
            return "no block from { to its }"
        return str(self._sandbox.validate(place.module(body)) or "")

    def _misbehaviour(
        self, place: Placement, function: ReferenceFunction, body: str | None
    ) -> str | None:
        """How a valid body differs in behaviour, "" if it does not; None if that is unknown."""
        signature = _signature(function)
        if signature is None:
            return None
        reference = run(self._sandbox, place.module(function.body), signature)
        if reference.results is None:
            return None
        if body is None:
            return "nothing valid to run"
        candidate = run(self._sandbox, place.module(body), signature)
        if candidate.results is None:
            return candidate.problem
        wrong = disagreement(reference.results, candidate.results)
        if not wrong and has_loop(body) and never_ends(self._sandbox, place, body, signature):
            return "a loop does not end"
        return wrong


def _likeness(function: ReferenceFunction, body: str | None) -> dict[str, float]:
    if body is None or len(body) > _LONGEST:
        return {"exact": 0.0, "similarity": 0.0}
    reference, candidate = code_tokens(function.body), code_tokens(body)
    return {
        "exact": float(reference == candidate),
        "similarity": similarity(reference, candidate),
    }


def _signature(function: ReferenceFunction) -> Signature | None:
    try:
        return parse_signature(function.signature)
    except UsageError:
        return None
