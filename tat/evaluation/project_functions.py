"""Reference functions of a person's own files: WGSL wherever it lives, each with its module."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from tat.data.corpus import functions_of
from tat.data.input_files import display_name
from tat.data.samples import Function, digest_of
from tat.data.sources import left_out_lines, read_sources
from tat.errors import FileError, UsageError
from tat.evaluation.functions import ReferenceFunction
from tat.evaluation.placement import placement
from tat.wgsl.behaviour import run
from tat.wgsl.declarations import functions
from tat.wgsl.holes import first_hole
from tat.wgsl.sandbox import Sandbox
from tat.wgsl.signature import parse_signature

_NAME = re.compile(r"\bfn\s+(\w+)")
_LEAST = 8  # different results of a function that is worth running


class ProjectFunctions(NamedTuple):
    """Functions, their modules by `module_id`, and a line for each kind of what was left out."""

    functions: list[ReferenceFunction]
    modules: dict[str, str]
    notes: list[str]


def project_functions(
    paths: Sequence[Path], max_file_bytes: int, defines: Sequence[str]
) -> ProjectFunctions:  # fmt: skip
    """The functions of files and folders, each once, as training reads them.

    The id is the place and the name; of a folder that is given alone, the place below it. Those
    whose holes no guess fills are left out.
    """
    sources = read_sources(paths, max_file_bytes, defines)
    found, silent = functions_of(sources)
    modules = {
        digest_of(m.id) if m.id else m.content_hash: m.text
        for m in sources.modules if not first_hole(m.text)
    }  # fmt: skip
    known: dict[tuple[str, str, str], ReferenceFunction] = {}
    ids: set[str] = set()
    for function in found:
        texts = function.signature, function.body, function.context
        if texts in known or any(map(first_hole, texts)):
            continue
        known[texts] = _reference(function, _id(function, paths, ids))
    if not known:
        given = ", ".join(map(display_name, paths[:3]))
        raise FileError(f"{given}: no whole function is in it; give other files")
    notes = left_out_lines((*sources.skipped, *silent), sources.others)
    return ProjectFunctions(list(known.values()), modules, notes)


def _id(function: Function, paths: Sequence[Path], ids: set[str]) -> str:
    place, name = function.origin, _NAME.search(function.signature)
    if len(paths) == 1:
        place = place.removeprefix(display_name(paths[0])).lstrip(os.sep)
        place = place if paths[0].is_dir() else f"{paths[0].name}{place}"
    first = made = f"{place} {name[1] if name else ''}"
    while made in ids:
        made = f"{first} {len(ids)}"
    ids.add(made)
    return made


def _reference(function: Function, id: str) -> ReferenceFunction:
    return ReferenceFunction(
        id, function.signature, function.body, function.group, function.comment,
        function.context, function.calls,
    )  # fmt: skip


def with_tests(
    function: ReferenceFunction, modules: Mapping[str, str], sandbox: Sandbox
) -> ReferenceFunction:  # fmt: skip
    """A function that says whether it is valid alone, and whether it can be run."""
    alone = f"{function.context}\n{function.signature} {function.body}"
    standalone = not function.calls and sandbox.validate(alone) is None
    function = msgspec.structs.replace(function, standalone=standalone)
    testable = _is_pure(function, modules) and _tells(function, modules, sandbox)
    return msgspec.structs.replace(function, testable=testable)


def _is_pure(function: ReferenceFunction, modules: Mapping[str, str]) -> bool:
    """Whether it, and all that it calls, touches no variable of its module."""
    module = modules.get(function.module_id, f"{function.context}\n{function.signature} {{}}")
    by_name = {each.name: each for each in functions(module)}
    pending = [name for call in function.calls if (name := _called(call))]
    contexts, seen = [function.context], set[str]()
    while pending:
        name = pending.pop()
        if name not in seen and name in by_name:
            seen.add(name)
            contexts.append(by_name[name].context)
            pending += [inner for call in by_name[name].calls if (inner := _called(call))]
    return not any(re.search(r"\bvar\s*<|\bvar\s+\w+\s*:", context) for context in contexts)


def _called(signature: str) -> str:
    found = _NAME.search(signature)
    return found[1] if found else ""


def _tells(function: ReferenceFunction, modules: Mapping[str, str], sandbox: Sandbox) -> bool:
    """Whether results on half of the inputs are finite, and differ from one another."""
    try:
        signature = parse_signature(function.signature)
    except UsageError:
        return False
    place = placement(function, modules)
    if not place.runs:
        return False
    results = run(sandbox, place.module(function.body), signature).results
    if results is None:
        return False
    finite = results[np.isfinite(results).all(axis=1)]
    return 2 * len(finite) >= len(results) and len(np.unique(finite, axis=0)) >= _LEAST
