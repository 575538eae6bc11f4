"""Prompts as the arguments of `tat generate`, or the lines of its --input, give them."""

import argparse
import io
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import msgspec

from tat.data.given_text import without_mark
from tat.data.input_files import display_name, failure_reason, open_regular
from tat.data.neighbours import Neighbour
from tat.decode.generator import Generator
from tat.decode.prompt import Prompt
from tat.decode.retrieval import Retriever
from tat.decode.validated import Search
from tat.errors import FileError, UsageError, one_line
from tat.wgsl.given import context_problem, signature_problem
from tat.wgsl.grammar import Grammar

_STANDARD_INPUT = Path("-")
_MAX_PROMPT_BYTES = 4_000_000  # of a file that becomes part of a prompt, and of a line of --input


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """A line of --input."""

    description: str = ""
    signature: str = ""
    context: str = ""
    prefix: str | None = None
    suffix: str | None = None
    id: str | int | None = None


@dataclass(frozen=True)
class Job:
    """A prompt; if it comes from --input, with its id and its place, as path:line."""

    prompt: Prompt
    id: str | int | None = None
    origin: str = ""
    neighbours: Sequence[Neighbour] = ()  # functions read beside the prompt


def read_jobs(options: argparse.Namespace) -> list[Job]:
    """The prompt of the arguments, or those of the lines of --input.

    With --grammar, signatures and contexts have to be WGSL.
    """
    grammar = Grammar.of_bytes() if options.grammar else None
    texts = options.description, options.signature
    files = options.context, options.prefix, options.suffix
    if options.input:
        if any((*texts, *files)):
            raise UsageError("--input: give prompts in the file or in the arguments, not both")
        return _read_lines(options.input, grammar)
    context, prefix, suffix = (_read(path) if path else None for path in files)
    prompt = Prompt(*texts, context=context or "", prefix=prefix, suffix=suffix)
    _require_wgsl(prompt, grammar, "--signature", f"--context: {options.context}")
    return [Job(prompt)]


def with_neighbours(job: Job, retriever: Retriever) -> Job:
    """The job with the functions that an index has for it."""
    found = retriever.neighbours(job.prompt)
    return replace(job, prompt=retriever.beside(job.prompt, found), neighbours=found)


def check_lengths(jobs: Sequence[Job], generator: Generator, search: Search) -> None:
    """Refuse prompts that only the model could answer and that are too long for it.

    A long list of prompts should not fail at its end.
    """
    for job in jobs:
        library = job.prompt.adaptations and search.validates(job.prompt)
        if not library and (reason := generator.refusal(job.prompt)):
            raise FileError(f"{job.origin}: {reason}") if job.origin else UsageError(reason)


def _require_wgsl(prompt: Prompt, grammar: Grammar | None, signature: str, context: str) -> None:
    """UsageError where the signature or the context is no WGSL, under the name given for it."""
    if grammar is None:
        return
    given = prompt.signature if prompt.signature.strip() else ""
    if given and (problem := signature_problem(grammar, given)):
        like = "a signature is like `fn area(r: f32) -> f32`, without a body"
        raise UsageError(f"{signature}:{problem}; {like}")
    if prompt.context and (problem := context_problem(grammar, prompt.context)):
        raise UsageError(f"{context}:{problem}; a context is whole declarations and signatures")


def _read_lines(path: Path, grammar: Grammar | None) -> list[Job]:
    jobs, name = [], "<stdin>" if path == _STANDARD_INPUT else display_name(path)
    with _lines_of(path) as file:
        number = 0
        while line := file.readline(_MAX_PROMPT_BYTES + 1):
            number += 1
            if without_mark(line).strip():
                jobs.append(_job(line, number, f"{name}:{number}", grammar))
    if not jobs:
        raise FileError(f"{name}: has no prompt; write one JSON object a line")
    return jobs


def _lines_of(path: Path) -> AbstractContextManager[BinaryIO]:
    if path == _STANDARD_INPUT:
        return nullcontext(sys.stdin.buffer if sys.stdin else io.BytesIO())
    return _opened(path)


def _job(line: bytes, number: int, origin: str, grammar: Grammar | None) -> Job:
    if len(line) > _MAX_PROMPT_BYTES:
        raise FileError(f"{origin}: more than {_MAX_PROMPT_BYTES} bytes; no model reads that much")
    try:
        request = msgspec.json.decode(without_mark(line), type=Line)
        fields = {k: getattr(request, k) for k in Line.__struct_fields__ if k != "id"}
        prompt = Prompt(**fields)
        _require_wgsl(prompt, grammar, "signature", "context")
        return Job(prompt, number if request.id is None else request.id, origin)
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
        raise FileError(f"{display_name(path)}: {failure_reason(error)}") from None
