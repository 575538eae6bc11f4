"""`tat validate`: prints what naga says of modules, as file:line:column."""

import argparse
import sys
from collections.abc import Iterator

import msgspec

from tat.commands.common.modules import Module, print_notes, read_modules
from tat.config import resolve
from tat.data.hosts import definitions
from tat.errors import FileError, InvalidShaderError, one_line
from tat.wgsl.sandbox import Diagnostic, Sandbox


def run(options: argparse.Namespace) -> int:
    known = definitions([*resolve().config.data.defines, *options.define])
    count = invalid = unjudged = 0
    notes: list[str] = []
    unread: list[str] = []
    modules = read_modules(options.files, known, unread)
    for module, place, problem, known_valid in _verdicts(modules):
        count += 1
        notes += module.notes
        invalid += known_valid is False
        unjudged += known_valid is None
        if options.json:
            sys.stdout.write(
                msgspec.json.encode(_record(module, place, problem, known_valid)).decode() + "\n"
            )
        elif problem is not None:
            print(one_line(f"{place}:{' ' * (not problem.line)}{problem}", 2000))
    print_notes([*notes, *unread])
    more = f", {unjudged} cannot be judged" if unjudged else ""
    files = "file" if len(unread) == 1 else "files"
    more += f", {len(unread)} {files} cannot be read" if unread else ""
    if invalid:
        raise InvalidShaderError(f"{invalid} of {count} modules are invalid{more}")
    if unjudged and options.strict:
        raise InvalidShaderError(f"{unjudged} of {count} modules cannot be judged (--strict)")
    if unread:
        raise FileError(f"{count - unjudged} valid{more}")
    if not options.json:
        print(f"tat: {count - unjudged} valid{more}", file=sys.stderr)
    return 0


def _verdicts(
    modules: Iterator[Module],
) -> Iterator[tuple[Module, str, Diagnostic | None, bool | None]]:
    """Each module with its problem, and whether it is valid, None where nobody can know.

    Line and column of the problem are those of the file that is named.
    """
    with Sandbox() as sandbox:
        for module in modules:
            if module.judge is None:
                said = sandbox.validate(module.text)
                yield module, module.origin, said, said is None
                continue
            found = module.judge(sandbox.validate)
            file, line, column = found.where
            problem = found.problem and Diagnostic(found.reason, line, column)
            yield module, file or module.origin, problem, None if found.unjudged else not problem


def _record(
    module: Module, place: str, problem: Diagnostic | None, valid: bool | None
) -> dict[str, object]:
    where: dict[str, object] = {"module": module.origin, "id": module.id, "valid": valid}
    if module.judge is not None and problem:
        where["file"] = place
    return where | (problem._asdict() if problem else {})
