"""Diagnostics of a document: what naga, or else the grammar, says of each region."""

from lsprotocol import types

from tat.serve.judge import Judge
from tat.serve.lsp.documents import LARGEST, View
from tat.serve.regions import Region
from tat.wgsl.lexer import tokenize
from tat.wgsl.sandbox import Diagnostic

_LONGEST = 4_000_000  # characters that are validated


def findings(view: View, judge: Judge) -> list[types.Diagnostic]:
    """The problems of a document, each at its place; called in a thread that may wait."""
    found = []
    for region in view.regions:
        if len(region.text) > _LONGEST:
            found.append(_too_long(view, region))
        elif problem := judge.validate(region.text):
            found.append(_diagnostic(view, region, problem, judge))
        if LARGEST < len(region.text) <= _LONGEST:
            found.append(_too_long(view, region))
    return found


def _diagnostic(
    view: View, region: Region, problem: Diagnostic, judge: Judge
) -> types.Diagnostic:  # fmt: skip
    start = offset_of(region.text, problem.line, problem.column)
    end = _end_of_token(region.text, start)
    return types.Diagnostic(
        view.range(start, end, region), problem.message, severity=types.DiagnosticSeverity.Error,
        source="grammar" if judge.without_naga else "naga",
    )  # fmt: skip


def _too_long(view: View, region: Region) -> types.Diagnostic:
    limit = f"only files of up to {LARGEST} characters"
    return types.Diagnostic(
        view.range(0, 0, region), f"too large for completion and symbols: {limit} have them",
        severity=types.DiagnosticSeverity.Information, source="tat",
    )  # fmt: skip


def offset_of(text: str, line: int, column: int) -> int:
    """The offset of naga's place: lines and columns count from 1, columns in characters."""
    if line == 0:
        return 0
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1 or len(text)
    stop = text.find("\n", start)
    return min(start + max(0, column - 1), stop if stop >= 0 else len(text))


def _end_of_token(text: str, start: int) -> int:
    """Behind the token at `start`, looking no further than its line."""
    stop = text.find("\n", start)
    line = text[start : stop if stop >= 0 else None][:400]
    token = next(iter(tokenize(line)), None)
    return start + (token.end if token else min(1, len(text) - start))
