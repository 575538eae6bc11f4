"""Answers that the model or the library has a part in: ranking, code actions, searching."""

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from tat.cookbook.library import entry_path
from tat.decode.prompt import Prompt
from tat.errors import TatError
from tat.retrieval.query import Hit
from tat.serve.asking import asked_at, told_answer
from tat.serve.engine import Engine, until
from tat.serve.language.completion import Candidate, word_before
from tat.serve.lsp.documents import View
from tat.serve.lsp.threads import in_thread

ANSWER, SEARCH = "tat.answerComment", "tat.search"
_ANSWER_SECONDS = 60.0
_SYMBOLS_MOST = 20
_NEARER = 1.5  # nats that a local name is ahead of one of the module, and so on
_RANKED = 400  # candidates that the model looks at


def ranked(
    engine: Engine, view: View, position: types.Position, found: Sequence[Candidate],
    seconds: float,
) -> list[Candidate]:  # fmt: skip
    """The candidates, those first that the model finds likely; as they were if it takes long."""
    at = view.at(position)
    first, rest = list(found[:_RANKED]), list(found[_RANKED:])
    if at is None or len(first) < 2:
        return [*first, *rest]
    text, offset = at[0].text, at[2]
    start = offset - len(word_before(text, offset))
    prompt = Prompt(prefix=text[:start], suffix=text[offset:])
    try:
        names = [candidate.name for candidate in first]
        deadline = until(time.monotonic() + seconds)
        likely = engine.likelihoods(prompt, names, deadline)
    except TatError:
        return [*first, *rest]
    order = sorted(range(len(first)), key=lambda n: _NEARER * first[n].near - likely[n])
    return [*(first[number] for number in order), *rest]


def code_actions(view: View, position: types.Position) -> list[types.Command]:
    """ "Answer this comment", where a comment or a signature without a body stands."""
    found = view.at(position)
    if not found or asked_at(found[0].text, found[2]) is None:
        return []
    arguments = [view.uri, position.line]
    return [types.Command("tat: answer this comment", ANSWER, arguments=arguments)]


async def answer_comment(
    server: LanguageServer, engine: Engine, view: View | None, line: int
) -> str:
    """Write a function for the comment at a line into the document; returns where it is from."""
    found = view.at(types.Position(int(line), 0)) if view else None
    asked = asked_at(found[0].text, found[2]) if found else None
    if not view or asked is None:
        return _say(server, "no comment or signature to answer stands there")
    deadline = until(time.monotonic() + _ANSWER_SECONDS)
    try:
        text, origin = await in_thread(told_answer, engine, asked, deadline)
    except TatError as error:
        return _say(server, str(error))
    text = text if asked.signature else f"\n{text}"
    edit = types.TextEdit(view.range(asked.start, asked.end, found[0]), text)
    document = types.OptionalVersionedTextDocumentIdentifier(view.uri, view.version)
    with contextlib.suppress(Exception):  # a client may refuse: the text has changed meanwhile
        await server.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(
            types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, [edit])]),
            "answer this comment",
        ))  # fmt: skip
    return origin


def _say(server: LanguageServer, text: str) -> str:
    server.window_show_message(types.ShowMessageParams(types.MessageType.Warning, f"tat: {text}"))
    return ""


def searched(engine: Engine, query: str, top: int = 8) -> list[dict[str, object]]:
    """The library's chunks for some words."""
    if engine.library is None:
        return []
    fields = ("kind", "name", "text", "comment", "file", "line", "license", "score")
    hits = engine.library.search(str(query)[:1000], max(1, min(int(top), 50)))
    return [{name: getattr(hit, name) for name in fields} for hit in hits]


def indexed_symbols(engine: Engine, query: str) -> list[types.WorkspaceSymbol]:
    """The library's chunks for a query, as symbols of their files."""
    if engine.library is None or not query.strip():
        return []
    try:
        hits = engine.library.search(query[:1000], _SYMBOLS_MOST)
    except TatError:
        return []
    return [symbol for hit in hits if (symbol := _symbol(hit))]


def _symbol(hit: Hit) -> types.WorkspaceSymbol | None:
    path = entry_path(hit.file) or Path(hit.file).absolute()
    kinds = {"function": types.SymbolKind.Function, "struct": types.SymbolKind.Struct}
    place = types.Position(max(0, hit.line - 1), 0)
    try:
        location = types.Location(path.as_uri(), types.Range(place, place))
    except ValueError:
        return None
    kind = kinds.get(hit.kind, types.SymbolKind.Module)
    licence = hit.license or "licence unknown"
    return types.WorkspaceSymbol(
        location=location, name=hit.name or path.name, kind=kind, container_name=licence
    )
