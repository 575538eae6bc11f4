"""`tat validate`: prints what naga says of modules, as file:line:column."""

import argparse
import sys
from collections.abc import Iterator

import msgspec

from tat.commands.common.modules import Module, read_modules
from tat.errors import InvalidShaderError, one_line
from tat.wgsl.sandbox import Diagnostic, Sandbox


def run(options: argparse.Namespace) -> int:
    count = invalid = 0
    for module, problem in _verdicts(read_modules(options.files)):
        count += 1
        invalid += problem is not None
        if options.json:
            sys.stdout.write(msgspec.json.encode(_record(module, problem)).decode() + "\n")
        elif problem is not None:
            print(one_line(f"{module.origin}:{' ' * (not problem.line)}{problem}", 2000))
    if invalid:
        raise InvalidShaderError(f"{invalid} of {count} modules are invalid")
    if not options.json:
        print(f"tat: {count} valid", file=sys.stderr)
    return 0


def _verdicts(modules: Iterator[Module]) -> Iterator[tuple[Module, Diagnostic | None]]:
    with Sandbox() as sandbox:
        for module in modules:
            yield module, sandbox.validate(module.text)


def _record(module: Module, problem: Diagnostic | None) -> dict[str, object]:
    where = {"module": module.origin, "id": module.id, "valid": problem is None}
    return where | (problem._asdict() if problem else {})
