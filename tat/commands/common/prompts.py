"""Prompts as the arguments of `tat generate`, or the lines of its --input, give them."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from tat.data.input_files import display_name, failure_reason, open_regular
from tat.data.neighbours import Neighbour
from tat.decode.generator import Generator
from tat.decode.prompt import Prompt
from tat.decode.retrieval import Retriever
from tat.decode.validated import Search
from tat.errors import FileError, UsageError
from tat.wgsl.given import (
    bare_generators,
    context_problem,
    signature_problem,
    undeclared_names,
)
from tat.wgsl.grammar import Grammar

MAX_PROMPT_BYTES = 4_000_000  # of a file that becomes part of a prompt, and of a line of --input


@dataclass(frozen=True)
class Job:
    """A prompt; if it comes from --input, with its id and its place, as path:line."""

    prompt: Prompt
    id: str | int | None = None
    origin: str = ""
    neighbours: Sequence[Neighbour] = ()  # functions read beside the prompt


def read_job(options: argparse.Namespace, grammar: Grammar | None) -> Job:
    """The prompt of the arguments. With a grammar, signature and context have to be WGSL."""
    files = options.context, options.prefix, options.suffix
    context, prefix, suffix = (_read(path) if path else None for path in files)
    texts = options.description, options.signature
    prompt = Prompt(*texts, context=context or "", prefix=prefix, suffix=suffix,
                    line=options.line)  # fmt: skip
    require_wgsl(prompt, grammar, "--signature", f"--context: {options.context}")
    require_beginning(prompt, "--prefix")
    return Job(prompt)


def with_neighbours(job: Job, retriever: Retriever) -> Job:
    """The job with the functions that an index has for it."""
    found = retriever.neighbours(job.prompt)
    return replace(job, prompt=retriever.beside(job.prompt, found), neighbours=found)


def refusal(job: Job, generator: Generator, search: Search) -> str:
    """The reason why nothing can answer a prompt: it is too long for the model, and no index has an
    answer; "" where there is none."""
    library = job.prompt.adaptations and search.validates(job.prompt)
    return "" if library else generator.refusal(job.prompt)


def require_beginning(prompt: Prompt, name: str) -> None:
    """UsageError where nothing stands before a gap: the model learnt gaps in functions alone."""
    if prompt.is_gap and not (prompt.prefix or "").strip():
        raise UsageError(
            f"{name}: nothing stands before the gap, and a model fills gaps in functions; give the"
            " text from the function's head on, or describe a function instead"
        )


def require_wgsl(prompt: Prompt, grammar: Grammar | None, signature: str, context: str) -> None:
    """UsageError where the signature or the context is no WGSL, under the name given for it, or
    where a type of the signature is not whole or nothing declares it."""
    if grammar is None:
        return
    given = prompt.signature if prompt.signature.strip() else ""
    if given and (problem := signature_problem(grammar, given)):
        like = "a signature is like `fn area(r: f32) -> f32`, without a body"
        raise UsageError(f"{signature}:{problem}; {like}")
    if given and (bare := bare_generators(given)):
        names = ", ".join(f"`{name}`" for name in bare)
        raise UsageError(
            f"{signature}: {names} lacks its type; write it as `vec3f` or `array<f32>`"
        )
    if prompt.context and (problem := context_problem(grammar, prompt.context)):
        raise UsageError(f"{context}:{problem}; a context is whole declarations and signatures")
    if given and (missing := undeclared_names(given, prompt.context)):
        names = ", ".join(f"`{name}`" for name in missing)
        where = "with --context FILE" if signature.startswith("--") else "in `context`"
        raise UsageError(f"{signature}: nothing declares {names}; give the declaration {where}")


def _read(path: Path) -> str:
    with opened(path) as file:
        data = file.read(MAX_PROMPT_BYTES + 1)
    if len(data) > MAX_PROMPT_BYTES:
        limit = f"more than {MAX_PROMPT_BYTES} bytes; no model reads that much"
        raise FileError(f"{display_name(path)}: {limit}")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise FileError(f"{display_name(path)}: not UTF-8 at byte {error.start}") from None


def opened(path: Path) -> BinaryIO:
    """A regular file for reading; FileError for anything else."""
    try:
        return open_regular(path)
    except OSError as error:
        raise FileError(f"{display_name(path)}: {failure_reason(error)}") from None
