"""Diagnostics of a document: what naga, or else the grammar, says of each region."""

from collections.abc import Iterator

from lsprotocol import types

from tat.serve.judge import Judge
from tat.serve.lsp.documents import LARGEST, View
from tat.serve.regions import Region
from tat.wgsl.embedded.judging import judged_one, offset_of, outside
from tat.wgsl.embedded.neutral import neutral
from tat.wgsl.embedded.placed import Placed
from tat.wgsl.embedded.preprocessor import ABSENT
from tat.wgsl.embedded.project import Project, Shader
from tat.wgsl.lexer import tokenize
from tat.wgsl.sandbox import Diagnostic

_LONGEST = 4_000_000  # characters that are validated


def findings(view: View, judge: Judge) -> list[types.Diagnostic]:
    """The problems of a document, each at its place; called in a thread that may wait."""
    if view.project is not None:
        return list(_of_project(view, view.project, judge))
    found = []
    for region in view.regions:
        if len(region.text) > _LONGEST:
            found.append(_too_long(view, region))
        elif problem := judge.validate(region.text):
            found.append(_diagnostic(view, region, problem, judge))
        if LARGEST < len(region.text) <= _LONGEST:
            found.append(_too_long(view, region))
    return found


def _of_project(view: View, project: Project, judge: Judge) -> Iterator[types.Diagnostic]:
    """The problems of shaders in another language or dialect, at their places in the document.

    One that takes names from elsewhere is only read by the grammar: nothing is wrong with it, and a
    hint names what the document does not have.
    """
    for number, region in enumerate(project.regions):
        if len(region.text.text) > _LONGEST:
            continue
        shader = project.shader(number)
        for offset, message in shader.problems:
            if not message.endswith(ABSENT):
                yield _told(view, offset, offset + 1, message)
        text, check = shader.linked, judge.validate
        if shader.outside:
            yield _hint(view, shader)
        if shader.lacking or shader.outside:
            text, check = shader.linked, lambda source: judge.by_grammar(neutral(source))
        elif shader.guessed:
            text = (judged := judged_one(project, number, judge.validate)).whole
            if judged.problem:  # perhaps only the guess is wrong
                check = judge.by_grammar
        if problem := check(text.text):
            yield _placed(view, text, offset_of(text.text, problem), problem.message)


def _hint(view: View, shader: Shader) -> types.Diagnostic:
    start = shader.asks_at
    end = view.text.find("\n", start)
    return types.Diagnostic(
        view.range(start, end if end >= 0 else len(view.text)),
        f"names cannot be judged: {outside(shader, 'is not in this document')}",
        severity=types.DiagnosticSeverity.Hint, source="tat",
    )  # fmt: skip


def _placed(view: View, text: Placed, offset: int, message: str) -> types.Diagnostic:
    piece = text.piece_at(offset)
    origin = text.origin(offset)
    start = origin[1] if origin else 0
    end = _end_of_token(view.text, start) if piece and piece.exact else start + 1
    return _told(view, start, end, message)


def _told(view: View, start: int, end: int, message: str) -> types.Diagnostic:
    return types.Diagnostic(
        view.range(start, end), message, severity=types.DiagnosticSeverity.Error, source="tat"
    )


def _diagnostic(
    view: View, region: Region, problem: Diagnostic, judge: Judge
) -> types.Diagnostic:  # fmt: skip
    start = offset_of(region.text, problem)
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


def _end_of_token(text: str, start: int) -> int:
    """Behind the token at `start`, looking no further than its line."""
    stop = text.find("\n", start)
    line = text[start : stop if stop >= 0 else None][:400]
    token = next(iter(tokenize(line)), None)
    return start + (token.end if token else min(1, len(text) - start))
