"""The functions that `tat eval` judges: lines of a file, or those of a person's own shaders."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tat.commands.common.progress import counted
from tat.config import resolve
from tat.data.hosts import READ
from tat.errors import UsageError, one_line
from tat.evaluation.functions import (
    ReferenceFunction,
    module_file_of,
    read_functions,
    read_modules,
)
from tat.evaluation.project_functions import project_functions, with_tests
from tat.evaluation.result_file import Outcome
from tat.evaluation.selection import spread
from tat.train.ranks import Ranks
from tat.wgsl.sandbox import Sandbox


class References(NamedTuple):
    """The ids of all functions of a file, those to judge, and the modules by id."""

    ids: Sequence[str]
    functions: Sequence[ReferenceFunction]
    modules: Mapping[str, str]


def reference_functions(
    options: argparse.Namespace, sandbox: Sandbox, ranks: Ranks | None = None
) -> References:
    """The functions of `options.files`; of several ranks each gets so many."""
    first, step = (ranks.rank, ranks.size) if ranks else (0, 1)
    lines = [path for path in options.files if not _holds_wgsl(path)]
    if not lines:
        return _of_project(options, sandbox, slice(first, None, step))
    if options.define:
        raise UsageError("--define is for files that hold WGSL; a .jsonl file is read as it stands")
    if len(options.files) > 1 and lines[0].exists():
        other = f"{lines[0]} is read as JSON Lines of functions, and is judged alone"
        raise UsageError(f"{other}; several FILEs are folders and files that hold WGSL")
    functions = read_functions(lines[0])
    module_file = options.modules or module_file_of(lines[0])
    if not module_file and not all(function.standalone for function in functions):
        _say(options, "no --modules: functions that need theirs are judged beside stubs, unrun")
    modules = read_modules(module_file) if module_file else {}
    chosen = spread(functions, options.limit)[first::step]
    return References([function.id for function in functions], chosen, modules)


def named(files: Sequence[Path]) -> str:
    """The name that a result has for the files that were judged."""
    return ", ".join(path.name or str(path) for path in files)


def unjudged_count(options: argparse.Namespace, outcomes: Sequence[Outcome]) -> int:
    """How many functions are not judged, said with the first of them."""
    left = [outcome for outcome in outcomes if not outcome.measures]
    if left:
        first = f"{left[0].id}: {left[0].problem}"
        _say(options, f"{len(left)} of {len(outcomes)} functions are in no figure; first {first}")
    return len(left)


def _holds_wgsl(path: Path) -> bool:
    return path.is_dir() or path.suffix.lower() in READ


def _of_project(options: argparse.Namespace, sandbox: Sandbox, part: slice) -> References:
    if options.modules:
        raise UsageError("--modules is for a .jsonl file; here each function has its module")
    data = resolve().config.data
    found = project_functions(
        options.files, data.max_file_bytes, [*data.defines, *options.define]
    )  # fmt: skip
    for note in found.notes:
        _say(options, note)
    chosen = spread(found.functions, options.limit)[part]
    tried = [
        with_tests(function, found.modules, sandbox)
        for function in counted(chosen, "functions tried", options.quiet)
    ]
    return References([function.id for function in found.functions], tried, found.modules)


def _say(options: argparse.Namespace, text: str) -> None:
    if not options.quiet:
        print(f"tat: {one_line(text)}", file=sys.stderr)
