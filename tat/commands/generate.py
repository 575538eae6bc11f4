"""`tat generate`."""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from tat.data.input_files import display_name, open_regular
from tat.decode.constraint import Constraints
from tat.decode.generator import Generation, Generator
from tat.decode.loading import load_model
from tat.decode.prompt import Prompt
from tat.decode.validated import Outcome, generate_valid
from tat.errors import FileError, InvalidShaderError, UsageError, one_line
from tat.train.run_folder import load_checkpoint
from tat.wgsl.sandbox import Sandbox

_MAX_PROMPT_BYTES = 4_000_000  # of a file that becomes part of a prompt, and of a line of --input


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """A line of --input."""

    description: str = ""
    signature: str = ""
    context: str = ""
    prefix: str | None = None
    suffix: str | None = None
    id: str | int | None = None


@dataclass(frozen=True)
class Job:
    """A prompt; if it comes from --input, its id and where it stands, as path:line."""

    prompt: Prompt
    id: str | int | None = None
    origin: str = ""


def run(options: argparse.Namespace) -> int:
    jobs = _jobs(options)
    loaded = load_model(*load_checkpoint(options.run), options.device)
    longest = loaded.config.model.max_length
    limit = min(loaded.config.generate.max_tokens, longest)
    generator = Generator(loaded, limit if options.max_tokens is None else options.max_tokens)
    _check_lengths(jobs, generator)
    constraints = Constraints(loaded.tokenizer) if options.grammar else None
    invalid = 0
    with Sandbox() as sandbox:
        configured = loaded.config.generate.candidates
        budget = configured if options.validate is None else options.validate
        for job in jobs:
            began = time.perf_counter()
            outcome = _answer(job, generator, constraints, sandbox, budget)
            invalid += outcome.problem is not None
            if not (budget or options.quiet):
                _warn_of_cut(job, outcome.generation, generator.max_tokens < longest)
            if options.verbose:
                _say(_pace(outcome, time.perf_counter() - began))
    if invalid:
        raise InvalidShaderError(_failure(outcome, budget, invalid, len(jobs)))
    return 0


def _check_lengths(jobs: Sequence[Job], generator: Generator) -> None:
    """Before the first answer: a long list of prompts should not fail at its end."""
    for job in jobs:
        try:
            generator.source(job.prompt)
        except UsageError as error:
            if not job.origin:
                raise
            raise FileError(f"{job.origin}: {error}") from None


def _answer(
    job: Job,
    generator: Generator,
    constraints: Constraints | None,
    sandbox: Sandbox,
    budget: int,
) -> Outcome:
    """Prints what came of a prompt: an object for a line of --input, else text.

    Text that is not validated is printed as it comes; what did not validate goes to standard error.
    """
    constraint = constraints.of(job.prompt) if constraints else None
    if constraints and constraint is None:
        _say("the prefix is not the start of a module in WGSL's grammar: filled without grammar")
    if budget:
        outcome = generate_valid(generator, job.prompt, constraints, sandbox, budget)
        text = outcome.generation.text
    else:
        emit = (lambda text: None) if job.origin else _emit
        outcome = Outcome(generator.generate(job.prompt, emit, constraint), None, 1)
        text = outcome.generation.text if job.origin else ""
    ending = "" if outcome.generation.text.endswith("\n") else "\n"
    if job.origin:
        _emit(msgspec.json.encode(_record(job, outcome, budget)).decode() + "\n")
    elif outcome.problem is None:
        _emit(text + ending)
    else:
        print(text, end=ending, file=sys.stderr)
    return outcome


def _record(job: Job, outcome: Outcome, budget: int) -> dict[str, object]:
    """The line that answers one of --input; `valid` is null where nothing was validated."""
    generation, problem = outcome.generation, outcome.problem
    valid = problem is None if budget else None
    record = {"id": job.id, "text": generation.text, "finished": generation.finished}
    return record | {"valid": valid} | ({"problem": str(problem)} if problem else {})


def _failure(outcome: Outcome, budget: int, invalid: int, count: int) -> str:
    if count > 1:
        return f"{invalid} of {count} prompts got no text that validates within {budget} candidates"
    return f"none of {budget} candidates validates; the best: {outcome.problem}"


def _warn_of_cut(job: Job, generation: Generation, more_possible: bool) -> None:
    if not generation.finished:
        which = f"{job.id}: " if job.origin else ""
        advice = "--max-tokens allows more" if more_possible else "the model's limit"
        _say(f"{which}cut off after {generation.tokens} tokens; {advice}")


def _pace(outcome: Outcome, seconds: float) -> str:
    tokens = outcome.generation.tokens
    if outcome.candidates > 1:
        return f"{outcome.candidates} candidates, {tokens} tokens, {seconds:.2f} s"
    return f"{tokens} tokens, {1000 * seconds / max(1, tokens):.2f} ms each"


def _emit(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _say(text: str) -> None:
    print(f"tat: {one_line(text)}", file=sys.stderr)


def _jobs(options: argparse.Namespace) -> list[Job]:
    """The prompt of the arguments, or those of the lines of --input."""
    texts = options.description, options.signature
    files = options.context, options.prefix, options.suffix
    if options.input:
        if any((*texts, *files)):
            raise UsageError("--input: give prompts in the file or in the arguments, not both")
        return _read_jobs(options.input)
    context, prefix, suffix = (_read(path) if path else None for path in files)
    return [Job(Prompt(*texts, context=context or "", prefix=prefix, suffix=suffix))]


def _read_jobs(path: Path) -> list[Job]:
    jobs = []
    with _opened(path) as file:
        number = 0
        while line := file.readline(_MAX_PROMPT_BYTES + 1):
            number += 1
            if line.strip():
                jobs.append(_job(line, number, f"{display_name(path)}:{number}"))
    if not jobs:
        raise FileError(f"{display_name(path)}: has no prompt; write one JSON object a line")
    return jobs


def _job(line: bytes, number: int, origin: str) -> Job:
    if len(line) > _MAX_PROMPT_BYTES:
        raise FileError(f"{origin}: more than {_MAX_PROMPT_BYTES} bytes; no model reads that much")
    try:
        request = msgspec.json.decode(line, type=Request)
        fields = {k: getattr(request, k) for k in Request.__struct_fields__ if k != "id"}
        return Job(Prompt(**fields), number if request.id is None else request.id, origin)
    except (ValueError, RecursionError, UsageError) as error:  # ValueError: JSON and UTF-8
        raise FileError(f"{origin}: {one_line(str(error))}") from None


def _read(path: Path) -> str:
    with _opened(path) as file:
        data = file.read(_MAX_PROMPT_BYTES + 1)
    if len(data) > _MAX_PROMPT_BYTES:
        limit = f"more than {_MAX_PROMPT_BYTES} bytes; no model reads that much"
        raise FileError(f"{display_name(path)}: {limit}")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise FileError(f"{display_name(path)}: not UTF-8 at byte {error.start}") from None


def _opened(path: Path) -> BinaryIO:
    try:
        return open_regular(path)
    except OSError as error:
        reason = error.strerror or error
        raise FileError(f"{display_name(path)}: cannot be read: {reason}") from None
