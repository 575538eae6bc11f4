"""Asks `tat serve` in both protocols, as smoke has it started: in a place without a network."""

import json
import os
import subprocess
import sys
from typing import BinaryIO

_SECONDS = 120

# Run inside the server's own network namespace, where not even the loopback is up.
_CLIENT = """
import fcntl, socket, struct, sys, time, urllib.error, urllib.request
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as raw:
    fcntl.ioctl(raw, 0x8914, struct.pack("16sh22x", b"lo", 0x1 | 0x40))
until = time.monotonic() + 100
while True:
    try:
        urllib.request.urlopen(sys.argv[1] + "/health", timeout=100)
        break
    except urllib.error.HTTPError as error:
        assert error.code == 503 and time.monotonic() < until, error
        time.sleep(0.1)
for path, body, word in (
    ("/infill", b'{"input_prefix":"fn f() -> f32 {","input_suffix":"}","n_predict":4}',
     b'"content":"'),
    ("/validate", b'{"code":"fn f() -> f32 { return q; }"}', b'"valid":false'),
    ("/search?q=rounded+box", None, b"sd_rounded_box"),
    ("/", None, b"tatEditor"),
    ("/complete", b'{"code":"fn f(p: vec2f) { p. }","offset":20}', b'"label":"x"'),
):
    answer = urllib.request.urlopen(sys.argv[1] + path, body, timeout=100).read()
    assert word in answer, (path, answer[:300])
"""


def ask_http(start: list[str], environment: dict[str, str], folder: str, run: str) -> None:
    """Start the server, and ask it from inside its namespace."""
    command = [*start, "serve", "--port", "0", "--quiet", "--run", run]
    with subprocess.Popen(
        command, env=environment, cwd=folder, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            address = server.stdout.readline().strip().removesuffix("/")
            enter = ["nsenter", "-t", str(server.pid), "-n"]
            enter += [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
            subprocess.run(
                [*enter, sys.executable, "-c", _CLIENT, address], check=True, timeout=_SECONDS
            )
        finally:
            server.terminate()
            server.wait(_SECONDS)


def ask_lsp(start: list[str], environment: dict[str, str], folder: str, run: str) -> None:
    """Open a broken document and wait for its diagnostic; then complete, shut down and end."""
    command = [*start, "serve", "--lsp", "--quiet", "--run", run]
    with subprocess.Popen(
        command, env=environment, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        document = {"uri": "file:///a.wgsl", "languageId": "wgsl", "version": 1,
                    "text": "fn f(p: vec2f) -> f32 { return q + p.x; }"}  # fmt: skip
        known = {"textDocument": {"inlineCompletion": {"dynamicRegistration": False}}}
        _send(server.stdin, "initialize", {"capabilities": known, "processId": None}, 1)
        assert "inlineCompletionProvider" in _answer(server.stdout, 1)["capabilities"]
        _send(server.stdin, "initialized", {})
        _send(server.stdin, "textDocument/didOpen", {"textDocument": document})
        while (answer := _read(server.stdout)).get("method") != "textDocument/publishDiagnostics":
            pass
        assert "q" in answer["params"]["diagnostics"][0]["message"], answer
        place = {"textDocument": {"uri": document["uri"]}, "position": {"line": 0, "character": 37}}
        _send(server.stdin, "textDocument/completion", place, 2)
        assert any(item["label"] == "x" for item in _answer(server.stdout, 2)["items"])
        _send(server.stdin, "shutdown", None, 3)
        _answer(server.stdout, 3)
        _send(server.stdin, "exit", None)
        server.stdin.close()
        server.wait(_SECONDS)


def _send(stream: BinaryIO, method: str, params: object, number: int | None = None) -> None:
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    body = json.dumps(message | ({"id": number} if number else {})).encode()
    stream.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    stream.flush()


def _answer(stream: BinaryIO, number: int) -> dict:
    while (answer := _read(stream)).get("id") != number or "method" in answer:
        pass
    assert "error" not in answer, answer
    return answer["result"]


def _read(stream: BinaryIO) -> dict:
    size = 0
    while line := stream.readline().strip():
        name, _, value = line.partition(b":")
        size = int(value) if name.lower() == b"content-length" else size
    assert size, "the language server ended"
    return json.loads(stream.read(size))
