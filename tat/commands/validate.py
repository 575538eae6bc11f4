"""`tat validate`: prints what naga says of modules, as file:line:column."""

import argparse
import sys
from collections.abc import Iterator

import msgspec

from tat.commands.common.modules import Module, print_notes, read_modules
from tat.config import resolve
from tat.data.hosts import definitions
from tat.errors import InvalidShaderError, one_line
from tat.wgsl.sandbox import Diagnostic, Sandbox


def run(options: argparse.Namespace) -> int:
    known = definitions([*resolve().config.data.defines, *options.define])
    count = invalid = 0
    notes: list[str] = []
    for module, place, problem in _verdicts(read_modules(options.files, known)):
        count += 1
        notes += module.notes
        invalid += problem is not None
        if options.json:
            sys.stdout.write(msgspec.json.encode(_record(module, place, problem)).decode() + "\n")
        elif problem is not None:
            print(one_line(f"{place}:{' ' * (not problem.line)}{problem}", 2000))
    print_notes(notes)
    if invalid:
        raise InvalidShaderError(f"{invalid} of {count} modules are invalid")
    if not options.json:
        print(f"tat: {count} valid", file=sys.stderr)
    return 0


def _verdicts(modules: Iterator[Module]) -> Iterator[tuple[Module, str, Diagnostic | None]]:
    """Each module with its problem, whose line and column are those of the file that is named."""
    with Sandbox() as sandbox:
        for module in modules:
            if module.judge is None:
                yield module, module.origin, sandbox.validate(module.text)
                continue
            found = module.judge(sandbox.validate)
            file, line, column = found.where
            problem = found.problem and Diagnostic(found.reason, line, column)
            yield module, file or module.origin, problem


def _record(module: Module, place: str, problem: Diagnostic | None) -> dict[str, object]:
    where = {"module": module.origin, "id": module.id, "valid": problem is None}
    if module.judge is not None and problem:
        where["file"] = place
    return where | (problem._asdict() if problem else {})
