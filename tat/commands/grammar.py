"""`tat grammar`: the grammar that generation keeps to, printed or tried on modules."""

import argparse
import sys
from collections.abc import Iterable

import msgspec

from tat.commands.modules import Module, read_modules
from tat.errors import InvalidShaderError, one_line
from tat.wgsl.grammar import Grammar, grammar_text
from tat.wgsl.lexer import tokenize


class Refusal(msgspec.Struct):
    """A module that the grammar does not accept; line and column count from 1."""

    module: str
    id: str
    line: int
    column: int
    reason: str


class Report(msgspec.Struct):
    """What the grammar says of modules."""

    modules: int
    accepted: int
    refused: list[Refusal]


def run(options: argparse.Namespace) -> int:
    if not options.check:
        print(grammar_text("module"), end="")
        return 0
    report = check(read_modules(options.check))
    _print(report, options.json)
    if report.refused:
        count = len(report.refused)
        raise InvalidShaderError(f"the grammar refuses {count} of {report.modules} modules")
    return 0


def check(modules: Iterable[Module]) -> Report:
    """Try the grammar on each module."""
    report = Report(0, 0, [])
    grammar = Grammar.of_bytes()
    for module in modules:
        report.modules += 1
        refusal = _refusal(grammar, module.text)
        if refusal is None:
            report.accepted += 1
        else:
            report.refused.append(Refusal(module.origin, module.id, *refusal))
    return report


def _refusal(grammar: Grammar, text: str) -> tuple[int, int, str] | None:
    """Line, column and reason of the first byte that cannot stand where it does."""
    data = text.encode("utf-8", "surrogatepass")
    matcher = grammar.matcher("module")
    taken = matcher.accept(data)
    if taken == len(data) and matcher.whole:
        return None
    before = data[:taken].decode("utf-8", "ignore")
    token = next((token for token in tokenize(text) if token.end > len(before)), None)
    reason = f"unexpected {token.text!r}" if token else "unexpected end"
    line_start = before.rfind("\n") + 1
    return before.count("\n") + 1, len(before) - line_start + 1, one_line(reason, 80)


def _print(report: Report, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
        return
    for refusal in report.refused:
        print(f"{refusal.module}:{refusal.line}:{refusal.column}: {refusal.reason}")
    print(f"tat: {report.accepted} of {report.modules} modules accepted", file=sys.stderr)
