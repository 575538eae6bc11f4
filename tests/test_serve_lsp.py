"""The language server as a client meets it: pytest-lsp's client and a process of its own."""

import asyncio
import socket
import time
from collections.abc import Callable

import pytest
import pytest_asyncio
from cli_harness import child_environment, command
from lsprotocol import types
from pytest_lsp import LanguageClient, client_capabilities, make_test_lsp_client
from serving import FUNCTIONS, long_enough, tiny_run  # noqa: F401  a fixture

MODULE = """\
/// A ball.
struct Ball {
    /// its middle
    centre: vec3f,
    radius: f32,
}

/// signed distance to a ball
fn ball(p: vec3f, b: Ball) -> f32 {
    let away = p - b.centre;
    return length(away) - b.radius;
}
"""
EDITS: list[types.WorkspaceEdit] = []  # that the server applied
SLOW = {"inlineMs": 60_000, "blockMs": 60_000, "rankMs": 60_000, "debounceMs": 20}

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture(scope="module")
async def client(tiny_run):  # noqa: F811
    client = make_test_lsp_client()
    client.set_configuration({"tat": SLOW})

    @client.feature(types.WORKSPACE_APPLY_EDIT)
    def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        EDITS.append(params.edit)
        return types.ApplyWorkspaceEditResult(True)

    await client.start_io(*command("serve", "--lsp", "--run", tiny_run, "--device", "cpu", "-q"))
    capabilities = client_capabilities("neovim@v0.11")
    capabilities.workspace.configuration = True
    capabilities.general.position_encodings = [types.PositionEncodingKind.Utf16]
    await client.initialize_session(types.InitializeParams(capabilities=capabilities))
    until = time.monotonic() + long_enough()
    while "end" not in [told.kind for told in client.progress_reports.get("tat-model", ())]:
        assert time.monotonic() < until, "the model was never loaded"
        await asyncio.sleep(0.02)
    yield client
    await client.shutdown_session()
    await client.stop()


class Document:
    """An open document; `|` in a text is where the cursor stands."""

    count = 0

    def __init__(self, client: LanguageClient, text: str, language: str = "wgsl") -> None:
        Document.count += 1
        self.client, self.uri = client, f"file:///nowhere/{Document.count}.wgsl"
        before, _, after = text.partition("|")
        self.text, lines = before + after, before.split("\n")
        units = len(lines[-1].encode("utf-16-le")) // 2
        self.position = types.Position(len(lines) - 1, units)
        client.text_document_did_open(types.DidOpenTextDocumentParams(
            types.TextDocumentItem(self.uri, language, 1, self.text)))  # fmt: skip

    @property
    def here(self) -> dict[str, object]:
        return {"text_document": types.TextDocumentIdentifier(self.uri), "position": self.position}

    def change(self, text: str, version: int = 2) -> None:
        self.text = text
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(version, self.uri),
            [types.TextDocumentContentChangeWholeDocument(text)]))  # fmt: skip

    async def diagnostics(self, right: Callable[[list], bool]) -> list[types.Diagnostic]:
        """Those that are published, once they are as they should be."""
        until = time.monotonic() + long_enough()
        while time.monotonic() < until:
            found = list(self.client.diagnostics.get(self.uri, [None]))
            if found != [None] and right(found):
                return found
            await asyncio.sleep(0.02)
        raise AssertionError(f"diagnostics: {self.client.diagnostics.get(self.uri)}")

    async def names(self) -> list[str]:
        found = await self.client.text_document_completion_async(
            types.CompletionParams(**self.here))  # fmt: skip
        return [item.label for item in found.items]

    async def inline(self) -> list[str]:
        invoked = types.InlineCompletionContext(types.InlineCompletionTriggerKind.Invoked)
        found = await self.client.text_document_inline_completion_async(
            types.InlineCompletionParams(context=invoked, **self.here))  # fmt: skip
        return [item.insert_text for item in found.items]


async def test_an_error_is_shown_at_its_place_and_goes_when_it_is_mended(client):
    document = Document(client, MODULE.replace("length(away)", "lenght(away)"))
    [found] = await document.diagnostics(bool)
    assert found.source == "naga" and "lenght" in found.message
    assert found.range.start == types.Position(10, 11) and found.range.end.character == 17
    document.change(MODULE)
    assert await document.diagnostics(lambda found: not found) == []


async def test_columns_are_counted_as_the_client_does(client):
    document = Document(client, "fn f() -> f32 { /* é漢🙂🙂 */ return q; }")
    [found] = await document.diagnostics(bool)
    at = document.text.index("q;") + 2  # two characters are two units each
    assert found.range.start == types.Position(0, at)


async def test_a_hostile_module_costs_a_diagnostic_and_no_server(client):
    for text in ("(" * 5000, "\0", "fn f() {" + "{" * 300, "\ud7ff", "fn f() { let x = " + "-" * 9):
        document = Document(client, text)
        assert await document.diagnostics(bool), text[:20]
    nested = "fn f() -> i32 { return " + "(" * 200 + "1" + ")" * 200 + "; }"
    assert await Document(client, nested).diagnostics(lambda found: not found) == []


async def test_large_files_and_binary_text_are_answered(client):
    large = Document(client, "// a line of two megabytes\n" * 75_000 + MODULE + "|")
    [found] = await large.diagnostics(bool)
    assert found.severity == types.DiagnosticSeverity.Information and "too large" in found.message
    assert await large.names() == [] and await large.inline() == []
    binary = Document(client, "".join(map(chr, range(1, 256))) * 40 + "|")
    assert await binary.diagnostics(bool)
    await binary.names()
    unknown = types.TextDocumentIdentifier("file:///etc/passwd")
    params = types.HoverParams(unknown, types.Position(0, 0))
    assert await client.text_document_hover_async(params) is None


@pytest.mark.parametrize(("written", "among", "not_among"), [
    ("    let x = |", {"away", "p", "b", "ball", "Ball", "sin", "vec3f"}, {"radius", "later"}),
    ("    let x = b.|", {"centre", "radius"}, {"away", "sin"}),
    ("    let x = away.|", {"x", "xy", "rgb", "xyz"}, {"w", "xyzw", "radius"}),
    ("    let x = b.centre.x|", {"x", "xy", "xyz"}, {"y", "radius"}),
    ("    let x: |", {"f32", "Ball", "array"}, {"away", "sin"}),
    ("    var<|", set(), {"away"}),
    ("    // wo|", set(), {"workgroup"}),
    ("    let smo|", set(), {"smoothstep"}),
    ("    let x = smo|", {"smoothstep"}, {"sin"}),
])  # fmt: skip
async def test_completion_knows_what_is_in_scope(client, written, among, not_among):
    text = MODULE.replace("    return", f"{written}\n    let later = 1;\n    return")
    found = set(await Document(client, text).names())
    assert among <= found and not found & not_among


async def test_completion_of_the_module_and_of_attributes(client):
    assert {"fn", "struct"} <= set(await Document(client, MODULE + "|").names())
    assert {"compute", "workgroup_size"} <= set(await Document(client, MODULE + "@|").names())
    spaces = Document(client, "@group(0) @binding(0) var<|")
    assert {"storage", "uniform"} <= set(await spaces.names())


async def test_overloads_and_snippets_are_offered(client):
    document = Document(client, MODULE.replace("length(away)", "sel|"))
    params = types.CompletionParams(**document.here)
    found = await client.text_document_completion_async(params)
    [item] = [item for item in found.items if item.label == "select"]
    assert item.detail.count("select(") == 2 and item.documentation
    assert item.text_edit.range.start.character == document.position.character - 3


async def test_hover_shows_signature_comment_and_origin(client):
    async def hover(text: str) -> str:
        params = types.HoverParams(**Document(client, text).here)
        return (await client.text_document_hover_async(params)).contents.value

    said = await hover(MODULE + "fn use_it(b: Ball) -> f32 { return ba|ll(vec3f(), b); }")
    assert "fn ball(p: vec3f, b: Ball) -> f32" in said and "signed distance to a ball" in said
    assert "line 9" in said
    assert "let away: vec3f" in await hover(MODULE.replace("length(away)", "length(aw|ay)"))
    assert "radius: f32" in await hover(MODULE.replace("b.radius", "b.rad|ius"))
    assert "built into WGSL" in await hover(MODULE.replace("length(", "le|ngth("))


async def test_definition_and_references_follow_scope(client):
    twice = MODULE + MODULE.replace("ball(", "ball2(").split("}\n", 1)[1]
    document = Document(client, twice.replace("let away = p", "let aw|ay = p", 1))
    where = await client.text_document_definition_async(types.DefinitionParams(**document.here))
    assert where.range.start == types.Position(9, 8)
    asked = types.ReferenceParams(context=types.ReferenceContext(True), **document.here)
    lines = [use.range.start.line for use in await client.text_document_references_async(asked)]
    assert lines == [9, 10]


async def test_symbols_of_a_document_and_of_the_index(client):
    document = Document(client, MODULE)
    params = types.DocumentSymbolParams(types.TextDocumentIdentifier(document.uri))
    ball, function = await client.text_document_document_symbol_async(params)
    assert [child.name for child in ball.children] == ["centre", "radius"]
    assert (function.name, function.selection_range.start) == ("ball", types.Position(8, 3))
    found = await client.workspace_symbol_async(types.WorkspaceSymbolParams("rounded box"))
    assert any(one.location.uri.endswith(".wgsl") and one.container_name for one in found)
    searched = types.ExecuteCommandParams("tat.search", ["rounded box", 3])
    hits = await client.workspace_execute_command_async(searched)
    assert len(hits) == 3 and all(hit["license"] for hit in hits)


async def test_a_line_is_proposed_that_fits(client):
    head, _ = FUNCTIONS["area.wgsl"].split("    return")
    document = Document(client, head + "    |\n}\n")
    [text] = await document.inline()
    assert "\n" not in text and text.endswith(";")
    whole = document.text.replace("    \n}", f"    {text}\n}}")
    assert await Document(client, whole).diagnostics(lambda found: not found) == []


async def test_a_block_is_proposed_behind_a_brace(client):
    head = FUNCTIONS["circle.wgsl"].split("{\n")[0]
    document = Document(client, head + "{|")
    [text] = await document.inline()  # the brace that nothing closes comes with it
    assert text.startswith("\n    ") and text.rstrip().endswith("}") and "return" in text
    assert await Document(client, head + "{" + text).diagnostics(lambda found: not found) == []


async def test_nothing_is_proposed_in_comments_or_late(client):
    assert await Document(client, MODULE + "// a comment|\n").inline() == []
    document = Document(client, FUNCTIONS["area.wgsl"].split("    return")[0] + "    |\n}\n")
    for settings, proposes in (({**SLOW, "inlineMs": 0}, False), (SLOW, True)):
        client.set_configuration({"tat": settings})
        client.workspace_did_change_configuration(types.DidChangeConfigurationParams(None))
        until = time.monotonic() + long_enough()  # the server asks for them a moment later
        while bool(await document.inline()) != proposes:
            assert time.monotonic() < until, settings


async def test_the_last_of_several_requests_is_answered(client):
    """Those before are answered, too: with nothing, unless they were done by then."""
    head = FUNCTIONS["circle.wgsl"].split("{\n")[0]
    document = Document(client, head + "{|")
    answers = await asyncio.gather(*(document.inline() for _ in range(6)))
    assert answers[-1] and all(found in ([], answers[-1]) for found in answers)


@pytest.mark.parametrize("text", [
    "/// sig|ned distance to a circle\nfn ring(q: vec2f, size: f32) -> f32 {}\n",
    "/// signed distance to a circle\nfn ring(q: vec2f, size: f32) -> f32|;\n",
])  # fmt: skip
async def test_a_comment_is_answered_with_source_and_licence(client, text):
    document = Document(client, text)
    place = types.Range(document.position, document.position)
    here = types.TextDocumentIdentifier(document.uri)
    asked = types.CodeActionParams(here, place, types.CodeActionContext([]))
    [action] = await client.text_document_code_action_async(asked)
    await client.workspace_execute_command_async(
        types.ExecuteCommandParams(action.command, action.arguments))  # fmt: skip
    [edit] = EDITS.pop().document_changes[0].edits
    assert "fn ring(q: vec2f, size: f32) -> f32" in edit.new_text
    assert edit.new_text.startswith("// from cookbook/") and "MIT" in edit.new_text
    whole = document.text.splitlines()[0] + "\n" + edit.new_text
    assert await Document(client, whole).diagnostics(lambda found: not found) == []


async def test_a_comment_alone_is_answered_from_the_library(client):
    document = Document(client, "/// signed| distance to a rounded box\n")
    arguments = [document.uri, document.position.line]
    origin = await client.workspace_execute_command_async(
        types.ExecuteCommandParams("tat.answerComment", arguments))  # fmt: skip
    assert origin.startswith("from cookbook/") and "MIT" in origin
    [edit] = EDITS.pop().document_changes[0].edits
    assert edit.new_text.startswith(f"\n// {origin}\n") and "fn " in edit.new_text


async def test_the_same_is_served_over_tcp():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = command("serve", "--lsp", "--tcp", f"127.0.0.1:{port}", "--run", "none", "-q")
    environment = child_environment({})
    server = await asyncio.create_subprocess_exec(*words, env=environment)
    client = make_test_lsp_client()
    try:
        until = time.monotonic() + long_enough()
        while True:
            try:
                await client.start_tcp("127.0.0.1", port)
                break
            except OSError:
                assert time.monotonic() < until and server.returncode is None
                await asyncio.sleep(0.1)
        await client.initialize_session(
            types.InitializeParams(capabilities=client_capabilities("neovim@v0.11"))
        )
        document = Document(client, "fn f() -> f32 { return q; }")
        assert await document.diagnostics(bool)
        assert await document.inline() == []  # there is no model
    finally:
        server.kill()
        await server.wait()
