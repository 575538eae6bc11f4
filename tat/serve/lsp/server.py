"""The server: its features by name, each answered from a view of the document.

Nothing that a client sends ends it: a document that is not open, too large or no text gets an
empty answer. Long work runs in threads, and is cancelled when the client asks for it.
"""

import asyncio
import contextlib

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from tat import __version__
from tat.serve.engine import Engine
from tat.serve.lsp import answers, features, inline
from tat.serve.lsp.documents import View, Views
from tat.serve.lsp.findings import findings
from tat.serve.lsp.options import Options, read_options
from tat.serve.lsp.threads import in_thread

TRIGGERS = [".", "@", "<", ":"]


class Server(LanguageServer):
    """tat's language server; `engine` has the model, the library and the validator."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(
            "tat", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full,
            max_workers=4,
        )  # fmt: skip
        self.engine, self.views, self.options = engine, Views(), Options()
        self.inline = inline.Inline(engine)
        self._checks: dict[str, asyncio.Task[None]] = {}
        _register(self)

    def view(self, uri: str) -> View | None:
        """An open document as it is now; nothing is ever read from disk."""
        document = self.workspace.text_documents.get(uri)
        return self.views.of(document) if document is not None else None

    def check_soon(self, uri: str, seconds: float) -> None:
        """Look for what is wrong once nothing has changed for a while."""
        if waiting := self._checks.pop(uri, None):
            waiting.cancel()
        self._checks[uri] = asyncio.ensure_future(self._check(uri, seconds))

    async def _check(self, uri: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if view := self.view(uri):
            found = await in_thread(findings, view, self.engine.judge)
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(uri, found, view.version)
            )

    def forget(self, uri: str) -> None:
        """A document was closed: its diagnostics go."""
        if waiting := self._checks.pop(uri, None):
            waiting.cancel()
        self.views.forget(uri)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    async def configure(self) -> None:
        """Ask the client for its settings, where it can say them."""
        workspace = self.client_capabilities.workspace
        if workspace and workspace.configuration:
            asked = types.ConfigurationParams([types.ConfigurationItem(section="tat")])
            with contextlib.suppress(Exception):  # a client that cannot say keeps the defaults
                (values,) = await self.workspace_configuration_async(asked)
                self.options = read_options(values)

    async def tell_loading(self) -> None:
        """Progress while the model loads, and a word where it could not be."""
        decoder, token = self.engine.decoder, "tat-model"
        if decoder.state == "loading" and await self._can_report(token):
            self.work_done_progress.begin(
                token, types.WorkDoneProgressBegin("tat: loading the model", cancellable=False)
            )
            await in_thread(decoder.ready)
            said = "ready" if decoder.state == "ready" else decoder.reason
            self.work_done_progress.end(token, types.WorkDoneProgressEnd(message=said))
        await in_thread(decoder.ready)
        if decoder.state == "failed":
            self.window_log_message(types.LogMessageParams(
                types.MessageType.Warning, f"tat: no model: {decoder.reason}"
            ))  # fmt: skip

    async def _can_report(self, token: str) -> bool:
        window = self.client_capabilities.window
        if not (window and window.work_done_progress):
            return False
        with contextlib.suppress(Exception):
            await self.work_done_progress.create_async(token)
            return True
        return False


def _register(server: Server) -> None:
    _register_documents(server)
    _register_lookups(server)
    _register_writing(server)


def _register_documents(server: Server) -> None:
    @server.feature(types.INITIALIZED)
    async def initialized(_: types.InitializedParams) -> None:
        await server.configure()
        await server.tell_loading()

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configured(_: types.DidChangeConfigurationParams) -> None:
        await server.configure()

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: types.DidOpenTextDocumentParams) -> None:
        server.check_soon(params.text_document.uri, 0)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: types.DidChangeTextDocumentParams) -> None:
        server.check_soon(params.text_document.uri, server.options.debounce_ms / 1000)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    async def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.forget(params.text_document.uri)


def _register_lookups(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(params: types.HoverParams) -> types.Hover | None:
        view = server.view(params.text_document.uri)
        return features.hover(view, params.position) if view else None

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def definition(params: types.DefinitionParams) -> types.Location | None:
        view = server.view(params.text_document.uri)
        return features.definition(view, params.position) if view else None

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    def references(params: types.ReferenceParams) -> list[types.Location]:
        view = server.view(params.text_document.uri)
        whole = params.context.include_declaration
        return features.references(view, params.position, whole) if view else []

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def symbols(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        view = server.view(params.text_document.uri)
        return features.document_symbols(view) if view else []

    @server.feature(types.WORKSPACE_SYMBOL)
    async def everywhere(params: types.WorkspaceSymbolParams) -> list[types.WorkspaceSymbol]:
        views = [server.view(uri) for uri in list(server.workspace.text_documents)]
        found = features.workspace_symbols([view for view in views if view], params.query)
        return found + await in_thread(answers.indexed_symbols, server.engine, params.query)


def _register_writing(server: Server) -> None:
    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=TRIGGERS)
    )
    async def completion(params: types.CompletionParams) -> types.CompletionList:
        view = server.view(params.text_document.uri)
        if view is None:
            return types.CompletionList(False, [])
        found = features.completions(view, params.position)
        if server.options.rank and server.engine.decoder.state == "ready":
            limit = server.options.rank_ms / 1000
            found = await in_thread(answers.ranked, server.engine, view, params.position, found,
                                    limit)  # fmt: skip
        wanted = features.snippets_are_known(server.client_capabilities)
        return features.completion_list(view, params.position, found, snippets=wanted)

    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def inline_completion(
        params: types.InlineCompletionParams,
    ) -> types.InlineCompletionList:
        view = server.view(params.text_document.uri)
        if view is None or not server.options.inline:
            return types.InlineCompletionList([])
        return await server.inline.answer(view, params, server.options)

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION)
    def code_actions(params: types.CodeActionParams) -> list[types.Command]:
        view = server.view(params.text_document.uri)
        return answers.code_actions(view, params.range.start) if view else []

    @server.command(answers.ANSWER)
    async def answer(uri: str, line: int) -> str:
        return await answers.answer_comment(server, server.engine, server.view(str(uri)), line)

    @server.command(answers.SEARCH)
    async def search(query: str, top: int = 8) -> list[dict[str, object]]:
        return await in_thread(answers.searched, server.engine, query, top)
