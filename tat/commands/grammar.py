"""`tat grammar`: prints the grammar of generated text, or tries it on modules."""

import argparse
import sys
from collections.abc import Iterable

import msgspec

from tat.commands.common.modules import Module, print_notes, read_modules
from tat.errors import FileError, InvalidShaderError
from tat.wgsl.grammar import Grammar, Unexpected, grammar_text, refused_at


class Refusal(msgspec.Struct):
    """A module that the grammar does not accept; line and column count from 1."""

    module: str
    id: str
    line: int
    column: int
    reason: str


class Report(msgspec.Struct):
    """The result of trying the grammar on modules."""

    modules: int
    accepted: int
    refused: list[Refusal]


def run(options: argparse.Namespace) -> int:
    if not options.check:
        print(grammar_text("module"), end="")
        return 0
    unread: list[str] = []
    report = check(read_modules(options.check, unread=unread))
    _print(report, options.json)
    print_notes(unread)
    if report.refused:
        count = len(report.refused)
        raise InvalidShaderError(f"the grammar refuses {count} of {report.modules} modules")
    if unread:
        raise FileError(f"{len(unread)} of the files cannot be read")
    return 0


def check(modules: Iterable[Module]) -> Report:
    """Try the grammar on each module."""
    report = Report(0, 0, [])
    grammar = Grammar.of_bytes()
    for module in modules:
        report.modules += 1
        offset = refused_at(grammar, module.text)
        if offset is None:
            report.accepted += 1
        else:
            place = Unexpected.at(module.text, offset)
            origin, line, column = module.place(place.line, place.column)
            report.refused.append(Refusal(origin, module.id, line, column, place.reason))
    return report


def _print(report: Report, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
        return
    for refusal in report.refused:
        print(f"{refusal.module}:{refusal.line}:{refusal.column}: {refusal.reason}")
    print(f"tat: {report.accepted} of {report.modules} modules accepted", file=sys.stderr)
