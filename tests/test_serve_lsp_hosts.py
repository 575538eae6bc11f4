"""The language server in documents of other languages, as a client meets it; without a model."""

import asyncio
import time

import pytest
import pytest_asyncio
from cli_harness import command
from lsprotocol import types
from pytest_lsp import LanguageClient, client_capabilities, make_test_lsp_client
from serving import long_enough

from tat.serve.regions import SUFFIXES

pytestmark = pytest.mark.asyncio(loop_scope="module")

WRONG, RIGHT = "fn half(x: f32) -> f32 { return 1u; }", "fn half(x: f32) -> f32 { return x; }"
HOSTS = {
    "typescript": ("// é\nconst code = /* wgsl */ `\n", "\n`;\n"),
    "javascript": ("export default `\n", "\n`;\n"),
    "typescriptreact": ("const a = <p>{`\n", "\n`}</p>;\n"),
    "rust": ('const CODE: &str = r#"\n', '\n"#;\n'),
    "python": ('CODE = """\n', '\n"""\n'),
    "html": ('<p>é</p>\n<script type="x-shader/wgsl">\n', "\n</script>\n"),
    "vue": ("<template><p/></template>\n<script>\nconst code = `\n", "\n`;\n</script>\n"),
    "markdown": ("# Half\n\n```wgsl\n", "\n```\n"),
    "c": ('static const char* code =\n  "', '\\n";\n'),
    "cpp": ('// 🙂\nconstexpr char kCode[] = R"(\n', '\n)";\n'),
    "objective-c": ('NSString* code = @"', '";\n'),
    "go": ("package main\n\nconst code = `\n", "\n`\n"),
    "java": ('class A {\n    String code = """\n        ', '\n        """;\n}\n'),
    "kotlin": ('val code = """\n', '\n""".trimIndent()\n'),
    "scala": ('val code = """\n', '\n"""\n'),
    "swift": ('let code = """\n    ', '\n    """\n'),
    "csharp": ('const string Code = @"\n', '\n";\n'),
    "dart": ("const code = '''\n", "\n''';\n"),
    "zig": ("const code =\n    \\\\", "\n;\n"),
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client():
    client = make_test_lsp_client()
    client.set_configuration({"tat": {"debounceMs": 1}})
    await client.start_io(*command("serve", "--lsp", "--run", "none", "-q"))
    await client.initialize_session(
        types.InitializeParams(capabilities=client_capabilities("neovim@v0.11"))
    )
    yield client
    await client.shutdown_session()
    await client.stop()


def opened(client: LanguageClient, language: str, text: str) -> str:
    uri = f"file:///nowhere/a{SUFFIXES.get(language, '.wgsl')}"
    document = types.TextDocumentItem(uri, language, 1, text)
    client.text_document_did_open(types.DidOpenTextDocumentParams(document))
    return uri


async def told(client: LanguageClient, uri: str, count: int) -> list[types.Diagnostic]:
    """The diagnostics of a document, once there are so many."""
    until = time.monotonic() + long_enough()
    while len(client.diagnostics.get(uri, [None] * 99)) != count:
        assert time.monotonic() < until, client.diagnostics.get(uri)
        await asyncio.sleep(0.005)
    return list(client.diagnostics[uri])


@pytest.mark.parametrize("language", HOSTS)
async def test_naga_is_asked_and_its_word_stands_at_the_place_in_the_host(client, language):
    head, tail = HOSTS[language]
    uri = opened(client, language, head + WRONG + tail)
    [found] = await told(client, uri, 1)
    line = head.count("\n")
    column = len(head) - head.rfind("\n") - 1
    assert found.severity == types.DiagnosticSeverity.Error
    assert found.range.start.line == line
    assert column <= found.range.start.character <= column + len(WRONG)
    mended = types.TextDocumentContentChangeWholeDocument(head + RIGHT + tail)
    client.text_document_did_change(types.DidChangeTextDocumentParams(
        types.VersionedTextDocumentIdentifier(2, uri), [mended]))  # fmt: skip
    assert await told(client, uri, 0) == []


async def test_every_language_that_the_server_reads_is_tried():
    assert set(SUFFIXES) - set(HOSTS) <= {
        "javascriptreact", "svelte", "mdx", "wesl", "objective-cpp",
    }  # fmt: skip


async def test_an_import_from_elsewhere_is_a_hint(client):
    text = "#import bevy::Out\nfn f(o: Out) -> f32 { return o.x; }\n"
    [found] = await told(client, opened(client, "wgsl", text), 1)
    assert found.severity == types.DiagnosticSeverity.Hint
    assert "bevy::Out" in found.message and found.range.start == types.Position(0, 0)
