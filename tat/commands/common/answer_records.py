"""Records of answers: the fields of an object of `tat generate`, and parts of its remarks."""

from tat.commands.common.prompts import Job
from tat.data.neighbours import Neighbour
from tat.decode.candidates import Outcome
from tat.retrieval.query import Hit


def text_record(outcome: Outcome, valid: bool | None, problem: object) -> dict[str, object]:
    """A text of an answer; `valid` is null where nothing was validated."""
    generation = outcome.generation
    record = {"text": generation.text, "finished": generation.finished}
    record |= {"score": round(generation.score, 6), "valid": valid, "source": outcome.source}
    if outcome.origin:
        record["adapted_from"] = source_record(outcome.origin)
    return record | ({"problem": str(problem)} if problem else {})


def source_record(hit: Hit | Neighbour) -> dict[str, object]:
    return {key: getattr(hit, key) for key in ("file", "line", "name", "license")}


def place_of(hit: Hit | Neighbour) -> str:
    return f"{hit.file}:{hit.line}: {hit.name} ({hit.license or 'licence unknown'})"


def described(job: Job, outcome: Outcome) -> str:
    which = f"{job.id}: " if job.origin else ""
    generation, count = outcome.generation, outcome.candidates
    of = f", of {count} candidates" if count > 1 else ""
    return f"{which}{generation.tokens} tokens, score {generation.score:.4f}{of}"
